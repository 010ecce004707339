-- box_iou(a, b): how much two boxes overlap: their intersection's area as a share of their union's, 0 to 1.
-- Each is a row that has x, y, w and h, by the name it has in the query. Boxes without an area overlap nothing.
--     SELECT box_iou(t, a) FROM track_boxes AS t INNER JOIN annotation_boxes AS a USING (video_id, frame)
CREATE OR REPLACE MACRO box_overlap(a, b) AS
greatest(0, least(a.x::DOUBLE + a.w, b.x::DOUBLE + b.w) - greatest(a.x, b.x)::DOUBLE)
* greatest(0, least(a.y::DOUBLE + a.h, b.y::DOUBLE + b.h) - greatest(a.y, b.y)::DOUBLE);

CREATE OR REPLACE MACRO box_iou(a, b) AS
coalesce(
    box_overlap(a, b)
    / nullif(a.w::DOUBLE * a.h::DOUBLE + b.w::DOUBLE * b.h::DOUBLE - box_overlap(a, b), 0),
    0
);
