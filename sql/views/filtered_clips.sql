-- filtered_clips: one row is a clip, judged. Written by filtered_clips.
-- Made from rushes/store/schemas.py by 'make docs'.
CREATE OR REPLACE VIEW filtered_clips AS
SELECT
    clip_id,  -- video_id and the frame range the clip was cut at
    video_id,  -- the video's name, unique in the store
    start_frame,  -- first frame
    end_frame,  -- one past the last frame
    start_s,  -- presentation time of the first frame, seconds
    end_s,  -- presentation time at which the last frame ends, seconds
    duration_s,  -- end_s - start_s
    trimmed,  -- true when the clip was cut down to the longest length allowed
    sharpness,  -- median variance of the Laplacian of luma at 360 lines; low is blurred
    exposure,  -- mean luma, 0 black to 1 white
    contrast,  -- mean standard deviation of luma, 0 to 0.5
    motion,  -- 90th percentile of optical flow, mean over steps; frame heights a second
    stillness,  -- share of sampled steps in which nothing changes
    cartoon,  -- the cartoon predictor's score; null when none is set
    aesthetics,  -- the aesthetics predictor's score; null when none is set
    n_faces,  -- face tracks found
    privacy,  -- which regions were looked for: faces, or none
    kept,  -- true when the clip goes on
    reason,  -- the first rule that dropped it; null when kept
    batch
FROM stored.filtered_clips;
