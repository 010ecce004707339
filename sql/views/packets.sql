-- packets: one row is a frame's packet. Written by raw_videos.
-- Made from rushes/store/schemas.py by 'make docs'.
CREATE OR REPLACE VIEW packets AS
SELECT
    video_id,  -- the video's name, unique in the store
    frame,  -- frame number in presentation order, from 0
    pts,  -- presentation time in ticks of the time base
    dts,  -- decoding time in ticks of the time base
    pos,  -- byte offset in the file
    size,  -- bytes
    keyframe,  -- decoding can begin here
    droppable,  -- no other frame depends on it
    batch
FROM stored.packets;
