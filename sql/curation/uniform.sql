-- uniform: a figure above 0 and below 1 that the seed and an id alone decide, the same on every machine.
-- The first 52 bits of an MD5 and a half: exact in a double, and never 0 or 1.
CREATE OR REPLACE TEMPORARY MACRO uniform(seed, id) AS
    1 - (('0x' || md5(seed || ':' || id)[:13])::UBIGINT::DOUBLE + 0.5::DOUBLE) / 4503599627370496::DOUBLE;
