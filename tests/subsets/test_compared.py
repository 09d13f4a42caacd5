"""Overlap as an incremental signal: what met is kept, answers are those of whole comparisons."""

from __future__ import annotations

import json
from itertools import product
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from click.testing import CliRunner

from catalog import Catalog
from catalog.cli import main
from catalog.compute.shard_runner import Values, compute
from catalog.errors import MemoryLimitError, SelectionError, SignalError
from catalog.kernels.overlap import overlap
from catalog.query.executor import Limits
from catalog.query.rows import Ids
from catalog.signals.registry import ensure_signal
from catalog.store.references import resolve
from catalog.store.store import Store
from catalog.subsets.overlap.compared import compare_all, member_ids
from catalog.subsets.overlap.evaluation import check, eval_pools
from catalog.subsets.overlap.methods import SharedWords
from tests.copies import made_once
from tests.quick import few_of

WORDS = ["river", "give", "word"]
SHARED = "one two three four five six seven eight nine ten eleven twelve thirteen"


def text(rng: np.random.Generator) -> str:
    return " ".join(rng.choice(WORDS, size=rng.integers(1, 12)))


def register(catalog: Catalog, pool: str, texts: list[str], **options: Any) -> None:
    path = catalog.store.path.parent / f"{pool}.json"
    path.write_text(json.dumps([{"instruction": each, "output": "-"} for each in texts]))
    catalog.register(path, pool=pool, **options)


def pairs_of(catalog: Catalog, reference: str, test: str, n: int) -> set[tuple[str, str, int]]:
    """Compare all members with all items, at once."""
    sides = [
        catalog.sql(
            "SELECT fingerprint, concat_ws(chr(10), prompt, response) AS text FROM pool($r)",
            parameters={"r": each},
        ).to_arrow()
        for each in (reference, test)
    ]
    return triples(overlap(*sides, n=n))


def triples(pairs: pa.Table) -> set[tuple[str, str, int]]:
    names = ("fingerprint", "test_fingerprint", "hits")
    return set(zip(*(pairs[name].to_pylist() for name in names), strict=True))


@pytest.mark.parametrize(("seed", "n_rounds"), few_of([(1, 2), *product(range(6), [3])], (1, 2)))
def test_answers_of_growing_pools_are_those_of_whole_comparisons(
    catalog: Catalog, seed: int, n_rounds: int
) -> None:
    rng = np.random.default_rng(seed)
    texts = {name: [text(rng) for _ in range(12)] for name in ("p", "q", "t", "u")}
    texts["q"] += texts["p"][:4]
    texts["u"] += texts["t"][:4]
    for name in texts:
        register(catalog, name, texts[name], mode="replace")
    for _ in range(n_rounds):
        reference, test = rng.choice(["p", "q"]), rng.choice(["t", "u"])
        found = catalog.project.overlap(reference, against=[test, "t"], ngram=5)
        for each in found.tests:
            assert triples(each.pairs) == pairs_of(catalog, reference, each.test, 5)
        again = catalog.project.overlap(reference, against=[test, "t"], ngram=5)
        assert (again.n_compared, again.tests) == (0, found.tests)
        grown = str(rng.choice(list(texts)))
        register(catalog, grown, [text(rng) for _ in range(3)], mode="append")
    kept = "SELECT count(*) - count(DISTINCT (group_id, instruction_id)) FROM overlap_members"
    assert catalog.sql(kept).item() == 0


def test_only_what_is_new_is_compared(catalog: Catalog) -> None:
    register(catalog, "p", [f"question {i}" for i in range(9)])
    register(catalog, "t", [f"item {i}" for i in range(4)])
    assert catalog.project.overlap("p", against=["t"]).n_compared == 9
    register(catalog, "p", [f"more {i}" for i in range(2)], mode="append")
    assert catalog.project.overlap("p", against=["t"]).n_compared == 2
    register(catalog, "t", [f"another {SHARED}"], mode="append")
    assert catalog.project.overlap("p", against=["t"]).n_compared == 11
    items = catalog.sql("SELECT count(*) AS n FROM overlap_items GROUP BY group_id ORDER BY n")
    assert items["n"].to_list() == [1, 4]
    catalog.drop("t")
    catalog.gc()
    assert catalog.sql("SELECT count(*) FROM overlap_items").item() == 0


class Interrupted(SharedWords):
    """Words, while another process compares other members with the same items."""

    def pairs(self, store: Store, members: Ids, items: Ids) -> pa.Table:
        if len(members) < 5:
            with store.reading() as connection:
                others = member_ids(connection, [resolve(connection, "q")])
                tests = [resolve(connection, "t")]
            compare_all(store, others, tests, SharedWords())
        return super().pairs(store, members, items)


@pytest.mark.slow
def test_items_that_another_process_adds_meanwhile_are_compared_with_all(catalog: Catalog) -> None:
    register(catalog, "p", [f"Say {SHARED}!", "hello"])
    register(catalog, "q", [f"question {i}" for i in range(9)])
    register(catalog, "t", [SHARED])
    with catalog.store.reading() as connection:
        ids = member_ids(connection, [resolve(connection, "p")])
        tests = [resolve(connection, "t")]
    compare_all(catalog.store, ids, tests, Interrupted())
    found = catalog.project.overlap("p", against=["t"])
    assert (found.n_compared, found.tests[0].n_members) == (0, 1)
    assert catalog.sql("SELECT count(*) FROM overlap_groups").item() == 1


def test_embeddings_that_are_close_overlap(catalog: Catalog) -> None:
    register(catalog, "p", [f"question {i}" for i in range(8)])
    register(catalog, "t", [f"question {i} again" for i in (2, 5)])
    with pytest.raises(SignalError):
        catalog.project.overlap("p", against=["t"], embedding=0.99)

    def embedded(texts: pa.Table) -> Values:
        angles = np.array([int(each.split()[1]) for each in texts["prompt"].to_pylist()])
        flat = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
        column = pa.FixedSizeListArray.from_arrays(pa.array(flat.reshape(-1)), 2)
        return Values(pa.table({"instruction_id": texts["instruction_id"], "vector": column}))

    options: dict[str, Any] = {"kind": "embedding", "name": "made", "identity": {"field": "prompt"}}
    with catalog.store.writing() as connection:
        signal = ensure_signal(connection, dimension=2, has_vectors=True, **options)
    for pool in ("p", "t"):
        compute(catalog.store, catalog.find(pool), signal, embedded)
    for threshold, n in ((0.99, 2), (0.5, 6)):  # cos(1) is 0.54
        found = catalog.project.overlap("p", against=["t"], embedding=threshold)
        assert (found.tests[0].n_items_shared, found.tests[0].n_members) == (2, n)
        assert found.tests[0].pairs["span"].null_count == found.tests[0].pairs.num_rows
    assert catalog.project.overlap("p", against=["t"], embedding=0.5).n_compared == 0
    words = ["--home", str(catalog.store.path), "overlap", "p", "--against", "t"]
    answer = CliRunner().invoke(main, [*words, "--embedding", "0.99"])
    assert "2 members of p@1 are close to 2 of 2" in answer.stderr


@pytest.fixture
@made_once
def leaked(catalog: Catalog) -> Catalog:
    """A pool of which one member is an item of a pool for evaluation."""
    register(catalog, "p", [*(f"question {i}" for i in range(9)), f"Leaked: {SHARED}."])
    register(catalog, "exam", [f"Say {SHARED}!", "hello"], purpose="eval")
    return catalog


def test_a_selection_is_checked_against_pools_for_evaluation(leaked: Catalog) -> None:
    selected = leaked.select("random", "p", budget="all", name="s")
    (found,) = selected.overlaps
    assert (found.test, found.n_members, found.n_items) == ("exam@1", 1, 1)
    assert any("--clean-of exam" in each or "exam" in each for each in selected.warnings)
    again = leaked.select("random", "p", budget="all", name="s")
    assert (again.is_new, again.overlaps) == (False, selected.overlaps)
    clean = leaked.project.select_clean("p", test="exam").reference
    assert leaked.select("random", str(clean), budget="all", name="c", gate=True).overlaps == ()


def test_a_pool_beyond_the_memory_limit_is_a_warning_unless_gated(leaked: Catalog) -> None:
    with leaked.store.reading() as connection:
        tests = eval_pools(connection)
        ids = member_ids(connection, [resolve(connection, "p")])
    checked = check(leaked.store, ids, tests, limits=Limits(memory="1MB"))
    assert (len(checked.warnings), checked.overlaps, checked.compared) == (1, (), ())
    with pytest.raises(MemoryLimitError):
        checked.require_clean()


def test_a_gate_refuses_what_overlaps_and_writes_nothing(leaked: Catalog) -> None:
    home = ["--home", str(leaked.store.path)]
    words = ["select", "random", "p", "--budget", "all", "--as", "s", "--gate"]
    answer = CliRunner().invoke(main, [*home, *words])
    assert answer.exit_code == 1
    assert "exam@1" in answer.stderr
    with pytest.raises(SelectionError):
        leaked.project.mix(name="m", parts=["p=all"], budget="all", gate=True)
    assert leaked.subsets().height == 0
    mixture = leaked.project.mix(name="m", parts=["p=all"], budget="all")
    assert any("exam@1" in each for each in mixture.warnings)
