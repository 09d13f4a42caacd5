from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from catalog.errors import QueryError
from catalog.query.sources.embeddings import embeddings
from catalog.query.stream import run, stream
from catalog.signals.coverage import PinnedSignals
from catalog.store.store import Store

MEMBERS = range(5, 40)  # of tiny@2

SIGNAL = (
    "(signal_id, kind, name, identity_sha256, identity, dimension, lance_table, details, "
    "created_at)"
)


def by_id(answer: pa.Table, column: str) -> dict[int, object]:
    return dict(zip(answer["instruction_id"].to_pylist(), answer[column].to_pylist(), strict=True))


def test_embeddings_are_those_of_committed_shards_in_float32(store: Store) -> None:
    answer = run(store, "FROM embeddings('tiny')")
    assert answer.schema.field("vector").type == pa.list_(pa.float32(), 3)
    expected = {i: [np.float16(i), np.float16(2 * i), np.float16(math.sin(i))] for i in MEMBERS}
    assert by_id(answer, "vector") == expected


def test_embeddings_of_the_prompt_are_the_default(
    store: Store,
) -> None:
    with store.writing() as connection:
        row = (
            "9, 'embedding', 'MiniLM', 'e9', '{\"field\": \"conversation\"}', 3, "
            "'embedding_0009', '{}', TIMESTAMP '2026-01-05'"
        )
        connection.execute(f"INSERT INTO signals {SIGNAL} VALUES ({row})")
        connection.execute("INSERT INTO signal_members SELECT 9, i, 0 FROM range(40) AS t(i)")

    with store.reading() as connection:

        def read(**options: Any) -> list[int]:
            return [
                signal.signal_id for signal in embeddings(connection, "tiny", **options).signals
            ]

        assert (read(), read(encoder="MiniLM"), read(field="prompt")) == ([5], [5], [5])
        assert read(field="conversation") == [9]
        assert read(prefer="conversation") == [9]
        assert read(pins=PinnedSignals(frozenset({"e9"}))) == [9]


def test_embeddings_answer_array_functions(store: Store) -> None:
    sql = (
        "SELECT instruction_id FROM embeddings('tiny') ORDER BY "
        "array_cosine_similarity(vector, [1, 2, 0]::FLOAT[3]) DESC LIMIT 1"
    )
    vectors = {i: np.array([i, 2 * i, np.float16(math.sin(i))], dtype=np.float64) for i in MEMBERS}
    best = max(MEMBERS, key=lambda i: vectors[i] @ [1, 2, 0] / np.linalg.norm(vectors[i]))
    assert run(store, sql)["instruction_id"].to_pylist() == [best]


@pytest.mark.parametrize("order", ["", "ORDER BY fingerprint", "ORDER BY fingerprint DESC LIMIT 7"])
def test_token_states_pass_through_sql_unread(store: Store, order: str) -> None:
    answer = run(
        store,
        (
            "SELECT s.instruction_id, s.n_tokens, s.states AS renamed FROM "
            f"token_states('tiny') AS s {order}"
        ),
    )
    for row in answer.to_pylist():
        i = row["instruction_id"]
        assert row["n_tokens"] == i % 4 + 1
        assert row["renamed"] == [[i, t] for t in range(i % 4 + 1)]
    assert pa.types.is_float16(answer.schema.field("renamed").type.value_type.value_type)


def test_token_states_that_nobody_has_are_null(store: Store) -> None:
    sql = (
        "SELECT p.instruction_id, s.states FROM pool('tiny') AS p LEFT JOIN "
        "token_states('few') AS s USING (instruction_id)"
    )
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
            INSERT INTO pools (pool_id, name, is_prompts_only, created_at)
            VALUES (1, 'large', false, TIMESTAMP '2026-01-01');
            INSERT INTO pool_versions (pool_id, version, created_at, mode, n_rows, n_members,
                n_added,
                n_removed,
                n_kept, n_updated, n_folded, n_quarantined, n_no_input, files, options, seconds)
            SELECT 1, 1, TIMESTAMP '2026-01-01', 'replace', {n}, {n}, {n}, 0, 0, 0, 0, 0, 0,
                '[]', '{{}}', 0.1;
            INSERT INTO instructions (instruction_id, fingerprint, messages,
                system, tools)
            SELECT i, sha256('' || i), [], NULL, NULL FROM range({n}) AS t(i);
            INSERT INTO pool_members
            SELECT 1, i, 1, NULL, i, 'a', NULL, NULL FROM range({n}) AS t(i);
            INSERT INTO signals (signal_id, kind, name, identity_sha256, identity, dimension,
                lance_table,
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
        (
            "SELECT instruction_id, list(loss ORDER BY checkpoint) AS losses FROM losses "
            "WHERE signal_id = 1 GROUP BY instruction_id"
        ),
    )
    in_sql = time.monotonic() - started
    assert answer.num_rows == grouped.num_rows == n
    losses = answer["losses"].combine_chunks().flatten().to_numpy().reshape(n, t)
    assert (losses == answer["instruction_id"].to_numpy()[:, None] + np.arange(t)).all()
    times = f"trajectories {seconds:.2f} s, list(... ORDER BY) {in_sql:.2f} s"
    print(f"{times}: {in_sql / seconds:.1f} x")  # noqa: T201
    assert seconds < in_sql
