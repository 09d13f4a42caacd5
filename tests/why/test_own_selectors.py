"""Rows that a user's own selector did not select, and rows that are not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from catalog import Catalog
from catalog.errors import NotFoundError, OptionError, ReferenceNotFoundError
from tests.why.conftest import WITHOUT_SCORE, N, selected, text_of


@pytest.mark.parametrize(
    ("query", "cause", "message"),
    [
        (
            "SELECT instruction_id, n FROM (SELECT *, row_number() OVER (ORDER BY length(prompt), "
            "fingerprint) AS n FROM pool($pool)) "
            "WHERE n <= $budget ORDER BY n",
            "condition",
            "n <= 5",
        ),
        pytest.param(
            "SELECT instruction_id FROM pool($pool) QUALIFY row_number() OVER (ORDER BY "
            "length(prompt), fingerprint) <= $budget ORDER BY 1",
            "condition",
            "QUALIFY row_number() OVER (ORDER BY length(prompt), fingerprint) <= 5",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            "SELECT instruction_id FROM (SELECT * FROM pool($pool) WHERE length(prompt) > 0) "
            "WHERE row_number < $budget ORDER BY 1",
            "condition",
            "row_number is 5",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            "SELECT instruction_id FROM (SELECT * FROM pool($pool) WHERE row_number < 5) WHERE "
            "row_number < 4 ORDER BY 1 LIMIT $budget",
            "condition",
            "row_number is 4",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            "SELECT instruction_id FROM (SELECT * FROM pool($pool) WHERE row_number < 4) WHERE "
            "row_number < $budget - 1 ORDER BY 1",
            "condition",
            "row_number < 4 is false",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            "SELECT instruction_id FROM pool($pool) JOIN (SELECT 0 AS row_number) USING "
            "(row_number) ORDER BY 1 LIMIT $budget",
            "join",
            "JOIN (SELECT 0 AS row_number)",
            marks=pytest.mark.slow,
        ),
        (
            "WITH all_of AS (SELECT * FROM pool($pool)) SELECT instruction_id FROM all_of EXCEPT "
            "SELECT instruction_id FROM all_of WHERE row_number = 0 ORDER BY 1 LIMIT $budget",
            "except",
            "EXCEPT",
        ),
        pytest.param(
            "SELECT instruction_id FROM ((SELECT instruction_id FROM pool($pool) ORDER BY 1 LIMIT "
            "9) INTERSECT "
            "(SELECT instruction_id FROM pool($pool) ORDER BY 1 DESC LIMIT 55)) ORDER BY 1 LIMIT "
            "$budget",
            "intersect",
            "LIMIT 55",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            "SELECT instruction_id FROM pool($pool) JOIN (SELECT 1 AS row_number) USING "
            "(row_number) UNION "
            "SELECT instruction_id FROM pool($pool) JOIN (SELECT 2 AS row_number) USING "
            "(row_number) ORDER BY 1 LIMIT $budget",
            "union",
            "UNION",
            marks=pytest.mark.slow,
        ),
        (
            "SELECT instruction_id FROM nearest((SELECT instruction_id, fingerprint, vector FROM "
            "embeddings($pool)), "
            "(SELECT fingerprint, vector FROM embeddings($pool) ORDER BY fingerprint LIMIT 1), k "
            "=> $budget) ORDER BY 1",
            "kernel",
            "nearest(...)",
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
    assert message in text_of(found)


@pytest.mark.slow
def test_what_was_not_in_the_subset_selected_from_is_asked_there(pool: Catalog) -> None:
    selected(pool, "depth_only")
    pool.select("random", "depth-only@1", budget=4, name="few")
    found = pool.why("few", WITHOUT_SCORE)
    assert found.left_out is not None
    assert found.left_out.cause == "source"
    assert f"`catalog why depth-only@1 {found.row.fingerprint[:12]}`" in text_of(found)


@pytest.fixture(scope="module")
def drawn(pool: Catalog) -> Catalog:
    """The pool, with a random subset."""
    selected(pool, "random")
    return pool


@pytest.mark.parametrize(
    ("which", "error", "message"),
    [
        (N, NotFoundError, "row 60 is not in p@1"),
        (
            N + 1,
            NotFoundError,
            r"row 61 is not in p@1: .*, line 62, is in quarantine for unknown_shape",
        ),
        (999, NotFoundError, "p@1 has no row 999: its rows are 0 to 61"),
        (
            "00000000",
            NotFoundError,
            "fingerprint .* 00000000.* p@1",
        ),
        (
            "abc",
            OptionError,
            "first 8 .*'abc'",
        ),
        (-1, OptionError, "-1"),
    ],
)
def test_a_row_that_is_not_there_says_what_became_of_it(
    drawn: Catalog, which: str | int, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        drawn.why("random", which)


def test_a_subset_that_is_not_there_is_named(pool: Catalog) -> None:
    with pytest.raises(ReferenceNotFoundError, match="no subset named nobody"):
        pool.why("nobody", 0)
