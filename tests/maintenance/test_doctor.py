"""Damage is found, and told with the command that helps."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from catalog import Catalog
from catalog.compute.similarity import exact_nearest, unit
from catalog.errors import CorruptError
from catalog.signals.registry import list_named
from catalog.store import vectors

Copy = Callable[[], Catalog]
TABLE = "embedding_0003"
READ = "SELECT fingerprint, vector FROM embeddings('p') ORDER BY fingerprint"


def checks(catalog: Catalog) -> set[str]:
    return {finding.check for finding in catalog.doctor(full=True)}


def data_files(catalog: Catalog) -> list[Path]:
    return sorted((Path(str(vectors.path(catalog.store, TABLE))) / "data").iterdir())


def flip(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 0x10
    path.write_bytes(bytes(content))


def change(catalog: Catalog, statement: str) -> None:
    with catalog.store.writing() as connection:
        connection.execute(statement)


def test_one_flipped_bit_of_a_vector_is_an_error_and_never_another_answer(copy: Copy) -> None:
    catalog = copy()
    before = catalog.sql(READ)
    path = data_files(catalog)[0]
    errors = []
    for at in range(0, path.stat().st_size, path.stat().st_size // 12):
        flip(path, at)
        try:
            assert catalog.sql(READ).equals(before)
        except CorruptError as error:
            errors.append(error)
        flip(path, at)
    assert len(errors) >= 5
    assert all(
        "embeddings of e" in error.problem and "catalog embed p@1 --encoder e" in error.next_step
        for error in errors
    )


def test_a_damaged_shard_is_found_forgotten_and_can_be_computed_again(copy: Copy) -> None:
    catalog = copy()
    flip(data_files(catalog)[0], 100)
    (finding,) = [
        finding for finding in catalog.doctor(full=True) if finding.check == "shard_damaged"
    ]
    assert ("shard" in finding.problem, "catalog embed p --encoder e" in finding.next_step) == (
        True,
        True,
    )
    assert catalog.gc(damaged=True).n_damaged == 1
    assert catalog.doctor(full=True) == []
    assert catalog.signals("p").filter(kind="embedding")["n_with_value"].to_list() == [15]


def test_zeroed_vectors_do_not_pass_as_whole(copy: Copy) -> None:
    catalog = copy()
    dataset = vectors.dataset(catalog.store, TABLE)
    rows = dataset.to_table(filter="shard = 1")
    dataset.delete("shard = 1")
    zeros = pa.FixedSizeListArray.from_arrays(
        pa.array([0.0] * (rows.num_rows * 16), pa.float32()), 16
    )
    version = vectors.append(
        catalog.store, TABLE, rows.set_column(rows.column_names.index("vector"), "vector", zeros)
    )
    change(catalog, f"UPDATE shards SET lance_version = {version} WHERE lance_version IS NOT NULL")
    assert catalog.doctor() == []  # every row is there
    assert checks(catalog) == {"shard_damaged"}
    with pytest.raises(CorruptError, match="shard 1"):
        catalog.sql(READ)


def test_compaction_changes_no_hash(copy: Copy) -> None:
    catalog = copy()
    before = catalog.sql(READ)
    vectors.dataset(catalog.store, TABLE).optimize.compact_files()
    version = vectors.version(catalog.store, TABLE)
    change(catalog, f"UPDATE shards SET lance_version = {version} WHERE lance_version IS NOT NULL")
    assert len(vectors.dataset(catalog.store, TABLE).get_fragments()) == 1
    assert catalog.doctor(full=True) == []
    assert catalog.sql(READ).equals(before)


def test_a_lost_folder_is_an_error(copy: Copy) -> None:
    catalog = copy()
    shutil.rmtree(str(catalog.store.vectors))
    with catalog.store.reading() as connection:
        (signal,) = list_named(connection, kind="embedding")
        members = connection.sql(
            "SELECT instruction_id FROM instructions ORDER BY ALL"
        ).fetchnumpy()["instruction_id"]
    with pytest.raises(CorruptError, match=TABLE):
        exact_nearest(
            catalog.store, signal, unit(members[:1, None].astype("float32")), members, k=3
        )
    with pytest.raises(CorruptError, match="embeddings of e"):
        catalog.sql(READ)
    assert "shard_rows" in checks(catalog)


@pytest.mark.parametrize(
    ("statement", "check"),
    [
        (
            "UPDATE instructions SET messages = [{role: 'user', content: 'x', extra: NULL}] "
            "WHERE instruction_id = 3",
            "fingerprints",
        ),
        ("UPDATE subset_members SET rank = 6 - rank", "members_sha256"),
        ("UPDATE scores SET value = 0.5 WHERE instruction_id = 3", "shard_damaged"),
        (
            "UPDATE losses SET loss = 0.5 WHERE instruction_id = 3 AND checkpoint = 1",
            "shard_damaged",
        ),
    ],
)
def test_what_is_not_as_it_was_written_is_found(copy: Copy, statement: str, check: str) -> None:
    catalog = copy()
    change(catalog, statement)
    assert checks(catalog) == {check}


@pytest.mark.slow
def test_shards_of_before_are_told_and_their_hashes_recorded_when_asked(copy: Copy) -> None:
    catalog = copy()
    change(catalog, "UPDATE shards SET sha256 = NULL")
    assert checks(catalog) == {"no_hash"}
    assert catalog.doctor() == []
    assert catalog.sql(READ).height == 30
    assert catalog.doctor(record=True) == []
    change(catalog, "UPDATE scores SET value = 0.5 WHERE instruction_id = 3")
    assert checks(catalog) == {"shard_damaged"}


def test_hashes_stay_true_when_instructions_go(copy: Copy, tmp_path: Path) -> None:
    catalog = copy()
    catalog.drop("drawn")
    (tmp_path / "less.jsonl").write_text(
        "".join(
            f'{{"instruction": "question {i}", "output": "answer {i}"}}\n' for i in range(0, 30, 2)
        )
    )
    catalog.register(tmp_path / "less.jsonl", pool="less")
    catalog.drop("p")
    assert catalog.gc().n_instructions == 15
    assert catalog.doctor(full=True) == []
    assert catalog.sql(READ.replace("'p'", "'less'")).height == 15


def test_a_missing_database_is_an_error(copy: Copy) -> None:
    catalog = copy()
    catalog.store.database.unlink()
    assert checks(catalog) == {"database_gone"}
