from __future__ import annotations

import json
import re

import pytest

from catalog.errors import QueryError, SelectionError
from catalog.query.functions import describe_function
from catalog.query.source_text import SourceText
from catalog.selection.explain import explain, explain_selection
from catalog.selection.selector import find_selector, read_selector
from catalog.store.store import Store
from tests.quick import one_in


def test_a_plan_names_functions_signals_and_the_final_sql(store: Store) -> None:
    selector = find_selector(store, "s2l")
    given = selector.values({"proxy": "tiny", "k": 4}) | {"pool": "tiny", "budget": 5, "seed": 0}
    told = explain(store, SourceText.of(selector.text, name="s2l.sql"), given, is_selection=True)
    assert [function.partition("(")[0] for function in told.functions] == ["trajectories", "kmeans"]
    assert told.references == ("tiny@2",)
    assert told.is_ready
    (need,) = told.needs
    assert (
        need.kind,
        need.name,
        need.n_members,
        need.n_with_value,
        need.n_without_value,
        need.n_missing,
    ) == (
        "losses",
        "tiny",
        35,
        34,
        1,
        0,
    )
    assert told.sql.startswith(
        "-- __fn0 = trajectories('tiny@2', proxy => 'tiny', incomplete => 'refuse')\n-- "
        "__fn1 = kmeans((SELECT"
    )
    assert "FROM __fn1 AS kmeans" in told.sql
    assert "losses of tiny: 34 of 35, 1 without a value for a recorded reason" in "\n".join(
        told.lines()
    )
    assert json.loads(json.dumps(told.as_dict()))["is_ready"] is True


def test_what_is_missing_is_costed_at_the_rate_measured_here(store: Store) -> None:
    told = explain(store, SourceText.of("FROM trajectories('tiny', proxy => 'half')"), {})
    (need,) = told.needs
    assert need.n_missing == 20
    assert need.seconds == pytest.approx(1.0 / 20 * 20)  # one second for the twenty that are there
    assert str(need.command) == "catalog losses train tiny@2 --proxy half"
    assert need.n_bytes == 20 * 4 * 4
    assert not told.is_ready
    text = "\n".join(told.lines())
    assert "missing: 20 instructions" in text
    assert "about 1 s at the rate measured here" in text


def test_a_signal_that_never_was_is_costed_by_its_characters(store: Store) -> None:
    with store.writing() as connection:
        connection.execute("DELETE FROM signals WHERE kind = 'embedding'")
    (need,) = explain(store, SourceText.of("FROM embeddings('few', encoder => 'MiniLM')"), {}).needs
    characters = sum(len(f"question {i}") + i % 7 + 1 for i in (10, 13, 16, 19))
    assert (need.n_missing, need.n_tokens, need.seconds, need.n_bytes) == (
        4,
        round(characters / 4),
        None,
        4 * 384 * 4,
    )
    assert str(need.command) == "catalog embed few@1 --encoder MiniLM"


def test_a_score_that_others_have_is_costed_by_nothing_and_one_of_ours_by_itself_alone(
    store: Store,
) -> None:
    told = explain(
        store,
        SourceText.of("FROM score('tiny', name => 'deita'), score('tiny', name => 'perplexity')"),
        {},
    )
    assert [(need.title, need.seconds, need.is_computed) for need in told.needs] == [
        ("score deita", None, False),
        (
            "losses of tiny",
            pytest.approx(35 / 39),
            True,
        ),  # perplexity is measured with a proxy, and none was trained
        ("score perplexity", None, True),
    ]
    text = "\n".join(told.lines())
    assert (
        "missing: 35 instructions\n    import them with: catalog scores import tiny@2 "
        "FILE --name deita"
    ) in text
    assert (
        "time not measured here yet, 0 MiB of disk\n    compute them with: catalog score "
        "tiny@2 perplexity --model tiny"
    ) in text


def test_explaining_computes_and_keeps_nothing(store: Store) -> None:
    told = explain(store, SourceText.of("FROM kmeans((SELECT error('it ran')), k => 2)"), {})
    assert told.functions == ("kmeans((SELECT * FROM (SELECT error('it ran'))), k => 2)",)
    assert told.needs == ()


def test_each_signal_is_reported_once(store: Store) -> None:
    sql = (
        "FROM score('tiny', name => 'ifd') AS a JOIN score('tiny@2', name => 'ifd') AS b "
        "USING (instruction_id), embeddings('tiny')"
    )
    assert [need.title for need in explain(store, SourceText.of(sql), {}).needs] == [
        "score ifd",
        "embeddings of MiniLM",
    ]


def test_a_selection_is_held_to_its_rules_when_explained(store: Store) -> None:
    with pytest.raises(SelectionError, match="ORDER BY"):
        explain(
            store, SourceText.of("SELECT instruction_id FROM pool('tiny')"), {}, is_selection=True
        )


MISSING = "(SELECT instruction_id, fingerprint, vector FROM embeddings($pool, encoder => 'none'))"


@pytest.mark.parametrize(
    ("sql", "message"),
    one_in(
        2,
        [
            ("SELECT prompt FROM pool($pool) ORDER BY 1 LIMIT $budget", "no instruction_id"),
            (
                "SELECT source AS instruction_id FROM pool($pool) ORDER BY 1 LIMIT $budget",
                "instruction_id has the type VARCHAR",
            ),
            (
                "SELECT instruction_id, 1 AS instruction_id FROM pool($pool) ORDER BY 2 "
                "LIMIT $budget",
                "instruction_id more than once",
            ),
            ("SELECT instruction_id FROM pool($pool) ORDER BY row_number", "LIMIT $budget"),
            ("SELECT nothing FROM pool($pool) ORDER BY 1 LIMIT $budget", "mine.sql:2:8: "),
            (f"SELECT nothing FROM {MISSING} ORDER BY 1 LIMIT $budget", "mine.sql:2:8: "),
            (
                f"SELECT nothing FROM kmeans({MISSING}, k => 2) ORDER BY 1 LIMIT $budget",
                "mine.sql:2:8: ",
            ),
            (f"SELECT frob(vector) FROM {MISSING} ORDER BY 1 LIMIT $budget", "mine.sql:2:8: "),
        ],
    ),
)
def test_explaining_refuses_what_selecting_refuses(store: Store, sql: str, message: str) -> None:
    selector = read_selector(f"-- summary: A test.\n{sql}", name="mine")
    with pytest.raises((QueryError, SelectionError)) as caught:
        explain_selection(store, selector, "tiny", budget=5)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "sql",
    [
        (
            "SELECT instruction_id FROM log_det((FROM token_states($pool)), budget => "
            "$budget) ORDER BY rank"
        ),
        f"SELECT instruction_id FROM {MISSING} ORDER BY vector[1], 1 LIMIT $budget",
        (
            f"SELECT instruction_id FROM {MISSING} ORDER BY array_distance(vector, [1, "
            "2]::FLOAT[2]) LIMIT $budget"
        ),
    ],
)
def test_a_selection_whose_signal_is_missing_is_explained(store: Store, sql: str) -> None:
    selector = read_selector(f"-- summary: A test.\n{sql}", name="mine")
    assert explain_selection(store, selector, "tiny", budget=5).needs


@pytest.mark.parametrize("kernel", ["log_det", "facility_location"])
def test_an_optimizer_is_explained_with_its_guarantee_and_its_measured_ratio(
    store: Store, kernel: str
) -> None:
    query = f"FROM {kernel}((FROM embeddings('tiny')), budget => 3, optimizer => $how, parts => 2)"
    explained = explain(store, SourceText.of(query), {"how": "two_round"})
    (note,) = explained.notes
    assert note.startswith(f"{kernel}: optimizer => 'two_round': ")
    assert "(1 - 1/e)^2 / min(parts, budget)" in note
    (ratio,) = re.findall(r"measured: (\d\.\d{4}) of the exact", note)
    assert 0.9 < float(ratio) < 1.1
    assert f"  {note}" in explained.lines()
    (argument,) = (a for a in describe_function(store, kernel).arguments if a.name == "optimizer")
    assert note.endswith(argument.notes["two_round"])
    assert explain(store, SourceText.of(query), {"how": "exact"}).notes == ()
