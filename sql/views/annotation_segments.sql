-- annotation_segments: one row is an imported span of time. Written by raw_videos.
-- Made from rushes/store/schemas.py by 'make docs'.
CREATE OR REPLACE VIEW annotation_segments AS
SELECT
    video_id,  -- the video's name, unique in the store
    annotation,  -- the set of annotations it belongs to: its format, or a part of that
    line,  -- line of the file it came from, from 1
    item,  -- place among the boxes and spans of that line, from 0
    kind,  -- span: only this is to be cut into clips; label: what happens there; track: an object's whole time; annotated: all boxes of this time are given, so that a frame without one has none
    segment_id,  -- its own name, or the object's
    class_id,  -- the label's number in its own vocabulary
    label,  -- the label
    start_s,  -- begin as given, seconds from the first frame
    end_s,  -- end as given, seconds from the first frame
    start_frame,  -- first frame in it
    end_frame,  -- one past the last frame in it
    score,  -- confidence as given; null where none is
    attributes,  -- whatever else the line said, as JSON
    batch
FROM stored.annotation_segments;
