-- rejects: one row is an item dropped or failed. Written by every asset.
-- Made from rushes/store/schemas.py by 'make docs'.
CREATE OR REPLACE VIEW rejects AS
SELECT
    item_kind,  -- what was dropped
    item_id,  -- its id
    stage,  -- what was being done
    reason,  -- reason code
    detail,  -- the reason in words
    asset,
    partition
FROM stored.rejects;
