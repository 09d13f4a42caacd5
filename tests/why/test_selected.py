"""Why a row is in a subset, and what one that is left out lacked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from catalog import Catalog
from catalog.errors import NotFoundError, OptionError, ReferenceNotFoundError
from catalog.models.causal_lm import save_causal_lm
from catalog.models.tiny import TinyShape, build_tiny
from catalog.store.paths import package_data_dir
from catalog.why.selected import Why

N, BUDGET = 60, 12
WORDS = [
    "the",
    "river",
    "night",
    "light",
    "field",
    "stone",
    "word",
    "small",
    "large",
    "add",
    "sum",
    "how",
    "what",
    "give",
    "three",
]
SCORES = (
    "deita",
    "depth",
    "learnability",
    "ifd",
    "ifd_ppl",
    "least_confidence",
    "n_tokens",
    "perplexity",
)
SELECTORS = sorted(path.stem for path in package_data_dir("selectors").glob("*.sql"))
SETTINGS: dict[str, dict[str, Any]] = {
    "s2l": {"k": 4},
    "s2l_by_source": {"k": 2},
    "sensitivity": {"k": 4},
    "ila": {"projection": "pca", "side": 3},
    "coverage_only": {"projection": "pca", "side": 3},
    "deita": {"threshold": 0.6},
}
WITHOUT_SCORE = 7  # a row that nobody could score
# Whose answer for a budget is the beginning of that for a larger one.
BY_PLACE = [
    *(
        "confidence_curriculum",
        "coverage_only",
        "density",
        "depth_only",
        "high_learnability",
        "ifd",
        "ifd_ppl",
        "ila",
    ),
    *(
        "least_confidence",
        "longest",
        "middle_perplexity",
        "random",
        "s2l",
        "s2l_by_source",
        "sensitivity",
    ),
]


def write(path: Path, records: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """Sixty records of three sources, with labels and every signal; the last two rows are a duplicate and no record."""
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("why")
    catalog, draw = Catalog.open(folder / "home", isolated=False), np.random.default_rng(0)
    records = [
        {
            "instruction": f"{' '.join(draw.choice(WORDS, draw.integers(3, 9)))} {i}",
            "output": " ".join(draw.choice(WORDS, draw.integers(1, 9))),
            "from": f"s{i % 3}",
            "tags": draw.choice(["add", "sum", "poem", "code"], i % 4, replace=False).tolist(),
        }
        for i in range(N)
    ]
    lines = write(folder / "pool.jsonl", [*records, records[0], {"neither": 1}])
    catalog.register(lines, pool="p", source_column="from", labels_column="tags")
    np.save(folder / "losses.npy", np.random.default_rng(1).random((N + 2, 4), dtype=np.float32))
    catalog.import_losses("p", folder / "losses.npy", proxy="mine")
    for name in SCORES:
        values = draw.random(N + 2) * 1.2
        values[WITHOUT_SCORE] = np.nan
        np.save(folder / "score.npy", values)
        catalog.import_scores("p", folder / "score.npy", name=name)
    catalog.embed("p")
    save_causal_lm(
        build_tiny(WORDS, shape=TinyShape(vocabulary=300, width=16, layers=1, heads=2, inner=16)),
        folder / "small",
    )
    catalog.states("p", model=str(folder / "small"))
    return catalog


def selected(catalog: Catalog, selector: str, *, budget: int = BUDGET) -> dict[int, int]:
    """Ranks by row number."""
    catalog.select(
        selector,
        "p",
        budget=budget,
        name=selector.replace("_", "-"),
        settings=SETTINGS.get(selector, {}),
    )
    rows = catalog.sql(
        f"SELECT row_number AS row, rank FROM subset('{selector.replace('_', '-')}')"
    )
    return dict(zip(rows["row"].to_list(), rows["rank"].to_list(), strict=True))


def told(found: Why) -> str:
    return "\n".join(found.lines())


@pytest.mark.parametrize("selector", SELECTORS)
def test_every_selector_answers_for_its_members_and_for_all_others(
    pool: Catalog, selector: str
) -> None:
    ranks = selected(pool, selector)
    subset = selector.replace("_", "-")
    stored = pool.sql(f"SELECT row_number AS row, why FROM subset('{subset}@1')")
    for row, why in list(zip(stored["row"].to_list(), stored["why"].to_list(), strict=True))[:2]:
        found = pool.why(f"{subset}@1", row)
        assert (found.rank, found.columns, found.left_out) == (ranks[row], json.loads(why), None)
        assert f"rank {ranks[row]} of {len(ranks)}, taken by {selector} from p@1" in told(found)
        assert all(name in told(found) for name in found.columns)
    for row in [row for row in range(N) if row not in ranks][::24]:
        found = pool.why(f"{subset}@1", row)
        assert found.left_out is not None
        assert found.left_out.is_as_stored
        assert found.left_out.cause in ("place", "kernel", "condition")
        assert "{" not in told(found)
        assert len(found.left_out.beside) >= 1 + (found.left_out.cause == "place")
        json.dumps(found.as_dict())


@pytest.mark.parametrize("selector", BY_PLACE)
def test_a_place_is_the_rank_that_a_budget_of_it_would_give(pool: Catalog, selector: str) -> None:
    ranks = selected(pool, selector)
    answers = (
        pool.why(selector.replace("_", "-"), row) for row in range(20, N) if row not in ranks
    )
    found = next(one for one in answers if one.left_out and one.left_out.place)
    row = found.row.row_number
    left_out = found.left_out
    assert left_out is not None
    assert left_out.place is not None
    assert left_out.n_taken == BUDGET < left_out.place <= (left_out.n_eligible or 0)
    if selector not in (
        "ila",
        "coverage_only",
        "confidence_curriculum",
    ):  # whose cells, or last order, are others for another budget
        pool.select(
            selector,
            "p",
            budget=left_out.place,
            name="wider",
            supersede=True,
            settings=SETTINGS.get(selector, {}),
        )
        assert pool.sql(
            f"SELECT row_number AS row FROM subset('wider') WHERE rank = {left_out.place}"
        )["row"].to_list() == [row]
    last = left_out.beside[1]
    assert last["who"] == "last taken"
    assert f"so it came {left_out.place - BUDGET} after the last of them" in told(found)
    assert last["fingerprint"][:12] in told(found)


def test_a_place_in_a_cluster_names_the_last_one_taken_there(pool: Catalog) -> None:
    ranks = selected(pool, "s2l")
    whole = pool.select("s2l", "p", budget=N, name="whole", settings={"k": 4})
    of_why = "why->>'cluster' AS cluster, (why->>'turn')::INT AS turn"
    rows = pool.sql(
        f"SELECT row_number AS row, fingerprint, rank, {of_why} FROM subset('{whole.reference}')"
    )
    row = next(
        one for one in rows.to_dicts() if one["rank"] == BUDGET + 1
    )  # the first that was not taken
    mates = [one for one in rows.to_dicts() if one["cluster"] == row["cluster"]]
    taken = sorted((one for one in mates if one["row"] in ranks), key=lambda one: one["rank"])
    found = pool.why("s2l", row["fingerprint"][:10])
    assert (
        f"in cluster {row['cluster']}: place {row['turn']} of {len(mates)}; {len(taken)} were taken"
        in told(found)
    )
    assert (
        f"the last of them {taken[-1]['fingerprint'][:12]} (rank {ranks[taken[-1]['row']]})"
        in told(found)
    )
    assert f"the order is turn, cluster_size desc, cluster: its turn is {row['turn']}" in told(
        found
    )


def test_a_draw_says_what_was_drawn(pool: Catalog) -> None:
    ranks = selected(pool, "density")
    found = pool.why("density", next(row for row in range(N) if row not in ranks))
    assert "the order is drawn_key(fingerprint, 'density ' || 0, 1 / density): it has " in told(
        found
    )


def test_a_condition_says_which_value_it_left_out(pool: Catalog) -> None:
    selected(pool, "ifd")
    values = dict(
        pool.sql(
            "SELECT row_number, value FROM score('p', name => 'ifd') JOIN pool('p') USING (instruction_id)"
        ).rows()
    )
    row = next(row for row, value in values.items() if value is not None and value > 1)
    found = pool.why("ifd", row)
    assert found.left_out is not None
    assert found.left_out.said == (
        f"it is not eligible: WHERE value <= 1.0 leaves it out (value = {values[row]:.4g})",
    )


@pytest.mark.parametrize("selector", ["depth_only", "ila", "deita", "mig"])
def test_a_missing_value_comes_with_its_reason(pool: Catalog, selector: str) -> None:
    selected(pool, selector)
    found = pool.why(selector.replace("_", "-"), WITHOUT_SCORE)
    assert found.left_out is not None
    assert found.left_out.cause == "condition"
    assert "value is not null" in found.left_out.said[0]
    assert (
        found.left_out.said[1]
        == f"it has no score {'deita' if selector in ('deita', 'mig') else 'depth'}: not_a_number"
    )


def test_a_kernel_says_how_a_row_stands_to_what_it_took(pool: Catalog) -> None:
    for selector in ("deita", "facility_location", "fisher_sft", "instag", "k_center", "mig"):
        ranks = selected(pool, selector)
        subset = selector.replace("_", "-")
        rows = [row for row in range(N) if row not in ranks and row != WITHOUT_SCORE and row % 4]
        left_out = pool.why(subset, rows[0]).left_out
        assert left_out is not None
        assert left_out.cause == "kernel"
        assert left_out.numbers
        others = {one["fingerprint"]: one["rank"] for one in left_out.beside[1:]}
        members = dict(pool.sql(f"SELECT fingerprint, rank FROM subset('{subset}')").rows())
        assert others
        assert others.items() <= members.items()
        if "last_gain" in left_out.numbers:
            gain = pool.sql(
                f"SELECT (why->>'gain')::DOUBLE AS gain FROM subset('{subset}') ORDER BY rank DESC LIMIT 1"
            )["gain"][0]
            assert left_out.numbers["last_gain"] == pytest.approx(gain, rel=1e-6)


@pytest.mark.parametrize(
    ("query", "cause", "message"),
    [
        (
            "SELECT instruction_id, n FROM (SELECT *, row_number() OVER (ORDER BY length(prompt), fingerprint) AS n FROM pool($pool)) "
            "WHERE n <= $budget ORDER BY n",
            "condition",
            "it is not eligible: WHERE n <= 5 leaves it out (n = ",
        ),
        (
            "SELECT instruction_id FROM pool($pool) QUALIFY row_number() OVER (ORDER BY length(prompt), fingerprint) <= $budget ORDER BY 1",
            "condition",
            "it is not eligible: QUALIFY row_number() over (order by length(prompt), fingerprint) <= 5 leaves it out",
        ),
        (
            "SELECT instruction_id FROM (SELECT * FROM pool($pool) WHERE length(prompt) > 0) WHERE row_number < $budget ORDER BY 1",
            "condition",
            "it is not eligible: WHERE row_number < 5 leaves it out (row_number = 5)",
        ),
        (
            "SELECT instruction_id FROM (SELECT * FROM pool($pool) WHERE row_number < 5) WHERE row_number < 4 ORDER BY 1 LIMIT $budget",
            "condition",
            "it is not eligible: WHERE row_number < 4 leaves it out (row_number = 4)",
        ),
        (
            "SELECT instruction_id FROM (SELECT * FROM pool($pool) WHERE row_number < 4) WHERE row_number < $budget - 1 ORDER BY 1",
            "condition",
            "WHERE row_number < 4 leaves it out (row_number = 4)\n  it is not eligible: WHERE row_number < 5 - 1 leaves it out",
        ),
        (
            "SELECT instruction_id FROM pool($pool) JOIN (SELECT 0 AS row_number) USING (row_number) ORDER BY 1 LIMIT $budget",
            "unknown",
            "none of its conditions is the cause: a join is",
        ),
        (
            "WITH all_of AS (SELECT * FROM pool($pool)) SELECT instruction_id FROM all_of EXCEPT "
            "SELECT instruction_id FROM all_of WHERE row_number = 0 ORDER BY 1 LIMIT $budget",
            "condition",
            "EXCEPT takes it away: the query after that word returns it too",
        ),
        (
            "SELECT instruction_id FROM ((SELECT instruction_id FROM pool($pool) ORDER BY 1 LIMIT 9) INTERSECT "
            "(SELECT instruction_id FROM pool($pool) ORDER BY 1 DESC LIMIT 55)) ORDER BY 1 LIMIT $budget",
            "condition",
            "INTERSECT leaves it out: only the query before that word returns it",
        ),
        (
            "SELECT instruction_id FROM pool($pool) JOIN (SELECT 1 AS row_number) USING (row_number) UNION "
            "SELECT instruction_id FROM pool($pool) JOIN (SELECT 2 AS row_number) USING (row_number) ORDER BY 1 LIMIT $budget",
            "condition",
            "neither of the two queries that UNION puts together returns it",
        ),
        (
            "SELECT instruction_id FROM nearest((SELECT instruction_id, fingerprint, vector FROM embeddings($pool)), "
            "(SELECT fingerprint, vector FROM embeddings($pool) ORDER BY fingerprint LIMIT 1), k => $budget) ORDER BY 1",
            "kernel",
            "nearest(...) was given it, and did not return it",
        ),
    ],
)
def test_a_selector_of_ones_own_is_followed_as_the_built_in_ones_are(
    pool: Catalog, tmp_path: Path, query: str, cause: str, message: str
) -> None:
    path = tmp_path / "mine.sql"
    path.write_text(f"-- summary: Mine.\n{query}\n")
    reference = pool.select(str(path), "p", budget=5, name="mine").reference
    assert reference is not None
    members = set(pool.sql(f"SELECT row_number AS row FROM subset('{reference}')")["row"].to_list())
    found = pool.why(reference, next(row for row in range(N) if row not in members))
    assert found.left_out is not None
    assert found.left_out.cause == cause
    assert message in told(found)


def test_what_was_not_in_the_subset_selected_from_is_asked_there(pool: Catalog) -> None:
    selected(pool, "depth_only")
    pool.select("random", "depth-only@1", budget=4, name="few")
    found = pool.why("few", WITHOUT_SCORE)
    assert found.left_out is not None
    assert found.left_out.cause == "source"
    assert f"`catalog why depth-only@1 {found.row.fingerprint[:12]}` says why" in told(found)


@pytest.mark.parametrize(
    ("which", "error", "message"),
    [
        (N, NotFoundError, "row 60 is not in p@1: it repeats another row exactly"),
        (
            N + 1,
            NotFoundError,
            r"row 61 is not in p@1: .*, line 62, is in quarantine for unknown_shape",
        ),
        (999, NotFoundError, "p@1 has no row 999: its rows are 0 to 61"),
        (
            "00000000",
            NotFoundError,
            "p@1 has no fingerprint that begins with 00000000, nor has another pool",
        ),
        (
            "abc",
            OptionError,
            "is no row: give a row number, or the first 8 or more digits of a fingerprint",
        ),
        (-1, OptionError, "is no row"),
    ],
)
def test_a_row_that_is_not_there_says_what_became_of_it(
    pool: Catalog, which: str | int, error: type[Exception], message: str
) -> None:
    selected(pool, "random")
    with pytest.raises(error, match=message):
        pool.why("random", which)


def test_a_subset_that_is_not_there_is_named(pool: Catalog) -> None:
    with pytest.raises(ReferenceNotFoundError, match="no subset named nobody"):
        pool.why("nobody", 0)
