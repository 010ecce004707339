"""What is dropped into the inbox is registered once, as soon as it is whole."""

import gzip
from pathlib import Path

import pytest
from tabular import written

from rushes.sources.inbox import Inbox, Taken
from rushes.store.manifests import Entry, read_batches
from rushes.store.objects import Objects


class Looker:
    """Looks into the inbox again and again, with what the look before left."""

    def __init__(self, store: Objects) -> None:
        self.store = store
        self.cursor: str | None = None
        self.registered = False

    def look(self) -> list[str]:
        """Look once; return what was said."""
        inbox = Inbox(self.store, self.cursor)
        taken = inbox.take()
        self.cursor, self.registered = inbox.cursor, bool(taken.batches)
        return [] if taken == Taken() else taken.words.split("; ")

    @property
    def entries(self) -> list[Entry]:
        return [entry for batch in read_batches(self.store) for entry in batch.entries]


@pytest.fixture
def looker(store: Objects) -> Looker:
    """Nobody has looked yet."""
    return Looker(store)


@pytest.fixture
def inbox(store: Objects) -> Path:
    """The store's inbox, empty."""
    folder = Path(store.root, "inbox")
    folder.mkdir(parents=True)
    return folder


def test_an_inbox_that_is_not_there_is_empty(looker: Looker) -> None:
    assert [looker.look(), looker.look()] == [[], []]


def test_a_file_is_registered_at_the_second_look_and_never_again(looker: Looker, inbox: Path) -> None:
    video = written(inbox / "a.mp4", "some bytes")
    assert looker.look() == []
    assert looker.look() == ["1 items: 1 videos, 0 known ones annotated"]
    assert looker.registered
    assert [looker.look(), looker.look()] == [[], []]
    assert not looker.registered
    assert [(e.source_uri, e.linked, e.place) for e in looker.entries] == [(str(video), False, None)]
    assert [batch.collection for batch in read_batches(looker.store)] == ["inbox"]


def test_a_file_that_still_grows_is_left_alone(looker: Looker, inbox: Path) -> None:
    for size in range(1, 5):
        written(inbox / "a.mp4", b"x" * size)
        assert looker.look() == []
    assert looker.look() == ["1 items: 1 videos, 0 known ones annotated"]


@pytest.mark.parametrize("name", ["a.mp4.part", ".a.mp4.swp", "a.mp4.crdownload", "~a.mp4", "a.tmp"])
def test_names_of_files_that_are_still_written_are_passed_over(looker: Looker, inbox: Path, name: str) -> None:
    written(inbox / name, "some bytes")
    assert [looker.look(), looker.look(), looker.look()] == [[], [], []]


def test_a_folder_is_whole_when_all_in_it_is(looker: Looker, inbox: Path) -> None:
    for number in range(1, 4):
        written(inbox / f"walk/{number:06d}.png", "")
        assert looker.look() == []
    assert looker.look() == ["1 items: 1 videos, 0 known ones annotated"]
    assert [e.source_uri for e in looker.entries] == [str(inbox / "walk")]


def test_a_manifest_names_files_beside_it_but_none_outside(looker: Looker, inbox: Path) -> None:
    written(inbox / "t.csv", "uri\nvideos/a.mp4\nhttps://host.example/b.mp4\n../tables/c.mp4\nhttp://10.0.0.1/d.mp4\n")
    looker.look()
    assert looker.look() == ["1 items: 2 videos, 0 known ones annotated"]
    assert [(e.source_uri, e.trust) for e in looker.entries if not e.misfit] == [
        (str(inbox / "videos/a.mp4"), "listed"),
        ("https://host.example/b.mp4", "listed"),
    ]
    assert [e.misfit[0] for e in looker.entries if e.misfit] == ["forbidden", "forbidden"]


def test_a_manifest_that_grew_is_looked_at_again(looker: Looker, inbox: Path) -> None:
    file = written(inbox / "t.csv", "uri\na.mp4\n")
    looker.look(), looker.look()
    file.write_text("uri\na.mp4\nb.mp4\n")
    assert looker.look() == []
    assert looker.look() == ["1 items: 1 videos, 0 known ones annotated"]
    assert [e.video_id for e in looker.entries] == ["a", "b"]


def test_a_text_that_nobody_knows_is_said_once_and_stops_nothing(looker: Looker, inbox: Path) -> None:
    written(inbox / "notes.txt", "some words\n")
    written(inbox / "z.mp4", "")
    looker.look()
    said = looker.look()
    assert said[0] == "1 items: 1 videos, 0 known ones annotated"
    assert said[1].startswith(f"{inbox}/notes.txt: no known format")
    assert looker.look() == []
    written(inbox / "notes.txt", "others\n")
    looker.look()
    assert "notes.txt: no known format" in looker.look()[0]


def test_of_a_list_that_breaks_off_nothing_is_registered_and_all_of_the_others(looker: Looker, inbox: Path) -> None:
    whole = gzip.compress(b"".join(b"https://host.example/%d.mp4\n" % number for number in range(20_000)))
    written(inbox / "a.txt", "https://host.example/5.mp4\n")
    written(inbox / "b.txt.gz", whole[: len(whole) // 2])
    written(inbox / "c.txt", "https://host.example/c.mp4\n")
    looker.look()
    words = looker.look()
    assert words[0] == "2 items: 2 videos, 0 known ones annotated"
    assert "damaged gzip after line" in words[1]
    assert sorted(entry.video_id for entry in looker.entries) == ["5", "c"]
    written(inbox / "b.txt.gz", whole)
    looker.look()
    assert looker.look() == ["1 items: 19999 videos, 0 known ones annotated"]


def test_who_forgot_where_it_was_registers_nothing_twice(looker: Looker, inbox: Path) -> None:
    written(inbox / "a.mp4", "some bytes")
    looker.look(), looker.look()
    looker.cursor = None
    looker.look()
    assert looker.look() == ["1 items: 0 videos, 0 known ones annotated"]
    assert not looker.registered
    assert len(looker.entries) == 1


def test_what_was_taken_away_is_forgotten(looker: Looker, inbox: Path) -> None:
    file = written(inbox / "a.mp4", "some bytes")
    looker.look(), looker.look()
    file.unlink()
    assert looker.look() == []
    assert looker.cursor == '{"added": {}, "seen": {}}'


def test_a_link_to_nothing_stops_nothing(looker: Looker, inbox: Path) -> None:
    (inbox / "a.mp4").symlink_to(inbox / "gone.mp4")
    written(inbox / "b.mp4", "")
    looker.look()
    assert looker.look()[-1] == "1 items: 1 videos, 0 known ones annotated"


def test_what_is_whole_at_one_look_comes_in_batches_together(looker: Looker, inbox: Path) -> None:
    for number in range(5):
        written(inbox / f"{number}.mp4", str(number))
    written(inbox / "bad.csv", "uri\n../x.mp4\n../y.mp4\n")
    looker.look()
    assert looker.look()[0] == "5 items: 5 videos, 0 known ones annotated"
    assert [len(batch.entries) for batch in read_batches(looker.store)] == [5]
