"""The sensor that looks into the inbox, as Dagster's daemon evaluates it."""

from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from tabular import written

from assets.partitions import batches
from orchestration.definitions import build_defs
from resources.store import StoreResource
from rushes.store.manifests import batch_names


class Daemon:
    """Evaluates the sensor, and keeps its cursor, as Dagster's does."""

    def __init__(self, project: Any) -> None:
        self._project = project
        self._definitions = build_defs(resources=project.resources)
        self._cursor: str | None = None

    def tick(self) -> tuple[list[str], str | None]:
        """Return the partitions that were asked for, and why there are none."""
        with dg.build_sensor_context(
            instance=self._project.instance,
            cursor=self._cursor,
            resources={"store": StoreResource(uri=self._project.objects.uri)},
            repository_def=self._definitions.get_repository_def(),
        ) as context:
            data = self._definitions.resolve_sensor_def("inbox").evaluate_tick(context)
        self._cursor = data.cursor
        asked: list[str] = []
        for request in data.dynamic_partitions_requests or []:
            assert request.partitions_def_name == batches.name
            asked += request.partition_keys
            self._project.instance.add_dynamic_partitions(request.partitions_def_name, list(request.partition_keys))
        return asked, None if asked else data.skip_message


@pytest.fixture
def daemon(project: Any) -> Daemon:
    """A daemon that has not looked yet."""
    return Daemon(project)


def test_what_was_dropped_becomes_a_partition_once(project: Any, daemon: Daemon) -> None:
    assert daemon.tick() == ([], "nothing new that is whole")
    written(Path(project.objects.root, "inbox/a.mp4"), "some bytes")
    assert daemon.tick() == ([], "nothing new that is whole")
    assert daemon.tick() == (["inbox-0000"], None)
    assert daemon.tick() == ([], "nothing new that is whole")
    assert batch_names(project.objects) == ["inbox-0000"]


def test_what_is_wrong_is_said_once_and_keeps_nothing_else_out(project: Any, daemon: Daemon) -> None:
    written(Path(project.objects.root, "inbox/notes.txt"), "some words\n")
    daemon.tick()
    asked, said = daemon.tick()
    assert asked == []
    assert said is not None
    assert "inbox/notes.txt" in said
    written(Path(project.objects.root, "inbox/t.csv"), "uri\na.mp4\n")
    assert daemon.tick() == ([], "nothing new that is whole")
    assert daemon.tick() == (["inbox-0000"], None)
