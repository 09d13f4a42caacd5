"""Work that travels to another process takes its model along, and computes the same bytes."""

import dataclasses
import pickle
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from catalog import Catalog
from catalog.engine.local import Local
from tests.quick import few_of

cloudpickle = pytest.importorskip("cloudpickle", reason="work is pickled as Ray pickles it")

SHARDS = "SELECT signal_id, shard, n_instructions, sha256 FROM shards ORDER BY ALL"
LOSSES = "SELECT instruction_id, checkpoint, loss FROM losses ORDER BY ALL"
Run = Callable[[Catalog, str, Any], object]


@dataclasses.dataclass(frozen=True)
class Travelling(Local):
    """This process, with work as another process would get it, and no catalog there."""

    def run(self, work: Any, shards: Iterable[Any]) -> Iterator[Any]:
        if hasattr(work, "store"):
            gone = dataclasses.replace(work.store, path=Path("/nowhere"))
            work = dataclasses.replace(work, store=gone, sign=Path("/nowhere"))
        pickled = cloudpickle.dumps(work)
        return super().run(pickle.loads(pickled), shards)


def label(catalog: Catalog, model: str, engine: Any) -> None:
    names = catalog.store.path.with_name("names.txt")
    names.write_text("river\nnight\n")
    catalog.embed("p", encoder=f"lm:{model}")
    catalog.label("p", names, threshold=-0.5, encoder=f"lm:{model}", engine=engine)


def place(catalog: Catalog, model: str, engine: Any) -> None:
    """Place the members that a later version of a pool adds."""
    source = catalog.store.path.parents[1] / "pool.jsonl"
    half = source.with_name("half.jsonl")
    half.write_text("".join(source.read_text().splitlines(keepends=True)[:12]))
    catalog.embed("p", encoder=f"lm:{model}")
    for file in (half, source):
        catalog.register(file, pool="q")
        catalog.map("q", method="pca", engine=engine)


COMPUTE: dict[str, Run] = {
    "map": place,
    "embed": lambda catalog, model, engine: catalog.embed(
        "p", encoder=f"lm:{model}", engine=engine
    ),
    "states": lambda catalog, model, engine: catalog.states(
        "p", model=model, project_to=4, engine=engine
    ),
    "score": lambda catalog, model, engine: catalog.score(
        "p", "ifd", "depth", "n_tokens", model=model, engine=engine, warm_up=0.5
    ),
    "label": label,
    "losses": lambda catalog, model, engine: catalog.train_losses(
        "p", proxy=model, epochs=1, checkpoints=2, batch=8, engine=engine
    ),
    "losses of adapters": lambda catalog, model, engine: catalog.train_losses(
        "p", proxy=model, lora="r=2", epochs=1, checkpoints=2, batch=8, engine=engine
    ),
    "gradients": lambda catalog, model, engine: catalog.gradients(
        "p", model=model, engine=engine, lora="r=2", dim=8, checkpoints=2, warm_up=0.5
    ),
}


@pytest.mark.parametrize(
    "name",
    few_of([*COMPUTE], "embed"),
)
def test_what_a_worker_elsewhere_computes_has_the_same_bytes(
    tmp_path: Path,
    jsonl: Callable[..., Path],
    records: Callable[[int], list[dict[str, Any]]],
    model: Path,
    name: str,
) -> None:
    source, values = jsonl(records(20)), []
    for engine in (Local(), Travelling()):
        catalog = Catalog.open(tmp_path / type(engine).__name__ / "home", isolated=False)
        catalog.register(source, pool="p")
        COMPUTE[name](catalog, str(model), engine)
        assert catalog.doctor(full=True) == []
        with catalog.store.reading() as connection:
            values.append([connection.sql(text).fetchall() for text in (SHARDS, LOSSES)])
    assert values[0] == values[1]
    assert values[0][0]
