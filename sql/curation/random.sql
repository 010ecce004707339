-- random: an order that the seed alone decides.
-- Reads candidates(candidate, sequence_id, video_id, class_name, weighted_score); gives (candidate, score, why) in order of choice.
SELECT
    candidate,
    NULL::DOUBLE AS score,
    'random, seed ' || $seed AS why
FROM candidates
ORDER BY md5($seed || ':' || sequence_id), sequence_id;
