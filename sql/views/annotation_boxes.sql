-- annotation_boxes: one row is an imported box. Written by raw_videos.
-- Made from rushes/store/schemas.py by 'make docs'.
CREATE OR REPLACE VIEW annotation_boxes AS
SELECT
    video_id,  -- the video's name, unique in the store
    annotation,  -- the set of annotations it belongs to: its format, or a part of that
    line,  -- line of the file it came from, from 1
    item,  -- place among the boxes and spans of that line, from 0
    frame,  -- frame number in presentation order, from 0
    object_id,  -- the object's name throughout the video; null for a lone detection
    class_id,  -- the class's number in its own vocabulary
    class_name,  -- the class's name
    x,  -- left edge, pixels of the source frame, from 0
    y,  -- top edge, pixels of the source frame, from 0
    w,  -- width, pixels of the source frame
    h,  -- height, pixels of the source frame
    score,  -- confidence as given; null where none is
    considered,  -- false for a box that evaluation is told to leave out
    visibility,  -- share of the object that can be seen, as given
    flags,  -- what else is marked: distractor, occluded, out_of_view, …
    attributes,  -- whatever else the line said, as JSON
    batch
FROM stored.annotation_boxes;
