-- track_candidates: what a recipe's "where" sees when its unit is track: tracks with their clip's figures and video.
-- weighted_score is TrackVerse's: the class's mean score times the mean detection score.
CREATE OR REPLACE VIEW track_candidates AS
SELECT
    t.*,
    t.end_s - t.start_s AS duration_s,
    t.top10_mean[1]::DOUBLE * t.mean_score AS weighted_score,
    f.sharpness,
    f.exposure,
    f.contrast,
    f.motion,
    f.stillness,
    f.n_faces,
    f.kept,
    v.collection,
    v.width,
    v.height,
    v.fps AS video_fps
FROM tracks AS t
INNER JOIN filtered_clips AS f USING (clip_id)
INNER JOIN videos AS v ON t.video_id = v.video_id;
