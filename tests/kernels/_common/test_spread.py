"""Kernels give the same bits wherever their blocks are computed."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from catalog import Catalog
from catalog.engine import Shard
from catalog.engine.local import Local
from catalog.errors import OptionError
from catalog.kernels._common.parallel import row_blocks
from catalog.kernels._common.spread import Spread, on_engine
from tests.compute.test_engines import cluster
from tests.kernels._common import run_kernels

ROOT = Path(__file__).resolve().parents[3]


@dataclass
class Elsewhere:
    """Engine to which work and shards travel as bytes, and to which a shared value goes once."""

    name: str = "elsewhere"
    group_seconds: float = 0.0
    reads_ahead: bool = False
    n_shards: int = 0
    n_bytes: list[int] = field(default_factory=list)

    def share(self, value: Any) -> Kept:
        SHARED.append(value)
        return Kept(len(SHARED) - 1)

    def run(
        self, work: Callable[[Shard[Any]], Any], shards: Iterable[Shard[Any]]
    ) -> Generator[Any, None, None]:
        sent = pickle.dumps(work)
        for shard in shards:
            packed = pickle.dumps(shard)
            self.n_shards += 1
            self.n_bytes.append(len(packed) + len(sent))
            yield pickle.loads(sent)(pickle.loads(packed))


SHARED: list[Any] = []


@dataclass
class Kept:
    number: int

    def __call__(self) -> Any:
        return SHARED[self.number]


def test_blocks_elsewhere_give_the_bytes_of_blocks_here(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("spread.SPAN_WORK", "text_pairs.BLOCK", "text_pairs.WORK"):  # set by the script
        monkeypatch.setattr(f"catalog.kernels._common.{name}", 1)
    engine = Elsewhere()
    assert run_kernels.answers(lambda _: Local()) == run_kernels.answers(lambda _: engine)
    assert engine.n_shards > 30
    assert max(engine.n_bytes) < 4 * run_kernels.N * run_kernels.D / 2  # vectors lie there already


def test_what_fills_one_shard_stays_here() -> None:
    x = np.arange(100)
    with row_blocks() as for_blocks, on_engine(Elsewhere), pytest.MonkeyPatch.context() as patch:
        few = Spread(x, size=7, for_blocks=for_blocks, cost=1, name="a")
        assert few.map(
            len,
        ) == [7] * 14 + [2]
        patch.setattr("catalog.kernels._common.spread.SPAN_WORK", 20)
        many = Spread(x, size=7, for_blocks=for_blocks, cost=1, name="a")
        assert [len(each) for each in many.stream(np.sum)] == [2] * 7 + [1]
        assert many.map(np.sum) == few.map(np.sum)


def test_a_query_s_kernels_compute_on_its_engine(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("catalog.kernels._common.spread.SPAN_WORK", 1)
    rows = "SELECT i::VARCHAR AS fingerprint, [i, i % 7]::FLOAT[] AS v FROM range(2000) AS t(i)"
    query = f"SELECT * FROM kmeans(({rows}), k => $k, iterations => 2)"
    engine = Elsewhere()
    for k, asked in ((3, engine), (4, "local"), (5, None)):  # others, since answers are kept
        here = catalog.sql(query, parameters={"k": k}, engine=asked)
        assert len(here) == 2_000
    assert engine.n_shards == 3 * 4  # blocks of 500 rows, three times
    monkeypatch.setenv("CATALOG_ENGINE", "spark")
    with pytest.raises(OptionError, match="spark"):
        catalog.sql(query, parameters={"k": 6})


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.skipif(not find_spec("ray"), reason="the engine ray is not installed")
def test_workers_of_a_cluster_give_the_bytes_of_one_process(tmp_path: Path) -> None:
    def run(engine: str, n_deaths: int, address: str = "") -> list[list[str]]:
        arguments = (engine, n_deaths, tmp_path)
        command = [sys.executable, "-m", "tests.kernels._common.run_kernels", *map(str, arguments)]
        environment = os.environ | {"PYTHONPATH": str(ROOT), "RAY_ADDRESS": address}
        done = subprocess.run(
            command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True
        )
        return [line.split() for line in done.stdout.splitlines()]

    here = run("local", 0)
    assert {n_killed for _, _, n_killed in here} == {"0"}
    with cluster(1, 2) as nodes:
        assert run("ray", 0, nodes.address) == here
        broken = run("ray", 1, nodes.address)
    assert [line[:2] for line in broken] == [line[:2] for line in here]
    assert {n_killed for _, _, n_killed in broken} == {"1"}
