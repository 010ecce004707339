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
    split,  -- train, val, test, or all
    score,  -- the strategy's figure at the moment of choice
    why,  -- that figure in words
    recipe
FROM stored.selections;
