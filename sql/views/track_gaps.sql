-- track_gaps: stretches of a track without a box of its own: the object was hidden, or the detector missed it.
CREATE OR REPLACE VIEW track_gaps AS
SELECT
    track_id,
    video_id,
    clip_id,
    frame AS before_frame,  -- the last frame with a box before the gap
    next_frame AS after_frame,  -- the first frame with a box after it
    next_frame - frame - 1 AS n_frames,  -- frames without a box
    next_t_s - t_s AS seconds,  -- from the one box to the other
    batch
FROM (
    SELECT
        *,
        lead(frame) OVER ahead AS next_frame,
        lead(t_s) OVER ahead AS next_t_s
    FROM track_boxes
    WINDOW ahead AS (PARTITION BY batch, video_id, clip_id, track_id ORDER BY frame)
)
WHERE next_frame > frame + 1;
