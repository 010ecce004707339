"""What was forgotten is not taken in again: by its id, its address or its bytes, nor by a build that is under way."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from fake_steps import READ, read, sealed
from searched import mentions
from videos import make_video

from rushes.errors import StoreError
from rushes.forget.forget import forget
from rushes.settings import Settings
from rushes.sources.how import DEFAULTS, How
from rushes.sources.inbox import Inbox
from rushes.sources.register import register
from rushes.steps import STEPS
from rushes.store.forgotten import remember
from rushes.store.manifests import read_batch, read_batches
from rushes.store.objects import Objects
from rushes.store.schemas import REJECTS, VIDEOS
from rushes.store.tables import read_partition
from rushes.work.build import build
from rushes.work.step import Compute, Outcome, Task

RAW = STEPS["raw_videos"]


@pytest.fixture
def films(tmp_path: Path) -> Path:
    folder = tmp_path / "films"
    folder.mkdir()
    make_video(folder / "zebrafinch.mp4", 12)
    make_video(folder / "quokka.mp4", 13)
    return folder


def raw(store: Objects, batch: str) -> tuple[set[str], dict[str, str]]:
    """Build a batch's videos; return their ids, and why others are none."""
    build(store, RAW, batch, Settings(), workers=0)
    videos = read_partition(store, VIDEOS, {"batch": batch}).column("video_id").to_pylist()
    rejects = read_partition(store, REJECTS, {"asset": "raw_videos", "partition": batch}).to_pylist()
    return set(videos), {row["item_id"]: row["reason"] for row in rejects}


def added(store: Objects, *files: Path, collection: str = "zoo", how: How = DEFAULTS) -> list[str]:
    """Register files; return those that were left out."""
    return list(register(store, [str(file) for file in files], collection, how).forgotten)


def registered(store: Objects) -> set[str]:
    return {entry.entry_id for batch in read_batches(store) for entry in batch.entries}


def test_it_is_not_registered_again(store: Objects, films: Path) -> None:
    added(store, films / "zebrafinch.mp4", films / "quokka.mp4")
    raw(store, "zoo-0000")
    forget(store, ["zebrafinch"])
    assert added(store, films) == [str(films / "zebrafinch.mp4")]
    assert registered(store) == {"quokka"}
    assert mentions(store, "zebrafinch") == []


def test_neither_its_id_nor_its_address_comes_back(store: Objects, films: Path, tmp_path: Path) -> None:
    added(store, films / "zebrafinch.mp4")
    forget(store, ["zebrafinch"])
    (tmp_path / "more").mkdir()
    other = make_video(tmp_path / "more" / "zebrafinch.mp4", 20)
    assert added(store, other) == [str(other)]
    assert added(store, films / "zebrafinch.mp4", how=How(video_id="owl")) == [str(films / "zebrafinch.mp4")]
    assert added(store, other, how=How(video_id="owl")) == []
    assert registered(store) == {"owl"}


def test_its_bytes_under_another_name_are_a_reject_and_are_not_kept(store: Objects, films: Path) -> None:
    added(store, films / "zebrafinch.mp4")
    raw(store, "zoo-0000")
    forget(store, ["zebrafinch"])
    shutil.copy(films / "zebrafinch.mp4", films / "owl.mp4")
    added(store, films / "owl.mp4")
    assert raw(store, "zoo-0001") == (set(), {"owl": "forgotten"})
    assert list(store.list("media")) == []


def test_copies_of_it_go_with_it_whichever_is_named(store: Objects, films: Path) -> None:
    shutil.copy(films / "zebrafinch.mp4", films / "owl.mp4")
    added(store, films / "zebrafinch.mp4", films / "quokka.mp4")
    added(store, films / "owl.mp4", collection="night")
    raw(store, "zoo-0000")
    assert raw(store, "night-0000") == (set(), {"owl": "duplicate"})
    account = forget(store, ["owl"])
    assert {entry.entry_id for _, entry in account.entries} == {"owl", "zebrafinch"}
    assert (mentions(store, "owl"), mentions(store, "zebrafinch")) == ([], [])
    assert (raw(store, "zoo-0000"), raw(store, "night-0000")) == (({"quokka"}, {}), (set(), {}))
    assert len(list(store.list("media"))) == 1


def test_what_it_held_before_goes_too(store: Objects, films: Path) -> None:
    added(store, films / "zebrafinch.mp4")
    raw(store, "zoo-0000")
    make_video(films / "zebrafinch.mp4", 30)
    raw(store, "zoo-0000")
    assert len(list(store.list("media"))) == 2
    forget(store, ["zebrafinch"])
    assert [n for n in store.list("") if n.startswith(("media/", "contents/", "parts/"))] == []


def test_who_wanted_its_id_is_forgotten_but_may_come_under_another(store: Objects, films: Path, tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    rival = make_video(tmp_path / "more" / "zebrafinch.mp4", 20)
    added(store, films / "zebrafinch.mp4", films / "quokka.mp4")
    added(store, rival)
    raw(store, "zoo-0000")
    assert raw(store, "zoo-0001") == (set(), {"zebrafinch~2": "id_conflict"})
    forget(store, ["zebrafinch"])
    assert mentions(store, "zebrafinch") == []
    assert added(store, rival, how=How(video_id="owl")) == []
    assert raw(store, "zoo-0002") == ({"owl"}, {})


def test_an_entry_that_only_wanted_an_id_is_forgotten_alone(store: Objects, films: Path, tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    rival = make_video(tmp_path / "more" / "zebrafinch.mp4", 20)
    added(store, films / "zebrafinch.mp4")
    added(store, rival)
    raw(store, "zoo-0000")
    raw(store, "zoo-0001")
    forget(store, ["zebrafinch~2"])
    assert (registered(store), mentions(store, "more/")) == ({"zebrafinch"}, [])
    assert raw(store, "zoo-0000") == ({"zebrafinch"}, {})
    assert added(store, rival) == [str(rival)]


def test_a_file_of_the_inbox_goes_and_is_refused_when_it_is_dropped_again(store: Objects, films: Path) -> None:
    def look(cursor: str | None) -> Inbox:
        inbox = Inbox(store, cursor)
        said.append(inbox.take().words)
        return inbox

    said: list[str] = []
    store.write_file("inbox/zebrafinch.mp4", films / "zebrafinch.mp4")
    look(look(None).cursor)
    raw(store, "inbox-0000")
    forget(store, ["zebrafinch"])
    assert (list(store.list("inbox")), mentions(store, "zebrafinch")) == ([], [])
    store.write_file("inbox/zebrafinch.mp4", films / "zebrafinch.mp4")
    look(look(None).cursor)
    uri = store.full_uri("inbox/zebrafinch.mp4")
    assert said[-1] == f"1 items: 0 videos, 0 known ones annotated; {uri}: was forgotten: not registered"
    assert registered(store) == set()


def test_a_build_that_is_under_way_takes_back_what_it_made(store: Objects, tmp_path: Path) -> None:
    """The tombstone comes while a video is worked on, after whoever forgets has looked."""

    def compute(settings: Settings) -> Compute:
        def read_meanwhile(task: Task) -> Outcome:
            remember(store, ids=["finch"])
            return read(task)

        return read_meanwhile

    sealed(store, tmp_path / "sources", {"finch": "3"})
    with pytest.raises(StoreError, match="reading of b-0000: a video of it was forgotten meanwhile: build it again"):
        build(store, replace(READ, compute=compute), "b-0000", Settings(), workers=0)
    assert {name.split("/")[0] for name in mentions(store, "finch")} == {"batches"}
    with pytest.raises(StoreError, match="finch of b-0000 was forgotten, but not to the end: rushes forget finch ends"):
        build(store, READ, "b-0000", Settings(), workers=0)
    forget(store, ["finch"])
    assert mentions(store, "finch") == []
    build(store, READ, "b-0000", Settings(), workers=0)
    assert mentions(store, "finch") == []


def test_a_sealed_batch_is_left_with_the_others_in_their_order(store: Objects, films: Path) -> None:
    make_video(films / "owl.mp4", 14)
    added(store, films / "quokka.mp4", films / "zebrafinch.mp4", films / "owl.mp4")
    forget(store, ["zebrafinch"])
    assert [entry.entry_id for entry in read_batch(store, "zoo-0000").entries] == ["quokka", "owl"]
