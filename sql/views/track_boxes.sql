-- track_boxes: one row is a track's box in a frame. Written by tracks.
-- Made from rushes/store/schemas.py by 'make docs'.
CREATE OR REPLACE VIEW track_boxes AS
SELECT
    track_id,  -- the track
    video_id,  -- the video's name, unique in the store
    clip_id,  -- video_id and the frame range the clip was cut at
    frame,  -- frame number in presentation order, from 0
    t_s,  -- presentation time, seconds
    x,  -- left edge, pixels of the source frame
    y,  -- top edge, pixels of the source frame
    w,  -- width, pixels of the source frame
    h,  -- height, pixels of the source frame
    score,  -- confidence, 0 to 1
    class_id,  -- most probable class in this frame; null where the vocabulary has no numbers
    considered,  -- false for a box that evaluation is told to leave out
    visibility,  -- share of the object that can be seen, if annotated
    batch
FROM stored.track_boxes;
