"""Every video is in one split: by shares that new videos do not disturb, or by numbers that are kept."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.errors import SettingsError
from rushes.selection.recipes.options import Split
from rushes.selection.recipes.split import splits

videos = st.lists(st.text("abcdef0123-_.", min_size=1, max_size=6), unique=True, max_size=30)
shares = st.tuples(*[st.sampled_from((0.0, 0.1, 0.5, 1.0, 8.0))] * 3).filter(any)
seeds = st.integers(0, 5)


def by_shares(given: tuple[float, float, float]) -> Split:
    return Split(train=given[0], val=given[1], test=given[2])


def sizes(found: dict[str, str]) -> dict[str, int]:
    return {name: list(found.values()).count(name) for name in ("train", "val", "test")}


def test_without_a_split_all_videos_are_in_one() -> None:
    assert splits(["b", "a", "b"], None, 0) == {"a": "all", "b": "all"}


@given(videos, shares, seeds)
def test_every_video_is_in_one_split_that_has_a_share(ids: list[str], given: tuple[float, ...], seed: int) -> None:
    split = by_shares(given)
    found = splits(ids, split, seed)
    assert set(found) == set(ids)
    assert all(getattr(split, name) > 0 for name in found.values())


@given(videos, videos, shares, seeds)
def test_by_shares_new_videos_move_no_old_one(
    ids: list[str], new: list[str], given: tuple[float, ...], seed: int
) -> None:
    before, after = (splits(list_, by_shares(given), seed) for list_ in (ids, ids + new))
    assert {video: after[video] for video in ids} == before


@given(videos, seeds)
def test_growing_a_share_takes_videos_from_the_next_only(ids: list[str], seed: int) -> None:
    small = splits(ids, Split(train=0.5, val=0.3, test=0.2), seed)
    large = splits(ids, Split(train=0.6, val=0.2, test=0.2), seed)
    allowed = {("train", "train"), ("val", "train"), ("val", "val"), ("test", "test")}
    assert {(small[video], large[video]) for video in ids} <= allowed


def test_shares_are_kept_over_many_videos() -> None:
    found = sizes(splits([f"video-{n}" for n in range(4000)], Split(train=8, val=1, test=1), 0))
    assert found["train"] / 4000 == pytest.approx(0.8, abs=0.03)
    assert found["val"] / 4000 == pytest.approx(0.1, abs=0.03)


def test_another_seed_is_another_split() -> None:
    ids = [f"video-{n}" for n in range(100)]
    split = Split(train=1, val=1)
    assert splits(ids, split, 0) == splits(ids[::-1], split, 0)
    assert splits(ids, split, 0) != splits(ids, split, 1)


@given(videos, st.integers(0, 12), st.integers(0, 12), seeds)
def test_numbers_of_videos_are_kept(ids: list[str], n_val: int, n_test: int, seed: int) -> None:
    split = Split(n_val=n_val, n_test=n_test)
    if ids and n_val + n_test > len(ids):
        with pytest.raises(SettingsError, match=r"split: n_(val|test) is \d+, but there are \d+ videos for it"):
            splits(ids, split, seed)
        return
    found = sizes(splits(ids, split, seed))
    if ids:
        assert found == {"val": n_val, "test": n_test, "train": len(ids) - n_val - n_test}


@given(videos, st.integers(0, 4), shares, seeds)
def test_what_a_number_leaves_goes_by_shares(ids: list[str], n_test: int, given: tuple[float, ...], seed: int) -> None:
    train, val = given[0] + 1, given[1]
    if n_test > len(ids):
        return
    found = splits(ids, Split(train=train, val=val, n_test=n_test), seed)
    alone = splits(ids, Split(train=train, val=val), seed)
    rest = [video for video in ids if found[video] != "test"]
    assert len(ids) - len(rest) == n_test
    assert {video: found[video] for video in rest} == {video: alone[video] for video in rest}


def test_drawing_videos_does_not_favour_one_share() -> None:
    ids = [f"video-{n}" for n in range(4000)]
    found = sizes(splits(ids, Split(train=0.5, val=0.5, n_test=2000), 0))
    assert found["train"] / 2000 == pytest.approx(0.5, abs=0.05)


def test_videos_for_evaluation_are_in_test_in_any_case() -> None:
    ids = ["crossing-1", "crossing-2", "Crossing-3", "bikes", "street"]
    split = Split(train=1, evaluation=("crossing-*", "bike?"))
    assert splits(ids, split, 0) == {
        "crossing-1": "test",
        "crossing-2": "test",
        "Crossing-3": "train",
        "bikes": "test",
        "street": "train",
    }


@given(videos.filter(lambda ids: len(ids) >= 6), seeds)
def test_videos_for_evaluation_count_among_the_number_of_test(ids: list[str], seed: int) -> None:
    found = splits(ids, Split(n_test=4, n_val=1, evaluation=tuple(ids[:2])), seed)
    assert sizes(found) == {"test": 4, "val": 1, "train": len(ids) - 5}
    assert {found[video] for video in ids[:2]} == {"test"}


def test_more_videos_for_evaluation_than_test_may_have_are_an_error() -> None:
    with pytest.raises(SettingsError, match="n_test is 1, but evaluation names 2 videos; raise it or leave it out"):
        splits(["a1", "a2", "b"], Split(n_test=1, evaluation="a*"), 0)


def test_excluded_videos_are_told_by_id_or_pattern() -> None:
    split = Split(exclude=("kinetics-*", "bikes"))
    told = {video: split.excludes(video) for video in ("kinetics-7", "Kinetics-7", "bikes", "bikes2", "street")}
    assert told == {"kinetics-7": True, "Kinetics-7": False, "bikes": True, "bikes2": False, "street": False}
    assert not Split().excludes("street")
