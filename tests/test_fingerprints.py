from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog import Catalog, fingerprints
from catalog.fingerprints import BYTES, alike, narrowed, texts, widened
from catalog.kernels._common.relation import canonical
from catalog.kernels._common.sample import drawn_rows

HASHES = st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=9, unique=True)
NEAR = HASHES.map(lambda found: [each[:1] * 31 + each[-1:] for each in found])  # long beginnings


def table(names: list[bytes]) -> pa.Table:
    return pa.table({"fingerprint": [name.hex() for name in names], "n": range(len(names))})


@given(HASHES | NEAR, st.integers(0, 3))
def test_bytes_give_texts_again_and_have_their_order(names: list[bytes], first: int) -> None:
    rows = pa.concat_tables([table(names), table(names[::-1])]).slice(first)
    narrow = narrowed(rows)
    assert narrow.schema.field("fingerprint").type == BYTES
    assert widened(narrow).combine_chunks().equals(rows.combine_chunks())
    assert canonical(narrow)["n"].to_pylist() == canonical(rows)["n"].to_pylist()
    assert texts(narrow["fingerprint"]) == rows["fingerprint"].to_pylist()
    assert np.array_equal(drawn_rows(narrow, 2, seed=1), drawn_rows(rows, 2, seed=1))


@pytest.mark.parametrize("other", ["a", "A" * 64, "g" * 64, None, "0" * 63 + "\n"])
def test_other_names_stay_texts_in_all_relations_of_a_kernel(other: str | None) -> None:
    rows = pa.table({"fingerprint": ["0" * 64, other]})
    assert narrowed(rows).equals(rows)
    both = alike({"rows": rows, "targets": narrowed(table([bytes(32)]))})
    assert [each.schema.field("fingerprint").type for each in both.values()] == [pa.string()] * 2


def test_a_small_relation_is_bytes_beside_a_large_one() -> None:
    both = alike({"rows": narrowed(table([bytes(32)])), "targets": table([bytes(range(32))])})
    assert [each.schema.field("fingerprint").type for each in both.values()] == [BYTES] * 2


def test_nulls_among_the_bytes_stay_nulls() -> None:
    column = narrowed(table([bytes(32), bytes(range(32))]))["fingerprint"]
    near = pa.table({"near": column.take(pa.array([1, None, 0]))}).slice(1)
    assert widened(near)["near"].to_pylist() == [None, "00" * 32]


def test_a_large_pool_has_the_answers_of_a_small_one(
    catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = "".join(
        f'{{"instruction": "question {i // 2} {i % 2}", "output": "answer"}}\n' for i in range(40)
    )
    (tmp_path / "pool.jsonl").write_text(records)
    catalog.register(tmp_path / "pool.jsonl", pool="p")
    np.save(tmp_path / "losses.npy", np.random.default_rng(0).random((40, 3), dtype=np.float32))
    catalog.import_losses("p", tmp_path / "losses.npy", proxy="mine")
    members = "(SELECT instruction_id, fingerprint, losses FROM trajectories('p'))"
    query = f"""
    SELECT n.fingerprint, n.query_fingerprint, n.rank, d.duplicate_group, d.group_size, f.words
    FROM nearest({members}, {members}, k => 2, others => true) AS n
    JOIN near_duplicates({members}, threshold => 0.9) AS d USING (fingerprint)
    JOIN (SELECT fingerprint, sha256(fingerprint) AS words FROM trajectories('p')) AS f
        USING (fingerprint)
    ORDER BY ALL
    """
    answers = []
    for large in (fingerprints.LARGE, 0):
        monkeypatch.setattr(fingerprints, "LARGE", large)
        subset = catalog.select("s2l", "p", budget=9, name=f"s{large}").reference
        queries = [
            query,
            "FROM trajectories('p') ORDER BY ALL",
            f"SELECT fingerprint, why FROM subset('{subset}') ORDER BY rank",
        ]
        answers.append([catalog.sql(each).rows() for each in queries])
    assert answers[0] == answers[1]
