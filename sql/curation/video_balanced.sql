-- video_balanced: one of each video in turn, at random within a video, at most $per_video of each.
-- Reads candidates(candidate, sequence_id, video_id, class_name, weighted_score); gives (candidate, score, why) in order of choice.
WITH numbered AS (
    SELECT
        *,
        md5($seed || ':' || sequence_id) AS shuffled,
        row_number() OVER (PARTITION BY video_id ORDER BY md5($seed || ':' || sequence_id), sequence_id) AS nth
    FROM candidates
)
SELECT
    candidate,
    NULL::DOUBLE AS score,
    'number ' || nth || ' of video ' || video_id AS why
FROM numbered
WHERE nth <= coalesce($per_video, nth)
ORDER BY nth, shuffled, sequence_id;
