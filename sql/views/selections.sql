-- selections: one row is a chosen sequence. Written by selected_sequences.
-- Made from rushes/store/schemas.py by 'make docs'.
CREATE OR REPLACE VIEW selections AS
SELECT
    rank,  -- order of choice, from 0: the first n ranks are the selection of n
    sequence_id,  -- clip or track, and the sequence's first frame
    video_id,  -- the video's name, unique in the store
    clip_id,  -- video_id and the frame range the clip was cut at
    track_id,  -- the track the sequence follows; null for a sequence of a clip
    frames,  -- its frames, in order
    n_padded,  -- how many times its last frame was repeated to fill its length
    class_name,  -- the track's class, or of a clip's sequence the one seen most
    split,  -- train, val, test, or all
    score,  -- the strategies' figure at the moment of choice
    nearest,  -- the sequence nearest to it among those chosen before; null: none
    distance,  -- distance of their vectors, 0 to 2
    relaxed,  -- how often constraints had been relaxed when it was chosen
    why,  -- all that in words
    recipe
FROM stored.selections;
