-- vector_floats(vector): an embedding's vector as a list of numbers, FLOAT[], exactly; about 0.5 ms each.
-- Vectors lie in the table as little-endian float16. Two of them compare by list_cosine_similarity(a, b).
--     SELECT clip_id, frame, vector_floats(vector) FROM embeddings WHERE track_id IS NULL
CREATE OR REPLACE MACRO float16_value(bits) AS
(
    CASE (bits >> 10) & 31
        WHEN 0 THEN (bits & 1023) * pow(2.0, -24)
        WHEN 31 THEN if(bits & 1023 = 0, 'inf'::DOUBLE, 'nan'::DOUBLE)
        ELSE (1024 + (bits & 1023)) * pow(2.0, ((bits >> 10) & 31) - 25)
    END * if(bits >= 32768, -1, 1)
)::FLOAT;

CREATE OR REPLACE MACRO vector_floats(vector) AS
list_transform(
    string_split(rtrim(regexp_replace(hex(vector), '(..)(..)', '0x\2\1 ', 'g')), ' ')::INTEGER[],
    lambda bits: float16_value(bits)
);
