-- datasets: one row is a file of a data set. Written by packaged_datasets.
-- Made from rushes/store/schemas.py by 'make docs'.
CREATE OR REPLACE VIEW datasets AS
SELECT
    version,  -- the data set's version
    format,  -- the format the file belongs to
    path,  -- path in the store
    sha256,  -- hash of the file
    size,  -- bytes
    rows,  -- records in the file
    recipe
FROM stored.datasets;
