"""Tables that others published, told apart by their first bytes."""

import gzip
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from catalog.compute.imports.report import digest
from catalog.compute.imports.table import read_table
from catalog.errors import SourceError

ROWS = [{"id": "a", "r": {"overall": 1.5}}, {"id": "b", "r": {"overall": 2.5}}]


def test_every_container_gives_the_same_numbers(tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    (tmp_path / "t.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    (tmp_path / "t.json").write_text(json.dumps(ROWS))
    with gzip.open(tmp_path / "t.jsonl.gz", "wt") as file:
        file.write("".join(json.dumps(row) + "\n" for row in ROWS))
    pq.write_table(pa.Table.from_pylist(ROWS), tmp_path / "t.parquet")
    for name in ("t.jsonl", "t.json", "t.jsonl.gz", "t.parquet"):
        table = read_table(str(tmp_path / name), columns=["r.overall", "id"])
        assert table.n_rows == 2
        assert table.column("r.overall").to_pylist() == [1.5, 2.5]
        assert table.column("id").to_pylist() == ["a", "b"]
    (tmp_path / "t.csv").write_text("id,overall\na,1.5\nb,2.5\n")
    assert read_table(str(tmp_path / "t.csv"), columns=["overall"]).column(
        "overall"
    ).to_pylist() == [1.5, 2.5]
    np.save(tmp_path / "t.npy", np.array([1.5, 2.5]))
    assert read_table(str(tmp_path / "t.npy")).column("values").tolist() == [1.5, 2.5]
    save_file(
        {"step_10": np.array([3.0, 4.0]), "step_9": np.array([1.0, 2.0])},
        tmp_path / "t.safetensors",
    )
    table = read_table(str(tmp_path / "t.safetensors"))
    assert {name: table.column(name).to_pylist() for name in table.columns} == {
        "step_9": [1.0, 2.0],
        "step_10": [3.0, 4.0],
    }


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.jsonl", b'{"a": 1}\n{"a": \n', "line 2"),
        ("t.csv", b"a,b\n1,2\n", "has no column overall; it has a, b"),
        ("t.jsonl", b'{"a": 1}\n', "no column overall"),
        ("t.parquet", b"PAR1 and nothing", "cannot be read as a table"),
        ("t.json", b"[garbage", "cannot be read as a table"),
        ("t.jsonl", b'{"a": "\xff"}', "cannot be read as a table"),
        ("t.npy", b"garbage", r"t\.npy: .*\.npy file"),
        ("t.npy", b"", r"\.npy file"),
        ("t.npy", b"PK\x03\x04 an archive", r"\.npy file"),
        ("t.npy", b"\x93NUMPY\x01\x00 and garbage", r"\.npy file"),
    ],
)
def test_an_incomplete_table_is_refused_with_its_location(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceError, match=message):
        read_table(str(tmp_path / name), columns=["overall"])


def test_an_array_of_objects_is_refused_and_says_what_to_write(tmp_path: Path) -> None:
    np.save(tmp_path / "t.npy", np.array([1.0, None], dtype=object), allow_pickle=True)
    with pytest.raises(
        SourceError,
        match=r"Object arrays cannot be loaded.*write floats or integers with numpy\.save",
    ):
        read_table(str(tmp_path / "t.npy"))


def test_tensors_of_different_length_and_missing_files_are_refused(tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    save_file({"a": np.zeros(2), "b": np.zeros(3)}, tmp_path / "t.safetensors")
    with pytest.raises(SourceError, match="differ in length"):
        read_table(str(tmp_path / "t.safetensors"))
    with pytest.raises(SourceError, match="cannot be read"):
        read_table(str(tmp_path / "nothing.csv"))


def test_a_digest_tells_publications_apart() -> None:
    one = np.array([1.0, 2.0])
    assert digest(one) == digest(one.copy())
    assert digest(one) != digest(one + 1)
    assert digest(np.array(["a", "b"], dtype=object)) != digest(np.array(["a", "c"], dtype=object))
