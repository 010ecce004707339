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
    colourfulness,  -- Hasler and Suesstrunk's M3, mean over frames; 0 is grey
    noise,  -- median deviation of noise, of 255, at 360 lines or fewer
    motion_p10,  -- 10th percentile of optical flow, as motion: what the whole frame moves
    motion_p50,  -- median of optical flow, as motion
    motion,  -- 90th percentile of optical flow, mean over steps; frame heights a second
    stillness,  -- share of sampled steps in which nothing changes
    letterbox,  -- share of the frame that is black bars through all of the clip
    slides,  -- share of sampled frames that look like a slide or a page of text
    quality,  -- sharpness, contrast, exposure and noise in one figure: not beauty
    cartoon,  -- the cartoon model's score, above 0 for animated; null: not asked
    aesthetics,  -- the aesthetics model's score; null: not asked
    n_faces,  -- face tracks found
    n_plates,  -- licence plate tracks found
    privacy,  -- which regions were looked for
    kept,  -- true when the clip goes on
    reason,  -- the first rule that dropped it; null when kept
    batch
FROM stored.filtered_clips;
