-- class_balanced: the best of each class in turn, by class score times detection score, at most $per_class of each.
-- Reads candidates(candidate, sequence_id, video_id, class_name, weighted_score); gives (candidate, score, why) in order of choice.
WITH numbered AS (
    SELECT
        *,
        row_number() OVER (PARTITION BY class_name ORDER BY weighted_score DESC NULLS LAST, sequence_id) AS nth
    FROM candidates
)
SELECT
    candidate,
    weighted_score AS score,
    'number ' || nth || ' of class ' || class_name || ', weighted score ' || coalesce(round(weighted_score, 3)::VARCHAR, 'not known') AS why
FROM numbered
WHERE nth <= coalesce($per_class, nth)
ORDER BY nth, weighted_score DESC NULLS LAST, sequence_id;
