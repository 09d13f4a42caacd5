"""Signals that Ray computes are those that one process computes, whatever dies on the way."""

import os
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from catalog import Catalog

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
N_SHARDS = 30
WHAT = ("embed", "states", "score", "losses", "label", "gradients", "map")
SHARDS = """
SELECT signals.kind, signals.name, shard, n_instructions, n_missing, sha256
FROM shards JOIN signals USING (signal_id) ORDER BY ALL
"""
LOSSES = "SELECT fingerprint, checkpoint, loss FROM losses JOIN instructions USING (instruction_id)"

pytestmark = [
    pytest.mark.skipif(not find_spec("ray"), reason="the engine ray is not installed"),
    pytest.mark.timeout(1800),  # each starts a dozen processes
]


class Cluster:
    """A Ray cluster of this machine, and its address."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdin
        assert process.stdout
        self.input, self.output = process.stdin, process.stdout
        self.address = self.output.readline().strip()

    def remove_node(self) -> None:
        """Kill a node with all of its workers."""
        print("remove", file=self.input, flush=True)
        assert self.output.readline() == "removed\n"


@contextmanager
def cluster(n_nodes: int, n_cpus: int) -> Iterator[Cluster]:
    command = [sys.executable, str(HERE / "run_cluster.py"), str(n_nodes), str(n_cpus)]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, **pipes, stderr=subprocess.DEVNULL, text=True) as process:
        found = Cluster(process)
        yield found
        found.input.close()
        process.wait(60)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The address of a cluster of one node with two CPUs."""
    with cluster(1, 2) as found:
        yield found.address


class Job:
    """A signal of a catalog, computed in processes of its own."""

    def __init__(self, catalog: Catalog, what: str, address: str, model: Path) -> None:
        self.catalog, self.what, self.address, self.model = catalog, what, address, model

    def run(
        self,
        engine: str,
        *,
        n_deaths: int = 0,
        lines: int | None = None,
        after_three: Callable[[], None] | None = None,
    ) -> int:
        """Run to the end, or kill the driver after so many lines; return their number."""
        home = self.catalog.store.path
        arguments = (self.what, engine, self.address, self.model, n_deaths, home.parent)
        command = [sys.executable, str(HERE / "run_engine.py"), *map(str, (home, *arguments))]
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, env=environment
        ) as script:
            assert script.stdout
            n_lines, last = 0, ""
            for last in script.stdout:
                n_lines += last == "\n"
                if after_three and n_lines == 3:
                    after_three()
                    after_three = None
                if n_lines == lines:
                    script.kill()
                    break
        self.is_killed = script.wait() == -9
        assert self.is_killed or script.returncode == 0
        assert lines or not self.is_killed
        self.end = last.strip()
        return n_lines

    def values(self) -> tuple[Any, Any]:
        """Return the hashes of all shards, and the losses, of a job that came to its end."""
        assert self.end == "done"
        assert self.catalog.doctor(full=True) == []
        with self.catalog.store.reading() as connection:
            return (
                connection.sql(SHARDS).fetchall(),
                connection.sql(f"{LOSSES} ORDER BY ALL").fetchall(),
            )


@pytest.fixture
def job(
    catalog: Catalog,
    jsonl: Callable[..., Path],
    records: Callable[[int], list[dict[str, Any]]],
    request: pytest.FixtureRequest,
) -> Callable[..., Job]:
    """Return a job about a pool of so many members."""

    def make(what: str, at: str | None = None) -> Job:
        address = at or request.getfixturevalue("address")
        model = Path() if what in ("stub", "refuse") else request.getfixturevalue("model")
        if what == "map":  # laid out once; what comes later is placed
            catalog.register(jsonl(records(32)), pool="p")
            catalog.embed("p", encoder=f"lm:{model}")
            catalog.map("p", method="pca")
        catalog.register(jsonl(records(16 * N_SHARDS)), pool="p")
        return Job(catalog, what, address, model)

    return make


def members(catalog: Catalog, selector: str, **settings: Any) -> list[str]:
    """Return the members that a selector selects, after a check that it does so again."""
    catalog.select(selector, "p", budget=40, name=selector, settings=settings)
    assert catalog.verify(selector).is_same
    rows = catalog.sql(f"SELECT fingerprint FROM subset('{selector}') ORDER BY rank")
    return list(rows["fingerprint"])


def beside(job: Job) -> Job:
    """Return the same job in a copy of its catalog."""
    home = job.catalog.store.path
    copy = shutil.copytree(home, home.with_name("copy"))
    return Job(Catalog.open(copy, isolated=False), job.what, job.address, job.model)


def test_a_killed_driver_and_a_killed_worker_change_no_byte(job: Callable[..., Job]) -> None:
    broken = job("stub")
    whole = beside(broken)
    assert whole.run("local") == N_SHARDS
    broken.run("ray", n_deaths=1, lines=3)
    assert list(broken.catalog.store.path.parent.glob("death-*"))
    n_there = sum(broken.catalog.signals("p")["n_with_value"]) // 16
    assert 0 < n_there < N_SHARDS
    assert broken.run("local") == N_SHARDS - n_there
    assert broken.values() == whole.values()


@pytest.mark.slow
def test_a_shard_that_kills_every_worker_ends_the_run_with_its_name(
    job: Callable[..., Job],
) -> None:
    broken = job("stub")
    broken.run("ray", n_deaths=-3)
    assert re.match(
        r"SignalError: shard 3 of embedding stub, 16 instructions with fingerprints \w+ to \w+:"
        r" its worker died 5 times",
        broken.end,
    )
    assert list(broken.catalog.signals("p")["n_with_value"]) == [3 * 16]


@pytest.mark.slow
def test_an_error_of_a_worker_is_that_of_one_process(job: Callable[..., Job]) -> None:
    on_ray = job("refuse")
    local = beside(on_ray)
    for each, engine in ((on_ray, "ray"), (local, "local")):
        each.run(engine)
    assert on_ray.end == local.end == "CorruptError: refused: look at it"
    kept = [list(each.catalog.signals("p")["n_with_value"]) for each in (on_ray, local)]
    assert kept[0] == kept[1]
    assert 0 < kept[0][0] < 16 * N_SHARDS


@pytest.mark.slow
@pytest.mark.parametrize("what", WHAT)
def test_ray_computes_the_bytes_that_one_process_computes(
    job: Callable[..., Job], what: str
) -> None:
    on_ray = job(what)
    local = beside(on_ray)
    local.run("local")
    on_ray.run("ray")
    assert on_ray.values() == local.values()


@pytest.mark.slow
@pytest.mark.parametrize("what", WHAT)
def test_ten_deaths_of_workers_change_no_byte(job: Callable[..., Job], what: str) -> None:
    on_ray = job(what)
    local = beside(on_ray)
    local.run("local")
    on_ray.run("ray", n_deaths=10)
    assert on_ray.values() == local.values()


@pytest.mark.slow
@pytest.mark.parametrize("what", WHAT)
def test_ten_deaths_of_the_driver_change_no_byte(job: Callable[..., Job], what: str) -> None:
    broken = job(what)
    whole = beside(broken)
    whole.run("local")
    draw, n_deaths = random.Random(what), 0
    for death in range(10):
        broken.run(("ray", "local")[death % 2], lines=draw.randint(1, 2))
        n_deaths += broken.is_killed
        assert broken.catalog.doctor() == []
    assert n_deaths >= 5  # a driver may be faster than the signal
    broken.run("ray")
    assert broken.values() == whole.values()


@pytest.mark.slow
def test_two_nodes_of_which_one_dies_give_the_members_of_one_process(
    job: Callable[..., Job],
) -> None:
    with cluster(2, 1) as nodes:
        on_ray = job("embed", nodes.address)
        local = beside(on_ray)
        local.run("local")
        on_ray.run("ray", after_three=nodes.remove_node)
        assert on_ray.values() == local.values()
        for what in ("states", "score", "losses"):
            on_ray.what = local.what = what
            on_ray.run("ray")
            local.run("local")
    assert on_ray.values() == local.values()
    selectors: dict[str, dict[str, Any]] = {"s2l": {"k": 8}, "ila_kmeans": {}, "fisher_sft": {}}
    for selector, settings in selectors.items():
        chosen = [members(each.catalog, selector, **settings) for each in (on_ray, local)]
        assert chosen[0] == chosen[1]
