-- class_balanced: one of each class in turn; where no figure is asked for, the highest weighted score of a class first.
-- Above a $temperature of 0 chance has a say: the scores with Gumbel's noise, largest first, are a sample without
-- replacement from the softmax of score / temperature. Without a class there is no turn.
-- Reads candidates(candidate, sequence_id, class_name, weighted_score, …); gives (candidate, turn, weight, figure).
SELECT
    candidate,
    class_name AS turn,
    1::DOUBLE AS weight,
    CASE
        WHEN $temperature::DOUBLE = 0 THEN weighted_score
        ELSE weighted_score / $temperature::DOUBLE - ln(-ln(uniform($seed, sequence_id)))
    END AS figure
FROM candidates
WHERE class_name IS NOT NULL;
