from __future__ import annotations

import pyarrow as pa
import pytest

from catalog.errors import CatalogError, SignalError
from catalog.query.stream import run
from catalog.store.store import Store
from tests.quick import one_in

MEMBERS = range(5, 40)  # of tiny@2

SIGNAL = (
    "(signal_id, kind, name, identity_sha256, identity, dimension, lance_table, details, "
    "created_at)"
)


def by_id(answer: pa.Table, column: str) -> dict[int, object]:
    return dict(zip(answer["instruction_id"].to_pylist(), answer[column].to_pylist(), strict=True))


def test_trajectories_have_one_row_a_member_and_losses_in_training_order(store: Store) -> None:
    answer = run(store, "FROM trajectories('tiny', proxy => 'tiny')")
    assert answer.column_names == ["instruction_id", "fingerprint", "losses"]
    assert by_id(answer, "losses") == {
        i: [10.0 * i, 10.0 * i + 1, 10.0 * i + 2, 10.0 * i + 3] for i in MEMBERS if i != 7
    }


def test_trajectories_of_a_subset_are_those_of_its_members(store: Store) -> None:
    assert sorted(by_id(run(store, "FROM trajectories('few', proxy => 'tiny')"), "losses")) == [
        10,
        13,
        16,
        19,
    ]


def test_losses_answer_list_functions(store: Store) -> None:
    answer = run(
        store,
        (
            "SELECT losses[1] - losses[-1] AS drop, len(losses) AS n FROM "
            "trajectories('few', proxy => 'tiny')"
        ),
    )
    assert answer.to_pylist() == [{"drop": -3.0, "n": 4}] * 4


def test_an_incomplete_signal_is_refused_with_its_coverage_and_the_command(store: Store) -> None:
    with pytest.raises(SignalError) as caught:
        run(store, "SELECT *\nFROM trajectories('tiny@2', proxy => 'half')")
    assert str(caught.value) == (
        "query:2:6: losses of half cover 15 of 35 members of tiny@2: `catalog losses "
        "train tiny@2 --proxy half` computes the rest"
    )


def test_incomplete_trajectories_are_dropped_when_asked(store: Store) -> None:
    answer = run(store, "FROM trajectories('tiny', proxy => 'half', incomplete => 'drop')")
    assert sorted(by_id(answer, "losses")) == list(range(5, 20))


def test_incomplete_trajectories_are_filled_in_along_lines_when_asked(store: Store) -> None:
    losses = by_id(
        run(store, "FROM trajectories('tiny', proxy => 'half', incomplete => 'impute')"), "losses"
    )
    assert sorted(losses) == list(range(5, 30))
    assert losses[6] == [60, 61, 62, 63]
    assert losses[25] == [251, 251, 252, 253]  # checkpoints 1 and 3 are there


def test_a_trajectory_with_a_null_loss_is_refused_with_the_count(store: Store) -> None:
    with store.writing() as connection:
        connection.execute(
            "UPDATE losses SET loss = NULL WHERE signal_id = 1 AND instruction_id IN "
            "(20, 21) AND checkpoint = 2"
        )
    with pytest.raises(
        SignalError, match="2 of 34 trajectories of tiny over tiny@2 lack a checkpoint"
    ):
        run(store, "FROM trajectories('tiny', proxy => 'tiny')")


def test_which_of_several_proxies_must_be_said(store: Store) -> None:
    with pytest.raises(SignalError, match="losses of half and tiny: name one, as proxy => 'half'"):
        run(store, "FROM trajectories('tiny')")


def test_losses_of_other_pools_are_none_here(store: Store) -> None:
    with store.writing() as connection:
        connection.execute("""
            INSERT INTO pools (pool_id, name, is_prompts_only, created_at)
            VALUES (2, 'other', false, TIMESTAMP '2026-01-01');
            INSERT INTO pool_versions (pool_id, version, created_at, mode, n_rows, n_members,
                n_added,
                n_removed,
                n_kept, n_updated, n_folded, n_quarantined, n_no_input, files, options, seconds)
            SELECT 2, 1, TIMESTAMP '2026-01-01', 'replace', 1, 1, 1, 0, 0, 0, 0, 0, 0, '[]', '{}',
                0.1;
            INSERT INTO instructions (instruction_id, fingerprint, messages,
                system, tools)
            SELECT 100, sha256('x'), [{'role': 'user', 'content': 'x', 'extra': NULL}], NULL, NULL;
            INSERT INTO pool_members SELECT 2, 100, 1, NULL, 0, 'chat', NULL, NULL;
        """)
    with pytest.raises(
        SignalError,
        match="other@1 has no losses: `catalog losses train other@1 --proxy tiny` computes them",
    ):
        run(store, "FROM trajectories('other')")


def test_no_losses_are_read_when_none_are_used(store: Store) -> None:
    answer = run(store, "SELECT count(fingerprint) AS n FROM trajectories('tiny', proxy => 'tiny')")
    assert answer.to_pylist() == [{"n": 34}]
    with store.writing() as connection:
        connection.execute("DROP TABLE losses")
    assert (
        run(store, "SELECT count(fingerprint) AS n FROM trajectories('tiny', proxy => 'tiny')")
        == answer
    )


@pytest.mark.parametrize(
    ("sql", "message"),
    one_in(
        2,
        [
            (
                "FROM trajectories('tiny', proxy => 'pythia-70m')",
                "has no losses of pythia-70m; there are: half, tiny: `catalog losses import "
                "tiny@2 FILE --proxy pythia-70m` imports them; "
                "if it is a model, `catalog losses train tiny@2 --proxy pythia-70m` computes them",
            ),
            (
                "FROM trajectories('tiny', proxy => 'EleutherAI/pythia-70m')",
                (
                    "there are: half, tiny: `catalog losses train tiny@2 --proxy "
                    "EleutherAI/pythia-70m` computes them"
                ),
            ),
            (
                "FROM embeddings('tiny', encoder => 'MinLM')",
                "there are: MiniLM: `catalog embed tiny@2 --encoder MinLM` computes them",
            ),
            (
                "FROM embeddings('tiny', field => 'conversation')",
                "has no embeddings: `catalog embed tiny@2 --encoder all-MiniLM-L6-v2` computes",
            ),
            (
                "FROM token_states('tiny', model => 'other')",
                "`catalog states tiny@2 --model other` computes them",
            ),
            (
                "FROM trajectories('tiny', incomplete => 'ignore')",
                "incomplete expects 'refuse' or 'drop' or 'impute', not 'ignore'",
            ),
        ],
    ),
)
def test_a_missing_signal_is_named_with_the_command_that_makes_it(
    store: Store, sql: str, message: str
) -> None:
    with pytest.raises(CatalogError) as caught:
        run(store, sql)
    assert message in str(caught.value)


def test_scores_have_one_column_a_name_and_null_for_missing_values(store: Store) -> None:
    answer = run(store, "FROM scores('tiny')")
    assert answer.column_names == ["instruction_id", "fingerprint", "depth", "ifd"]
    assert by_id(answer, "ifd") == {i: None if i == 8 else i / 100 for i in MEMBERS}
    assert by_id(answer, "depth") == {i: -i for i in MEMBERS}


def test_scores_of_a_pool_without_any_are_its_members(store: Store) -> None:
    with store.writing() as connection:
        connection.execute("DELETE FROM signals WHERE kind = 'score'")
    assert run(store, "FROM scores('tiny')").column_names == ["instruction_id", "fingerprint"]


def test_the_newest_score_of_a_name_that_covers_all_is_taken(store: Store) -> None:
    with store.writing() as connection:
        row = "9, 'score', 'ifd', 's9', '{}', NULL, NULL, '{}', TIMESTAMP '2026-01-04'"
        connection.execute(f"INSERT INTO signals {SIGNAL} VALUES ({row})")
        connection.execute("INSERT INTO scores SELECT 9, i, 1000, NULL FROM range(20) AS t(i)")
        connection.execute("INSERT INTO signal_members SELECT 9, i, 0 FROM range(20) AS t(i)")
    assert run(store, "SELECT max(ifd) AS m FROM scores('tiny')").to_pylist() == [{"m": 0.39}]
    with store.writing() as connection:
        connection.execute("INSERT INTO scores SELECT 9, i, 1000, NULL FROM range(20, 40) AS t(i)")
        connection.execute("INSERT INTO signal_members SELECT 9, i, 0 FROM range(20, 40) AS t(i)")
    assert run(store, "SELECT max(ifd) AS m FROM scores('tiny')").to_pylist() == [{"m": 1000}]
