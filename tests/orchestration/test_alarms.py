"""Failed runs are told of once, in the store and to a webhook; standing failures for as long as they stand."""

import json
import logging
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from orchestration.alarms import event_path, run_failures
from orchestration.definitions import build_defs
from orchestration.partitions import add_missing_keys
from orchestration.webhook import post
from resources.store import StoreResource
from rushes import settings
from rushes.sources.register import register
from rushes.store.failures import noting_failure, write_failure

BATCH = "main-0000"
SECRET = "hook-5ecret"


class Hook:
    """A webhook that gives the answers that it is told to, then 200s, and keeps what it was sent."""

    def __init__(self) -> None:
        self.answers: list[int] = []
        self.got: list[tuple[str, dict[str, Any]]] = []
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                hook.got.append((self.path, body))
                status = hook.answers.pop(0) if hook.answers else 200
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *words: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}/{SECRET}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hook]:
    hook = Hook()
    monkeypatch.setenv("RUSHES_WEBHOOK", hook.address)
    yield hook
    hook.close()


@pytest.fixture
def failed(project: Any, tmp_path: Path) -> Any:
    """A store whose only batch cannot be built."""
    (tmp_path / "empty.mp4").touch()
    register(project.objects, [str(tmp_path / "empty.mp4")], "main")
    settings.save(project.objects, "build: {max_reject_share: 0.5}")
    add_missing_keys(project.instance, project.objects)
    return project


def tell(
    project: Any, result: dg.ExecuteInProcessResult, capfd: pytest.CaptureFixture[str]
) -> tuple[dict[str, Any], str]:
    """Evaluate the sensor for a failed run; return the event in the store and what was logged."""
    run = project.instance.get_run_by_id(result.run_id)
    (failure,) = [event for event in result.all_events if event.event_type_value == "PIPELINE_FAILURE"]
    context = dg.build_run_status_sensor_context(
        sensor_name="run_failures", dagster_event=failure, dagster_instance=project.instance, dagster_run=run
    ).for_run_failure()
    run_failures(context, store=StoreResource(uri=project.objects.uri))
    event = json.loads(project.objects.read(event_path(result.run_id)))
    return event, capfd.readouterr().err


def test_a_failed_run_is_told_of_in_one_line_that_says_what_to_do(
    failed: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    result = failed.run("build_batch", BATCH)
    event, logged = tell(failed, result, capfd)
    assert event["line"] == (
        "raw_videos of main-0000 failed: raw_videos of main-0000: 1 of 1 videos rejected, more than "
        "build.max_reject_share = 0.5 allows; see: rushes sql 'SELECT * FROM rejects'; "
        "next: rushes status, then rushes build --batch main-0000"
    )
    assert (event["step"], event["partitions"], event["run_id"]) == ("raw_videos", [BATCH], result.run_id)
    assert event["line"] in logged


def test_the_webhook_is_sent_the_same_and_its_address_is_told_nobody(
    failed: Any, hook: Hook, capfd: pytest.CaptureFixture[str]
) -> None:
    event, logged = tell(failed, failed.run("build_batch", BATCH), capfd)
    assert hook.got == [(f"/{SECRET}", event)]
    hook.answers = [500, 500, 500]
    _, logged = tell(failed, failed.run("build_batch", BATCH), capfd)
    assert "RUSHES_WEBHOOK answered 500" in logged
    assert SECRET not in logged
    assert not any(SECRET.encode() in failed.objects.read(name) for name in failed.objects.list(""))


def test_a_webhook_that_stumbles_is_asked_again(hook: Hook, caplog: pytest.LogCaptureFixture) -> None:
    hook.answers = [503, 429]
    with caplog.at_level(logging.DEBUG):
        assert post({"a": "ü"}) is None
    assert SECRET not in caplog.text
    assert [body for _, body in hook.got] == [{"a": "ü"}] * 3


def test_a_webhook_that_refuses_is_not_asked_again(hook: Hook) -> None:
    hook.answers = [404]
    assert post({}) == "RUSHES_WEBHOOK answered 404"
    assert len(hook.got) == 1


def test_a_webhook_is_not_followed_elsewhere(hook: Hook) -> None:
    hook.answers = [302]
    assert post({}) == "RUSHES_WEBHOOK answered 302"
    assert [path for path, _ in hook.got] == [f"/{SECRET}"]


@pytest.mark.parametrize(
    "address", [f"http://127.0.0.1:1/{SECRET}", f"{SECRET}", f"ftp://{SECRET}/", f"http://[{SECRET}"]
)
def test_an_address_that_leads_nowhere_breaks_nothing(
    address: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("RUSHES_WEBHOOK", address)
    with caplog.at_level(logging.DEBUG):
        said = post({})
    assert said is not None
    assert said.startswith("RUSHES_WEBHOOK ")
    assert SECRET not in said + caplog.text


def test_no_webhook_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    for address in ("", " "):
        monkeypatch.setenv("RUSHES_WEBHOOK", address)
        assert post({}) is None


def look(project: Any, cursor: str | None = None) -> tuple[dict[str, dg.AssetCheckEvaluation], str | None]:
    """Evaluate the sensor of standing failures; return the checks by asset, and its cursor."""
    definitions = build_defs(resources=project.resources)
    with dg.build_sensor_context(
        instance=project.instance,
        cursor=cursor,
        resources={"store": StoreResource(uri=project.objects.uri)},
        repository_def=definitions.get_repository_def(),
    ) as context:
        data = definitions.resolve_sensor_def("standing_failures").evaluate_tick(context)
    return {event.asset_key.to_user_string(): event for event in data.asset_events}, data.cursor


def test_standing_failures_are_a_check_of_each_asset_that_only_warns(project: Any) -> None:
    checks, cursor = look(project)
    assert {asset for asset, check in checks.items() if check.passed} == set(checks)
    assert len(checks) == 7
    assert look(project, cursor) == ({}, cursor)

    for _ in range(2):
        with pytest.raises(OSError), noting_failure(project.objects, "tracks", BATCH, "shape"):
            raise OSError("disk full")
    write_failure(project.objects, "embeddings", BATCH, "a | b")
    checks, cursor = look(project, cursor)
    assert {asset for asset, check in checks.items() if not check.passed} == {"tracks", "embeddings"}
    red = checks["tracks"]
    assert (red.severity, red.blocking) == (dg.AssetCheckSeverity.WARN, False)
    assert red.metadata["failures"].value == [
        {"asset": "tracks", "partition": BATCH, "attempts": 2, "reason": "OSError: disk full", "shape": "shape"}
    ]
    assert f"| {BATCH} | 2 | OSError: disk full | shape |" in red.metadata["table"].value

    for asset in ("tracks", "embeddings"):
        project.objects.delete(f"failures/{asset}/{BATCH}.json")
    checks, _ = look(project, cursor)
    assert all(check.passed for check in checks.values())


def test_the_check_runs_with_its_asset_and_fails_no_run(failed: Any) -> None:
    settings.save(failed.objects, "")
    write_failure(failed.objects, "raw_videos", "another-0000", "gone")
    result = failed.run("build_batch", BATCH, "raw_videos")
    assert result.success
    (check,) = [one for one in result.get_asset_check_evaluations() if one.check_name == "no_standing_failures"]
    assert not check.passed
    assert check.metadata["standing"].value == 1
