-- max_motion: the most motion first, the 90th percentile of the optical flow of the sequence's clip.
-- Reads candidates(candidate, motion, …); gives (candidate, figure).
SELECT
    candidate,
    motion AS figure
FROM candidates;
