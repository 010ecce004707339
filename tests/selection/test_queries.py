"""Query vectors are those of the pictures and ids that were named; what is neither is an error that names it."""

import io
from collections.abc import Iterator
from pathlib import Path

import cv2
import duckdb
import numpy as np
import pytest
from http_ranges import RangeServer
from PIL import Image
from rows import embedding_row, filtered_row, track_row, video_row, write_batch

from rushes.embedding.embedder import Embedder
from rushes.errors import ModelError, SettingsError
from rushes.selection.choosing.queries import query_vectors
from rushes.selection.recipes.options import Similarity
from rushes.store.database import connect
from rushes.store.objects import Objects
from rushes.store.schemas import RECIPE, SELECTIONS
from rushes.store.tables import write_partition

MODEL = "efficientnet-lite0"
CLIP = filtered_row("v", 0, 50)
TRACK = track_row(CLIP, 1, 0, 50)
OTHER = track_row(CLIP, 2, 0, 50)
BARE = track_row(CLIP, 3, 0, 50)
SEQUENCE = f"{CLIP['clip_id']}.s000020"


def turned(degrees: float, length: float = 1.0) -> list[float]:
    return [length * float(f(np.radians(degrees))) for f in (np.cos, np.sin)]


@pytest.fixture
def connection(store: Objects) -> Iterator[duckdb.DuckDBPyConnection]:
    """One video: a clip with frames at 0, 20 and 30 degrees, tracks with crops at 60 and 80, and at 90."""
    write_batch(
        store,
        videos=[video_row("v")],
        filtered_clips=[CLIP],
        tracks=[TRACK, OTHER, BARE],
        embeddings=[
            embedding_row(CLIP, 0, turned(0)),
            embedding_row(CLIP, 20, turned(20)),
            embedding_row(CLIP, 30, turned(40)),
            embedding_row(CLIP, 0, turned(60), TRACK["track_id"]),
            embedding_row(CLIP, 10, turned(80, 5.0), TRACK["track_id"]),
            embedding_row(CLIP, 5, turned(90), OTHER["track_id"]),
            embedding_row(CLIP, 6, turned(0), OTHER["track_id"], model="another"),
        ],
    )
    row = {
        "rank": 0, "sequence_id": SEQUENCE, "video_id": "v", "clip_id": CLIP["clip_id"], "track_id": None,
        "frames": list(range(20, 31)), "n_padded": 0, "class_name": None, "split": "all", "score": None,
        "nearest": None, "distance": None, "relaxed": 0, "why": "",
    }  # fmt: skip
    write_partition(store, SELECTIONS, {RECIPE: "r"}, SELECTIONS.from_rows([row]))
    with connect(store) as opened:
        yield opened


def degrees(vectors: np.ndarray) -> list[float]:
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    return [round(float(np.degrees(np.arctan2(y, x))), 1) for x, y in vectors]


def test_a_tracks_query_is_the_mean_of_its_vectors(store: Objects, connection: duckdb.DuckDBPyConnection) -> None:
    similarity = Similarity(tracks=(OTHER["track_id"], TRACK["track_id"]))
    vectors = query_vectors(connection, similarity, "made")
    assert vectors.dtype == np.float32
    assert degrees(vectors) == [90.0, 70.0]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("SELECT track_id FROM tracks WHERE n_boxes = 50 AND track_id NOT LIKE '%3'", [70.0, 90.0]),
        ("SELECT clip_id, 1 FROM filtered_clips", [20.0]),
        ("SELECT video_id FROM videos UNION ALL SELECT video_id FROM videos", [20.0]),
        ("SELECT sequence_id FROM selections WHERE recipe = 'r'", [30.0]),
        (f"VALUES ('{TRACK['track_id']}'), ('{SEQUENCE}')", [30.0, 70.0]),
    ],
)
def test_a_query_names_tracks_clips_videos_or_chosen_sequences(
    store: Objects, connection: duckdb.DuckDBPyConnection, query: str, expected: list[float]
) -> None:
    assert sorted(degrees(query_vectors(connection, Similarity(sql=query), "made"))) == expected


@pytest.mark.parametrize(
    ("similarity", "message"),
    [
        (Similarity(tracks=("nobody",)), r"similarity.tracks: no track of this store is named 'nobody'"),
        (Similarity(tracks=(CLIP["clip_id"], "x")), r"similarity.tracks: no track .* named 'v"),
        (Similarity(tracks=(BARE["track_id"],)), r"has no vector of made: build embeddings for it"),
        (Similarity(sql="SELECT 'nobody'"), r"similarity.sql: no track, clip, video or chosen sequence .*'nobody'"),
        (Similarity(sql="SELECT track_id FROM tracks WHERE false"), r"similarity.sql: no rows"),
        (Similarity(sql="SELECT tracc_id FROM tracks"), r"similarity.sql: Binder Error: .*tracc_id"),
        (Similarity(sql="SELECT"), r"similarity.sql: Parser Error"),
        (Similarity(sql="CREATE TABLE t AS SELECT 1"), r"similarity.sql: give one SELECT"),
        (Similarity(sql="SELECT 'v'; SELECT 'v'"), r"similarity.sql: give one SELECT"),
        (
            Similarity(sql="SELECT track_id FROM tracks ORDER BY random()"),
            r"similarity.sql: random gives another answer",
        ),
        (
            Similarity(sql="SELECT track_id FROM tracks USING SAMPLE 1"),
            r"similarity.sql: a sample gives another answer",
        ),
        (Similarity(images=("no/such.png",)), r"similarity.images: no/such.png: no such file"),
        (Similarity(images=("http://a:b@c/x.png",)), r"holds a secret"),
        (Similarity(images=("ftp://c/x.png",)), r"no known kind of address"),
    ],
)
def test_what_is_nothing_is_an_error_that_names_it(
    store: Objects, connection: duckdb.DuckDBPyConnection, similarity: Similarity, message: str
) -> None:
    with pytest.raises(SettingsError, match=message) as error:
        query_vectors(connection, similarity, MODEL if similarity.images else "made")
    assert "\n" not in str(error.value)


def picture(path: Path, seed: int = 0, orientation: int = 1) -> np.ndarray:
    """Write a picture, and return its pixels as they are meant to be seen."""
    blots = np.random.default_rng(seed).integers(0, 256, (6, 9, 3), dtype=np.uint8)
    pixels = cv2.resize(blots, (360, 240), interpolation=cv2.INTER_CUBIC)
    exif = Image.Exif()
    exif[274] = orientation
    Image.fromarray(pixels).save(path, exif=exif)
    return np.ascontiguousarray(np.rot90(pixels, -1)) if orientation == 6 else pixels


def test_pictures_are_embedded_as_they_are_seen(store: Objects, tmp_path: Path) -> None:
    seen = [picture(tmp_path / "a.png"), picture(tmp_path / "b.png", 1, orientation=6)]
    expected = Embedder(MODEL)(seen)
    with RangeServer({"b.png": tmp_path / "b.png"}) as web, connect(store) as connection:
        similarity = Similarity(images=(str(tmp_path / "a.png"), f"{web.url}/b.png"))
        found = query_vectors(connection, similarity, MODEL)
    np.testing.assert_allclose(found, expected / np.linalg.norm(expected, axis=1, keepdims=True), atol=1e-6)


def test_a_picture_that_is_none_is_an_error(store: Objects, tmp_path: Path) -> None:
    good = io.BytesIO()
    Image.new("RGB", (64, 64), "red").save(good, "PNG")
    for name, data in {"empty.png": b"", "text.png": b"no picture", "cut.png": good.getvalue()[:60]}.items():
        (tmp_path / name).write_bytes(data)
        with connect(store) as connection, pytest.raises(SettingsError, match=f"{name}: no picture that can be read"):
            query_vectors(connection, Similarity(images=(str(tmp_path / name),)), MODEL)


def test_an_unknown_model_is_an_error(store: Objects, tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    with connect(store) as connection, pytest.raises(ModelError):
        query_vectors(connection, Similarity(images=(str(tmp_path / "a.png"),)), "made")
