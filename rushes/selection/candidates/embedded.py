"""The stored vectors that lie along sequences, some videos at a time.

Here: reading ``embeddings`` in slices that fit in memory however many there are, each with the sequences that run
along its clips and tracks. Not here: what is made of the vectors (``vectors``, ``duplicates``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rushes.errors import SettingsError, StoreError

_SLICE = 16_384  # vectors, unless a single video has more
_FRAME = (1 << 32) - 1
UNEQUAL = "vectors of one model have different lengths: build embeddings again"


@dataclass(frozen=True)
class Slice:
    """Vectors of some clips or tracks, each one's together and by frame, and the k sequences along them.

    ``raw``: float16 (m, d); ``keys``: int64 (m,), number of the clip or track in the upper 32 bits, frame in the lower.
    ``places``: int64 (k,), the sequences' places among those asked for; ``base``: the key of frame 0 of each one's clip
    or track. All vectors of that are ``begin`` to ``end`` (exclusive), those within the sequence ``low`` to ``high``.
    """

    raw: np.ndarray
    keys: np.ndarray
    places: np.ndarray
    base: np.ndarray
    first: np.ndarray
    last: np.ndarray
    begin: np.ndarray
    end: np.ndarray
    low: np.ndarray
    high: np.ndarray

    @property
    def frames(self) -> np.ndarray:
        """int64 (m,): the frame of each vector."""
        return self.keys & _FRAME

    def place(self, which: np.ndarray, frame: np.ndarray) -> np.ndarray:
        """Return for each of these sequences where a frame stands, or would, among its clip's or track's vectors."""
        return np.searchsorted(self.keys, self.base[which] | np.ceil(frame).astype(np.int64))


class Embedded:
    """The vectors along some sequences: of the track's crops for those of tracks, else of whole frames.

    ``rows``: columns of ``CANDIDATE``; ``at``: which of them. ``model`` made the vectors; empty when there are none.
    Raises ``SettingsError`` when it was more than one, for then they do not compare.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, rows: pa.Table, at: np.ndarray) -> None:
        self._connection = connection
        taken = rows.select(["video_id", "clip_id", "track_id", "first_frame", "last_frame"]).take(
            pa.array(at, pa.int64())
        )
        self._sequences = {name: taken.column(name).combine_chunks() for name in taken.column_names}
        self._of_tracks = self._sequences["track_id"].is_valid().to_numpy(zero_copy_only=False)
        self._stored = self._overview()
        models = sorted({model for _, _, model, _ in self._stored})
        if len(models) > 1:
            raise SettingsError(f"vectors of {', '.join(models)} do not compare: name collections of one model")
        self.model = models[0] if models else ""

    def __iter__(self) -> Iterator[Slice]:
        video = self._sequences["video_id"].cast(pa.string()).dictionary_encode()
        codes = {name: code for code, name in enumerate(video.dictionary.to_pylist())}
        of = video.indices.to_numpy()
        order = np.argsort(of, kind="stable")
        ends = np.searchsorted(of[order], np.arange(len(codes) + 1))
        for batch, names in self._slices():
            here = np.concatenate([order[ends[codes[name]] : ends[codes[name] + 1]] for name in names])
            here.sort()
            for key, which in (("track_id", self._of_tracks[here]), ("clip_id", ~self._of_tracks[here])):
                found = self._read(batch, names, key, here[which]) if which.any() else None
                if found is not None:
                    yield found

    def _overview(self) -> list[tuple[str, str, str, int]]:
        """Return (batch, video, model, vectors), of the kinds of vector that are asked for."""
        kinds = [bool(self._of_tracks.any()), not self._of_tracks.all()]
        wanted = pa.table({"video_id": self._sequences["video_id"].cast(pa.string()).unique()})
        self._connection.register("wanted", wanted)
        try:
            batches = self._connection.execute(
                "SELECT list(DISTINCT batch) FROM videos SEMI JOIN wanted USING (video_id)"
            ).fetchall()[0][0]
            return self._connection.execute(
                "SELECT batch, video_id, model, count(*) FROM embeddings SEMI JOIN wanted USING (video_id) "
                "WHERE list_contains(?, batch) AND CASE WHEN track_id IS NULL THEN ? ELSE ? END "
                "GROUP BY ALL ORDER BY ALL",
                [batches or [], kinds[1], kinds[0]],
            ).fetchall()
        finally:
            self._connection.unregister("wanted")

    def _slices(self) -> Iterator[tuple[str, list[str]]]:
        """Yield videos of one batch that have so many vectors together as go into a slice."""
        names: list[str] = []
        batch_of_them, size = "", 0
        for batch, video, _, count in self._stored:
            if names and (batch != batch_of_them or size + count > _SLICE):
                yield batch_of_them, names
                names, size = [], 0
            batch_of_them, size = batch, size + count
            names.append(video)
        if names:
            yield batch_of_them, names

    def _read(self, batch: str, videos: Sequence[str], key: str, places: np.ndarray) -> Slice | None:
        own = {name: column.take(pa.array(places)) for name, column in self._sequences.items()}
        items = own[key].cast(pa.string())
        known = items.unique()
        stored = self._connection.execute(
            f"SELECT {key} AS item, frame, vector FROM embeddings WHERE batch = ? AND video_id BETWEEN ? AND ? "
            f"AND list_contains(?, video_id) AND track_id IS {'NOT NULL' if key == 'track_id' else 'NULL'}",
            [batch, min(videos), max(videos), list(videos)],
        ).to_arrow_table()
        code = pc.index_in(stored.column("item").combine_chunks(), value_set=known)
        stored = stored.filter(code.is_valid())
        if not len(stored):
            return None
        of = code.drop_null().to_numpy().astype(np.int64)
        frames = stored.column("frame").to_numpy().astype(np.int64)
        order = np.lexsort((frames, of))
        keys = (of[order] << 32) | frames[order]
        base = pc.index_in(items, value_set=known).to_numpy().astype(np.int64) << 32
        first, last = (own[name].to_numpy().astype(np.int64) for name in ("first_frame", "last_frame"))
        return Slice(
            _matrix(stored.column("vector"))[order],
            keys,
            places,
            base,
            first,
            last,
            begin=np.searchsorted(keys, base),
            end=np.searchsorted(keys, base | _FRAME),
            low=np.searchsorted(keys, base | first),
            high=np.searchsorted(keys, base | last, side="right"),
        )


def _matrix(vectors: pa.ChunkedArray) -> np.ndarray:
    """Return float16 (m, d)."""
    width = len(vectors[0].as_py())
    try:
        fixed = vectors.combine_chunks().cast(pa.binary()).cast(pa.binary(width))
    except pa.ArrowInvalid:
        raise StoreError(UNEQUAL) from None
    data = np.frombuffer(fixed.buffers()[1], "<f2")
    return data.reshape(-1, width // 2)[fixed.offset : fixed.offset + len(fixed)]
