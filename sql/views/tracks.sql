-- tracks: one row is a track: one object over time. Written by tracks.
-- Made from rushes/store/schemas.py by 'make docs'.
CREATE OR REPLACE VIEW tracks AS
SELECT
    track_id,  -- clip_id, and the track's number in the clip or the annotation and its name there
    video_id,  -- the video's name, unique in the store
    clip_id,  -- video_id and the frame range the clip was cut at
    class_id,  -- most probable class over the whole track; null where the vocabulary has no numbers
    class_name,  -- its name in the vocabulary
    vocabulary,  -- the list of classes: the detector's, or the annotation that used it
    n_boxes,  -- number of boxes
    start_frame,  -- first frame
    end_frame,  -- one past the last frame
    start_s,  -- presentation time of the first frame, seconds
    end_s,  -- presentation time at which the last frame ends, seconds
    mean_score,  -- mean detection score; of annotated boxes without one, 1
    mean_area,  -- mean box area as a share of the frame
    top10_class_ids,  -- the ten classes with the highest mean score
    top10_class_names,  -- their names
    top10_mean,  -- their mean scores; of annotated tracks as told, else the share of their boxes; empty where not told
    top10_std,  -- and standard deviations
    origin,  -- detected by the model, or taken from annotations
    object_id,  -- the object's name in its annotation; null for a detected track
    considered,  -- false when evaluation is told to leave out most of its boxes
    complete,  -- true when a frame between its boxes has none; else boxes between are interpolated
    kept,  -- true when it lasts long enough and is large enough for the settings
    reason,  -- the first rule that it broke; null when kept
    batch
FROM stored.tracks;
