"""The page of a selection: what it shows, what it hides, and that it is the same each time."""

import base64
import html
import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from reported import VIDEOS, candidates, fill, recipe, selection
from rows import box_row, filtered_row, redaction_row, track_row

from rushes.selection.choice import Candidates, Choice
from rushes.selection.report.page import SHOWN
from rushes.selection.report.pictures import WIDTH, pictures
from rushes.selection.report.write import overview_name, write_report
from rushes.store.database import connect
from rushes.store.objects import Objects
from rushes.store.rejects import Reason, Reject


@pytest.fixture
def filled(store: Objects, tmp_path: Path) -> Objects:
    fill(store, tmp_path)
    return store


def text(page: str) -> str:
    """What a reader sees of a page, without its pictures."""
    body = re.sub(r"<style>.*?</style>|<[^>]+>", " ", page, flags=re.DOTALL)
    return " ".join(html.unescape(body).split())


def written(store: Objects, made: Candidates, chosen: list, rejects: tuple[Reject, ...] = (), **fields: object) -> str:
    note = str(fields.pop("note", "")) or None
    name = write_report(store, recipe(**fields), selection(store, made, chosen, rejects, note))
    assert name == "reports/street/index.html"
    return store.read(name).decode()


def test_a_page_tells_how_the_selection_came_about(filled: Objects) -> None:
    rejects = tuple(Reject("sequence", f"s{n}", "select", Reason.NO_EMBEDDING, "") for n in range(3))
    every = candidates()
    chosen = [Choice(0, None, "nearest to the mean"), Choice(7, 1.25, "1.2500 from it", 0, 1.25, 2)]
    said = text(
        written(filled, every, chosen, rejects, where="quality > 0.5", description="of the day", seed=9, note="2 of 5")
    )
    for words in (
        *("Selection street", "of the day", "where quality > 0.5", "seed: 9", "chosen 2", "candidates 12", "2 of 5"),
        *("tracks/made-0000 " + "a" * 32, "f" * 32, "code version 2", "no_embedding 3", "all 2 2"),
        *("day 6 1", "night 6 1", "as they stand 1", "relaxed twice 1", "all 12 candidates and all 2 chosen"),
        *("nearest to the mean", f"nearest chosen: {every.row(0)['sequence_id']} at 1.2500", "1 chosen of 6"),
    ):
        assert words in said


def test_each_chosen_one_stands_with_its_nearest_that_was_not(filled: Objects) -> None:
    every = candidates()
    assert every.vectors is not None
    page = written(filled, every, [0, 7])
    apart = np.linalg.norm(every.vectors[:, None].astype(float) - every.vectors[None], axis=2)
    left = [at for at in range(12) if at not in (0, 7)]
    for at in (0, 7):
        near = min(left, key=lambda other: apart[at, other])
        assert f"nearest not chosen, at {apart[at, near]:.4f} {every.row(near)['sequence_id']}" in text(page)
    assert page.count('src="data:image/jpeg;base64,') == 2 * 3 + 2


def test_what_was_rejected_or_pooled_is_no_neighbour_that_was_left(filled: Objects) -> None:
    every = candidates()
    ids = [every.row(at)["sequence_id"] for at in range(12)]
    page = written(
        filled, every, [0], tuple(Reject("sequence", str(s), "select", Reason.CORRUPT, "") for s in ids[1:-1])
    )
    assert re.findall(r"nearest not chosen, at \S+ (\S+)", text(page)) == [ids[-1]]


def test_the_same_selection_gives_the_same_bytes(filled: Objects) -> None:
    def files() -> dict[str, bytes]:
        written(filled, candidates(), [3, 8, 0], save_frames=True)
        return {name: filled.read(name) for name in filled.list("reports")}

    first = files()
    assert {"index.html", "overview.jpg", "sequence_information.json"} <= {name.split("/")[2] for name in first}
    assert files() == first


def test_of_many_chosen_the_first_have_pictures_and_the_others_are_counted(filled: Objects) -> None:
    rows = [{"video_id": VIDEOS[n % 2], "first_frame": n // 2} for n in range(100)]
    made = np.random.default_rng(0).normal(size=(100, 4)).astype(np.float32)
    page = written(filled, candidates(rows, made / np.linalg.norm(made, axis=1, keepdims=True)), list(range(90)))
    assert page.count('<article class="card"') == SHOWN
    assert f"and {90 - SHOWN} more" in text(page)
    assert len(page) < 5_000_000


def test_an_empty_selection_has_a_page_that_says_why(filled: Objects) -> None:
    said = text(written(filled, candidates([], np.empty((0, 6), np.float32)), [], note="recipe street chose nothing"))
    assert "Nothing was chosen. recipe street chose nothing" in said
    assert "there are fewer than two candidates" in said
    assert filled.read(overview_name("street")).startswith(b"\xff\xd8")
    assert "Nothing was chosen." in text(written(filled, candidates(), [], note="recipe street chose nothing"))


def test_without_embeddings_the_page_says_so_and_shows_the_rest(store: Objects, tmp_path: Path) -> None:
    fill(store, tmp_path, embedded=False)
    said = text(written(store, Candidates(candidates().rows), [0, 7]))
    assert "there are no vectors of the candidates" in said
    assert "nearest not chosen" not in said
    assert "1 chosen of 6" in said


def test_what_people_wrote_is_shown_and_never_obeyed(filled: Objects) -> None:
    page = written(filled, candidates(), [0], where="a < '<script>alert(1)</script>'", description="<b>&")
    assert "<script" not in page
    assert "where a < '<script>alert(1)</script>'" in html.unescape(page).replace("<code>", "")
    assert "&lt;b&gt;&amp;" in page


def test_a_page_asks_for_nothing_else(filled: Objects) -> None:
    page = written(filled, candidates(), [0, 7])
    assert set(re.findall(r'(?:src|href|srcset|data|action)="(data:|#)?', page)) == {"data:", "#"}
    assert "url(" not in page
    assert "@import" not in page


def test_faces_are_hidden_in_the_pictures(store: Objects, tmp_path: Path) -> None:
    clip = filtered_row("day", 0, 60)
    faces = [redaction_row(clip, frame, (0, 0, 160, 240)) for frame in range(60)]
    fill(store, tmp_path, redactions=faces)
    plain = Path(tmp_path / "plain")
    plain.mkdir()
    other = Objects(plain / "store")
    fill(other, plain)
    shown = []
    for place in (store, other):
        with connect(place) as connection:
            (picture,) = pictures(place, connection, candidates(), {2: 1})[2]
        assert picture.pixels is not None
        shown.append(picture.pixels.astype(int))
    apart = np.abs(shown[0] - shown[1]).mean(axis=(0, 2))
    assert apart[: WIDTH // 2 - 8].mean() > 8
    assert apart[WIDTH // 2 + 8 :].mean() < 2


def test_the_box_of_the_track_that_a_sequence_follows_is_drawn(store: Objects, tmp_path: Path) -> None:
    clip = filtered_row("day", 0, 60)
    track = track_row(clip, 1, 0, 60)
    boxes = [box_row(track, frame, (80, 60, 160, 120)) for frame in (0, 59)]
    fill(store, tmp_path, tracks=[track], track_boxes=boxes)
    row = {"video_id": "day", "first_frame": 20}
    seen = []
    for one in (row, {**row, "track_id": track["track_id"]}):
        with connect(store) as connection:
            seen.append(pictures(store, connection, candidates([one]), {0: 1})[0][0].pixels)
    changed = np.abs(seen[0].astype(int) - seen[1]).sum(axis=2) > 60
    rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    scale = WIDTH / 320
    for found, edges in ((columns, (80, 240)), (rows, (60, 180))):
        assert [found[0] / scale, found[-1] / scale] == pytest.approx(edges, abs=3)


def filled_media(store: Objects, video: str) -> str:
    with connect(store) as connection:
        (uri,) = connection.execute("SELECT media_uri FROM videos WHERE video_id = ?", [video]).fetchall()[0]
    return str(uri)


def test_a_video_that_cannot_be_read_has_no_picture_and_the_page_says_why(filled: Objects) -> None:
    media = filled_media(filled, "night")
    filled.delete(media)
    page = written(filled, candidates(), [0, 7])
    assert page.count("no picture:") >= 3
    assert page.count('src="data:image/jpeg') >= 3


def test_the_picture_for_dagster_shows_the_first_ranks(filled: Objects) -> None:
    written(filled, candidates(), [0, 7])
    data = np.frombuffer(filled.read(overview_name("street")), np.uint8)
    assert data.nbytes < 500_000
    drawn = cv2.imdecode(data, cv2.IMREAD_COLOR)
    assert drawn.shape[1] > drawn.shape[0] > 300
    page = filled.read("reports/street/index.html").decode()
    middle = re.findall(r'<img src="data:image/jpeg;base64,([^"]+)"', page)[1]
    frame = cv2.imdecode(np.frombuffer(base64.b64decode(middle), np.uint8), cv2.IMREAD_COLOR)
    right = drawn[:, drawn.shape[1] // 2 :]
    best = max(
        float(cv2.matchTemplate(right, cv2.resize(frame, (w, round(w * 0.75))), cv2.TM_CCOEFF_NORMED).max())
        for w in range(110, 160)
    )
    assert best > 0.7
