"""Loading: with any number of workers and ranks no clip twice and none lost, the same batches, and going on."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from torch.utils.data import DataLoader

from rushes.errors import SettingsError
from rushes.packaging.reader import Dataset
from rushes.training import Clips, Loader, Stream, collate

pytestmark = pytest.mark.filterwarnings("ignore:.* of 7 sequences are shorter", "ignore:This DataLoader will create")
Source = Callable[..., Loader]


def batches(loader: DataLoader[Any]) -> list[list[tuple[int, int]]]:
    """What is in each batch: the sequence and the first step of every clip."""
    return [list(zip(batch["sequence"].tolist(), batch["steps"][:, 0].tolist(), strict=True)) for batch in loader]


def flat(several: list[list[Any]]) -> list[Any]:
    return [item for one in several for item in one]


@pytest.fixture
def clips(ds: Dataset) -> Clips:
    return ds.torch(2, seed=3)


@pytest.fixture
def everything(clips: Clips) -> set[tuple[int, int]]:
    return {(int(sample["sequence"]), int(sample["steps"][0])) for sample in clips}


def of_sampler(clips: Clips, batch_size: int = 4, order: dict[str, Any] | None = None, **options: Any) -> Loader:
    sampler = clips.sampler(**{"shuffle": True} | (order or {}))
    return Loader(clips, batch_size, sampler=sampler, **options)


def of_stream(clips: Clips, batch_size: int = 4, order: dict[str, Any] | None = None, **options: Any) -> Loader:
    return Loader(clips.stream(**{"shuffle": True} | (order or {})), batch_size, **options)


BOTH = pytest.mark.parametrize("source", [of_sampler, of_stream])


def test_clips_and_a_stream_give_the_same_batches_whatever_the_number_of_workers(clips: Clips) -> None:
    expected = batches(of_sampler(clips))
    assert len(set(flat(expected))) == len(clips)
    for source in (of_sampler, of_stream):
        for workers in (0, 1, 3):
            assert batches(source(clips, num_workers=workers)) == expected
    assert batches(Loader(clips, 4, shuffle=True)) == expected
    assert flat(batches(Loader(clips, 4))) == sorted(flat(expected))


@pytest.mark.parametrize("world", [1, 2, 3])
@pytest.mark.parametrize("workers", [0, 2])
@BOTH
def test_ranks_and_workers_see_every_clip_once(
    clips: Clips, everything: set[tuple[int, int]], source: Source, workers: int, world: int
) -> None:
    orders = [{"rank": rank, "world_size": world} for rank in range(world)]
    seen = flat([flat(batches(source(clips, order=order, num_workers=workers))) for order in orders])
    assert sorted(seen) == sorted(everything)


@pytest.mark.parametrize("uneven", ["drop", "pad"])
def test_ranks_get_as_many_batches_each_when_told_to(
    clips: Clips, everything: set[tuple[int, int]], uneven: str
) -> None:
    world, n = 4, len(clips)
    assert n % world
    orders = [{"rank": rank, "world_size": world, "uneven": uneven} for rank in range(world)]
    seen = [batches(of_stream(clips, 3, order, num_workers=2)) for order in orders]
    assert len({len(share) for share in seen}) == 1
    clips_seen = flat(flat(seen))
    assert len(clips_seen) == (n // world if uneven == "drop" else -(-n // world)) * world
    assert set(clips_seen) <= everything
    assert (len(set(clips_seen)) == len(clips_seen)) == (uneven == "drop")
    if uneven == "pad":
        assert set(clips_seen) == everything


def test_a_plain_dataloader_takes_a_stream_with_nothing_twice_and_nothing_lost(
    clips: Clips, everything: set[tuple[int, int]]
) -> None:
    for workers in (0, 1, 3):
        loader = DataLoader(clips.stream(shuffle=True), batch_size=4, num_workers=workers, collate_fn=collate)
        assert sorted(flat(batches(loader))) == sorted(everything)
    whole: Stream = clips.stream(shuffle=True)
    one_by_one = DataLoader(whole, batch_size=None, num_workers=3)
    order = [(int(sample["sequence"]), int(sample["steps"][0])) for sample in one_by_one]
    assert order == [(int(sample["sequence"]), int(sample["steps"][0])) for sample in whole]
    assert len(whole) == len(clips)


@BOTH
def test_another_epoch_is_another_order_also_for_workers_that_stay(clips: Clips, source: Source) -> None:
    loader = source(clips, num_workers=2, persistent_workers=True)
    first = batches(loader)
    assert batches(loader) == first
    loader.set_epoch(1)
    second = batches(loader)
    assert second != first
    assert sorted(flat(second)) == sorted(flat(first))
    loader.set_epoch(0)
    assert batches(loader) == first


def test_random_clips_are_others_in_another_epoch_also_for_workers_that_stay(ds: Dataset) -> None:
    loader = of_sampler(ds.torch(2, random=True), num_workers=1, persistent_workers=True)
    first = sorted(flat(batches(loader)))
    loader.set_epoch(1)
    second = sorted(flat(batches(loader)))
    assert [sequence for sequence, _ in first] == [sequence for sequence, _ in second]
    assert first != second


def stopped_after(loader: Loader, count: int) -> tuple[list[list[tuple[int, int]]], dict[str, Any]]:
    """Take so many batches; what was in them, and the state then."""
    taken, it = [], iter(loader)
    for _ in range(count):
        batch = next(it)
        taken.append(list(zip(batch["sequence"].tolist(), batch["steps"][:, 0].tolist(), strict=True)))
    return taken, loader.state_dict()


@pytest.mark.parametrize(("workers", "later_workers"), [(0, 0), (2, 1), (0, 2)])
@BOTH
def test_a_stopped_epoch_goes_on_with_nothing_twice_and_nothing_lost(
    ds: Dataset, source: Source, workers: int, later_workers: int
) -> None:
    expected = batches(source(ds.torch(2, seed=3)))
    for count in (0, 3, len(expected)):
        loader = source(ds.torch(2, seed=3), num_workers=workers, prefetch_factor=3 if workers else None)
        taken, state = stopped_after(loader, count)
        later = source(ds.torch(2, seed=3), num_workers=later_workers)
        later.load_state_dict(state)
        assert taken + batches(later) == expected


@BOTH
def test_after_a_resumed_epoch_the_next_ones_are_whole(ds: Dataset, source: Source) -> None:
    loader = source(ds.torch(2))
    epochs = []
    for epoch in range(3):
        loader.set_epoch(epoch)
        epochs.append(batches(loader))
    loader.set_epoch(1)
    _, state = stopped_after(loader, 2)
    assert state["epoch"] == 1

    later = source(ds.torch(2), num_workers=2, persistent_workers=True)
    later.load_state_dict(state)
    assert later.epoch == 1
    later.set_epoch(1)
    assert batches(later) == epochs[1][2:]
    assert later.state_dict()["done"] == len(later.epochs.clips)
    assert batches(later) == epochs[1]
    later.set_epoch(2)
    assert batches(later) == epochs[2]


def test_a_resumed_epoch_may_be_stopped_again(ds: Dataset) -> None:
    expected = batches(of_stream(ds.torch(2)))
    taken, state = stopped_after(of_stream(ds.torch(2)), 2)
    second = of_stream(ds.torch(2), num_workers=2)
    second.load_state_dict(state)
    more, state = stopped_after(second, 3)
    third = of_sampler(ds.torch(2))
    third.load_state_dict(state)
    assert taken + more + batches(third) == expected


def test_a_state_of_an_epoch_that_is_over_goes_on_with_the_next(ds: Dataset) -> None:
    loader = of_sampler(ds.torch(2))
    batches(loader)
    later = of_sampler(ds.torch(2))
    later.load_state_dict(loader.state_dict())
    assert batches(later) == []
    loader.set_epoch(1)
    later.set_epoch(1)
    assert batches(later) == batches(loader)


@pytest.mark.parametrize("later_world", [1, 3])
def test_a_stopped_epoch_goes_on_with_more_ranks_or_fewer(
    ds: Dataset, everything: set[tuple[int, int]], later_world: int
) -> None:
    def loaders(world: int, batch_size: int) -> Iterator[Loader]:
        for rank in range(world):
            order = {"rank": rank, "world_size": world}
            yield of_stream(ds.torch(2, seed=3), batch_size, order, num_workers=rank)

    stopped = [stopped_after(loader, 3) for loader in loaders(2, 2)]
    seen = flat([flat(taken) for taken, _ in stopped])
    assert stopped[0][1] == stopped[1][1]
    for loader in loaders(later_world, 3):
        loader.load_state_dict(stopped[0][1])
        seen += flat(batches(loader))
    assert sorted(seen) == sorted(everything)


def test_a_state_is_plain_values_that_torch_saves_safely(clips: Clips, tmp_path) -> None:
    _, state = stopped_after(of_stream(clips), 2)
    torch.save(state, tmp_path / "state.pt")
    assert torch.load(tmp_path / "state.pt", weights_only=True) == state
    assert state["done"] == 8


def test_a_state_of_other_clips_or_another_order_is_refused(ds: Dataset, clips: Clips) -> None:
    state = of_stream(clips).state_dict()
    for loader in (
        of_stream(ds.torch(3, seed=3)),
        of_stream(ds[1:].torch(2, seed=3)),
        of_stream(ds.torch(2, seed=4)),
        of_stream(clips, order={"shuffle": False}),
        of_stream(clips, order={"window": 2}),
    ):
        with pytest.raises(SettingsError, match="of other clips, or of another order"):
            loader.load_state_dict(state)


def test_what_would_break_the_count_or_the_order_is_refused(ds: Dataset, clips: Clips) -> None:
    with pytest.raises(SettingsError, match="order already"):
        Loader(clips.stream(), shuffle=True)
    with pytest.raises(SettingsError, match="order already"):
        Loader(clips, shuffle=True, sampler=clips.sampler())
    with pytest.raises(SettingsError, match="one of these clips"):
        Loader(clips, sampler=ds.torch(2).sampler())
    with pytest.raises(SettingsError, match="in_order"):
        Loader(clips, num_workers=1, in_order=False)


def test_the_length_is_that_of_a_whole_epoch(clips: Clips) -> None:
    for source in (of_sampler, of_stream):
        for drop_last in (False, True):
            loader = source(clips, 4, {"rank": 1, "world_size": 2}, drop_last=drop_last, num_workers=2)
            assert len(loader) == len(batches(loader))
