from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from catalog.errors import CatalogError, QueryError, SignalError
from catalog.query.sources import embeddings
from catalog.query.stream import run, stream
from catalog.signals.coverage import PinnedSignals
from catalog.store.store import Store

MEMBERS = range(5, 40)  # of tiny@2

SIGNAL = "(signal_id, kind, name, identity_sha256, identity, dimension, lance_table, details, created_at)"


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
        "SELECT losses[1] - losses[-1] AS drop, len(losses) AS n FROM trajectories('few', proxy => 'tiny')",
    )
    assert answer.to_pylist() == [{"drop": -3.0, "n": 4}] * 4


def test_an_incomplete_signal_is_refused_with_its_coverage_and_the_command(store: Store) -> None:
    with pytest.raises(SignalError) as caught:
        run(store, "SELECT *\nFROM trajectories('tiny@2', proxy => 'half')")
    assert str(caught.value) == (
        "query:2:6: losses of half cover 15 of 35 members of tiny@2: `catalog losses train tiny@2 --proxy half` computes the rest"
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
            "UPDATE losses SET loss = NULL WHERE signal_id = 1 AND instruction_id IN (20, 21) AND checkpoint = 2"
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
            INSERT INTO pools VALUES (2, 'other', false, TIMESTAMP '2026-01-01');
            INSERT INTO pool_versions (pool_id, version, created_at, mode, n_rows, n_members, n_added, n_removed,
                n_kept, n_updated, n_folded, n_quarantined, n_no_input, files, options, seconds)
            SELECT 2, 1, TIMESTAMP '2026-01-01', 'replace', 1, 1, 1, 0, 0, 0, 0, 0, 0, '[]', '{}', 0.1;
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
    [
        (
            "FROM trajectories('tiny', proxy => 'pythia-70m')",
            "has no losses of pythia-70m; there are: half, tiny: `catalog losses import tiny@2 FILE --proxy pythia-70m` imports them; "
            "if it is a model, `catalog losses train tiny@2 --proxy pythia-70m` computes them",
        ),
        (
            "FROM trajectories('tiny', proxy => 'EleutherAI/pythia-70m')",
            "there are: half, tiny: `catalog losses train tiny@2 --proxy EleutherAI/pythia-70m` computes them",
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
)
def test_a_missing_signal_is_named_with_the_command_that_makes_it(
    store: Store, sql: str, message: str
) -> None:
    with pytest.raises(CatalogError) as caught:
        run(store, sql)
    assert message in str(caught.value)


def test_scores_have_one_column_a_name_and_null_where_there_is_none(store: Store) -> None:
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


def test_embeddings_are_those_of_committed_shards_in_float32(store: Store) -> None:
    answer = run(store, "FROM embeddings('tiny')")
    assert answer.schema.field("vector").type == pa.list_(pa.float32(), 3)
    expected = {i: [np.float16(i), np.float16(2 * i), np.float16(math.sin(i))] for i in MEMBERS}
    assert by_id(answer, "vector") == expected


def test_embeddings_are_of_the_prompt_where_an_encoder_has_read_both_and_nothing_is_said(
    store: Store,
) -> None:
    with store.writing() as connection:
        row = "9, 'embedding', 'MiniLM', 'e9', '{\"field\": \"conversation\"}', 3, 'embedding_0009', '{}', TIMESTAMP '2026-01-05'"
        connection.execute(f"INSERT INTO signals {SIGNAL} VALUES ({row})")
        connection.execute("INSERT INTO signal_members SELECT 9, i, 0 FROM range(40) AS t(i)")

    with store.reading() as connection:

        def read(**options: Any) -> list[int]:
            return [
                signal.signal_id for signal in embeddings(connection, "tiny", **options).signals
            ]

        assert (read(), read(encoder="MiniLM"), read(field="prompt")) == ([5], [5], [5])
        assert read(field="conversation") == [9]
        assert read(pins=PinnedSignals(frozenset({"e9"}))) == [9]


def test_embeddings_answer_array_functions(store: Store) -> None:
    sql = "SELECT instruction_id FROM embeddings('tiny') ORDER BY array_cosine_similarity(vector, [1, 2, 0]::FLOAT[3]) DESC LIMIT 1"
    vectors = {i: np.array([i, 2 * i, np.float16(math.sin(i))], dtype=np.float64) for i in MEMBERS}
    best = max(MEMBERS, key=lambda i: vectors[i] @ [1, 2, 0] / np.linalg.norm(vectors[i]))
    assert run(store, sql)["instruction_id"].to_pylist() == [best]


@pytest.mark.parametrize("order", ["", "ORDER BY fingerprint", "ORDER BY fingerprint DESC LIMIT 7"])
def test_token_states_pass_through_sql_unread(store: Store, order: str) -> None:
    answer = run(
        store,
        f"SELECT s.instruction_id, s.n_tokens, s.states AS renamed FROM token_states('tiny') AS s {order}",
    )
    for row in answer.to_pylist():
        i = row["instruction_id"]
        assert row["n_tokens"] == i % 4 + 1
        assert row["renamed"] == [[i, t] for t in range(i % 4 + 1)]
    assert pa.types.is_float16(answer.schema.field("renamed").type.value_type.value_type)


def test_token_states_that_nobody_has_are_null(store: Store) -> None:
    sql = "SELECT p.instruction_id, s.states FROM pool('tiny') AS p LEFT JOIN token_states('few') AS s USING (instruction_id)"
    states = by_id(run(store, sql), "states")
    assert {i for i, value in states.items() if value is not None} == {10, 13, 16, 19}
    assert states[13] == [[13, 0], [13, 1]]


def test_token_states_come_in_a_stream_too(store: Store) -> None:
    with stream(store, "SELECT instruction_id, states FROM token_states('tiny')") as reader:
        assert pa.types.is_list(reader.schema.field("states").type)
        assert reader.read_all().num_rows == 35


def test_doing_sums_with_token_states_is_refused_in_one_line(store: Store) -> None:
    with pytest.raises(QueryError) as caught:
        run(store, "SELECT len(states) FROM token_states('tiny')")
    assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_a_million_trajectories_load_in_well_under_a_second(tmp_path: Path) -> None:
    home = Store(tmp_path / "large")
    n, t = 1_000_000, 12
    with home.writing() as connection:
        connection.execute(
            f"""
            INSERT INTO pools VALUES (1, 'large', false, TIMESTAMP '2026-01-01');
            INSERT INTO pool_versions (pool_id, version, created_at, mode, n_rows, n_members, n_added, n_removed,
                n_kept, n_updated, n_folded, n_quarantined, n_no_input, files, options, seconds)
            SELECT 1, 1, TIMESTAMP '2026-01-01', 'replace', {n}, {n}, {n}, 0, 0, 0, 0, 0, 0, '[]', '{{}}', 0.1;
            INSERT INTO instructions (instruction_id, fingerprint, messages,
                system, tools)
            SELECT i, sha256('' || i), [], NULL, NULL FROM range({n}) AS t(i);
            INSERT INTO pool_members SELECT 1, i, 1, NULL, i, 'a', NULL, NULL FROM range({n}) AS t(i);
            INSERT INTO signals (signal_id, kind, name, identity_sha256, identity, dimension, lance_table,
                details, created_at)
            VALUES (1, 'losses', 'tiny', 'l1', '{{}}', {t}, NULL, '{{}}', TIMESTAMP '2026-01-04');
            INSERT INTO shards (signal_id, shard, n_instructions, n_missing, n_tokens,
                n_truncated, lance_version, seconds, committed_at)
            VALUES (1, 0, {n}, 0, 0, 0, NULL, 1.0, TIMESTAMP '2026-01-04');
            INSERT INTO checkpoints (signal_id, checkpoint, step, epoch, mean_loss, recorded_at)
            SELECT 1, c, c, c, 1.0, TIMESTAMP '2026-01-04' FROM range({t}) AS t(c);
            INSERT INTO losses SELECT 1, i, c, i + c, 3 FROM range({t}) AS u(c), range({n}) AS t(i);
            INSERT INTO signal_members SELECT 1, i, 0 FROM range({n}) AS t(i);
            """
        )
    started = time.monotonic()
    answer = run(home, "SELECT instruction_id, fingerprint, losses FROM trajectories('large')")
    seconds = time.monotonic() - started
    started = time.monotonic()
    grouped = run(
        home,
        "SELECT instruction_id, list(loss ORDER BY checkpoint) AS losses FROM losses WHERE signal_id = 1 GROUP BY instruction_id",
    )
    in_sql = time.monotonic() - started
    assert answer.num_rows == grouped.num_rows == n
    losses = answer["losses"].combine_chunks().flatten().to_numpy().reshape(n, t)
    assert (losses == answer["instruction_id"].to_numpy()[:, None] + np.arange(t)).all()
    times = f"trajectories {seconds:.2f} s, list(... ORDER BY) {in_sql:.2f} s"
    print(f"{times}: {in_sql / seconds:.1f} x")  # noqa: T201
    assert seconds < in_sql
