-- weights: the highest value of a column first.
-- Reads candidates(candidate, value, …), value being that column; gives (candidate, figure).
SELECT
    candidate,
    value::DOUBLE AS figure
FROM candidates;
