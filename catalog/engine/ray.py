"""Engine `ray`: tasks on a Ray cluster, or on one of its own on this machine.

Ray finds the cluster by ``RAY_ADDRESS``. Shards are tasks, not actors, so that they follow the
nodes of a cluster that grows and shrinks; a worker keeps the work, and its model, for the next
shard. The work lies in the object store, which brings it to every node once.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
import socket
import sys
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Generic

from catalog.engine import Answer, Content, Shard, Shared
from catalog.engine.packed import pack_tables
from catalog.errors import OptionError, SignalError
from catalog.messages import argument, one_line

ADDRESS = "RAY_ADDRESS"
RETRIES = 4  # of a shard whose worker died
AHEAD = 2  # shards in flight for each worker: one is computed, one waits with its content
LOOK = 1.0  # seconds between two looks at the size of the cluster
PACKAGE = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class RayEngine:
    """Workers of a Ray cluster; nodes may come and go.

    Attributes:
        workers: how many compute at once, at most; None uses the whole cluster.
        gpus_per_worker: GPUs, or a part of one, that each worker has for itself.
    """

    workers: int | None = None
    gpus_per_worker: float = 0.0
    name: str = "ray"
    group_seconds: float = 10.0
    reads_ahead: bool = True

    def __post_init__(self) -> None:
        if self.workers is not None and self.workers < 1:
            raise OptionError(f"{argument('workers')}: expected at least 1, got {self.workers}")
        if self.gpus_per_worker < 0:
            raise OptionError(
                f"{argument('gpus_per_worker')}: expected 0 or more, got {self.gpus_per_worker}"
            )
        require_ray()

    def share(self, value: Content) -> Shared[Content]:
        """Return a value in the object store, which brings it to every node once.

        Raises:
            SignalError: no cluster answers.
        """
        ray = require_ray()
        self.connect(ray)
        return _InStore(ray.put(value))

    def connect(self, ray: Any) -> int:
        """Connect to the cluster, and return the CPUs of a worker.

        Raises:
            SignalError: no cluster answers.
        """
        cpus = 1 if self.gpus_per_worker else torch_threads()
        connect(ray, cpus=cpus * (self.workers or 0), least=cpus)
        pack_tables(ray)
        return cpus

    def run(
        self, work: Callable[[Shard[Content]], Answer], shards: Iterable[Shard[Content]]
    ) -> Generator[Answer, None, None]:
        """Yield the answer of every shard, in their order, whatever order workers finish in.

        Raises:
            CatalogError: what the work raised, at the first shard where it did.
            SignalError: a shard ended its worker five times; a node has other code.
        """
        ray = require_ray()
        waiting: deque[tuple[Shard[Content], Any]] = deque()
        job: _Job | None = None
        try:
            for shard in shards:
                job = job or _Job(ray, self, work)
                waiting.append((shard, job.start(shard)))
                while len(waiting) >= job.n_ahead():
                    yield _answer(ray, *waiting.popleft())
            while waiting:
                yield _answer(ray, *waiting.popleft())
        finally:
            for _, reference in waiting:
                with suppress(Exception):
                    ray.cancel(reference, force=True)


@dataclass(frozen=True)
class _InStore(Generic[Content]):
    """Value in the object store of a cluster."""

    reference: Any

    def __call__(self) -> Content:
        """Return the value; its arrays lie in the store."""
        value: Content = require_ray().get(self.reference)
        return value


class _Job:
    """Work in the object store of a cluster, and the size of that cluster."""

    def __init__(self, ray: Any, engine: RayEngine, work: Callable[..., Any]) -> None:
        self._ray, self._engine = ray, engine
        pickled = ray.cloudpickle.dumps(work)  # loads the model, and with it torch
        self._n_threads = torch_threads()
        self._cpus = engine.connect(ray)
        self._require_room()
        self._box = [ray.put(pickled)]  # in a list, so that it stays a reference
        options = {"num_cpus": self._cpus, "num_gpus": engine.gpus_per_worker}
        spread = {"max_retries": RETRIES, "scheduling_strategy": "SPREAD"}
        self._task = ray.remote(**options, **spread)(_compute)
        self._looked = -LOOK
        self._slots = 1

    def _require_room(self) -> None:
        """Refuse workers that fit on no node, for which Ray would wait.

        A node with GPUs may still come where the cluster is not of this process.

        Raises:
            OptionError: no node has as many CPUs, or this machine no GPU.
        """
        nodes = [each["Resources"] for each in self._ray.nodes() if each["Alive"]]
        most = max(each.get("CPU", 0.0) for each in nodes)
        if 0 < most < self._cpus:
            raise OptionError(
                f"a worker has {self._cpus} threads, as this process, and no node more than "
                f"{most:g} CPUs",
                next_step=f"set OMP_NUM_THREADS={most:g}",
            )
        gpus = self._engine.gpus_per_worker
        if gpus > max(each.get("GPU", 0.0) for each in nodes) and not os.environ.get(ADDRESS):
            raise OptionError(
                f"{argument('gpus_per_worker')}: expected at most the GPUs of this machine, "
                f"got {gpus:g}",
                next_step=f"set {ADDRESS} to a cluster with GPUs",
            )

    def start(self, shard: Shard[Any]) -> Any:
        """Return the reference of a shard's answer."""
        return self._task.remote(self._box, self._n_threads, code_sha256(), shard)

    def n_ahead(self) -> int:
        """Return how many shards are in flight."""
        if time.monotonic() >= self._looked + LOOK:
            self._looked, self._slots = time.monotonic(), self._n_slots()
        workers = self._engine.workers
        if workers is not None and workers < self._slots:
            return workers
        return AHEAD * self._slots

    def _n_slots(self) -> int:
        there = self._ray.cluster_resources()
        slots = there.get("CPU", 1.0) / self._cpus
        if self._engine.gpus_per_worker:
            slots = min(slots, there.get("GPU", 0.0) / self._engine.gpus_per_worker)
        return max(1, int(slots))


def require_ray() -> Any:
    """Return the package.

    Raises:
        OptionError: it is not installed.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    # The driver retries; by default it would retry for ever where a worker takes all memory.
    os.environ.setdefault("RAY_task_oom_retries", str(RETRIES))
    try:
        import ray
    except ImportError:
        raise OptionError(
            "the engine ray is not installed", next_step="pip install 'catalog[ray]'"
        ) from None
    return ray


def connect(ray: Any, *, cpus: int, least: int = 1) -> None:
    """Connect to the cluster of ``RAY_ADDRESS``, or start one on this machine, once a process.

    Args:
        ray: the package.
        cpus: how many workers of a cluster of this process share; 0 is all that there are.
        least: what one worker takes.

    Raises:
        SignalError: no cluster answers.
    """
    if ray.is_initialized():
        return
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    address = os.environ.get(ADDRESS)
    if not address:
        n_cpus = max(cpus or os.cpu_count() or 1, least)
        options |= {"address": "local", "include_dashboard": False, "num_cpus": n_cpus}
    # Ray prints the deaths of workers on stdout, which is for data, and has no option against it.
    ray._private.worker.print_to_stdstream = lambda *_, **__: None
    try:
        _reach(address or "")
        ray.init(**options)
    except (OSError, RuntimeError, ValueError) as error:
        raise SignalError(
            f"{ADDRESS}: no Ray cluster answers at {address or 'this machine'}: {one_line(error)}",
            next_step=f"start it by `ray start --head`, or unset {ADDRESS} to start one here",
        ) from error


def _reach(address: str) -> None:
    """Try the port of an address, since Ray tries for minutes; others than ``HOST:PORT`` are Ray's.

    Raises:
        OSError: nothing answers.
    """
    match = re.fullmatch(r"([^/:]+):(\d+)", address)
    if match:
        socket.create_connection((match[1], int(match[2])), timeout=10).close()


def torch_threads() -> int:
    """Return the threads of this process's torch; workers have as many, since bits may differ."""
    torch = sys.modules.get("torch")
    return torch.get_num_threads() if torch else 1


@cache
def code_sha256() -> str:
    """Return the sha256 of this package's source."""
    digest = hashlib.sha256()
    for path in sorted(PACKAGE.rglob("*.py")):
        digest.update(f"\0{path.relative_to(PACKAGE).as_posix()}\0".encode() + path.read_bytes())
    return digest.hexdigest()


_loaded: dict[str, Callable[..., Any]] = {}  # in a worker: the work that it serves


def _compute(box: list[Any], n_threads: int, code: str, shard: Shard[Any]) -> Any:
    """Compute a shard, in a worker."""
    import ray

    key = box[0].hex()
    if key not in _loaded:
        if code != code_sha256():
            node = ray.util.get_node_ip_address()
            raise SignalError(
                f"the node {node} has other code of catalog than this one",
                next_step="install the same version on every node",
            )
        _loaded.clear()
        _loaded[key] = ray.cloudpickle.loads(ray.get(box[0]))
        if "torch" in sys.modules:
            sys.modules["torch"].set_num_threads(n_threads)
    return _loaded[key](shard)


def _answer(ray: Any, shard: Shard[Any], reference: Any) -> Any:
    try:
        return ray.get(reference)
    except ray.exceptions.RayTaskError as error:
        raise (error.cause or error) from None
    except ray.exceptions.RayError as error:
        reason = str(error).strip().splitlines()[0]
        raise SignalError(
            f"{shard.name}: its worker died {RETRIES + 1} times ({reason})",
            next_step=f"see why with {argument('engine', 'local')}; what is committed stays",
        ) from None
