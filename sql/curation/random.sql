-- random: an order that the seed alone decides; the highest figure is first.
-- Reads candidates(candidate, sequence_id, …); gives (candidate, figure).
SELECT
    candidate,
    uniform($seed, sequence_id) AS figure
FROM candidates;
