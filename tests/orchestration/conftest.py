"""Short real clips, and a store that the whole graph was run over once in Dagster, in this process."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import av
import dagster as dg
import pytest

from orchestration.definitions import build_defs
from orchestration.sensors import add_missing_keys
from resources.compute import ComputeResource
from resources.store import StoreResource
from rushes import settings
from rushes.models.registry import models_folder
from rushes.selection import recipe as recipe_files
from rushes.sources import demo_clips
from rushes.sources.register import register
from rushes.store.objects import Objects

RECIPE = """
name: people
unit: sequence
sequence_length: 8
fps: 8
strategies: [video_balanced]
n_sequences: 3
formats: [native]
jpeg_quality: 95
"""


@dataclass(frozen=True)
class Project:
    """A store, Dagster's instance over it, and the definitions with both as resources."""

    objects: Objects
    instance: dg.DagsterInstance

    @property
    def resources(self) -> dict[str, object]:
        return {"store": StoreResource(uri=self.objects.uri), "compute": ComputeResource(workers=0)}

    def run(self, job: str, partition: str, *assets: str) -> dg.ExecuteInProcessResult:
        """Run a job, or some of its assets, on a partition; a failure is in the result."""
        return (
            build_defs(resources=self.resources)
            .resolve_job_def(job)
            .execute_in_process(
                instance=self.instance,
                partition_key=partition,
                asset_selection=[dg.AssetKey(name) for name in assets] or None,
                raise_on_error=False,
                run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            )
        )


def _project(folder: Path) -> Project:
    return Project(Objects(folder / "store"), dg.DagsterInstance.ephemeral())


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """An empty store."""
    return _project(tmp_path)


def _cut(source: Path, target: Path, start: int, end: int) -> Path:
    """Encode the frames [start, end) of a video anew."""
    with av.open(str(source)) as reading, av.open(str(target), "w") as writing:
        given = reading.streams.video[0]
        made = writing.add_stream("libx264", rate=given.average_rate, options={"crf": "18", "preset": "veryfast"})
        made.width, made.height, made.pix_fmt = given.width, given.height, "yuv420p"
        made.codec_context.thread_count = 1
        for number, frame in enumerate(reading.decode(given)):
            if start <= number < end:
                frame.pts, frame.time_base, frame.pict_type = number - start, 1 / given.average_rate, 0
                writing.mux(made.encode(frame))
        writing.mux(made.encode())
    return target


@pytest.fixture(scope="session")
def cut_clip() -> Callable[[str, Path, int, int], Path]:
    """Make a short clip of a demo clip: (name of the demo clip, target, first frame, end frame)."""
    files = dict(zip(demo_clips.CLIPS, demo_clips.fetch(models_folder() / "clips"), strict=True))
    return lambda name, target, start, end: _cut(files[name], target, start, end)


@pytest.fixture(scope="session")
def tiny(cut_clip: Callable[[str, Path, int, int], Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten frames of a face."""
    return cut_clip("carphone", tmp_path_factory.mktemp("tiny") / "tiny.mp4", 0, 10)


@pytest.fixture(scope="session")
def whole(cut_clip: Callable[[str, Path, int, int], Path], tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Two seconds of a face and two shots of a street through all seven assets, with real models; only to be read."""
    folder = tmp_path_factory.mktemp("whole")
    project = _project(folder)
    # Shots of the street begin at frames 0, 30 and 76: the cut at 76 is frame 30 of this clip.
    videos = [cut_clip("carphone", folder / "face.mp4", 0, 60), cut_clip("bikes", folder / "street.mp4", 46, 110)]
    register(project.objects, [str(video) for video in videos], "demo")
    settings.save(project.objects, "filters: {min_duration_s: 1}")
    recipe_files.save(project.objects, RECIPE)
    add_missing_keys(project.instance, project.objects)
    for job, partition in (("build_batch", "demo-0000"), ("build_recipe", "people")):
        result = project.run(job, partition)
        assert result.success, [e.message for e in result.all_events if e.is_failure]
    return project
