from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from catalog.store import vectors
from catalog.store.store import Store

# 40 instructions in two sources; version 2 of the pool loses the first five and gains ten.
FILL = """
INSERT INTO pools (pool_id, name, is_prompts_only, created_at)
VALUES (1, 'tiny', false, TIMESTAMP '2026-01-01');
INSERT INTO pool_versions (pool_id, version, created_at, mode, n_rows, n_members, n_added,
    n_removed, n_kept, n_updated, n_folded, n_quarantined, n_no_input, files, options, seconds)
SELECT 1, version, TIMESTAMP '2026-01-01', 'replace', 30, 30, 30, 0, 0, 0, 0, 0, 0, '[]', '{}', 0.1
FROM (VALUES (1), (2)) AS v(version);
INSERT INTO instructions (instruction_id, fingerprint, messages, system, tools)
SELECT
    i,
    sha256('instruction ' || i),
    [
        {'role': 'user', 'content': 'question ' || i, 'extra': NULL},
        {'role': 'assistant', 'content': repeat('a', i % 7 + 1), 'extra': NULL}
    ],
    CASE WHEN i % 10 = 0 THEN 'be brief' END,
    NULL
FROM range(40) AS t(i);
INSERT INTO pool_members
SELECT
    1,
    i,
    CASE WHEN i < 30 THEN 1 ELSE 2 END,
    CASE WHEN i < 5 THEN 2 END,
    i,
    CASE WHEN i % 3 = 0 THEN 'math' ELSE 'chat' END,
    CASE WHEN i % 3 = 0 THEN ['sum', 'number ' || i % 2, 'sum'] WHEN i % 3 = 1 THEN [] END,
    NULL
FROM range(40) AS t(i);
INSERT INTO subsets (subset_id, name, version, created_at, selector, budget,
    seed, n_members, definition, definition_sha256, members_sha256, environment, seconds)
VALUES (1, 'few', 1, TIMESTAMP '2026-01-02', 'random', 4, 0, 4, '{}', 'd', 'm', '{}', 0.1);
INSERT INTO subset_sources VALUES (1, 1, 1, 2);
INSERT INTO subset_members (subset_id, instruction_id, rank, why)
SELECT 1, 10 + 3 * i, i + 1, '{"round": 1}' FROM range(4) AS t(i);
INSERT INTO signals (signal_id, kind, name, identity_sha256, identity, dimension, lance_table,
    details, created_at)
VALUES
    (1, 'losses', 'tiny', 'l1', '{}', 4, NULL, '{}', TIMESTAMP '2026-01-04'),
    (2, 'losses', 'half', 'l2', '{}', 4, NULL, '{}', TIMESTAMP '2026-01-04'),
    (3, 'score', 'ifd', 's3', '{}', NULL, NULL, '{}', TIMESTAMP '2026-01-04'),
    (4, 'score', 'depth', 's4', '{}', NULL, NULL, '{}', TIMESTAMP '2026-01-04'),
    (5, 'embedding', 'MiniLM', 'e5', '{"field": "prompt"}', 3, 'embedding_0005', '{}',
        TIMESTAMP '2026-01-04'),
    (6, 'states', 'tiny', 't6', '{}', 2, 'states_0006', '{}', TIMESTAMP '2026-01-04');
INSERT INTO shards (signal_id, shard, n_instructions, n_missing, n_tokens, n_truncated,
    lance_version, seconds, committed_at)
SELECT signal_id, 0, 40, 0, 0, 0, CASE WHEN signal_id IN (5, 6) THEN 1 END, 1.0,
    TIMESTAMP '2026-01-04'
FROM (VALUES (1), (2), (3), (4), (5), (6)) AS v(signal_id);
INSERT INTO checkpoints (signal_id, checkpoint, step, epoch, mean_loss, recorded_at)
SELECT s, c, c * 10, c, 1.0, TIMESTAMP '2026-01-04'
FROM (VALUES (1), (2)) AS v(s), range(4) AS t(c);
-- Of `tiny` everyone has four losses but instruction 7, which has none for a reason.
INSERT INTO losses
SELECT 1, i, c, 10 * i + c, 3
FROM range(40) AS t(i), range(4) AS u(c) WHERE i <> 7 ORDER BY hash(i * 31 + c);
-- Of `half` twenty have four, ten have two, ten have none and no reason.
INSERT INTO losses SELECT 2, i, c, 10 * i + c, 3
FROM range(30) AS t(i), range(4) AS u(c) WHERE i < 20 OR c IN (1, 3);
INSERT INTO signal_gaps VALUES (1, 7, 0, 'prompt_fills_the_window'), (3, 8, 0, 'empty_response');
INSERT INTO signal_members SELECT 1, i, 0 FROM range(40) AS t(i) WHERE i <> 7;
INSERT INTO signal_members SELECT 2, i, 0 FROM range(20) AS t(i);
INSERT INTO signal_members SELECT s, i, 0 FROM (VALUES (4), (5), (6)) AS v(s), range(40) AS t(i);
INSERT INTO signal_members SELECT 3, i, 0 FROM range(40) AS t(i) WHERE i <> 8;
INSERT INTO scores
SELECT 3, i, CASE WHEN i <> 8 THEN i / 100 END, CASE WHEN i = 8 THEN 'empty_response' END
FROM range(40) AS t(i);
INSERT INTO scores SELECT 4, i, -i, NULL FROM range(40) AS t(i);
INSERT INTO tags VALUES ('tiny', 'first', 1, TIMESTAMP '2026-01-03');
"""


CASES = Path(__file__).parent.parent / "cases"


def read_cases(name: str) -> list[tuple[str, str]]:
    """Return the blocks of ``tests/cases/<name>.sql``: a line ``-- title: ...`` and its SQL."""
    blocks = re.split(
        r"^-- title: (.*)\n",
        (CASES / f"{name}.sql").read_text(encoding="utf-8"),
        flags=re.MULTILINE,
    )
    return list(zip(blocks[1::2], (block.strip() for block in blocks[2::2]), strict=True))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that takes ``pair`` once for every block of plans.sql."""
    if "pair" in metafunc.fixturenames:
        cases = read_cases("plans")
        metafunc.parametrize("pair", [sql for _, sql in cases], ids=[title for title, _ in cases])


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a filled folder to copy: filling it takes longer than most tests."""
    made = Store(tmp_path_factory.mktemp("filled") / "catalog")
    with made.writing() as connection:
        connection.execute(FILL)
    vectors.append(made, "embedding_0005", embedded())
    vectors.append(made, "states_0006", stated())
    return made.path


def embedded() -> pa.Table:
    """Return shuffled vectors of three numbers for forty instructions, and one of a dead shard."""
    ids = np.random.default_rng(0).permutation(40)
    numbers = np.stack([ids, ids * 2, np.sin(ids)], axis=1).astype(np.float16)
    rows = pa.table(
        {"instruction_id": ids, "shard": np.zeros(40, dtype=np.int64), "vector": _fixed(numbers)}
    )
    dead = pa.table(
        {"instruction_id": [12], "shard": [9], "vector": _fixed(np.zeros((1, 3), dtype=np.float16))}
    )
    return pa.concat_tables([rows, dead])


def stated() -> pa.Table:
    """Return token states of two numbers: instruction i has i % 4 + 1 tokens, token t is (i, t)."""
    ids = np.random.default_rng(1).permutation(40)
    n_tokens = ids % 4 + 1
    numbers = np.array(
        [(i, t) for i, n in zip(ids, n_tokens, strict=True) for t in range(n)], dtype=np.float16
    )
    offsets = pa.array(np.concatenate([[0], np.cumsum(n_tokens)]), pa.int32())
    states = pa.ListArray.from_arrays(offsets, _fixed(numbers))
    return pa.table(
        {"instruction_id": ids, "shard": np.zeros(40, dtype=np.int64), "states": states}
    )


def _fixed(numbers: np.ndarray) -> pa.FixedSizeListArray:
    return pa.FixedSizeListArray.from_arrays(pa.array(numbers.reshape(-1)), numbers.shape[1])


@pytest.fixture
def store(filled: Path, tmp_path: Path) -> Store:
    """Return a catalog with the pool `tiny` (two versions) and the subset `few`."""
    return Store(Path(shutil.copytree(filled, tmp_path / "catalog")))
