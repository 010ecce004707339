"""A real Postgres server of one's own: on the loopback and on a socket in a temporary folder, gone afterwards."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

# What a password may hold, and what breaks programs that put addresses together by hand.
PASSWORD = "hush%4711/p@ss:w#rd?"
QUOTED = "hush%254711%2Fp%40ss%3Aw%23rd%3F"
USER = "keeper"


@dataclass(frozen=True)
class Postgres:
    """A running server. ``socket`` is the folder of its Unix socket."""

    port: int
    socket: Path
    programs: Path

    def address(self, database: str, password: str = QUOTED, scheme: str = "postgresql") -> str:
        """Return the address of a database, over TCP."""
        return f"{scheme}://{USER}:{password}@127.0.0.1:{self.port}/{database}"

    def new_database(self, name: str) -> str:
        """Make an empty database; return its address."""
        self.sql("postgres", f'CREATE DATABASE "{name}"')
        return self.address(name)

    def sql(self, database: str, statement: str) -> str:
        """Return what psql says to a statement: a line a row."""
        place = ["-h", "127.0.0.1", "-p", f"{self.port}", "-U", USER, "-d", database]
        environment = os.environ | {"PGPASSWORD": PASSWORD}
        command = [str(self.programs / "psql"), "-X", "-A", "-t", *place, "-c", statement]
        return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout.strip()


@contextmanager
def running() -> Iterator[Postgres]:
    """Start a server, or skip where Debian's package postgresql is not there."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        pytest.skip("no Postgres server here: apt-get install postgresql")
    programs = found[-1].parent
    # It refuses to run as root, and a socket's path may have no more than 107 characters.
    owner = _owner()
    folder = Path(tempfile.mkdtemp(prefix="rushes-pg-"))
    try:
        password = folder / "password"
        password.write_text(PASSWORD)
        for path in (folder, password):
            os.chown(path, owner.pw_uid, owner.pw_gid)
        data = folder / "data"
        _run(owner, programs / "initdb", "-D", data, "-U", USER, "-A", "scram-sha-256", "--pwfile", password)
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = int(free.getsockname()[1])
        options = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={folder} -c fsync=off"
        _run(owner, programs / "pg_ctl", "-D", data, "-w", "-l", folder / "log", "-o", options, "start")
        try:
            yield Postgres(port, folder, programs)
        finally:
            _run(owner, programs / "pg_ctl", "-D", data, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _owner() -> pwd.struct_passwd:
    if os.geteuid():
        return pwd.getpwuid(os.geteuid())
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")


def _run(owner: pwd.struct_passwd, *command: str | Path) -> None:
    # A server that is left running must not hold a pipe of ours.
    other = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []} if not os.geteuid() else {}
    with tempfile.TemporaryFile() as said:
        done = subprocess.run([str(word) for word in command], stdout=said, stderr=said, cwd="/", **other)  # type: ignore[call-overload]
        said.seek(0)
        assert not done.returncode, said.read().decode()
