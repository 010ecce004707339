"""Workers on the hosts of a Ray cluster: actors that do what ``pool``'s processes do, with CPUs and GPUs of their own.

Each is a process that takes items one by one, so that what it loads is loaded once. Where ``pool`` has to find out
which item killed a worker, here it is known: an item whose actor died is tried again alone, when all others are done,
and only then blamed; one whose host is gone goes to another at once. The cluster is the one that this process belongs
to, or that ``RAY_ADDRESS`` names; its hosts have the same code, and all of them reach the store. Here: that. Not here:
what the work is, and whether it goes to Ray (``resources.compute``).
"""

from __future__ import annotations

import hashlib
import os
import pickle
import signal
import socket
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Generic, TypeVar

from rushes.errors import SettingsError
from rushes.ranges import credentials
from rushes.work import stop
from rushes.work.pool import HEED_S, LOOK_S, ONE_THREAD, Actors, Feed, WorkerDiedError

Item = TypeVar("Item")
Result = TypeVar("Result")

# What an actor is given of this process's environment: who may read and write, and the way to there. All else, such as
# where model files lie, is its host's own affair.
_CARRIED = ("AWS_", "AZURE_", "CLOUDSDK_", "GOOGLE_", "RUSHES_CREDS_")
_WAYS = {"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"}
# So long a cluster may be without any host that has room for an actor: one may have to be rented for it.
_PATIENCE_S = 1800.0
# So many actors in a row may die as they begin, and so many hosts be lost with an item.
_FALSE_STARTS = 5
_LOST_HOSTS = 3


def run(
    work: Callable[[Item], Result], items: Feed[Item], actors: Actors
) -> Generator[tuple[Item, Result | BaseException], None, None]:
    """Do ``work`` on each item in actors; yield results, or what was raised, as they come, as ``pool.run`` does.

    Raises ``SettingsError`` where there is no Ray, no cluster, or none that has room for a single actor.
    """
    crew: _Crew[Item] = _Crew(work, actors)
    returned: deque[Item] = deque()
    suspects: deque[Item] = deque()
    lost: Counter[int] = Counter()
    with closing(items), closing(crew):
        while returned or suspects or len(items) or crew.busy:
            stop.check()
            crew.give(lambda: returned.popleft() if returned else items.take(), len(returned) + len(items))
            if suspects and not (returned or len(items) or crew.busy):
                crew.dismiss()
                item = suspects.popleft()
                yield item, _alone(work, item, actors)
                continue
            for item, outcome in crew.done(HEED_S if not len(items) else LOOK_S):
                if not isinstance(outcome, _Died):
                    yield item, outcome
                elif outcome.with_host and lost[id(item)] < _LOST_HOSTS:
                    lost[id(item)] += 1
                    returned.append(item)
                else:
                    suspects.append(item)


def _alone(work: Callable[[Item], Result], item: Item, actors: Actors) -> Result | BaseException:
    """Do ``work`` on an item that was at hand when a worker died."""
    one, lost = [item], 0
    with closing(_Crew[Item](work, Actors(1, actors.num_cpus, actors.num_gpus))) as crew:
        while True:
            stop.check()
            crew.give(lambda: one.pop() if one else None, len(one))
            for _, outcome in crew.done(HEED_S):
                if not isinstance(outcome, _Died):
                    return outcome
                lost += outcome.with_host
                if not outcome.with_host or lost > _LOST_HOSTS:
                    return WorkerDiedError("the worker process died")
                one.append(item)


@dataclass(frozen=True)
class _Died:
    """What became of an item whose actor died, perhaps because its host did."""

    with_host: bool


class _Worker:
    """The actor: a process of a host of the cluster."""

    def begin(
        self, environment: Mapping[str, str], creds: Mapping[str, credentials.Source], code: str, work: bytes
    ) -> str:
        """Take over the work and what it needs; return the id of the host."""
        import ray

        if code_digest() != code:
            raise SettingsError(
                f"Ray host {socket.gethostname()} has other code of Rushes than this one: install the same on all"
            )
        os.environ.update(environment)
        credentials.receive(creds)
        self._work = pickle.loads(work)
        return str(ray.get_runtime_context().get_node_id())

    def do(self, item: Any) -> tuple[bool, Any]:
        """Return whether the work was done, and its result or what it raised."""
        try:
            return True, self._work(item)
        except BaseException as error:
            return False, error


@dataclass
class _Member(Generic[Item]):
    """An actor as its crew knows it. ``host`` is empty until it has begun; ``ref`` is what it is at."""

    actor: Any
    ref: Any
    host: str = ""
    item: Item | None = None


class _Crew(Generic[Item]):
    """Actors that share the same work. To be used from one thread."""

    def __init__(self, work: Callable[[Item], Any], asked: Actors) -> None:
        self._ray = _connected()
        self._asked = asked
        self._actor = self._ray.remote(
            num_cpus=asked.num_cpus,
            num_gpus=asked.num_gpus,
            max_restarts=0,
            scheduling_strategy="SPREAD",
            # Left to Ray, who asks for no GPU would see them all.
            runtime_env={"env_vars": ONE_THREAD | ({} if asked.num_gpus else {"CUDA_VISIBLE_DEVICES": ""})},
        )(_Worker)
        self._given = (_environment(), credentials.carried(), code_digest(), pickle.dumps(work))
        self._members: list[_Member[Item]] = []
        self._false_starts = 0
        self._since = time.monotonic()

    @property
    def busy(self) -> bool:
        """Whether an item is being worked on."""
        return any(member.item is not None for member in self._members)

    def give(self, take: Callable[[], Item | None], left: int) -> None:
        """Give items to those who have none; ask for more actors where more are left than there are."""
        for member in self._members:
            if member.host and member.item is None:
                item = take()
                if item is None:
                    return
                left -= 1
                member.item, member.ref = item, member.actor.do.remote(item)
        waiting = sum(not member.host for member in self._members)
        for _ in range(min(left - waiting, self._room() - len(self._members))):
            actor = self._actor.remote()
            self._members.append(_Member(actor, actor.begin.remote(*self._given)))

    def done(self, seconds: float) -> Iterator[tuple[Item, Any]]:
        """Wait for a while; yield items with a result, what was raised, or ``_Died``."""
        refs = [member.ref for member in self._members if member.item is not None or not member.host]
        if not refs:
            time.sleep(seconds)
            return
        ready, _ = self._ray.wait(refs, num_returns=len(refs), timeout=0)
        if not ready:
            ready, _ = self._ray.wait(refs, timeout=seconds)
        for member in [member for member in self._members if member.ref in ready]:
            if member.host:
                item, member.item = member.item, None
                assert item is not None
                yield item, self._outcome(member)
            else:
                self._begun(member)
        self._check_patience()

    def dismiss(self) -> None:
        """End all actors, after what they are at."""
        under_way = [member.ref for member in self._members if member.item is not None]
        if under_way:
            self._ray.wait(under_way, num_returns=len(under_way))
        for member in self._members:
            self._ray.kill(member.actor)
        self._members.clear()

    def close(self) -> None:
        """End all actors, after what they are at."""
        self.dismiss()

    def _outcome(self, member: _Member[Item]) -> Any:
        try:
            _, outcome = self._ray.get(member.ref)
        except self._ray.exceptions.RayTaskError as error:
            return error  # what came of it cannot be sent
        except self._ray.exceptions.RayError:
            self._members.remove(member)
            alive = {node["NodeID"] for node in self._ray.nodes() if node["Alive"]}
            return _Died(member.host not in alive)
        return outcome

    def _begun(self, member: _Member[Item]) -> None:
        try:
            member.host = self._ray.get(member.ref)
        except self._ray.exceptions.RayTaskError as error:
            cause = error.cause
            raise cause if isinstance(cause, SettingsError) else error from None
        except self._ray.exceptions.RayError as error:
            self._members.remove(member)
            self._false_starts += 1
            if self._false_starts >= _FALSE_STARTS:
                raise SettingsError(f"Ray's workers die as they begin: {' '.join(str(error).split())}") from error
        else:
            self._false_starts = 0

    def _room(self) -> int:
        """Return how many actors to ask for: the cluster's hosts may come and go."""
        if self._asked.count is not None:
            return self._asked.count
        there = self._ray.cluster_resources()
        wanted = {"CPU": self._asked.num_cpus, "GPU": self._asked.num_gpus}
        return max(1, min((int(there.get(name, 0) / each) for name, each in wanted.items() if each), default=1))

    def _check_patience(self) -> None:
        """Raise when it has been too long that no host could have an actor, be it for others' work or for ours."""
        wanted = {"CPU": self._asked.num_cpus, "GPU": self._asked.num_gpus}
        if any(member.host for member in self._members) or any(
            node["Alive"] and all(node["Resources"].get(name, 0) >= each for name, each in wanted.items())
            for node in self._ray.nodes()
        ):
            self._since = time.monotonic()
        elif time.monotonic() - self._since > _PATIENCE_S:
            there = self._ray.cluster_resources()
            raise SettingsError(
                f"no host of Ray's has had room for a worker of {wanted['CPU']:g} CPUs and {wanted['GPU']:g} GPUs for "
                f"{_PATIENCE_S:.0f} s; in all they have {there.get('CPU', 0):g} and {there.get('GPU', 0):g}"
            )


@cache
def code_digest() -> str:
    """Return what tells the code of this package from any other: hosts that differ would write other rows."""
    root = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for file in sorted(root.rglob("*.py")):
        digest.update(f"{file.relative_to(root)}\0".encode() + file.read_bytes())
    return digest.hexdigest()


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.startswith(_CARRIED) or name.upper() in _WAYS}


def _connected() -> Any:
    """Return Ray, connected to its cluster; never starts one."""
    try:
        import ray
    except ImportError:
        raise SettingsError(
            "work is to go to a Ray cluster, but Ray is not installed: pip install 'rushes[ray]'"
        ) from None
    if not ray.is_initialized():
        try:
            with _signals_kept():
                ray.init(os.environ.get("RAY_ADDRESS") or "auto", log_to_driver=False, configure_logging=False)
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise SettingsError(
                "no Ray cluster here: begin one with 'ray start', or name it in RAY_ADDRESS: "
                + " ".join(str(error).split())
            ) from error
    return ray


@contextmanager
def _signals_kept() -> Iterator[None]:
    """Let nobody inside take over what a signal does to this process."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
