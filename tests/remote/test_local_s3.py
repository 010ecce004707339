"""An S3 server of one's own: where it listens, who may use it, what it keeps, and that it goes when its user goes."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from orchestration import local_s3
from orchestration.local_s3 import LocalS3, serve
from rushes.errors import StoreError
from rushes.store.objects import Objects

pytestmark = pytest.mark.usefixtures("server")  # skips where there is none

_SERVING = """
import sys
from orchestration.local_s3 import serve
with serve(sys.argv[1]) as server:
    print(server.pid, flush=True)
    sys.stdin.read()
"""


def use(server: LocalS3, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)


def is_alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_folder_keeps_what_was_put_and_who_may_read_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(tmp_path / "s3", bucket="mine") as first:
        use(first, monkeypatch)
        Objects("s3://mine/x").write("a", b"kept")
        with serve(tmp_path / "s3") as joined:
            assert joined == first
        assert Objects("s3://mine/x").read("a") == b"kept"  # who came second did not end it
    assert not is_alive(first.pid)
    with serve(tmp_path / "s3", bucket="mine") as second:
        assert second.secret == first.secret
        use(second, monkeypatch)
        assert Objects("s3://mine/x").read("a") == b"kept"
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "guessed")
        with pytest.raises(StoreError, match="access is refused: its credentials do not allow it"):
            Objects("s3://mine/x").read("a")
        for path in (tmp_path / "s3").glob("*.json"):
            assert path.stat().st_mode & 0o077 == 0, path


def test_it_listens_where_it_is_told_and_to_no_other_machine(tmp_path: Path) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.2", 0))
        port = held.getsockname()[1]
    with serve(tmp_path / "s3", host="127.0.0.2", port=port) as server:
        assert server.url == f"http://127.0.0.2:{port}"
        assert listens_on(server.pid) <= {"127.0.0.2", "127.0.0.1"}


def listens_on(process: int) -> set[str]:
    inodes = {os.readlink(fd) for fd in Path(f"/proc/{process}/fd").iterdir() if fd.is_symlink()}
    addresses = set()
    for kind in ("tcp", "tcp6"):
        for line in Path(f"/proc/{process}/net/{kind}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in inodes:
                raw = fields[1].partition(":")[0]
                own = socket.inet_ntoa(bytes.fromhex(raw)[::-1]) if kind == "tcp" else raw
                addresses.add(own)
    return addresses


def test_it_ends_with_the_process_that_started_it_even_a_killed_one(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", _SERVING, str(tmp_path / "s3")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    weed = int(process.stdout.readline())
    assert is_alive(weed)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    until = time.monotonic() + 30
    while is_alive(weed) and time.monotonic() < until:
        time.sleep(0.05)
    assert not is_alive(weed)


def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        busy = taken.getsockname()[1]
        for host, port, why in (("127.0.0.1", busy, "in use"), ("192.0.2.1", None, "assign")):
            with pytest.raises(StoreError, match=why), serve(tmp_path / "s3", host, port):
                pass


def test_a_command_runs_on_the_store_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_s3, "FOLDER", tmp_path / "s3")
    monkeypatch.setenv("AWS_PROFILE", "somebody-elses")
    look = "import os; from rushes.store.objects import Objects; Objects(os.environ['RUSHES_STORE']).write('a', b'');"
    told = "print(sorted(name for name in os.environ if name.startswith('AWS_P')))"
    assert local_s3.main([sys.executable, "-c", look + told]) == 0
    assert local_s3.main([sys.executable, "-c", "raise SystemExit(7)"]) == 7
    with serve(tmp_path / "s3") as server:
        use(server, monkeypatch)
        monkeypatch.delenv("AWS_PROFILE")
        assert list(Objects(local_s3.STORE).list("")) == ["a"]
