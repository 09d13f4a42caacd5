"""Why a row is in a subset, and what one that is left out lacked."""

from __future__ import annotations

import json

import pytest

from catalog import Catalog
from catalog.store.paths import package_data_dir
from tests.quick import few_of
from tests.why.conftest import BUDGET, SETTINGS, WITHOUT_SCORE, N, selected, text_of

SELECTORS = sorted(path.stem for path in package_data_dir("selectors").glob("*.sql"))
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
        "ila_map",
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


@pytest.mark.parametrize("selector", few_of(SELECTORS, "mig"))
def test_every_selector_answers_for_its_members_and_for_all_others(
    pool: Catalog, selector: str
) -> None:
    ranks = selected(pool, selector)
    subset = selector.replace("_", "-")
    stored = pool.sql(f"SELECT row_number AS row, why FROM subset('{subset}@1')")
    for row, why in list(zip(stored["row"].to_list(), stored["why"].to_list(), strict=True))[:2]:
        found = pool.why(f"{subset}@1", row)
        assert (found.rank, found.columns, found.left_out) == (ranks[row], json.loads(why), None)
        text = text_of(found)
        assert all(part in text for part in (f"rank {ranks[row]} of {len(ranks)}", selector, "p@1"))
        assert all(name in text_of(found) for name in found.columns)
    for row in [row for row in range(N) if row not in ranks][::24]:
        found = pool.why(f"{subset}@1", row)
        assert found.left_out is not None
        assert found.left_out.is_as_stored
        assert found.left_out.cause in ("place", "kernel", "condition", "union")
        assert "{" not in text_of(found)
        assert len(found.left_out.beside) >= 1 + (found.left_out.cause == "place")
        json.dumps(found.as_dict())


@pytest.mark.parametrize("selector", few_of(BY_PLACE, "ila"))
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
        "ila_map",
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
    assert last["who"] == "last selected"
    assert f"{left_out.place - BUDGET} places before" in text_of(found)
    assert last["fingerprint"][:12] in text_of(found)


def test_a_place_in_a_cluster_names_the_last_one_taken_there(pool: Catalog) -> None:
    ranks = selected(pool, "s2l")
    whole = pool.select("s2l", "p", budget=N, name="whole", settings={"k": 4})
    of_why = "why->>'cluster' AS cluster, (why->>'round')::INT AS round"
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
        f"in cluster {row['cluster']}: place {row['round']} of {len(mates)}; {len(taken)} "
        in text_of(found)
    )
    assert f"{taken[-1]['fingerprint'][:12]} (rank {ranks[taken[-1]['row']]})" in text_of(found)
    assert "round, cluster_size desc, cluster" in text_of(found).lower()
    assert f"round {row['round']};" in text_of(found)


def test_a_weighted_sample_names_its_key(pool: Catalog) -> None:
    ranks = selected(pool, "density")
    found = pool.why("density", next(row for row in range(N) if row not in ranks))
    assert "weighted_sample_key(fingerprint, 'density ' || 0, weight): " in text_of(found)


def test_a_condition_says_which_value_it_left_out(pool: Catalog) -> None:
    selected(pool, "ifd")
    values = dict(
        pool.sql(
            "SELECT row_number, value FROM score('p', name => 'ifd') "
            "JOIN pool('p') USING (instruction_id)"
        ).rows()
    )
    row = next(row for row, value in values.items() if value is not None and value > 1)
    found = pool.why("ifd", row)
    assert found.left_out is not None
    (sentence,) = found.left_out.sentences
    assert sentence == f"value <= 1.0 is false: value is {values[row]}"
    ((condition,),) = [failure.conditions for failure in found.left_out.failures]
    assert (condition.truth, condition.operands[0].value) == (False, values[row])


@pytest.mark.parametrize("selector", few_of(["depth_only", "ila", "deita", "mig"], "depth_only"))
def test_a_missing_value_comes_with_its_reason(pool: Catalog, selector: str) -> None:
    selected(pool, selector)
    found = pool.why(selector.replace("_", "-"), WITHOUT_SCORE)
    assert found.left_out is not None
    assert found.left_out.cause == "condition"
    assert found.left_out.failures[0].conditions[0].text.lower().endswith("value is not null")
    score = "deita" if selector in ("deita", "mig") else "depth"
    assert f"score {score}: not_a_number" in found.left_out.sentences[1]


def test_a_distance_is_that_to_the_nearest_selected_row_of_every_row(pool: Catalog) -> None:
    ranks = selected(pool, "k_center")
    left_out = pool.why("k-center", next(row for row in range(N) if row not in ranks)).left_out
    assert left_out is not None
    mine, _nearest, last = left_out.beside
    assert mine["distance"] == left_out.numbers["distance"] <= last["distance"]


@pytest.mark.parametrize(
    "selectors",
    [
        ("deita", "fisher_sft"),
        pytest.param(("mig", "facility_location", "instag", "k_center"), marks=pytest.mark.slow),
    ],
)
def test_a_kernel_says_how_a_row_stands_to_what_it_took(
    pool: Catalog, selectors: tuple[str, ...]
) -> None:
    for selector in selectors:
        ranks = selected(pool, selector)
        subset = selector.replace("_", "-")
        rows = [row for row in range(N) if row not in ranks and row != WITHOUT_SCORE and row % 4]
        left_out = pool.why(subset, rows[0]).left_out
        assert left_out is not None
        assert left_out.cause == "kernel"
        assert left_out.numbers
        others = {other["fingerprint"]: other["rank"] for other in left_out.beside[1:]}
        members = dict(pool.sql(f"SELECT fingerprint, rank FROM subset('{subset}')").rows())
        assert others
        assert others.items() <= members.items()
        if "last_gain" in left_out.numbers:
            gain = pool.sql(
                f"SELECT (why->>'gain')::DOUBLE AS gain FROM subset('{subset}') "
                "ORDER BY rank DESC LIMIT 1"
            )["gain"][0]
            assert left_out.numbers["last_gain"] == pytest.approx(gain, rel=1e-6)
