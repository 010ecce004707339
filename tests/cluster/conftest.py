"""One cluster for all tests of this room, the footage that they work on, and what a single machine makes of it."""

import os
from collections.abc import Iterator

import pytest
from ray_cluster import Cluster, cluster, lacking
from real_clips import cut

from rushes import settings
from rushes.packaging.package import package
from rushes.selection.recipes import recipe as recipe_files
from rushes.selection.select import select
from rushes.sources.register import How, register
from rushes.steps import STEPS
from rushes.store.manifests import batch_names
from rushes.store.objects import Objects
from rushes.work.build import build

# Two clips a batch. Shots of the street begin at frames 0, 30, 76, 137 and 187.
CLIPS = {
    "a-face": ("carphone", 0, 40), "b-street": ("bikes", 46, 90),
    "c-street": ("bikes", 0, 50), "d-face": ("carphone", 40, 80),
    "e-street": ("bikes", 100, 150), "f-rabbit": ("bigbuckbunny", 0, 30),
    "g-rabbit": ("bigbuckbunny", 60, 90), "h-street": ("bikes", 160, 220),
}  # fmt: skip
SETTINGS = "filters: {min_duration_s: 0.5}\n"
RECIPE = """
name: people
unit: sequence
sequence_length: 8
fps: 8
strategies: [video_balanced]
n_sequences: 4
formats: [native]
jpeg_quality: 95
"""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave these tests to ``make test-cluster``: they take minutes, and a machine's every core."""
    if "cluster" not in config.option.markexpr:
        for item in items:
            if item.get_closest_marker("cluster"):
                item.add_marker(pytest.mark.skip(reason="a cluster is made by: make test-cluster"))


@pytest.fixture(scope="session")
def ray_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A head with its services; hosts are yet to join. This process reaches its storage by the environment."""
    if absent := lacking():
        pytest.fail(f"no cluster can be made here: {absent} is missing")
    before = dict(os.environ)
    with cluster(tmp_path_factory.mktemp("cluster")) as made:
        os.environ.update({name: value for name, value in made.environment.items() if name.startswith("AWS_")})
        try:
            yield made
        finally:
            os.environ.clear()
            os.environ.update(before)


@pytest.fixture(scope="session")
def footage(ray_cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Objects:
    """The cluster's store: short real clips, which lie in S3 as well, are registered in four batches."""
    folder = tmp_path_factory.mktemp("footage")
    bucket = Objects("s3://rushes")
    for name, (clip, start, end) in CLIPS.items():
        bucket.write_file(f"footage/{name}.mp4", cut(clip, folder / f"{name}.mp4", start, end))
    objects = Objects(ray_cluster.environment["RUSHES_STORE"])
    _register(objects)
    return objects


@pytest.fixture(scope="session")
def alone(footage: Objects, tmp_path_factory: pytest.TempPathFactory) -> Objects:
    """A local store in which this machine has built the same by itself."""
    objects = Objects(tmp_path_factory.mktemp("alone") / "store")
    _register(objects)
    for step in STEPS.values():
        for batch in batch_names(objects):
            build(objects, step, batch, settings.load(objects, "street"))
    recipe = recipe_files.load(objects, "people")
    select(objects, recipe)
    package(objects, recipe)
    return objects


def _register(objects: Objects) -> None:
    settings.save(objects, SETTINGS)
    register(objects, ["s3://rushes/footage/"], "street", How(batch_size=2, creds_key="ENV"))
    recipe_files.save(objects, RECIPE)
