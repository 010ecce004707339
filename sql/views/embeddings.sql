-- embeddings: one row is a vector for a frame, or for a track's crop in a frame. Written by embeddings.
-- Made from rushes/store/schemas.py by 'make docs'.
CREATE OR REPLACE VIEW embeddings AS
SELECT
    video_id,  -- the video's name, unique in the store
    clip_id,  -- video_id and the frame range the clip was cut at
    track_id,  -- the track whose crop this is; null for the whole frame
    frame,  -- frame number in presentation order, from 0
    model,  -- the model
    vector,  -- little-endian float16 values
    batch
FROM stored.embeddings;
