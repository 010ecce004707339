"""A Slurm of one's own: a controller, and nodes that are ``hosts.Host``, each a machine that shares no folder."""

from __future__ import annotations

import os
import secrets
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from hosts import Host, Network, missing

_TOOLS = ("slurmctld", "slurmd", "munged", "sbatch")
_CONF = """
ClusterName=rushes
SlurmctldHost={head}({address})
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=/tmp/munge.sock
CryptoType=crypto/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmctldPidFile=/tmp/slurmctld.pid
SlurmdPidFile=/tmp/slurmd.pid
SlurmdSpoolDir=/tmp/slurmd
StateSaveLocation=/tmp/slurmctld
SlurmctldLogFile=/tmp/slurmctld.log
SlurmdLogFile=/tmp/slurmd.log
ReturnToService=2
SlurmdTimeout=10
KillWait=5
SchedulerParameters=bf_interval=2,sched_min_interval=500000
SchedulerTimeSlice=5
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
SlurmctldParameters=preempt_send_user_signal
JobRequeue=1
{nodes}
PartitionName=common Nodes=ALL Default=YES MaxTime=UNLIMITED PriorityTier=1 GraceTime=60
PartitionName=urgent Nodes=ALL MaxTime=UNLIMITED PriorityTier=10 PreemptMode=OFF
"""


def lacking() -> str | None:
    """Return what this machine lacks to make such a cluster of, or None."""
    absent = [tool for tool in _TOOLS if shutil.which(tool) is None]
    return missing() or (f"{', '.join(absent)} (Debian: slurm-wlm, munge)" if absent else None)


@dataclass(frozen=True)
class Slurm:
    """A running cluster. Commands are given on its head, which is no node."""

    head: Host
    nodes: dict[str, Host]

    def __call__(self, *command: str | Path, **environment: str) -> str:
        """Run a command on the head; return what it printed."""
        (self.head.tmp / "command.log").unlink(missing_ok=True)
        return self.head.run(command, "command", **environment).strip()

    def state(self, job: str) -> str:
        """Return a job's state, in Slurm's words."""
        shown = self("scontrol", "show", "job", job, "--oneliner")
        return dict(word.partition("=")[::2] for word in shown.split())["JobState"]

    def until(self, true: Callable[[], object], seconds: float = 120) -> None:
        """Wait for something; ``TimeoutError`` with what Slurm says of itself."""
        end = time.monotonic() + seconds
        while not true():
            if time.monotonic() > end:
                raise TimeoutError(self("squeue") + self("sinfo") + self.said())
            time.sleep(0.3)

    def said(self) -> str:
        """Return the end of all logs."""
        logs = [log for host in (self.head, *self.nodes.values()) for log in sorted(host.tmp.glob("*.log"))]
        return "\n".join(f"== {log}\n{log.read_text(errors='replace')[-1500:]}" for log in logs)


def slurm(net: Network, nodes: int, cpus: int, environment: Mapping[str, str]) -> Slurm:
    """Start a controller at ``.1`` and nodes from ``.2`` on; they end with the network."""
    environment = {**environment, "SLURM_CONF": "/tmp/slurm.conf"}
    head = net.host("head", 1, environment)
    members = {f"node{n}": net.host(f"node{n}", 1 + n, environment) for n in range(1, nodes + 1)}
    lines = "\n".join(
        f"NodeName={name} NodeAddr={host.address} CPUs={cpus} RealMemory=4000" for name, host in members.items()
    )
    conf = _CONF.format(head=head.name, address=head.address, nodes=lines)
    key = secrets.token_bytes(128)
    for host in (head, *members.values()):
        (host.tmp / "slurm.conf").write_text(conf)
        for folder in ("slurmd", "slurmctld"):
            (host.tmp / folder).mkdir()
        with open(os.open(host.tmp / "munge.key", os.O_CREAT | os.O_WRONLY, 0o400), "wb") as file:
            file.write(key)
        names = {"socket": "sock", "key-file": "key", "pid-file": "pid", "log-file": "munged.log", "seed-file": "seed"}
        paths = [f"--{name}=/tmp/munge.{end}" for name, end in names.items()]
        host.start(["munged", "--foreground", "--force", *paths], "munged")
    head.start(["slurmctld", "-D", "-c"], "controller")
    for name, host in members.items():
        host.start(["slurmd", "-D", "-N", name], "worker")
    made = Slurm(head, members)
    made.until(lambda: made("sinfo", "-h", "-t", "idle", "-p", "common", "-o", "%D") == str(nodes), 60)
    return made
