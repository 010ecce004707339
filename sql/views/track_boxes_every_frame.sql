-- track_boxes_every_frame: tracks' boxes in every frame from their first to their last: those between two that were
-- found or annotated are interpolated by time, and marked. Tracks that are complete have none but their own.
CREATE OR REPLACE VIEW track_boxes_every_frame AS
WITH spans AS (
    SELECT
        b.*,
        lead(b.frame) OVER ahead AS next_frame,
        lead(b.t_s) OVER ahead AS next_t_s,
        lead({'x': b.x, 'y': b.y, 'w': b.w, 'h': b.h, 'score': b.score}) OVER ahead AS next_box
    FROM track_boxes AS b
    WINDOW ahead AS (PARTITION BY b.batch, b.video_id, b.clip_id, b.track_id ORDER BY b.frame)
),
between_boxes AS (
    SELECT s.*, unnest(range(s.frame + 1, s.next_frame)) AS between_frame
    FROM spans AS s
    INNER JOIN (SELECT batch, track_id, complete FROM tracks) AS t USING (batch, track_id)
    WHERE s.next_frame > s.frame + 1 AND NOT t.complete
),
shares AS (
    SELECT s.*, (p.pts - p0.pts)::DOUBLE / (p1.pts - p0.pts) AS share
    FROM between_boxes AS s
    INNER JOIN packets AS p ON p.batch = s.batch AND p.video_id = s.video_id AND p.frame = s.between_frame
    INNER JOIN packets AS p0 ON p0.batch = s.batch AND p0.video_id = s.video_id AND p0.frame = s.frame
    INNER JOIN packets AS p1 ON p1.batch = s.batch AND p1.video_id = s.video_id AND p1.frame = s.next_frame
)
SELECT
    track_id,
    video_id,
    clip_id,
    frame,
    t_s,
    x,
    y,
    w,
    h,
    score,
    false AS interpolated,  -- true where the box was put between two others
    batch
FROM track_boxes
UNION ALL
SELECT
    track_id,
    video_id,
    clip_id,
    between_frame::INTEGER AS frame,
    t_s + share * (next_t_s - t_s) AS t_s,
    (x + share * (next_box.x - x))::FLOAT AS x,
    (y + share * (next_box.y - y))::FLOAT AS y,
    (w + share * (next_box.w - w))::FLOAT AS w,
    (h + share * (next_box.h - h))::FLOAT AS h,
    (score + share * (next_box.score - score))::FLOAT AS score,
    true AS interpolated,
    batch
FROM shares;
