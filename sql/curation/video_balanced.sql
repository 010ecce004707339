-- video_balanced: one of each video in turn.
-- Reads candidates(candidate, video_id, …); gives (candidate, turn, weight).
SELECT
    candidate,
    video_id AS turn,
    1::DOUBLE AS weight
FROM candidates;
