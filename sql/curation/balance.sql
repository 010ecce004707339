-- balance: the values of a column in turn, by the shares asked for; all values without one are a group of their own,
-- which has what the shares leave of 1, the $rest.
-- Reads candidates(candidate, value, …) and shares(value, share); gives (candidate, turn, weight).
SELECT
    candidate,
    coalesce(shares.value, '(others)') AS turn,
    coalesce(shares.share, $rest)::DOUBLE AS weight
FROM candidates
LEFT JOIN shares ON candidates.value::VARCHAR = shares.value;
