-- What 'make demo' prints: (place, title, value), in order of place.
WITH own_clips AS (
    SELECT f.* FROM filtered_clips AS f INNER JOIN videos AS v USING (video_id) WHERE v.collection = 'demo'
),
own_tracks AS (
    SELECT t.* FROM tracks AS t INNER JOIN own_clips USING (clip_id)
)
SELECT 1 AS place, 'videos' AS title, count(*)::VARCHAR AS value
FROM videos
WHERE collection = 'demo'
UNION ALL
SELECT 2, 'clips', count(*)::VARCHAR FROM own_clips
UNION ALL
SELECT 3, 'shots of bikes.mp4', string_agg('[' || start_frame || ',' || end_frame || ')', ' ' ORDER BY start_frame)
FROM clips
WHERE video_id = 'bikes'
UNION ALL
SELECT 4, 'clips kept and dropped', string_agg(n || ' ' || verdict, ', ' ORDER BY verdict <> 'kept', verdict)
FROM (
    SELECT if(kept, 'kept', 'dropped: ' || reason) AS verdict, count(*) AS n FROM own_clips GROUP BY ALL
)
UNION ALL
SELECT 5, 'tracks by class', string_agg(n || ' ' || class_name, ', ' ORDER BY n DESC, class_name)
FROM (SELECT class_name, count(*) AS n FROM own_tracks GROUP BY ALL)
UNION ALL
SELECT 6, 'faces blurred', string_agg(n || ' in ' || video_id || ' (' || boxes || ' boxes)', ', ' ORDER BY video_id)
FROM (
    SELECT video_id, count(DISTINCT (clip_id, region)) AS n, count(*) AS boxes
    FROM redactions INNER JOIN own_clips USING (video_id, clip_id)
    GROUP BY ALL
)
UNION ALL
SELECT 7, 'vectors', count(*)::VARCHAR FROM embeddings INNER JOIN own_clips USING (clip_id)
UNION ALL
SELECT 8, 'sequences selected', string_agg(n || ' by ' || recipe, ', ' ORDER BY recipe)
FROM (SELECT recipe, count(*) AS n FROM selections GROUP BY ALL)
UNION ALL
SELECT 9, 'files packaged', string_agg(n || ' ' || format || ' (' || mb || ' MB)', ', ' ORDER BY format)
FROM (SELECT format, count(*) AS n, round(sum(size) / 1e6, 1) AS mb FROM datasets GROUP BY ALL)
UNION ALL
SELECT 10, 'rejects', coalesce(string_agg(n || ' ' || reason || ' in ' || asset, ', ' ORDER BY n DESC, reason), 'none')
FROM (SELECT asset, reason, count(*) AS n FROM rejects GROUP BY ALL)
ORDER BY place;
