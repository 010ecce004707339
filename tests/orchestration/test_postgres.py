"""Dagster's history in a real Postgres: by one variable, from several processes at once, and the password nowhere."""

import json
import multiprocessing
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import postgres
import psutil
import pytest
from listening import addresses_of
from postgres import PASSWORD, QUOTED, Postgres
from videos import make_video

from orchestration.history import History, url_of
from rushes.errors import SettingsError
from rushes.sources.register import register
from rushes.store.objects import Objects

PROJECT = Path(__file__).parents[2]
RUNS = "SELECT status, count(*) FROM runs GROUP BY status"


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with postgres.running() as server:
        yield server


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg2"])
def test_all_usual_forms_of_an_address_are_taken(scheme: str) -> None:
    url = url_of(f"{scheme}://me:{QUOTED}@db.example:5433/history?sslmode=require")
    assert url.drivername == "postgresql+psycopg2"
    assert (url.username, url.password, url.host, url.port, url.database) == (
        "me", PASSWORD, "db.example", 5433, "history",
    )  # fmt: skip
    assert url.query["sslmode"] == "require"


def test_a_password_among_the_parameters_is_taken_for_one() -> None:
    url = url_of("postgresql:///history?host=/run/postgresql&password=hush")
    assert (url.password, dict(url.query)["host"]) == ("hush", "/run/postgresql")
    assert "hush" not in repr(url)


@pytest.mark.parametrize(
    "address",
    [
        "hush",
        "mysql://me:hush@host/db",
        "postgresql://me:hu@hush@host/db",
        "postgresql://me:hush@host:port/db",
        "://hush",
    ],
)
def test_what_is_no_address_is_refused_and_not_shown(address: str) -> None:
    with pytest.raises(SettingsError, match="RUSHES_POSTGRES") as caught:
        url_of(address)
    assert "hush" not in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_without_the_variable_it_is_sqlite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for unset in (
        lambda: monkeypatch.delenv("RUSHES_POSTGRES", False),
        lambda: monkeypatch.setenv("RUSHES_POSTGRES", ""),
    ):
        unset()
        assert type(_open(tmp_path)).__name__ == "DagsterSqliteStorage"
    assert (tmp_path / "history" / "runs.db").is_file()


def test_what_cannot_be_reached_is_told_in_one_line_without_the_password(
    server: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.sql("postgres", "CREATE ROLE guest LOGIN PASSWORD 'hush-guest'")
    server.new_database("locked")
    with socket.create_server(("127.0.0.1", 0)) as free:
        nobody = free.getsockname()[1]
    refused = {
        server.address("locked", "hush-wrong"): "password authentication failed",
        server.address("absent"): 'database "absent" does not exist',
        f"postgresql://guest:hush-guest@127.0.0.1:{server.port}/locked": "permission denied for schema public",
        f"postgresql://me:hush-me@127.0.0.1:{nobody}/x": "Connection refused",
        "postgresql://me:hush-me@no-such-host.invalid/x": "no-such-host.invalid",
    }
    for address, why in refused.items():
        monkeypatch.setenv("RUSHES_POSTGRES", address)
        with pytest.raises(SettingsError, match=f"Postgres at .*{why}") as caught:
            _open(tmp_path)
        assert "hush" not in str(caught.value)
        assert len(str(caught.value).splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_what_the_address_leaves_out_is_up_to_libpq(
    server: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.new_database("by-socket")
    kept = tmp_path / "pgpass"
    kept.write_text(f"*:*:*:{postgres.USER}:{PASSWORD.replace(':', chr(92) + ':')}\n")
    kept.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(kept))
    monkeypatch.setenv("PGUSER", postgres.USER)
    monkeypatch.setenv("RUSHES_POSTGRES", f"postgresql:///by-socket?host={server.socket}&port={server.port}")
    _open(tmp_path)
    assert server.sql("by-socket", "SELECT count(*) FROM runs") == "0"


def test_many_processes_may_be_the_first_at_once(server: Postgres) -> None:
    address = server.new_database("crowded")
    fork = multiprocessing.get_context("fork")
    together, came = fork.Barrier(6), fork.Queue()
    comers = [fork.Process(target=_come, args=(address, together, came)) for _ in range(6)]
    for comer in comers:
        comer.start()
    assert [came.get(timeout=60) for _ in comers] == ["DagsterPostgresStorage"] * 6
    for comer in comers:
        comer.join()


def test_builds_on_two_machines_share_one_history(server: Postgres, tmp_path: Path) -> None:
    objects = _registered(tmp_path, "one", "two")
    address = server.new_database("shared")
    homes = [_home(tmp_path / name) for name in ("first", "second")]
    builds = [
        subprocess.Popen(
            [sys.executable, "-m", "rushes.cli", "build", "--asset", "raw_videos", "--batch", f"{batch}-0000"],
            env=_environment(home, objects, address), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )
        for home, batch in zip(homes, ("one", "two"), strict=True)
    ]  # fmt: skip
    said = [build.communicate()[0].decode() for build in builds]
    assert [build.returncode for build in builds] == [0, 0], said
    assert server.sql("shared", RUNS) == "SUCCESS|2"
    kept = server.sql("shared", "SELECT DISTINCT partition FROM event_logs WHERE asset_key LIKE '%raw_videos%'")
    assert set(kept.split()) >= {"one-0000", "two-0000"}
    assert not list(tmp_path.rglob("*.db"))
    _nowhere(PASSWORD, tmp_path, *said)


@pytest.mark.daemon
def test_the_ui_and_the_runs_that_it_starts_use_it(server: Postgres, tmp_path: Path) -> None:
    objects = _registered(tmp_path, "one", "two")
    address = server.new_database("watched")
    home = _home(tmp_path / "home")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    log = (tmp_path / "log").open("wb")
    ui = subprocess.Popen(
        [sys.executable, "-m", "orchestration.ui"], stdout=log, stderr=log, cwd=tmp_path,
        env=_environment(home, objects, address) | {"PORT": f"{port}"},
    )  # fmt: skip
    try:
        _until(lambda: _ask(port, "{ version }"))
        for batch in ("one", "two"):
            launched = _ask(port, _LAUNCH, {"batch": f"{batch}-0000"})["launchRun"]
            assert launched["__typename"] == "LaunchRunSuccess", launched
        assert addresses_of(ui.pid) == {"127.0.0.1"}
        with pytest.raises(urllib.error.HTTPError, match="403"):
            _ask(port, "{ version }", origin="https://evil.example")
        commands = [process.cmdline() for process in psutil.Process(ui.pid).children(recursive=True)]
        _until(lambda: server.sql("watched", RUNS) in ("SUCCESS|2", "FAILURE|2", "FAILURE|1\nSUCCESS|1"))
    finally:
        ui.terminate()
        ui.wait(60)
    assert server.sql("watched", RUNS) == "SUCCESS|2", (tmp_path / "log").read_text()
    assert objects.exists("tables/videos/batch=one-0000/data.parquet"), sorted(tmp_path.rglob("*.parquet"))
    assert len(commands) >= 3
    _nowhere(PASSWORD, tmp_path, json.dumps(commands))
    assert not list(tmp_path.rglob("runs.db"))


_LAUNCH = """
mutation ($batch: String!) { launchRun(executionParams: {
  selector: {repositoryLocationName: "orchestration.definitions", repositoryName: "__repository__",
             jobName: "build_batch", assetSelection: [{path: ["raw_videos"]}]},
  executionMetadata: {tags: [{key: "dagster/partition", value: $batch}]},
}) { __typename ... on PythonError { message } ... on RunConfigValidationInvalid { errors { message } } } }
"""


def _ask(port: int, query: str, variables: Mapping[str, Any] | None = None, origin: str | None = None) -> Any:
    body = json.dumps({"query": query, "variables": variables}).encode()
    headers = {"Content-Type": "application/json"} | ({"Origin": origin} if origin else {})
    asked = urllib.request.Request(f"http://127.0.0.1:{port}/graphql", body, headers)
    with urllib.request.urlopen(asked, timeout=30) as answer:
        told = json.load(answer)
    assert "errors" not in told, told
    return told["data"]


def _until(true: Any, seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if true():
                return
        except OSError:
            pass
        time.sleep(0.3)
    pytest.fail("waited in vain")


def _open(folder: Path) -> Any:
    return History.from_config_value(None, {"base_dir": str(folder)})


def _come(address: str, together: Any, came: Any) -> None:
    os.environ["RUSHES_POSTGRES"] = address
    together.wait()
    try:
        came.put(type(_open(Path("nowhere"))).__name__)
    except Exception as error:
        came.put(repr(error))


def _registered(folder: Path, *collections: str) -> Objects:
    objects = Objects(folder / "store")
    for number, collection in enumerate(collections, 5):
        register(objects, [str(make_video(folder / f"{collection}.mp4", number))], collection)
    return objects


def _home(folder: Path) -> Path:
    folder.mkdir()
    (folder / "dagster.yaml").write_text((PROJECT / "dagster.yaml").read_text())
    return folder


def _environment(home: Path, objects: Objects, address: str) -> dict[str, str]:
    own = {k: v for k, v in os.environ.items() if not k.startswith(("DAGSTER", "PYTHON", "PG"))}
    return own | {"DAGSTER_HOME": str(home), "RUSHES_STORE": objects.uri, "RUSHES_POSTGRES": address}


def _nowhere(secret: str, folder: Path, *texts: str) -> None:
    """Assert that a secret, plain or quoted, is in no file of a folder, nor in any of the texts."""
    forms = [secret.encode(), QUOTED.encode()]
    holding = [path for path in folder.rglob("*") if path.is_file() and any(f in path.read_bytes() for f in forms)]
    assert holding == []
    assert not any(form in text.encode() for text in texts for form in forms)
