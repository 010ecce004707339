"""``rushes add`` as a person meets it: what is shown, what is refused, and what a build makes of it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from picture_trees import write_mot
from tabular import written
from videos import make_video

from rushes.sources.formats.known import FORMATS


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video of two seconds, and a table that speaks of it and of others."""
    folder = tmp_path_factory.mktemp("footage")
    make_video(folder / "walk.mp4", 50)
    rows = [
        "walk.mp4,walk,0.5,1.5,first",
        "walk.mp4,walk,1,9,until after its end",
        "walk.mp4,walk,8,9,after its end",
        "../secret.mp4,secret,,,",
        "http://127.0.0.1:1/x.mp4,private,,,",
        ",nothing,,,",
    ]
    written(folder / "list.csv", "uri,video_id,start_s,end_s,label\n" + "\n".join(rows) + "\n")
    return folder


@pytest.fixture(scope="module")
def added(new_shell: Callable[[], Any], footage: Path) -> tuple[Any, list[str]]:
    """A store to which the table was added, and all that was said."""
    shell = new_shell()
    done = shell("add", footage / "list.csv", "--collection", "street")
    assert done.returncode == 0, done.stderr
    return shell, done.stdout.splitlines() + done.stderr.splitlines()


def test_a_manifest_is_told_in_a_few_lines(added: tuple[Any, list[str]], footage: Path) -> None:
    _, said = added
    assert said == [
        "batch street-0000: 4 videos",
        "1 videos registered in street as table, 1 with annotations, 3 lines that name none; next: rushes build",
        f"warning: '../secret.mp4' leads outside {footage}, where its videos must lie; it will be a reject",
        "warning: http://127.0.0.1:1/x.mp4: a manifest may not name private machines, unless it is added with "
        "--allow-private; it will be a reject",
        "warning: it names no video; it will be a reject",
    ]


def test_the_same_again_and_a_dry_run_write_nothing(added: tuple[Any, list[str]], footage: Path) -> None:
    shell, _ = added
    before = sorted(shell.store.rglob("*"))
    assert shell.ok("add", footage / "list.csv") == "0 videos registered in main as table, 1 known already\n"
    written(footage / "more/run.mp4", "")
    shown = shell.ok("add", footage / "more", "--dry-run")
    assert [line.split() for line in shown.splitlines() if "run.mp4" in line] == [
        ["│", "run", "│", str(footage / "more/run.mp4"), "│", "│"]
    ]
    assert shown.endswith("1 videos would be registered in main; next: the same without --dry-run\n")
    assert sorted(shell.store.rglob("*")) == before


def test_what_was_built_of_it_and_what_was_not_can_be_asked_for(added: tuple[Any, list[str]], footage: Path) -> None:
    shell, _ = added
    shell.ok("build", "--asset", "raw_videos")
    spans = shell.rows(
        "SELECT segment_id, label, kind, start_s, end_s, start_frame, end_frame FROM annotation_segments"
    )
    assert [(s["label"], s["kind"], s["start_frame"], s["end_frame"]) for s in spans] == [
        ("first", "span", 13, 38),
        ("until after its end", "span", 25, 50),
    ]
    rejects = shell.rows("SELECT item_kind, reason, detail, item_id FROM rejects ORDER BY reason, detail")
    assert [(r["item_kind"], r["reason"]) for r in rejects] == [
        ("video", "bad_line"),
        ("video", "forbidden"),
        ("video", "forbidden"),
        ("annotation", "outside_video"),
    ]
    for reject in rejects[:3]:
        assert reject["detail"] in " ".join(shell.ok("why", reject["item_id"]).split())


def test_annotations_that_come_later_are_told_and_make_the_batch_stale(
    new_shell: Callable[[], Any], tmp_path: Path
) -> None:
    shell = new_shell()
    sequence = write_mot(tmp_path / "MOT17-02", range(1, 4), "1,1,1,1,9,9,1,1,1\n")
    assert "1 videos registered in main as mot, 1 with annotations; next: rushes build" in shell.ok("add", sequence)
    shell.ok("build", "--asset", "raw_videos")
    assert shell.rows("SELECT frame, x FROM annotation_boxes") == [{"frame": 0, "x": 0.0}]
    (sequence / "gt/gt.txt").write_text("1,1,1,1,9,9,1,1,1\n3,1,5,1,9,9,1,1,1\n")
    said = shell.ok("add", sequence)
    assert said == (
        "0 videos registered in main as mot, 1 known already, new annotations for 1 of them; next: rushes build\n"
    )
    assert shell.states()["main-0000", "raw_videos"]["state"] == "stale"
    shell.ok("build", "--asset", "raw_videos")
    assert shell.rows("SELECT frame, x FROM annotation_boxes") == [{"frame": 0, "x": 0.0}, {"frame": 2, "x": 4.0}]


def test_all_formats_are_listed(new_shell: Callable[[], Any]) -> None:
    listed = new_shell().ok("add", "--formats")
    for name, format in FORMATS.items():
        assert f"│ {name} " in listed
        assert format.what in listed


@pytest.mark.parametrize(
    ("name", "content", "words", "says"),
    [
        ("notes.txt", b"some words\n", [], "no known format; say which with --format: video, mot, lasot"),
        ("empty.csv", b"", [], "an empty file, which names no videos"),
        ("binary.json", bytes(range(256)) * 99, [], "no known format"),
        ("list.csv", b"uri\na.mp4\n", ["--format", "motion"], "unknown format 'motion'; there are: auto, video, mot"),
        ("list.csv", b"uri\na.mp4\n", ["--media", "none"], "--media none: no such folder"),
        ("list.csv", b"uri\n../a.mp4\n/b.mp4\n", [], "no line of it names a video as table"),
    ],
)
def test_what_cannot_be_added_is_one_line(
    new_shell: Callable[[], Any], tmp_path: Path, name: str, content: bytes, words: list[str], says: str
) -> None:
    shell = new_shell()
    assert says in shell.refused("add", written(tmp_path / name, content), *words)
    assert not shell.store.exists()
