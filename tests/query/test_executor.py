"""A plan, running: what decides where the query leaves its order open."""

from __future__ import annotations

import pytest

from catalog.errors import QueryError
from catalog.query.executor import Limits, executing
from catalog.query.planner import plan
from catalog.query.session import session
from catalog.query.source_text import SourceText
from catalog.query.stream import run
from catalog.store.store import Store
from tests.quick import one_in

PAIRS = "SELECT p.instruction_id FROM pool($pool) AS p JOIN pool($pool) AS q USING (instruction_id)"
UNION = (
    "SELECT instruction_id, source FROM pool($pool) UNION SELECT instruction_id, source FROM "
    "pool($pool)"
)
CUT = "(SELECT instruction_id, source FROM pool($pool) ORDER BY source LIMIT $budget)"


def test_a_column_that_a_kernel_would_read_twice_is_refused(store: Store) -> None:
    twice = (
        "SELECT cluster FROM kmeans((SELECT fingerprint, losses, losses FROM "
        "trajectories('tiny', proxy => 'tiny')))"
    )
    with pytest.raises(
        QueryError,
        match=r"query:1:21: kmeans: .* exactly one vector column; it has 2 \(losses, losses_1\)",
    ):
        run(store, twice)


@pytest.mark.parametrize(
    ("sql", "keys"),
    one_in(
        2,
        [
            (
                "SELECT instruction_id FROM pool($pool) ORDER BY source LIMIT $budget",
                ("source", "fingerprint"),
            ),
            (
                (
                    "SELECT instruction_id FROM pool($pool) ORDER BY source, instruction_id DESC "
                    "LIMIT $budget"
                ),
                ("source", "instruction_id DESC"),
            ),
            (f"{PAIRS} ORDER BY p.source LIMIT $budget", ("source", "fingerprint")),
            (f"{UNION} ORDER BY source LIMIT $budget", ("source", "fingerprint")),
            (f"SELECT instruction_id FROM {CUT} ORDER BY source", ("source", "fingerprint")),
            (
                (
                    f"SELECT instruction_id FROM ({CUT}) AS few JOIN pool($pool) AS p USING "
                    "(instruction_id) ORDER BY 1"
                ),
                ("source", "fingerprint"),
            ),
        ],
    ),
)
def test_members_that_the_order_does_not_tell_apart_come_by_fingerprint(
    store: Store, sql: str, keys: tuple[str, ...]
) -> None:
    given = {"pool": "tiny", "budget": 7}
    with session(store) as opened:
        planned = plan(opened.connection, SourceText.of(sql), given, is_selection=True)
    with executing(store, SourceText.of(sql), given, Limits(), selection=planned) as execution:
        found = execution.table(execution.planned.query)["instruction_id"].to_pylist()
    expected = run(
        store, f"SELECT instruction_id FROM pool('tiny') ORDER BY {', '.join(keys)} LIMIT 7"
    )["instruction_id"].to_pylist()
    assert sorted(found) == sorted(expected)
    if not sql.endswith("ORDER BY 1"):  # which no two rows share
        assert found == expected
