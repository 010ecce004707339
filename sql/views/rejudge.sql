-- rejudge(threshold := value, …): filtered_clips judged by other thresholds, without looking at a video again.
-- Named and defaulted as the section filters of settings.yaml; null judges nothing. was_kept is how the clip was judged.
--     SELECT clip_id, kept, reason FROM rejudge(min_sharpness := 20, max_slides := 0.5)
CREATE OR REPLACE MACRO rejudge(
    min_duration_s := 3.0,
    min_exposure := 0.04,
    max_exposure := 0.96,
    min_contrast := NULL,
    min_colourfulness := NULL,
    min_sharpness := 8.0,
    max_noise := NULL,
    max_stillness := 0.98,
    min_motion := NULL,
    max_motion := NULL,
    max_letterbox := NULL,
    max_slides := NULL,
    min_quality := NULL,
    max_cartoon := NULL,
    min_aesthetics := 4.0
) AS TABLE
WITH judged AS (
    SELECT
        *,
        CASE
            WHEN duration_s < min_duration_s::DOUBLE THEN 'too_short'
            WHEN exposure < min_exposure::DOUBLE THEN 'too_dark'
            WHEN exposure > max_exposure::DOUBLE THEN 'too_bright'
            WHEN contrast < min_contrast::DOUBLE THEN 'low_contrast'
            WHEN colourfulness < min_colourfulness::DOUBLE THEN 'colourless'
            WHEN sharpness < min_sharpness::DOUBLE THEN 'blurred'
            WHEN noise > max_noise::DOUBLE THEN 'noisy'
            WHEN stillness > max_stillness::DOUBLE THEN 'still'
            WHEN motion < min_motion::DOUBLE THEN 'little_motion'
            WHEN motion > max_motion::DOUBLE THEN 'much_motion'
            WHEN letterbox > max_letterbox::DOUBLE THEN 'letterboxed'
            WHEN slides > max_slides::DOUBLE THEN 'slides'
            WHEN quality < min_quality::DOUBLE THEN 'low_quality'
            WHEN cartoon > max_cartoon::DOUBLE THEN 'cartoon'
            WHEN aesthetics < min_aesthetics::DOUBLE THEN 'low_aesthetics'
        END AS new_reason
    FROM filtered_clips
)

SELECT
    * EXCLUDE (kept, reason, new_reason),
    new_reason IS NULL AS kept,  -- true when no threshold drops it
    new_reason AS reason,  -- the first threshold that drops it; null when kept
    kept AS was_kept  -- how the settings judged it
FROM judged;
