"""Clips: cut out of sequences, never across them; a sample holds what the data set holds, in PyTorch's terms."""

import multiprocessing
import pickle
import random
import sys
import warnings
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from native_set import boxes_at, colour, native_files
from torch.utils.data import DataLoader, DistributedSampler, Subset

import rushes
from rushes.coords import MODES, TYPES
from rushes.errors import SettingsError
from rushes.packaging.reader import Dataset, DatasetError
from rushes.training import collate, collate_lists
from rushes.training.batches import CollateError

LENGTHS = (5, 9, 12, 7, 3, 20, 8)
pytestmark = pytest.mark.filterwarnings("ignore:.* of 7 sequences are shorter", "ignore:This DataLoader will create")


def where(sample: dict[str, Any]) -> tuple[int, list[int]]:
    return int(sample["sequence"]), sample["steps"].tolist()


def cut_by_hand(frames: int, stride: int, hop: int) -> list[tuple[int, list[int]]]:
    clips = []
    for sequence, length in enumerate(LENGTHS):
        for first in range(0, length, hop):
            steps = [first + stride * n for n in range(frames)]
            if steps[-1] < length:
                clips.append((sequence, steps))
    return clips


@given(st.integers(1, 6), st.integers(1, 3), st.none() | st.integers(1, 9))
def test_every_clip_is_cut_and_none_reaches_over_its_sequence_s_end(
    dataset: Dataset, frames: int, stride: int, hop: int | None
) -> None:
    with warnings.catch_warnings(action="ignore"):
        clips = dataset.torch(frames, stride=stride, hop=hop)
    found = [(int(s), clips._steps(n).tolist()) for n, s in enumerate(clips._sequences)]
    assert found == cut_by_hand(frames, stride, hop or frames * stride)


@pytest.fixture(scope="module")
def dataset(known) -> Dataset:
    return rushes.open_dataset(known)


def test_without_a_length_each_clip_is_a_whole_sequence(ds: Dataset) -> None:
    assert [where(sample) for sample in ds.torch()] == [(n, list(range(length))) for n, length in enumerate(LENGTHS)]
    assert where(ds.torch(stride=3)[1]) == (1, [0, 3, 6])


def test_a_sample_holds_the_clip_s_frames_boxes_and_times(ds: Dataset) -> None:
    sample = ds.torch(4, stride=2, hop=1)[12]
    number, steps = where(sample)
    assert (number, steps) == cut_by_hand(4, 2, 1)[12]
    assert sample["frames"].shape == (4, 3, 48, 64)
    assert sample["frames"].dtype == torch.uint8
    for at, step in enumerate(steps):
        assert np.abs(sample["frames"][at, :, 20, 30].numpy().astype(int) - colour(number, step)).max() <= 3
        assert np.array_equal(sample["frames"][at].permute(1, 2, 0), ds.frames[number][step].numpy())
        assert np.array_equal(sample["boxes"][at], boxes_at(number, step))
        assert sample["ids"][at].tolist() == list(range(1, step % 3 + 1))
        assert sample["classes"][at].tolist() == list(range(step % 3))
        assert sample["scores"][at].tolist() == [0.5] * (step % 3)
    assert [one.dtype for one in (sample["boxes"][0], sample["ids"][0], sample["classes"][0], sample["scores"][0])] == [
        torch.float32,
        torch.int64,
        torch.int64,
        torch.float32,
    ]
    assert sample["timestamps"].tolist() == [4 + step / 25 for step in steps]
    assert sample["frame_numbers"].tolist() == [100 + step for step in steps]
    assert sample["sequence_id"] == f"sequence-{number}"


def test_a_label_is_a_number_and_none_is_minus_one(ds: Dataset) -> None:
    assert [int(sample["label"]) for sample in ds.torch()] == [0, 1, 2, -1, 1, 2, 0]


def test_size_scales_frames_and_the_boxes_in_them(ds: Dataset) -> None:
    plain, small = ds.torch(4)[2], ds.torch(4, size=(12, 32))[2]
    assert small["frames"].shape == (4, 3, 12, 32)
    assert ds.torch(4, size=20)[2]["frames"].shape == (4, 3, 20, 20)
    assert (small["frames"].float().mean((2, 3)) - plain["frames"].float().mean((2, 3))).abs().max() <= 1
    for given_boxes, found in zip(plain["boxes"], small["boxes"], strict=True):
        assert torch.equal(found, given_boxes * torch.tensor([0.5, 0.25, 0.5, 0.25]))


def test_a_picture_shrinks_by_averaging_and_not_by_leaving_out(tmp_path, ds: Dataset) -> None:
    from rushes.training.resize import resized

    picture = torch.from_numpy(np.random.default_rng(0).integers(0, 255, (1, 64, 64, 3), np.uint8)).permute(0, 3, 1, 2)
    small = resized(picture, 8, 8).float()
    assert small.std() < 20 < picture.float().std()
    assert (small.mean() - picture.float().mean()).abs() < 2
    assert small.permute(0, 2, 3, 1).is_contiguous()


@pytest.mark.parametrize("unit", TYPES)
@pytest.mark.parametrize("mode", MODES)
def test_boxes_come_in_the_coords_asked_for_at_any_size(ds: Dataset, unit: str, mode: str) -> None:
    coords = {"type": unit, "mode": mode}
    sample = ds.torch(4, coords=coords, size=(24, 128))[2]
    number, steps = where(sample)
    for step, found in zip(steps, sample["boxes"], strict=True):
        left, top, width, height = boxes_at(number, step).T
        across, down = (2, 0.5) if unit == "pixel" else (1 / 64, 1 / 48)
        fours = {
            "LTWH": (left, top, width, height),
            "LTRB": (left, top, left + width, top + height),
            "CCWH": (left + width / 2, top + height / 2, width, height),
        }[mode]
        expected = np.stack(fours, axis=1) * [across, down, across, down]
        assert np.allclose(found, expected, rtol=1e-6)


def test_a_transform_gets_the_sample_and_gives_what_is_returned(ds: Dataset) -> None:
    clips = ds.torch(4, transform=lambda sample: sample["frames"].float() / 255)
    assert clips[0].dtype == torch.float32
    assert clips[0].shape == (4, 3, 48, 64)


def test_a_random_clip_is_another_in_another_epoch_and_the_same_in_the_same(ds: Dataset) -> None:
    clips = ds.torch(4, random=True)
    assert [int(sample["sequence"]) for sample in clips] == [0, 1, 2, 3, 5, 6]
    epochs = []
    for epoch in range(40):
        clips.set_epoch(epoch)
        epochs.append([where(sample) for sample in clips])
        for number, steps in epochs[-1]:
            assert steps == list(range(steps[0], steps[0] + 4))
            assert steps[-1] < LENGTHS[number]
    assert {steps[0] for epoch in epochs for number, steps in epoch if number == 0} == {0, 1}
    assert len({steps[0] for epoch in epochs for number, steps in epoch if number == 5}) > 10
    clips.set_epoch(7)
    assert [where(sample) for sample in clips] == epochs[7]
    other = ds.torch(4, random=True, seed=1)
    other.set_epoch(7)
    assert [where(sample) for sample in other] != epochs[7]


def draw(sample: dict[str, Any]) -> dict[str, Any]:
    return sample | {"drawn": torch.tensor([float(torch.rand(())), np.random.rand(), random.random()])}


def test_what_a_transform_draws_follows_from_the_clip_whatever_the_workers(ds: Dataset) -> None:
    clips = ds.torch(4, transform=draw)
    before = torch.get_rng_state(), random.getstate()
    alone = torch.stack([sample["drawn"] for sample in clips])
    assert torch.equal(torch.get_rng_state(), before[0])
    assert random.getstate() == before[1]
    assert len(alone.unique()) == alone.numel()
    loader = DataLoader(clips, batch_size=3, num_workers=2, collate_fn=collate)
    assert torch.equal(torch.cat([batch["drawn"] for batch in loader]), alone)
    clips.set_epoch(1)
    assert not torch.equal(clips[0]["drawn"], alone[0])


def test_short_sequences_are_told_of_and_never_silently_dropped(ds: Dataset) -> None:
    with pytest.warns(UserWarning, match="1 of 7 sequences are shorter than 4 frames") as told:
        ds.torch(4)
    assert told[0].filename == __file__
    with pytest.raises(DatasetError, match="none of 7 sequences has the 41 frames"):
        ds.torch(21, stride=2)


@pytest.mark.parametrize(
    "wrong",
    [{"frames": 0}, {"frames": 4, "stride": 0}, {"frames": 4, "hop": 0}, {"random": True}, {"hop": 2}]
    + [{"frames": 4, "random": True, "hop": 2}, {"frames": 4, "size": (0, 3)}, {"coords": {"type": "pixel"}}]
    + [{"coords": {"type": "metres", "mode": "LTRB"}}],
    ids=str,
)
def test_settings_that_mean_nothing_are_refused_in_a_line(ds: Dataset, wrong: dict[str, Any]) -> None:
    with pytest.raises(SettingsError) as caught:
        ds.torch(**wrong)
    assert "\n" not in str(caught.value)


def test_clips_are_counted_like_a_list_s_items(ds: Dataset) -> None:
    clips = ds.torch(4)
    assert where(clips[-1]) == where(clips[len(clips) - 1])
    for wrong in (len(clips), -len(clips) - 1):
        with pytest.raises(IndexError, match="out of range"):
            clips[wrong]


def test_a_part_of_a_data_set_gives_its_own_clips(ds: Dataset) -> None:
    assert [sample["sequence_id"] for sample in ds[[5, 1]].torch()] == ["sequence-5", "sequence-1"]


def test_clips_are_pickled_with_what_they_are(ds: Dataset) -> None:
    clips = ds.torch(4, size=(24, 32), random=True)
    clips.set_epoch(3)
    other = pickle.loads(pickle.dumps(clips))
    assert [where(sample) for sample in other] == [where(sample) for sample in clips]


@pytest.mark.parametrize("way", ["fork", "spawn"])
def test_workers_started_in_either_way_decode_the_same(ds: Dataset, way: str) -> None:
    clips = ds.torch(4)
    clips[0]  # the parent has read before its workers are made
    context = multiprocessing.get_context(way)
    loader = DataLoader(clips, batch_size=4, num_workers=1, collate_fn=collate, multiprocessing_context=context)
    found = torch.cat([batch["frames"] for batch in loader])
    assert torch.equal(found, torch.stack([sample["frames"] for sample in clips]))


def test_torch_s_own_distributed_sampler_takes_them(ds: Dataset) -> None:
    clips = ds.torch(2)
    seen = []
    for rank in range(4):
        sampler = DistributedSampler(clips, num_replicas=4, rank=rank, shuffle=True, drop_last=True)
        loader = DataLoader(clips, batch_size=3, sampler=sampler, num_workers=1, collate_fn=collate)
        seen += [
            (int(s), int(t)) for batch in loader for s, t in zip(batch["sequence"], batch["steps"][:, 0], strict=True)
        ]
    assert len(seen) == len(set(seen)) == len(clips) // 4 * 4


def test_collate_pads_boxes_and_clips_and_says_what_is_there(ds: Dataset) -> None:
    samples = [ds.torch()[n] for n in (0, 4)]
    batch = collate(samples)
    assert batch["frames"].shape == (2, 5, 3, 48, 64)
    assert batch["boxes"].shape == (2, 5, 2, 4)
    assert batch["frame_mask"].tolist() == [[True] * 5, [True] * 3 + [False] * 2]
    for n, sample in enumerate(samples):
        for step, boxes in enumerate(sample["boxes"]):
            assert torch.equal(batch["frames"][n, step], sample["frames"][step])
            assert torch.equal(batch["boxes"][n, step][batch["box_mask"][n, step]], boxes)
            assert torch.equal(batch["ids"][n, step][batch["box_mask"][n, step]], sample["ids"][step])
    assert batch["frames"][1, 3:].sum() == 0
    assert set(batch["classes"][~batch["box_mask"]].tolist()) == {-1}
    assert batch["label"].tolist() == [0, 1]
    assert batch["sequence_id"] == ["sequence-0", "sequence-4"]
    assert batch["box_mask"].shape == batch["ids"].shape == (2, 5, 2)


def test_collate_does_without_a_single_box(ds: Dataset) -> None:
    batch = collate([ds.torch(1)[0], ds.torch(1)[3]])
    assert batch["boxes"].shape == (2, 1, 0, 4)
    assert batch["box_mask"].shape == (2, 1, 0)


def test_collate_lists_keeps_what_is_ragged(ds: Dataset) -> None:
    samples = [ds.torch()[n] for n in (0, 4)]
    batch = collate_lists(samples)
    assert [frames.shape[0] for frames in batch["frames"]] == [5, 3]
    assert batch["boxes"] == [sample["boxes"] for sample in samples]
    assert batch["label"].tolist() == [0, 1]
    assert collate_lists(samples[:1] * 2)["frames"].shape == (2, 5, 3, 48, 64)


def test_frames_of_different_sizes_need_a_size(tmp_path) -> None:
    for name, data in native_files([4, 4], sizes={1: (32, 48)}).items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    ds = rushes.open_dataset(tmp_path)
    with pytest.raises(CollateError, match=r"frames: .*give ds.torch\(…\) a size"):
        collate(list(ds.torch()))
    assert collate(list(ds.torch(size=16)))["frames"].shape == (2, 4, 3, 16, 16)


def test_without_pytorch_the_error_says_what_to_install(ds: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("rushes.training")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(DatasetError, match=r"pip install 'rushes\[train\]'"):
        ds.torch(4)


@pytest.mark.parametrize("together", [collate, collate_lists])
def test_a_batch_passes_from_a_worker_as_it_was_made(ds: Dataset, together: Any) -> None:
    clips = ds.torch(transform=odd_values)
    alone = together([clips[n] for n in range(3)])
    first = Subset(clips, range(3))
    (passed,) = DataLoader(first, 3, num_workers=1, collate_fn=together)
    assert passed.keys() == alone.keys()
    for name, value in alone.items():
        same(passed[name], value)
    passed["label"][0] = 7  # one's own, to be written in


def odd_values(sample: dict[str, Any]) -> dict[str, Any]:
    return sample | {
        "half": torch.ones(2, dtype=torch.bfloat16),
        "one": torch.tensor(1.5, dtype=torch.float64),
        "turned": torch.arange(6).reshape(2, 3).T,
        "text": "street",
        "nothing": None,
        "number": 3,
    }


def same(found: Any, known: Any) -> None:
    assert type(found) is type(known)
    if isinstance(known, torch.Tensor):
        assert found.dtype == known.dtype
        assert torch.equal(found, known)
        assert found.stride() == known.stride() or found.numel() < 2**16
    elif isinstance(known, list):
        assert len(found) == len(known)
        for one, other in zip(found, known, strict=True):
            same(one, other)
    else:
        assert found == known
