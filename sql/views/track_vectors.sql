-- track_vectors: one vector a track and model: the mean of its crops' vectors, each of length 1. Ask for few tracks, or
-- for all once: a crop's vector takes half a millisecond to read here. Crops whose vector is 0 or no number count not.
CREATE OR REPLACE VIEW track_vectors AS
WITH crops AS (
    SELECT video_id, clip_id, track_id, model, batch, vector_floats(vector) AS vector
    FROM embeddings
    WHERE track_id IS NOT NULL
),
measured AS (
    SELECT *, sqrt(list_sum(list_transform(vector, lambda v: v::DOUBLE * v))) AS length
    FROM crops
),
components AS (
    SELECT
        * EXCLUDE (vector, length),
        unnest(vector) / length AS component,
        generate_subscripts(vector, 1) AS place
    FROM measured
    WHERE length > 0 AND isfinite(length)
),
means AS (
    SELECT video_id, clip_id, track_id, model, batch, place, favg(component) AS component, count(*) AS n_crops
    FROM components
    GROUP BY ALL
)
SELECT
    track_id,
    video_id,
    clip_id,
    model,
    any_value(n_crops) AS n_crops,  -- crops that count
    list(component::FLOAT ORDER BY place) AS vector,  -- the mean of their vectors
    batch
FROM means
GROUP BY ALL;
