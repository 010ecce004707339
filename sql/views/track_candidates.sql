-- track_candidates: what a recipe's "where" sees when its unit is track: tracks with their clip's figures and video.
-- weighted_score stands in for TrackVerse's class score times objectness: the class's mean score times the mean detection
-- score. kept speaks of the clip, track_kept and track_reason of the track.
CREATE OR REPLACE VIEW track_candidates AS
SELECT
    t.* EXCLUDE (kept, reason),
    coalesce(t.kept, true) AS track_kept,  -- true when it lasts long enough and is large enough for the settings
    t.reason AS track_reason,  -- the first rule that the track broke; null when kept
    t.end_s - t.start_s AS duration_s,
    t.top10_mean[1]::DOUBLE * t.mean_score AS weighted_score,  -- class score times detection score
    f.sharpness,
    f.exposure,
    f.contrast,
    f.colourfulness,
    f.noise,
    f.motion_p10,
    f.motion_p50,
    f.motion,
    f.stillness,
    f.letterbox,
    f.slides,
    f.quality,
    f.cartoon,
    f.aesthetics,
    f.n_faces,
    f.n_plates,
    f.kept,  -- true when its clip goes on
    v.collection,
    v.width,
    v.height,
    v.fps AS video_fps,  -- mean frames per second of the video
    v.codec,
    v.source_uri,
    v.recorded_at
FROM tracks AS t
INNER JOIN filtered_clips AS f USING (batch, clip_id)  -- by batch too: who asks for one opens no other
INNER JOIN videos AS v ON f.batch = v.batch AND f.video_id = v.video_id;  -- not t's: few clips and videos come first
