-- packets: one row is a frame's packet. Written by raw_videos.
-- Made from rushes/store/schemas.py by 'make docs'.
CREATE OR REPLACE VIEW packets AS
SELECT
    video_id,  -- the video's name, unique in the store
    frame,  -- frame number in presentation order, from 0
    pts,  -- presentation time in ticks of the time base
    dts,  -- decoding time in ticks of the time base
    pos,  -- byte offset in the file; null when the bytes are no single range of it
    size,  -- bytes
    keyframe,  -- decoding can begin here
    droppable,  -- no other frame depends on it
    decode_order,  -- place in the order of decoding, from 0
    name,  -- the file of a frame of an image sequence
    batch
FROM stored.packets;
