"""One pass measures every clip of a video, and other thresholds judge what it found without another."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from rows import write_batch
from tasks import ingested
from videos import make_video

from rushes.errors import VideoError
from rushes.filters.judge import JudgeVideo
from rushes.settings import Settings
from rushes.shots.cut import CutVideo
from rushes.steps import STEPS
from rushes.store.database import connect
from rushes.store.objects import Objects
from rushes.store.schemas import CLIPS, FILTERED_CLIPS, REDACTIONS
from rushes.store.validation import problems
from rushes.work.step import Outcome, Task

FPS, SIZE = 25, (320, 180)
SHOTS = ("moving", "still", "dark", "barred", "blurred")
CODE = {"version": "test", "models": {}}


def shot(name: str, at: int) -> np.ndarray:
    """Return frame ``at`` of a shot: uint8 (180, 320, 3)."""
    coarse = np.random.default_rng(SHOTS.index(name)).integers(30, 226, (45, 120, 3)).astype(np.uint8)
    wide = cv2.resize(coarse, (480, 180), interpolation=cv2.INTER_LINEAR)
    step = 0 if name == "still" else at
    picture = np.ascontiguousarray(wide[:, step : step + 320])
    if name == "dark":
        picture //= 40
    if name == "blurred":
        picture = cv2.GaussianBlur(picture, (0, 0), 9)
    if name == "barred":
        picture[:18] = picture[-18:] = 0
    return picture


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video of five shots of four seconds."""
    pictures = [shot(name, at) for name in SHOTS for at in range(4 * FPS)]
    path = tmp_path_factory.mktemp("film") / "shots.mp4"
    return make_video(path, len(pictures), FPS, SIZE, gop=50, picture=pictures.__getitem__)


@pytest.fixture
def task(store: Objects, film: Path) -> Task:
    """The film in a store, cut where its shots meet."""
    brought = ingested(store, film, "shots")
    clips = [
        {**row, "start_frame": n * 100, "end_frame": n * 100 + 100, "start_s": 4.0 * n, "end_s": 4.0 * n + 4}
        | {"clip_id": f"shots.{name}"}
        for row in CutVideo(Settings().shots.model_copy(update={"method": "whole"}))(brought).rows["clips"]
        for n, name in enumerate(SHOTS)
    ]
    return Task(store, brought.entry, "made", {**brought.rows, "clips": CLIPS.from_rows(clips)})


def settings(**filters: Any) -> Settings:
    return Settings.model_validate({"filters": {"cartoon": False, **filters}, "privacy": {"look_for": "none"}})


def judged(task: Task, code: dict[str, Any] = CODE, **filters: Any) -> Outcome:
    return JudgeVideo(settings(**filters), code)(task)


def reasons(outcome: Outcome) -> dict[str, str | None]:
    return {row["clip_id"].removeprefix("shots."): row["reason"] for row in outcome.rows["filtered_clips"]}


def lose_the_video(task: Task) -> None:
    """Take the video's bytes away, so that nothing can be decoded any more."""
    task.objects.delete(task.video["media_uri"])


def test_every_clip_is_measured_and_the_bad_ones_are_dropped_with_a_reason(task: Task) -> None:
    outcome = judged(task)
    assert reasons(outcome) == {
        "moving": None,
        "still": "still",
        "dark": "too_dark",
        "barred": None,
        "blurred": "blurred",
    }
    assert {(reject.item_id, reject.reason.value) for reject in outcome.rejects} == {
        (f"shots.{name}", reason) for name, reason in reasons(outcome).items() if reason
    }
    rows = {row["clip_id"].removeprefix("shots."): row for row in outcome.rows["filtered_clips"]}
    assert rows["barred"]["letterbox"] == pytest.approx(0.2, abs=0.02)
    assert rows["moving"]["letterbox"] == 0
    assert rows["moving"]["motion"] == pytest.approx(FPS / 180, rel=0.3)
    assert rows["still"]["stillness"] == 1
    assert rows["moving"]["quality"] > rows["blurred"]["quality"]
    assert all(row["cartoon"] is None for row in rows.values())
    table = FILTERED_CLIPS.from_rows(outcome.rows["filtered_clips"])  # type: ignore[arg-type]
    assert problems("filtered_clips", table) == []


def test_other_thresholds_decode_nothing(task: Task) -> None:
    before = judged(task)
    lose_the_video(task)
    after = judged(task, max_letterbox=0.1, max_stillness=None, min_exposure=None)
    assert reasons(after) == {
        "moving": None, "still": None, "dark": "blurred", "barred": "letterboxed", "blurred": "blurred"
    }  # fmt: skip
    figures = [
        [{k: v for k, v in row.items() if k not in ("kept", "reason")} for row in outcome.rows["filtered_clips"]]
        for outcome in (before, after)
    ]
    assert figures[0] == figures[1]


@pytest.mark.parametrize("filters", [{"sample_fps": 2.0}, {"max_duration_s": 3.0}])
def test_settings_that_change_what_is_seen_ask_for_a_new_pass(task: Task, filters: dict[str, Any]) -> None:
    judged(task)
    lose_the_video(task)
    with pytest.raises((VideoError, OSError)):
        judged(task, **filters)


def test_so_does_other_code(task: Task) -> None:
    judged(task)
    lose_the_video(task)
    with pytest.raises((VideoError, OSError)):
        judged(task, {"version": "newer", "models": {}})


def test_and_so_do_other_clips(task: Task) -> None:
    judged(task)
    lose_the_video(task)
    fewer = Task(task.objects, task.entry, "made", {**task.rows, "clips": task.rows["clips"].slice(0, 2)})
    with pytest.raises((VideoError, OSError)):
        judged(fewer)


def test_sql_judges_as_a_pass_by_the_same_thresholds_would(task: Task) -> None:
    thresholds = {"max_letterbox": 0.1, "min_sharpness": 9.0, "max_stillness": None, "min_motion": 0.001}
    write_batch(
        task.objects, videos=task.rows["videos"].to_pylist(), filtered_clips=judged(task).rows["filtered_clips"]
    )
    said = ", ".join(f"{name} := {'NULL' if value is None else value}" for name, value in thresholds.items())
    with connect(task.objects) as connection:
        rows = connection.execute(f"SELECT clip_id, kept, reason FROM rejudge({said}) ORDER BY start_frame").fetchall()
    anew = judged(task, {"version": "another pass", "models": {}}, **thresholds).rows["filtered_clips"]
    assert rows == [(row["clip_id"], row["kept"], row["reason"]) for row in anew]
    assert len({reason for *_, reason in rows}) >= 3


def test_only_what_is_kept_has_regions_to_hide(store: Objects, bikes: Path) -> None:
    brought = ingested(store, bikes, "bikes")
    clips = [row for row in CutVideo(Settings().shots)(brought).rows["clips"] if row["start_frame"] == 30]
    task = Task(store, brought.entry, "made", {**brought.rows, "clips": CLIPS.from_rows(clips)})
    loose = Settings.model_validate(
        {"filters": {"cartoon": False, "min_duration_s": 0}, "privacy": {"look_for": "faces"}}
    )
    strict = loose.model_copy(update={"filters": loose.filters.model_copy(update={"min_duration_s": 60})})
    kept, dropped = (JudgeVideo(one, CODE)(task).rows for one in (loose, strict))
    assert problems("redactions", REDACTIONS.from_rows(kept["redactions"])) == []  # type: ignore[arg-type]
    assert {row["clip_id"] for row in kept["redactions"]} <= {row["clip_id"] for row in kept["filtered_clips"]}
    assert dropped["redactions"] == []
    assert [row["n_faces"] for row in kept["filtered_clips"]] == [row["n_faces"] for row in dropped["filtered_clips"]]


def test_the_step_asks_for_the_models_that_it_uses() -> None:
    step = STEPS["filtered_clips"]
    assert "efficientnet-lite0" in step.models(Settings())
    assert list(step.models(settings())) == []
    own = Settings.model_validate({"filters": {"cartoon_model": "own.pth", "aesthetics_model": "head.pth"}})
    assert {"own.pth", "head.pth"} <= set(step.models(own))
    assert "efficientnet-lite0" not in step.models(own)
