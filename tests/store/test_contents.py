"""A content belongs to the video that claimed it first, for as long as that video has it."""

from generated import plain_row

from rushes.store.contents import Owner, claim, owner_of, release, wait_for
from rushes.store.objects import Objects
from rushes.store.schemas import VIDEOS
from rushes.store.tables import write_partition

A, B = Owner("one-0000", "a"), Owner("two-0000", "b")
SHA = "ab" * 32


def holds(store: Objects, owner: Owner, sha256: str) -> None:
    """Write the partition that says so."""
    row = plain_row(VIDEOS) | {"video_id": owner.video_id, "sha256": sha256}
    write_partition(store, VIDEOS, {"batch": owner.batch}, VIDEOS.from_rows([row]))


def test_the_first_has_it_and_has_it_again(store: Objects) -> None:
    assert claim(store, SHA, A) == A
    assert claim(store, SHA, A) == A


def test_another_is_told_who_has_it(store: Objects) -> None:
    claim(store, SHA, A)
    holds(store, A, SHA)
    assert claim(store, SHA, B) == A
    assert claim(store, "cd" * 32, B) == B


def test_a_claim_ends_when_its_video_is_another_file_or_gone(store: Objects) -> None:
    claim(store, SHA, A)
    holds(store, A, "cd" * 32)
    assert claim(store, SHA, B) == B
    holds(store, B, SHA)
    assert claim(store, SHA, A) == B


def test_a_claim_that_was_cut_off_is_none(store: Objects) -> None:
    claim(store, SHA, A)
    [name] = store.list("contents")
    store.write(name, b'{"batch"')
    assert claim(store, SHA, B) == B


def test_who_waits_for_a_content_is_told_of_once_when_it_is_given_up(store: Objects) -> None:
    claim(store, SHA, A)
    for sha256, batch in ((SHA, "two-0000"), ("cd" * 32, "two-0000"), (SHA, "three-0000"), (SHA, "two-0000")):
        wait_for(store, sha256, batch)
    assert release(store, SHA) == ["three-0000", "two-0000"]
    assert owner_of(store, SHA) is None
    assert release(store, SHA) == []
    assert claim(store, SHA, B) == B
