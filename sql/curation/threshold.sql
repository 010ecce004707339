-- threshold: only what keeps the bounds; a bound that is null asks nothing, a value that is null or NaN keeps none.
-- Reads candidates(candidate, value, …), value being the column; gives the candidates that stay.
SELECT candidate
FROM candidates
WHERE
    value IS NOT NULL
    AND NOT isnan(value::DOUBLE)
    AND ($above IS NULL OR value::DOUBLE > $above)
    AND ($at_least IS NULL OR value::DOUBLE >= $at_least)
    AND ($below IS NULL OR value::DOUBLE < $below)
    AND ($at_most IS NULL OR value::DOUBLE <= $at_most);
