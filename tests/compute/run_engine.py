"""One signal on an engine, in small shards; prints a line after each of them.

Run: python run_engine.py HOME WHAT ENGINE ADDRESS MODEL N_DEATHS FOLDER

The first N_DEATHS shards kill their worker once; FOLDER remembers which did. With -N_DEATHS the
shard of that number kills every worker.
"""

# ruff: noqa: T201 -- what it prints is what it is for
from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from catalog import Catalog
from catalog.compute import shard_runner
from catalog.compute.shard_writer import Values
from catalog.engine import Engine, Shard
from catalog.engine.local import Local
from catalog.engine.ray import RayEngine
from catalog.errors import CatalogError, CorruptError
from catalog.signals.registry import ensure_signal

ROWS = 16


@dataclass(frozen=True)
class DeadlyRay(RayEngine):
    """Workers that die at the first shards."""

    deaths: tuple[int, str] = (0, "")

    def run(self, work: Callable[[Any], Any], shards: Iterable[Any]) -> Iterator[Any]:
        return super().run(Deadly(work, *self.deaths), shards)


@dataclass(frozen=True)
class Loud:
    """An engine that prints a line after each answer, for what reports no progress."""

    engine: Engine
    name: str = "loud"
    group_seconds: float = 0.0
    reads_ahead: bool = False

    def share(self, value: Any) -> Any:
        return self.engine.share(value)

    def run(self, work: Callable[[Any], Any], shards: Iterable[Any]) -> Generator[Any, None, None]:
        for answer in self.engine.run(work, shards):
            print(flush=True)
            yield answer


@dataclass
class Deadly:
    work: Callable[[Any], Any]
    n_deaths: int
    folder: str

    def __call__(self, shard: Shard[Any]) -> Any:
        if shard.number == -self.n_deaths > 0:
            os.kill(os.getpid(), signal.SIGKILL)
        sign = Path(self.folder) / f"death-{shard.number}"
        if shard.number < self.n_deaths and not sign.exists():
            sign.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return self.work(shard)


def stub(texts: pa.Table) -> Values:
    """Two numbers of each prompt, as its vector."""
    numbers = np.array(
        [(len(prompt), hash_of(prompt)) for prompt in texts["prompt"].to_pylist()], dtype=np.float32
    )
    vector = pa.FixedSizeListArray.from_arrays(pa.array(numbers.reshape(-1)), 2)
    return Values(pa.table({"instruction_id": texts["instruction_id"], "vector": vector}))


def refuse(texts: pa.Table) -> Values:
    """Fail at one shard of the middle."""
    if texts["fingerprint"][0].as_py()[0] >= "8":
        raise CorruptError("refused", next_step="look at it")
    return stub(texts)


def hash_of(text: str) -> int:
    return sum(text.encode())


STUBS = {"stub": stub, "refuse": refuse}


def compute_stub(
    catalog: Catalog, engine: Engine, progress: Any, values: Callable[[pa.Table], Values]
) -> None:
    with catalog.store.writing() as connection:
        signal_ = ensure_signal(
            connection, kind="embedding", name="stub", identity={}, dimension=2, has_vectors=True
        )
    shard_runner.compute(
        *(catalog.store, catalog.find("p"), signal_, values),
        shard_rows=ROWS,
        engine=engine,
        progress=progress,
    )


def embed(catalog: Catalog, model: str, several: dict[str, Any]) -> None:
    catalog.embed("p", encoder=f"lm:{model}", **several)


def label(catalog: Catalog, model: str, several: dict[str, Any]) -> None:
    catalog.embed("p", encoder=f"lm:{model}")
    names = Path(catalog.store.path).with_name("names.txt")
    names.write_text("river\nnight\nlight\n")
    catalog.label("p", names, threshold=-0.5, encoder=f"lm:{model}", **several)


def states(catalog: Catalog, model: str, several: dict[str, Any]) -> None:
    catalog.states("p", model=model, project_to=4, **several)


def score(catalog: Catalog, model: str, several: dict[str, Any]) -> None:
    catalog.score("p", "ifd", "depth", "n_tokens", model=model, warm_up=0.5, **several)


def map_(catalog: Catalog, model: str, several: dict[str, Any]) -> None:
    catalog.embed("p", encoder=f"lm:{model}")
    catalog.map("p", method="pca", engine=Loud(several["engine"]))


def gradients(catalog: Catalog, model: str, several: dict[str, Any]) -> None:
    options = {"lora": "r=2", "dim": 16, "checkpoints": 2, "warm_up": 0.5}
    catalog.gradients("p", model=model, **several, **options)


def losses(catalog: Catalog, model: str, several: dict[str, Any]) -> None:
    from catalog.compute.losses.train import train_losses

    recipe = {"epochs": 2, "batch": 8, "checkpoints": 3, "learning_rate": 1e-2}
    options = {"proxy": model, "recipe": recipe, "chunk_rows": ROWS}
    train_losses(catalog.store, catalog.find("p"), **options, **several)


COMPUTE = {
    each.__name__.strip("_"): each
    for each in (embed, label, states, score, map_, gradients, losses)
}


def run(catalog: Catalog, what: str, model: str, engine: Engine) -> None:
    def progress(*_: int) -> None:
        print(flush=True)

    if what in STUBS:
        compute_stub(catalog, engine, progress, STUBS[what])
    else:
        COMPUTE[what](catalog, model, {"engine": engine, "progress": progress})


def make_shards_small() -> None:
    import torch

    from catalog.compute import embeddings, gradients, maps, similarity, states
    from catalog.compute.scores import scoring

    torch.set_num_threads(1)
    similarity.BATCH_ROWS = maps.SHARD_ROWS = ROWS
    gradients.SHARD_BYTES = states.SHARD_BYTES = 0  # shards of 32 members
    for module in (embeddings, scoring):
        module.compute = partial(shard_runner.compute, shard_rows=ROWS)  # type: ignore[attr-defined]


def main(
    home: str, what: str, name: str, address: str, model: str, n_deaths: str, folder: str
) -> None:
    shard_runner.READ_ROWS, shard_runner.READ_BYTES = 2 * ROWS, 1  # read ahead, again and again
    if what not in STUBS:
        make_shards_small()
    engine: Engine = Local(group_seconds=0.0)
    if name == "ray":
        os.environ["RAY_ADDRESS"] = address
        engine = DeadlyRay(workers=2, group_seconds=0.0, deaths=(int(n_deaths), folder))
    try:
        run(Catalog.open(home, isolated=False), what, model, engine)
    except CatalogError as error:
        print(f"{type(error).__name__}: {error}", flush=True)
    else:
        print("done", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
