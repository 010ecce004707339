"""A cluster in small: a head with storage, Postgres, Ray and Dagster's daemon, and hosts that work for it.

Hosts are ``hosts.Host``: they share no folder that they could write. Credentials are in each host's own environment.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from hosts import Host, Network, missing, network, wait_for_port

from rushes.models.registry import models_folder
from rushes.store.objects import Objects

PROJECT = Path(__file__).parents[2]
RAY = Path(sys.executable).with_name("ray")
# The smallest that Ray takes; nothing large goes through it.
_SHARED_MEMORY = 80_000_000
_SECRET, _PASSWORD, _TOKEN = "storage-secret-4711", "postgres-secret-4712", "ray-secret-4713"
SECRETS = (_SECRET, _PASSWORD, _TOKEN)

_SERVE_S3 = f"""
import signal
from orchestration.local_s3 import serve
with serve("/tmp/s3", host={{address!r}}, port=8333, key="cluster", secret="{_SECRET}"):
    signal.pause()
"""
_SERVE_POSTGRES = """
set -e
programs=$(ls -d /usr/lib/postgresql/*/bin | tail -1)
echo "$PASSWORD" > /tmp/password
$programs/initdb -D /tmp/postgres -U dagster -A scram-sha-256 --pwfile /tmp/password > /dev/null
echo "host all all $NETWORK scram-sha-256" >> /tmp/postgres/pg_hba.conf
exec $programs/postgres -D /tmp/postgres -c listen_addresses="$ADDRESS" -c unix_socket_directories=/tmp -c fsync=off
"""


def lacking() -> str | None:
    """Return what this machine lacks to make a cluster of, or None."""
    if absent := missing():
        return absent
    if not RAY.exists():
        return "Ray in this environment (make test-cluster installs it)"
    if not list(Path("/usr/lib/postgresql").glob("*/bin/postgres")):
        return "Postgres (Debian: postgresql)"
    return None


@dataclass
class Cluster:
    """A head and its hosts. ``environment`` is what a process on any of them starts with."""

    net: Network
    head: Host
    environment: dict[str, str]
    hosts: dict[str, Host] = field(default_factory=dict)

    def join(self, name: str, number: int, cpus: int, runs: int) -> Host:
        """Switch on a host that offers its CPUs, and to carry out some runs at a time; Ray will know it soon."""
        host = self.net.host(name, number, self.environment)
        self.hosts[name] = host
        host.start(
            [RAY, "start", f"--address={self.head.address}:6379", f"--node-ip-address={host.address}",
             f"--num-cpus={cpus}", f"--resources={json.dumps({'run': runs} if runs else {})}",
             f"--object-store-memory={_SHARED_MEMORY}", "--disable-usage-stats"],
            "ray",
        )  # fmt: skip
        return host

    def said(self) -> str:
        """Return the end of what went on, for the message of a test that failed."""
        logs = [log for host in (self.head, *self.hosts.values()) for log in sorted(host.tmp.glob("*.log"))]
        return "\n".join(f"== {log}\n{log.read_text(errors='replace')[-1500:]}" for log in logs)

    def python(self, code: str, log: str = "python", **environment: str) -> str:
        """Run Python code on the head and return what it printed."""
        (self.head.tmp / f"{log}.log").unlink(missing_ok=True)
        return self.head.run([sys.executable, "-c", code], log, timeout=300, **environment)


@contextmanager
def cluster(folder: Path) -> Iterator[Cluster]:
    """Give a head with S3, Postgres and Ray; hosts are yet to ``join``."""
    with network(folder) as net:
        address = f"{net.prefix}.1"
        environment = {
            "RUSHES_STORE": "s3://rushes/store",
            "AWS_ENDPOINT_URL": f"http://{address}:8333",
            "AWS_ACCESS_KEY_ID": "cluster",
            "AWS_SECRET_ACCESS_KEY": _SECRET,
            "AWS_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "RUSHES_POSTGRES": f"postgresql://dagster:{_PASSWORD}@{address}/postgres",
            "DAGSTER_HOME": str(PROJECT / "deploy" / "ray"),
            "RUSHES_MODELS": str(models_folder()),
            "RAY_API_SERVER_ADDRESS": f"http://{address}:8265",
            # A host that is lost says nothing: it is given up after a quarter of a minute or so.
            "RAY_health_check_period_ms": "1000",
            "RAY_health_check_timeout_ms": "4000",
            "RAY_health_check_failure_threshold": "3",
            "RAY_JOB_START_TIMEOUT_SECONDS": "86400",
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN": _TOKEN,
            "PATH": os.pathsep.join([str(RAY.parent), str(PROJECT / ".venv" / "bin"), os.environ["PATH"]]),
            # Which kernels BLAS takes shows in the last bits of a sum.
            **{name: value for name, value in os.environ.items() if name.startswith("OPENBLAS_")},
            "PYTHONPATH": str(PROJECT),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        head = net.host("head", 1, environment)
        head.start([sys.executable, "-c", _SERVE_S3.format(address=address)], "s3")
        own = {"PASSWORD": _PASSWORD, "ADDRESS": address, "NETWORK": f"{net.prefix}.0/24"}
        head.start(["bash", "-c", _SERVE_POSTGRES], "postgres", user="postgres", **own)
        head.run(
            [RAY, "start", "--head", f"--node-ip-address={address}", "--port=6379", f"--dashboard-host={address}",
             "--num-cpus=0", f"--object-store-memory={_SHARED_MEMORY}", "--disable-usage-stats"],
            "ray",
        )  # fmt: skip
        for port in (8333, 5432, 8265):
            wait_for_port(address, port)
        yield Cluster(net, head, environment)


def same_objects(made: Objects, expected: Objects, part: str = "") -> None:
    """Fail unless the tables, records, media and data sets of two stores are the same bytes, or those of a part."""
    for folder in ("batches", "tables", "records", "media", "datasets"):
        names = [[name for name in store.list(folder) if part in name] for store in (made, expected)]
        assert names[0] == names[1], sorted({*names[0]} ^ {*names[1]})
        different = [name for name in names[0] if made.read(name) != expected.read(name)]
        assert different == [], different


def eventually(look: Callable[[], bool], problem: Callable[[], str], seconds: float) -> None:
    """Return when something has come true; else fail with what ``problem`` says then."""
    until = time.monotonic() + seconds
    while not look():
        assert time.monotonic() < until, problem()
        time.sleep(0.5)
