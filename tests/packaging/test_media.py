"""Films of sequences: taken over coded where they show the very same pictures, else encoded, frame for frame."""

from __future__ import annotations

import io
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import barcodes
import numpy as np
import pytest
import simplejpeg
from rows import filtered_row, redaction_row, write_batch
from tasks import ingested

from rushes.packaging.chosen import Chosen
from rushes.packaging.media import Films
from rushes.packaging.media_film import Film
from rushes.privacy.delivery import Delivery
from rushes.ranges import LocalRanges, Ranges
from rushes.selection.recipes.recipe import Recipe
from rushes.store.database import connect
from rushes.store.objects import Objects
from rushes.video.video import FileVideo

GOP = 12
FACE = (0, 0, 12, 12)  # beside the cells that carry the number


class Filmed:
    """The films of some frame lists of a made video, and the pictures that its delivery gives."""

    def __init__(
        self,
        store: Objects,
        folder: Path,
        pixels: str,
        sequences: Sequence[Sequence[int]],
        hidden: Sequence[int] = (),
        privacy: str = "redact",
        **made: Any,
    ) -> None:
        path = folder / "made"
        barcodes.write(path, **{"gop": GOP, "frames": 36, **made})
        task = ingested(store, path, "v")
        video = task.rows["videos"].to_pylist()[0]
        clip = filtered_row("v", 0, video["n_frames"])
        write_batch(
            store,
            videos=[video],
            packets=task.rows["packets"].to_pylist(),
            filtered_clips=[clip],
            redactions=[redaction_row(clip, frame, FACE) for frame in hidden],
        )
        recipe = Recipe(name="films", sequence_length=1, pixels=pixels, privacy=privacy, redaction="solid")
        chosen = [Chosen(f"s{at}", "v", clip["clip_id"], None, frames, "all") for at, frames in enumerate(sequences)]
        with (
            connect(store) as connection,
            Delivery(store, connection, "v", hide=privacy == "redact", look=recipe.look) as delivery,
            Films(recipe, delivery, chosen) as films,
        ):
            self.shown = {number: picture.copy() for number, picture in films.filmed(delivery.frames(films.frames))}
            self.films = [film for at in range(len(chosen)) if (film := films.get(at)) is not None]
            self._source = delivery.source
        self._folder = folder

    @property
    def hows(self) -> list[str]:
        return [film.how for film in self.films]

    def read(self, at: int, frames: Sequence[int]) -> np.ndarray:
        """Read frames of the source out of a film."""
        film = self.films[at]
        video = FileVideo({**film.video, "n_frames": len(film.index)}, film.index, self._bytes(film, at))
        return video[np.searchsorted(film.frames, np.array(frames))].numpy()

    def _bytes(self, film: Film, at: int) -> Ranges:
        if film.data is None:
            return self._source
        path = self._folder / f"film-{at}.mp4"
        path.write_bytes(film.data)
        return LocalRanges(path)


def runs(*starts: int, length: int = GOP) -> list[range]:
    return [range(start, start + length) for start in starts]


# ── taken over as they are ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("codec", "container"), [("libx264", "mp4"), ("libx264", "matroska"), ("libx265", "mp4"), ("libvpx-vp9", "webm")]
)
def test_a_run_that_begins_with_a_keyframe_is_copied_to_the_bit(
    store: Objects, tmp_path: Path, codec: str, container: str
) -> None:
    done = Filmed(store, tmp_path, "video", runs(0, 12, 24), codec=codec, container=container)
    assert done.hows == ["copied"] * 3
    for at, frames in enumerate(runs(0, 12, 24)):
        np.testing.assert_array_equal(done.read(at, frames), [done.shown[number] for number in frames])


def test_a_copy_has_the_sequence_s_frames_and_no_others(store: Objects, tmp_path: Path) -> None:
    done = Filmed(store, tmp_path, "video", runs(12), hidden=[*range(12), *range(24, 36)])
    [film] = done.films
    assert (film.how, film.frames.tolist()) == ("copied", list(range(12, 24)))
    assert [barcodes.read(picture) for picture in played(film)[0]] == list(range(12, 24))


@pytest.mark.parametrize("length", [1, 5, 20])
def test_a_link_gives_the_source_s_frames_wherever_they_begin(store: Objects, tmp_path: Path, length: int) -> None:
    sequences = runs(0, 7, 12, 16, length=length)
    done = Filmed(store, tmp_path, "linked", sequences, open_gop=True, b_frames=3)
    assert done.hows == ["linked"] * 4
    assert all(film.data is None for film in done.films)
    for at, frames in enumerate(sequences):
        for number in reversed(frames):  # each alone
            np.testing.assert_array_equal(done.read(at, [number])[0], done.shown[number])


def test_a_link_knows_the_packets_that_it_needs_and_no_more(store: Objects, tmp_path: Path) -> None:
    done = Filmed(store, tmp_path, "linked", [[14, 16]], b_frames=0)
    assert done.films[0].frames.tolist() == [12, 13, 14, 15, 16]


# ── encoded, once ────────────────────────────────────────────────────────────────────────────────────────────────────


def played(film: Film) -> tuple[list[np.ndarray], list[float]]:
    """What any player makes of a film: its pictures and their times."""
    assert film.data is not None
    with av.open(io.BytesIO(film.data)) as container:
        frames = [(frame.to_ndarray(format="rgb24"), float(frame.time or 0)) for frame in container.decode(video=0)]
    return [picture for picture, _ in frames], [time for _, time in frames]


def apart(ours: np.ndarray, shown: np.ndarray) -> float:
    return float(np.abs(ours.astype(int) - shown).mean())


@pytest.mark.parametrize(
    ("sequences", "made"),
    [
        ([range(3, 15), range(8, 20)], {}),
        ([range(12, 22)], {"b_frames": 3, "options": {"x264-params": "b-adapt=0"}}),
        ([[0, 5, 10, 15]], {}),
        (runs(12), {"open_gop": True, "b_frames": 3}),
        (runs(12), {"turned": 90}),
        (runs(12), {"codec": "mpeg4"}),
        (runs(12), {"container": "mpegts"}),
        ([range(3, 15)], {"steps": [40, 80, 10, 33] * 9}),
        ([range(3, 15)], {"size": (129, 96), "pixel_format": "yuv444p"}),
        ([range(3, 15)], {"size": (128, 97), "pixel_format": "yuv444p"}),
    ],
    ids=[
        "between keyframes",
        "the last needs a later one",
        "every fifth",
        "open group",
        "turned",
        "codec",
        "container",
        "times of their own",
        "odd width",
        "odd height",
    ],
)
def test_what_cannot_be_copied_is_encoded_frame_for_frame(
    store: Objects, tmp_path: Path, sequences: list[Sequence[int]], made: dict[str, Any]
) -> None:
    done = Filmed(store, tmp_path, "video", sequences, **made)
    assert done.hows == ["encoded"] * len(sequences)
    for at, frames in enumerate(sequences):
        found = done.read(at, frames)
        assert [barcodes.read(picture) for picture in found] == list(frames)
        shown = np.array([done.shown[number] for number in frames])
        as_jpeg = np.array(
            [simplejpeg.decode_jpeg(simplejpeg.encode_jpeg(one, 90, colorsubsampling="420")) for one in shown]
        )
        assert apart(found, shown) < 1.3 * apart(as_jpeg, shown) + 1
        assert np.abs((found.astype(int) - shown).mean(axis=(0, 1, 2))).max() < 2  # no colour is off
        np.testing.assert_array_equal(np.array(played(done.films[at])[0]).shape, found.shape)


def test_an_encoded_film_keeps_the_frames_own_times(store: Objects, tmp_path: Path) -> None:
    steps = [40, 80, 10, 33] * 9
    done = Filmed(store, tmp_path, "video", [[3, 4, 6, 9]], steps=steps)
    times = np.cumsum([0, *steps])[[3, 4, 6, 9]] / 1000
    np.testing.assert_allclose(played(done.films[0])[1], times - times[0], atol=1e-4)


def test_a_copied_film_keeps_the_frames_own_times(store: Objects, tmp_path: Path) -> None:
    done = Filmed(store, tmp_path, "video", runs(12), fps=Fraction(30000, 1001))
    np.testing.assert_allclose(played(done.films[0])[1], np.arange(GOP) * 1001 / 30000, atol=1e-3)


def test_a_frame_that_fills_a_sequence_up_is_in_the_film_once(store: Objects, tmp_path: Path) -> None:
    done = Filmed(store, tmp_path, "video", [[3, 4, 5, 5, 5]])
    assert done.films[0].frames.tolist() == [3, 4, 5]


def test_where_a_container_says_what_is_not_so_the_film_is_encoded(store: Objects, tmp_path: Path) -> None:
    """Pictures that refresh bit by bit: what is called a keyframe cannot be decoded alone."""
    options = {"x264-params": "intra-refresh=1:keyint=12:bframes=0"}
    done = Filmed(store, tmp_path, "video", runs(0, 12, 24), options=options)
    for at, frames in enumerate(runs(0, 12, 24)):
        assert [barcodes.read(picture) for picture in done.read(at, frames)] == list(frames)
    assert done.hows[1:] == ["encoded", "encoded"]


def test_a_recipe_of_images_makes_no_films(store: Objects, tmp_path: Path) -> None:
    assert Filmed(store, tmp_path, "jpeg", runs(0)).films == []


# ── what has to be hidden ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("pixels", "taken"), [("video", "copied"), ("linked", "linked")])
def test_frames_in_which_something_is_hidden_are_encoded_with_it_hidden(
    store: Objects, tmp_path: Path, pixels: str, taken: str
) -> None:
    done = Filmed(store, tmp_path, pixels, runs(0, 12, 24), hidden=[14, 15])
    assert done.hows == [taken, "encoded", taken]
    found = done.read(1, range(12, 24))[:, :12, :12].astype(int)
    bare = np.array([barcodes.paint(number)[:12, :12] for number in range(12, 24)]).astype(int)
    covered = np.abs(found - bare).mean(axis=(1, 2, 3))
    assert max(covered[[0, 1, *range(4, 12)]]) < 20 < min(covered[2:4])


def test_where_privacy_is_none_all_is_taken_over(store: Objects, tmp_path: Path) -> None:
    done = Filmed(store, tmp_path, "linked", runs(0, 12), hidden=[14, 15], privacy="none")
    assert done.hows == ["linked", "linked"]
