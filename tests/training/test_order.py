"""The order of an epoch: every clip once, shared out among ranks with nothing twice and nothing lost."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.errors import SettingsError
from rushes.training.chance import CLIPS, SHARDS, chance
from rushes.training.order import Order, own_rank

sizes = st.lists(st.integers(1, 9), min_size=1, max_size=8)


def shards_of(counts: list[int]) -> np.ndarray:
    return np.repeat(np.arange(len(counts)), counts)


def order(**changes: object) -> Order:
    return Order(**{"shuffle": True, "window": 4096, "rank": 0, "world_size": 1, "uneven": "keep"} | changes)


@given(sizes, st.integers(1, 50), st.integers(-3, 1000), st.integers(0, 99))
def test_an_epoch_is_every_clip_once(counts: list[int], window: int, seed: int, epoch: int) -> None:
    found = order(window=window).epoch(shards_of(counts), seed, epoch)
    assert sorted(found.tolist()) == list(range(sum(counts)))
    assert np.array_equal(found, order(window=window).epoch(shards_of(counts), seed, epoch))


@given(sizes)
def test_without_shuffling_clips_come_as_they_lie(counts: list[int]) -> None:
    assert order(shuffle=False).epoch(shards_of(counts), 5, 3).tolist() == list(range(sum(counts)))


def test_another_seed_or_epoch_is_another_order() -> None:
    shards = shards_of([50] * 4)
    found = {tuple(order().epoch(shards, seed, epoch).tolist()) for seed in range(5) for epoch in range(5)}
    assert len(found) == 25


@given(sizes, st.integers(1, 12))
def test_within_a_window_lies_what_follows_in_storage(counts: list[int], window: int) -> None:
    shards = shards_of(counts)
    unshuffled = order(window=1).epoch(shards, 1, 2)
    found = order(window=window).epoch(shards, 1, 2)
    for start in range(0, len(shards), window):
        block = slice(start, start + window)
        assert sorted(found[block].tolist()) == sorted(unshuffled[block].tolist())
    # With a window of one, shards are whole, and each in its own order.
    changes = np.flatnonzero(np.diff(shards[unshuffled]))
    assert len(changes) == len(counts) - 1
    for shard in range(len(counts)):
        assert np.array_equal(unshuffled[shards[unshuffled] == shard], np.flatnonzero(shards == shard))


def test_every_clip_comes_at_every_place_about_as_often() -> None:
    shards = shards_of([4, 4])
    places = np.stack([order().epoch(shards, 0, epoch) for epoch in range(4000)])
    for clip in range(8):
        assert np.abs((places == clip).sum(0) - 500).max() < 100  # more than four standard deviations


@given(st.integers(0, 60), st.integers(1, 7), st.integers(0, 60))
def test_ranks_share_an_epoch_with_nothing_twice_and_nothing_lost(n: int, world: int, done: int) -> None:
    whole = np.random.default_rng(n).permutation(n)
    done = min(done, n)
    shares = {
        uneven: [order(rank=r, world_size=world, uneven=uneven).share(whole, done) for r in range(world)]
        for uneven in ("keep", "drop", "pad")
    }
    together = {uneven: np.concatenate(each).tolist() for uneven, each in shares.items()}
    left = whole[done:].tolist()
    assert sorted(together["keep"]) == sorted(left)
    assert len(set(together["drop"])) == len(together["drop"]) == len(left) // world * world
    assert set(together["drop"]) <= set(left) <= set(together["pad"])
    assert len(together["pad"]) == -(-len(left) // world) * world
    for uneven, most in (("keep", 1), ("drop", 0), ("pad", 0)):
        lengths = [len(share) for share in shares[uneven]]
        assert max(lengths) - min(lengths) <= most


@given(st.integers(1, 60), st.integers(1, 5), st.integers(0, 12), st.integers(1, 5))
def test_what_is_left_after_so_many_steps_may_be_shared_by_another_number_of_ranks(
    n: int, world: int, steps: int, later_world: int
) -> None:
    whole = np.random.default_rng(n).permutation(n)
    before = [order(rank=r, world_size=world).share(whole)[:steps] for r in range(world)]
    done = min(steps * world, n)
    after = [order(rank=r, world_size=later_world).share(whole, done) for r in range(later_world)]
    assert sorted(np.concatenate(before + after).tolist()) == list(range(n))


def test_ranks_come_from_the_caller_or_from_torchrun(monkeypatch: pytest.MonkeyPatch) -> None:
    assert own_rank(None, None) == (0, 1)
    monkeypatch.setenv("RANK", "2")
    monkeypatch.setenv("WORLD_SIZE", "4")
    assert own_rank(None, None) == (2, 4)
    assert own_rank(0, 3) == (0, 3)
    with pytest.raises(SettingsError, match="belong together"):
        own_rank(0, None)


@pytest.mark.parametrize("wrong", [{"uneven": "even"}, {"window": 0}, {"rank": 2, "world_size": 2}, {"rank": -1}])
def test_settings_that_mean_nothing_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(SettingsError):
        order(**wrong)


def test_chance_is_the_same_on_every_machine_and_spread_evenly() -> None:
    # The first numbers of SplitMix64 with the state 0, of which one is 0xE220A8397B1DCDAF, chained by hand.
    def mixed(state: int) -> int:
        state = (state + 0x9E3779B97F4A7C15) % 2**64
        state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
        state = (state ^ (state >> 27)) * 0x94D049BB133111EB % 2**64
        return state ^ (state >> 31)

    assert mixed(0) == 0xE220A8397B1DCDAF
    expected = mixed((mixed((mixed((mixed(7)) + 3) % 2**64) + CLIPS) % 2**64) + 11 & (2**64 - 1))
    assert int(chance(7, 3, CLIPS, np.array([11]))[0]) == expected
    numbers = chance(0, 0, SHARDS, np.arange(100_000)) / 2**64
    counts, _ = np.histogram(numbers, 100, (0, 1))
    assert np.abs(counts - 1000).max() < 160
