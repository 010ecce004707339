-- clips: one row is a clip: a frame range between two cuts. Written by scene_clips.
-- Made from rushes/store/schemas.py by 'make docs'.
CREATE OR REPLACE VIEW clips AS
SELECT
    clip_id,  -- video_id and the frame range the clip was cut at
    video_id,  -- the video's name, unique in the store
    start_frame,  -- first frame
    end_frame,  -- one past the last frame
    start_s,  -- presentation time of the first frame, seconds
    end_s,  -- presentation time at which the last frame ends, seconds
    method,  -- the detector that cut it
    score,  -- the detector's score at its first frame; null where a span begins
    span,  -- the annotated span it was cut from: its segment_id, else annotation.line.item; null for a video cut whole
    batch
FROM stored.clips;
