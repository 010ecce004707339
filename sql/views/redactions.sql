-- redactions: one row is a region of a frame that must not be shown. Written by filtered_clips.
-- Made from rushes/store/schemas.py by 'make docs'.
CREATE OR REPLACE VIEW redactions AS
SELECT
    video_id,  -- the video's name, unique in the store
    clip_id,  -- video_id and the frame range the clip was cut at
    frame,  -- frame number in presentation order, from 0
    x,  -- left edge, pixels of the source frame
    y,  -- top edge, pixels of the source frame
    w,  -- width, pixels of the source frame
    h,  -- height, pixels of the source frame
    kind,  -- what is hidden
    score,  -- confidence, 0 to 1
    region,  -- number of the region's track within the clip, from 1
    sampled,  -- true on frames in which the detector saw it, false where the box is interpolated
    batch
FROM stored.redactions;
