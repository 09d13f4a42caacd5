from __future__ import annotations

import json
from pathlib import Path

import pytest

from catalog.errors import OptionError, SelectionError, SignalError
from catalog.query.executor import Limits
from catalog.query.kernels import kernel_names
from catalog.selection.budget import n_of
from catalog.selection.definition import define
from catalog.selection.run import SelectionResult, choose
from catalog.selection.selector import find_selector, read_selector
from catalog.store.paths import package_data_dir
from catalog.store.store import Store
from tests.quick import few_of, one_in

HEADER = "-- summary: A test.\n"


def made(
    store: Store, sql: str, *, ref: str = "tiny", budget: int | str = 5, **options: object
) -> SelectionResult:
    selector = read_selector(HEADER + sql, name="mine") if " " in sql else find_selector(store, sql)
    return choose(store, define(store, selector, ref=ref, budget=budget, **options))  # type: ignore[arg-type]


def ids(chosen: SelectionResult) -> list[int]:
    return chosen.members["instruction_id"].to_pylist()


def test_members_come_in_rank_order_with_what_the_selector_says_of_them(store: Store) -> None:
    chosen = made(
        store,
        (
            "SELECT row_number AS r, source, 'NaN'::DOUBLE AS gain, instruction_id FROM "
            "pool($pool) ORDER BY r DESC LIMIT $budget"
        ),
    )
    assert ids(chosen) == [39, 38, 37, 36, 35]
    assert chosen.members.column_names == ["instruction_id", "fingerprint", "copies", "why"]
    assert json.loads(chosen.members["why"][0].as_py()) == {"r": 39, "source": "math", "gain": None}
    assert chosen.shortfall == 0


def test_what_is_chosen_is_what_was_planned_whatever_is_written_meanwhile(store: Store) -> None:
    text = (
        "SELECT instruction_id FROM score($pool, name => 'depth') ORDER BY value DESC, "
        "fingerprint LIMIT $budget"
    )
    definition = define(store, read_selector(HEADER + text, name="mine"), ref="tiny", budget=3)
    with store.writing() as connection:  # a newer depth, which puts the last first
        anew = "9 AS signal_id, 'anew' AS identity_sha256, now() AS created_at"
        connection.execute(
            f"INSERT INTO signals SELECT * REPLACE ({anew}) FROM signals WHERE signal_id = 4"
        )
        connection.execute(
            "INSERT INTO scores SELECT 9, instruction_id, -value, NULL FROM scores WHERE "
            "signal_id = 4"
        )
        for table in ("signal_members", "shards"):
            connection.execute(
                f"INSERT INTO {table} SELECT * REPLACE (9 AS signal_id) FROM {table} "
                "WHERE signal_id = 4"
            )
    assert ids(choose(store, definition)) == [5, 6, 7]
    assert ids(made(store, text, budget=3)) == [39, 38, 37]


def test_a_larger_random_budget_only_adds_members(store: Store) -> None:
    small, large = ids(made(store, "random", budget=5)), ids(made(store, "random", budget=20))
    assert large[:5] == small
    assert ids(made(store, "random", budget=20, seed=1)) != large


def test_a_selection_of_a_subset_has_only_its_members(store: Store) -> None:
    assert sorted(ids(made(store, "random", ref="few", budget="100%"))) == [10, 13, 16, 19]


@pytest.mark.parametrize("name", ["s2l", "random"])
def test_the_same_definition_gives_the_same_members_on_any_number_of_threads(
    store: Store, name: str
) -> None:
    settings = {"proxy": "tiny", "k": 4} if name == "s2l" else {}
    runs = [made(store, name, budget=12, settings=settings) for _ in range(2)]
    assert ids(runs[0]) == ids(runs[1])
    assert runs[0].sha256 == runs[1].sha256
    assert runs[0].definition.sha256 == runs[1].definition.sha256


def test_s2l_shares_the_budget_evenly_between_clusters(store: Store) -> None:
    chosen = made(store, "s2l", budget=12, settings={"proxy": "tiny", "k": 4})
    whys = [json.loads(why) for why in chosen.members["why"].to_pylist()]
    taken = {
        why["cluster"]: sum(other["cluster"] == why["cluster"] for other in whys) for why in whys
    }
    sizes = {why["cluster"]: why["cluster_size"] for why in whys}
    even = 12 / len(taken)
    assert all(abs(n - even) <= 1 or n == sizes[cluster] for cluster, n in taken.items())


@pytest.mark.slow
def test_ten_budgets_cost_one_clustering(store: Store) -> None:
    for budget in range(5, 15):
        made(store, "s2l", budget=budget, settings={"proxy": "tiny", "k": 4})
    assert len(list(store.cache.iterdir())) == 1


@pytest.mark.parametrize(
    ("sql", "message"),
    one_in(
        2,
        [
            (
                "SELECT prompt FROM pool($pool) ORDER BY row_number LIMIT $budget",
                "the last SELECT has no instruction_id; it has prompt",
            ),
            (
                (
                    "SELECT NULL::BIGINT AS instruction_id FROM pool($pool) ORDER BY row_number "
                    "LIMIT $budget"
                ),
                "5 of 5 rows have no instruction_id",
            ),
            (
                "SELECT instruction_id / 2 AS instruction_id FROM pool($pool) ORDER BY 1 LIMIT 5",
                "instruction_id has the type DOUBLE",
            ),
            (
                "SELECT instruction_id, instruction_id FROM pool($pool) ORDER BY 1 LIMIT 5",
                "has instruction_id more than once: name it once",
            ),
            (
                "SELECT 7 AS instruction_id FROM pool($pool) ORDER BY row_number LIMIT $budget",
                "4 of 5 rows repeat an instruction_id",
            ),
            (
                "SELECT instruction_id FROM pool($pool) ORDER BY row_number",
                "35 rows for a budget of 5: end with LIMIT $budget",
            ),
            (
                "SELECT instruction_id FROM pool('tiny@1') ORDER BY row_number LIMIT $budget",
                "5 of 5 rows are not members of tiny@2",
            ),
            (
                "SELECT instruction_id FROM pool($pool) WHERE false ORDER BY row_number",
                "tiny@2",
            ),
            (
                "SELECT instruction_id FROM pool($pool) LIMIT $budget",
                "the last SELECT has no ORDER BY",
            ),
            (
                "SELECT instruction_id FROM pool($pool) ORDER BY random() LIMIT $budget",
                "mine.sql:2:49: random changes from run to run",
            ),
            (
                "SELECT instruction_id FROM pool($pool) WHERE current_date > '2020-01-01' "
                "ORDER BY 1",
                "current_date changes from run to run",
            ),
            (
                "SELECT instruction_id FROM (FROM pool($pool) USING SAMPLE 5 ROWS) ORDER BY 1",
                "SAMPLE",
            ),
        ],
    ),
)
def test_an_answer_without_the_columns_of_a_selection_is_refused(
    store: Store, sql: str, message: str
) -> None:
    with pytest.raises(SelectionError) as caught:
        made(store, sql)
    assert message in str(caught.value)


def test_columns_of_one_name_are_kept_apart_in_the_why(store: Store) -> None:
    chosen = made(
        store,
        "SELECT instruction_id, 1 AS n, 2 AS n FROM pool($pool) ORDER BY row_number LIMIT $budget",
        budget=1,
    )
    assert chosen.members["why"].to_pylist() == ['{"n":1,"n_1":2}']


def test_fewer_eligible_rows_than_the_budget_are_reported(store: Store) -> None:
    chosen = made(
        store,
        (
            "SELECT instruction_id FROM pool($pool) WHERE source = 'math' ORDER BY "
            "row_number LIMIT $budget"
        ),
        budget=30,
    )
    assert (chosen.members.num_rows, chosen.shortfall) == (12, 18)


@pytest.mark.parametrize(
    ("budget", "message"),
    one_in(
        3,
        [
            (0, "at least 1"),
            (
                -3,
                "budget -3 is -3 of the 35 members of tiny@2: it must be a whole number, "
                "at least 1",
            ),
            ("1%", "is 0 of the 35 members"),
            (36, "more than the 35 members of tiny@2"),
            ("101%", "more than"),
            ("many", "not a number"),
            (",", "not a number"),
            ("1,5%", "not a number"),
            ("1e400", "not a number"),
            (2.5, "must be a whole number"),
        ],
    ),
)
def test_a_budget_that_makes_no_sense_is_refused(
    store: Store, budget: int | str, message: str
) -> None:
    with pytest.raises(OptionError, match=message):
        made(store, "random", budget=budget)


def test_a_selection_of_nobody_says_what_the_method_needs(store: Store) -> None:
    with store.writing() as connection:
        connection.execute("UPDATE pool_members SET labels = NULL")
    with pytest.raises(
        SelectionError,
        match=r"tiny@2 .*labels of the records",
    ):
        made(store, "instag")


def test_a_share_is_rounded_down() -> None:
    assert [n_of(share, 35, of="x") for share in ("10%", "3%", "100%", "33.3%")] == [3, 1, 35, 11]
    assert n_of("29%", 100, of="x") == 29  # 28.999999999999996 in floating point


def test_a_pool_of_prompts_only_is_refused(store: Store) -> None:
    with store.writing() as connection:
        connection.execute("UPDATE pools SET is_prompts_only = true")
    with pytest.raises(SelectionError, match="prompts and no responses"):
        made(store, "random")


def test_a_missing_signal_stops_a_selection_before_it_starts(store: Store) -> None:
    with pytest.raises(SignalError, match="cover 15 of 35"):
        made(store, "s2l", settings={"proxy": "half"})


def test_a_selection_leaves_nothing_behind_without_memory_of_answers(
    store: Store, tmp_path: Path
) -> None:
    definition = define(
        store, find_selector(store, "s2l"), ref="tiny", budget=5, settings={"proxy": "tiny", "k": 3}
    )
    choose(store, definition, limits=Limits(use_cache=False))
    assert not store.cache.exists()


SHIPPED = sorted(path.stem for path in package_data_dir("selectors").glob("*.sql"))


@pytest.mark.parametrize("name", few_of(SHIPPED, "fisher_sft", "ds2", "rds"))
def test_every_selector_that_is_shipped_can_be_planned(store: Store, name: str) -> None:
    selector = find_selector(store, name)
    names = {param.name for param in selector.params}
    settings = {name: "tiny" for name in ("proxy", "target") if name in names}
    definition = define(store, selector, ref="tiny", budget=5, settings=settings)
    assert definition.content["pool"] == "tiny@2"
    assert set(definition.content["functions"]) <= kernel_names()
