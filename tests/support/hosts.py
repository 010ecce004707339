"""Machines of their own, as far as one kernel can pretend: each has a network address, processes, a host name, its own
``/tmp`` and shared memory, and can write nowhere else. So what two of them share went over the network. This project
they can read, wherever it lies.

Needs root, and Debian's ``iproute2`` and ``util-linux``. A host ends with the process that made it, even if that is
killed.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

Found = TypeVar("Found")
_TOOLS = ("ip", "unshare", "nsenter", "setpriv", "mount")
# Process 1 of a host: it buries whoever's parent is gone, as a real one does.
_INIT = """
set -e
hostname "$1"
ip link set lo up
mount --rbind / "$2/root"
for folder in run var/tmp tmp; do mount --bind "$2/$folder" "$2/root/$folder"; done
mount -o remount,bind,ro "$2/root"
case "$3" in
  /run/* | /var/tmp/* | /tmp/*)
    mkdir -p "$2/root$3"
    mount --bind "$3" "$2/root$3"
    mount -o remount,bind,ro "$2/root$3";;
esac
mount -t tmpfs -o size=4g shm "$2/root/dev/shm"
touch "$2/tmp/ready"
exec chroot "$2/root" bash -c 'trap : CHLD; while :; do sleep 3600 & wait; done'
"""
_PROJECT = Path(__file__).parents[2]
_PRIVATE = ("root", "run", "var/tmp", "tmp")


def missing() -> str | None:
    """Return what is missing on this machine for making hosts, or None."""
    if os.geteuid() != 0:
        return "root"
    lacking = [tool for tool in _TOOLS if shutil.which(tool) is None]
    return f"{', '.join(lacking)} (Debian: iproute2, util-linux)" if lacking else None


@dataclass(frozen=True)
class Host:
    """A machine on the network: commands are started on it, with an environment that begins with ``environment``."""

    name: str
    address: str
    tmp: Path  # what the host sees as /tmp
    environment: Mapping[str, str]
    init: int  # its process 1, as seen from here
    cable: str

    def start(
        self, command: Sequence[str | Path], log: str, user: str | None = None, **environment: str
    ) -> subprocess.Popen[bytes]:
        """Start a command in the host's ``/tmp``; its output goes to ``/tmp/<log>.log``."""
        enter = ["nsenter", f"--target={self.init}", "--mount", "--pid", "--net", "--uts", "--ipc", "--root"]
        enter += ["--wd=/proc/self/root/tmp"]
        become = ["runuser", "-u", user, "--"] if user else []
        with (self.tmp / f"{log}.log").open("ab") as output:
            return subprocess.Popen(
                [*enter, *become, *map(str, command)],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                env={**self.environment, **environment}, start_new_session=True,
            )  # fmt: skip

    def run(
        self, command: Sequence[str | Path], log: str, user: str | None = None, timeout: float = 120, **environment: str
    ) -> str:
        """Run a command to its end and return its output; ``RuntimeError`` with that when it failed."""
        process = self.start(command, log, user, **environment)
        try:
            code = process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            code = -1
        if code:
            raise RuntimeError(f"{self.name}: {command[0]} ended with {code}:\n{self.said(log)}")
        return self.said(log)

    def said(self, log: str) -> str:
        """Return what went to a log, its end if that is long."""
        return (self.tmp / f"{log}.log").read_text(errors="replace")[-8000:]

    def runs(self, words: str) -> list[int]:
        """Return the processes of the host, as seen from here, in whose command these words are."""
        spaces = os.readlink(f"/proc/{self.init}/ns/pid")
        return [
            int(folder.name)
            for folder in Path("/proc").iterdir()
            if folder.name.isdigit() and _is_of(folder, spaces) and words in _command(folder)
        ]

    def kill_one(self, words: str) -> bool:
        """Kill a process of the host in whose command these words are; return whether there was one."""
        for process in self.runs(words):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
                return True
        return False

    def kill(self) -> None:
        """Switch the machine off: from one moment on it says nothing more to anybody, and every process is killed."""
        _unplug(self.cable)
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.init, signal.SIGKILL)


@dataclass(frozen=True)
class Network:
    """Hosts on one bridge, 10.77.N.0/24; this process is on it too, at ``.254``."""

    bridge: str
    prefix: str
    folder: Path
    ended: ExitStack

    def host(self, name: str, number: int, environment: Mapping[str, str] | None = None) -> Host:
        """Switch on a machine with the address ``prefix.number``."""
        own = self.folder / name
        for private in _PRIVATE:
            (own / private).mkdir(parents=True)
            (own / private).chmod(0o1777)
        spaces = ["--mount", "--pid", "--fork", "--net", "--uts", "--ipc", "--mount-proc"]
        parted = ["setpriv", "--pdeathsig", "KILL", "unshare", *spaces, "--kill-child"]
        with (own / "init.log").open("wb") as log:
            parent = subprocess.Popen(
                [*parted, "bash", "-c", _INIT, "init", name, own, _PROJECT],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        self.ended.callback(_end, parent)
        init = _until(lambda: _child(parent), f"{name} did not start")
        cable, address = f"{self.bridge}p{number}", f"{self.prefix}.{number}"
        _ip("link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", str(init))
        self.ended.callback(_unplug, cable)
        _ip("link", "set", cable, "master", self.bridge, "up")
        inside = ["nsenter", "--target", str(init), "--net"]
        _until(lambda: (own / "tmp" / "ready").exists(), f"{name} did not get its folders")
        for command in (["addr", "add", f"{address}/24", "dev", "eth0"], ["link", "set", "eth0", "up"]):
            subprocess.run([*inside, "ip", *command], check=True)
        basic = {
            "PATH": os.environ["PATH"], "HOME": "/tmp", "LANG": "C.UTF-8", "TMPDIR": "/tmp",
        }  # fmt: skip
        return Host(name, address, own / "tmp", {**basic, **(environment or {})}, init, cable)


@contextmanager
def network(folder: Path) -> Iterator[Network]:
    """Give a network without hosts; everything on it ends with the context."""
    with ExitStack() as ended:
        for number in range(100):
            bridge = f"rushes{number}"
            made = subprocess.run(["ip", "link", "add", bridge, "type", "bridge"], capture_output=True, check=False)
            if made.returncode == 0:
                break
        else:
            raise RuntimeError(f"no bridge: {made.stderr.decode().strip()}")
        ended.callback(_ip, "link", "del", bridge)
        _ip("addr", "add", f"10.77.{number}.254/24", "dev", bridge)
        _ip("link", "set", bridge, "up")
        hosts = ended.enter_context(ExitStack())
        yield Network(bridge, f"10.77.{number}", folder, hosts)


def wait_for_port(address: str, port: int, seconds: float = 60) -> None:
    """Return when somebody listens there."""

    def listens() -> bool:
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex((address, port)) == 0

    _until(listens, f"nobody listens on {address}:{port}", seconds)


def _is_of(process: Path, spaces: str) -> bool:
    with contextlib.suppress(OSError):
        return os.readlink(process / "ns" / "pid") == spaces
    return False


def _command(process: Path) -> str:
    with contextlib.suppress(OSError):
        return (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return ""


def _child(parent: subprocess.Popen[bytes]) -> int | None:
    assert parent.poll() is None, "a host's first process ended"
    children = Path(f"/proc/{parent.pid}/task/{parent.pid}/children").read_text().split()
    return int(children[0]) if children else None


def _end(parent: subprocess.Popen[bytes]) -> None:
    parent.kill()  # its child, process 1 of the host, goes with it, and all that run there with that
    parent.wait()


def _unplug(cable: str) -> None:
    """Take a cable away; the kernel may keep the far end for minutes, for what a connection has still to say."""
    subprocess.run(["ip", "link", "del", cable], capture_output=True, check=False)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


def _until(look: Callable[[], Found | None], problem: str, seconds: float = 20) -> Found:
    """Return what ``look`` finds, asked again until then."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := look():
            return found
        time.sleep(0.05)
    raise TimeoutError(problem)
