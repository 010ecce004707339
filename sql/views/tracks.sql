-- tracks: one row is a track: one object over time. Written by tracks.
-- Made from rushes/store/schemas.py by 'make docs'.
CREATE OR REPLACE VIEW tracks AS
SELECT
    track_id,  -- clip_id and the track's number in the clip
    video_id,  -- the video's name, unique in the store
    clip_id,  -- video_id and the frame range the clip was cut at
    class_id,  -- most probable class over the whole track
    class_name,  -- its name in the vocabulary
    vocabulary,  -- the list of classes
    n_boxes,  -- number of boxes
    start_frame,  -- first frame
    end_frame,  -- one past the last frame
    start_s,  -- presentation time of the first frame, seconds
    end_s,  -- presentation time at which the last frame ends, seconds
    mean_score,  -- mean detection score
    mean_area,  -- mean box area as a share of the frame
    top10_class_ids,  -- the ten classes with the highest mean score
    top10_mean,  -- their mean scores
    top10_std,  -- and standard deviations
    origin,  -- detected by a model or annotated by people
    batch
FROM stored.tracks;
