"""Short real clips, and a store that the whole graph was run over once in Dagster, in this process."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import pytest
from real_clips import cut

from orchestration.definitions import build_defs
from orchestration.partitions import add_missing_keys
from resources.compute import ComputeResource
from resources.store import StoreResource
from rushes import settings
from rushes.selection.recipes import recipe as recipe_files
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


@contextmanager
def _project(folder: Path) -> Iterator[Project]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield Project(Objects(folder / "store"), instance)


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """An empty store."""
    with _project(tmp_path) as project:
        yield project


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten frames of a face."""
    return cut("carphone", tmp_path_factory.mktemp("tiny") / "tiny.mp4", 0, 10)


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """Two seconds of a face and two shots of a street through all seven assets, with real models; only to be read."""
    folder = tmp_path_factory.mktemp("whole")
    # Shots of the street begin at frames 0, 30 and 76: the cut at 76 is frame 30 of this clip.
    videos = [cut("carphone", folder / "face.mp4", 0, 60), cut("bikes", folder / "street.mp4", 46, 110)]
    with _project(folder) as project:
        register(project.objects, [str(video) for video in videos], "demo")
        settings.save(project.objects, "filters: {min_duration_s: 1}")
        recipe_files.save(project.objects, RECIPE)
        add_missing_keys(project.instance, project.objects)
        for job, partition in (("build_batch", "demo-0000"), ("build_recipe", "people")):
            result = project.run(job, partition)
            assert result.success, [e.message for e in result.all_events if e.is_failure]
        yield project
