-- clip_candidates: what a recipe's "where" sees when its unit is sequence or frame: judged clips with their video.
CREATE OR REPLACE VIEW clip_candidates AS
SELECT
    f.*,
    v.collection,
    v.width,
    v.height,
    v.fps AS video_fps,  -- mean frames per second of the video
    v.recorded_at,
    v.codec,
    v.source_uri
FROM filtered_clips AS f
INNER JOIN videos AS v USING (batch, video_id);  -- by batch too: who asks for one opens no other
