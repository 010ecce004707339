"""The class of a clip's sequence: the one seen most in it, among the kept tracks that run through its frames.

Not here: a track's own class, which its sequences have.
"""

from __future__ import annotations

import duckdb
import numpy as np
import pyarrow as pa

# Clips and classes are joined and grouped by number, classes in the order of their names. Areas are counted in whole
# millionths of a frame: sums do not depend on the order in which threads add them.
_QUERY = """
    WITH its AS (
        SELECT
            c.clip,
            t.class_name,
            t.start_frame,
            t.end_frame,
            t.weighted_score,
            round(1e6 * t.mean_area)::BIGINT AS area
        FROM track_candidates AS t
        INNER JOIN clips_of_spans AS c USING (clip_id)
        WHERE t.track_kept
    ),
    names AS (
        SELECT class_name, row_number() OVER (ORDER BY class_name)::INTEGER AS class
        FROM (SELECT DISTINCT class_name FROM its)
    ),
    seen AS (
        SELECT
            s.place,
            n.class,
            sum((least(t.end_frame, s.last_frame + 1) - greatest(t.start_frame, s.first_frame)) * t.area) AS area,
            max(t.weighted_score) AS weighted_score
        FROM spans AS s
        INNER JOIN its AS t ON t.clip = s.clip AND t.start_frame <= s.last_frame AND t.end_frame > s.first_frame
        INNER JOIN names AS n USING (class_name)
        GROUP BY ALL
    ),
    most AS (
        SELECT place, arg_max({'class': class, 'score': weighted_score}, (area << 32) - class) AS best
        FROM seen
        GROUP BY place
    )
    SELECT m.place, n.class_name, m.best.score AS weighted_score
    FROM most AS m
    INNER JOIN names AS n ON n.class = m.best.class
    ORDER BY m.place"""


def classes(connection: duckdb.DuckDBPyConnection, spans: pa.Table) -> tuple[pa.Array, pa.Array]:
    """Return each span's class_name and weighted_score, null where no kept track overlaps it.

    ``spans``: clip_id (a dictionary), first_frame, last_frame. A track counts with its mean area times the frames from
    the span's first to its last in which it lasts; ties go by name. The score is the highest of that class's tracks.
    """
    clips = spans.column("clip_id").combine_chunks()
    numbered = {
        "place": pa.array(np.arange(len(spans))),
        "clip": clips.indices,
        "first_frame": spans.column("first_frame"),
        "last_frame": spans.column("last_frame"),
    }
    named = {"clip": pa.array(np.arange(len(clips.dictionary), dtype=np.int32)), "clip_id": clips.dictionary}
    connection.register("spans", pa.table(numbered))
    connection.register("clips_of_spans", pa.table(named))
    try:
        found = connection.execute(_QUERY).to_arrow_table()
    finally:
        connection.unregister("spans")
        connection.unregister("clips_of_spans")
    index = np.full(len(spans), -1)
    index[found.column("place").to_numpy()] = np.arange(len(found))
    take = pa.array(index, mask=index < 0)
    return (
        found.column("class_name").combine_chunks().cast(pa.string()).dictionary_encode().take(take),
        found.column("weighted_score").combine_chunks().cast(pa.float64()).take(take),
    )
