"""Queries taken apart: where the budget cuts, what orders."""

from pathlib import Path

import pytest

from catalog.kernels.explain import has_counterfactual
from catalog.query.clauses import cut_of
from catalog.query.kernels import kernel, kernel_names
from catalog.query.source_text import SourceText
from catalog.query.tokens import canonical, shown
from catalog.store.paths import package_data_dir


def of(sql: str) -> SourceText:
    return SourceText.of(sql, name="mine.sql")


@pytest.mark.parametrize(
    "path", sorted(package_data_dir("selectors").glob("*.sql")), ids=lambda path: path.stem
)
def test_every_selector_has_a_place_for_who_is_left_out_or_a_kernel_that_knows(path: Path) -> None:
    text = canonical(path.read_text(encoding="utf-8"))
    called = {word for word in text.split() if word in kernel_names()}
    kernels = [name for name in called if has_counterfactual(kernel(name))]
    cut = cut_of(of(text))
    assert cut is not None or kernels
    assert cut is None or (cut.order and "$budget" not in str(cut.query).rsplit("from", 1)[1])


def test_the_budget_may_cut_an_inner_query() -> None:
    cut = cut_of(
        of(
            "WITH a AS (SELECT id FROM t), b AS (SELECT id, n FROM a ORDER BY n LIMIT "
            "$budget) SELECT id FROM b ORDER BY id"
        )
    )
    assert cut is not None
    assert str(cut.query) == "WITH a AS (SELECT id FROM t) SELECT id, n FROM a ORDER BY n "
    assert (cut.order, cut.columns) == (("n",), (("n", True),))


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT id FROM t ORDER BY 1",
        "SELECT id FROM t ORDER BY 1 LIMIT 10",
        "SELECT id FROM t ORDER BY 1 LIMIT $budget OFFSET 3",
        "SELECT id FROM t ORDER BY 1 LIMIT $budget // 2",
        "SELECT 'limit $budget' AS id FROM t -- LIMIT $budget",
        "SELECT id FROM (SELECT id FROM t ORDER BY 1 LIMIT $budget) ORDER BY 1 LIMIT $budget",
        (
            "SELECT id FROM (WITH a AS (SELECT 1 AS id) SELECT id FROM a ORDER BY 1 LIMIT "
            "$budget) ORDER BY 1"
        ),
    ],
)
def test_only_a_plain_budget_is_a_cut(sql: str) -> None:
    assert cut_of(of(sql)) is None


@pytest.mark.parametrize(
    ("sql", "order", "more"),
    [
        (
            "SELECT id, v AS score FROM t ORDER BY v DESC, fingerprint LIMIT $budget",
            ("score DESC",),
            None,
        ),
        (
            "SELECT id FROM t ORDER BY f(v, 2) DESC NULLS LAST, w LIMIT $budget",
            ("f(v, 2) DESC NULLS LAST", "w"),
            'f(v, 2) AS "order" , w AS "w"',
        ),
        ("SELECT id FROM t GROUP BY id ORDER BY sum(v) LIMIT $budget", ("sum(v)",), None),
        ("SELECT id FROM t UNION SELECT id FROM u ORDER BY id LIMIT $budget", ("id",), None),
        ("SELECT * FROM t ORDER BY n LIMIT $budget", ("n",), None),
    ],
)
def test_what_orders_is_returned_where_that_can_be(
    sql: str, order: tuple[str, ...], more: str | None
) -> None:
    cut = cut_of(of(sql))
    assert cut is not None
    assert cut.order == order
    assert (cut.with_order is None) if more is None else (more in str(cut.with_order))


def test_a_piece_reads_as_a_person_writes_it() -> None:
    assert shown("x in ( 1 , 2 ) and f ( a . b ) [ 1 ] > - 3") == "x in (1, 2) and f(a.b)[1] > - 3"
