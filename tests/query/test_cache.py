from __future__ import annotations

import os
from pathlib import Path

import pyarrow as pa
import pytest

from catalog.query.cache import cached, key, read_answer, shrink
from catalog.store.store import Store

ROWS = pa.table(
    {
        "fingerprint": ["a", "b", "c"],
        "v": pa.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], pa.list_(pa.float32(), 2)),
    }
)


@pytest.fixture
def empty(tmp_path: Path) -> Store:
    (tmp_path / "catalog").mkdir()
    return Store(tmp_path / "catalog")


def test_the_second_answer_is_the_first_and_costs_nothing(empty: Store) -> None:
    calls = []

    def compute() -> pa.Table:
        calls.append(1)
        return ROWS

    answers = [cached(empty, "kmeans", {"points": ROWS}, {"k": 3}, compute) for _ in range(3)]
    assert len(calls) == 1
    assert all(answer.equals(ROWS) for answer in answers)


def test_the_key_follows_the_content_and_not_the_way_it_is_held() -> None:
    plain = key("kmeans", {"points": ROWS}, {"k": 3, "memory": 10})
    assert key("kmeans", {"points": ROWS.take([2, 0, 1])}, {"k": 3}) == plain
    assert (
        key(
            "kmeans",
            {"points": pa.concat_tables([ROWS.slice(0, 1), ROWS.slice(1)])},
            {"k": 3, "memory": None},
        )
        == plain
    )
    assert key("kmeans", {"points": pa.concat_tables([ROWS, ROWS]).slice(3)}, {"k": 3}) == plain


@pytest.mark.parametrize("item", ["item", "", "l", "element"])
def test_the_name_of_a_list_item_is_not_part_of_the_key(item: str) -> None:
    def rows(vectors: pa.Array, names: pa.Array) -> pa.Table:
        return pa.table({"fingerprint": names, "v": vectors})

    plain = [pa.list_(pa.field("item", pa.float32())), pa.list_(pa.field("item", pa.float32()), 2)]
    other = [
        pa.large_list(pa.field(item, pa.float32())),
        pa.list_(pa.field(item, pa.float32(), nullable=False), 2),
    ]
    for before, after in zip(plain, other, strict=True):
        first = rows(pa.array([[1.0, 2.0], [3.0, 4.0]], before), pa.array(["a", "b"]))
        second = rows(
            pa.array([[1.0, 2.0], [3.0, 4.0]], after), pa.array(["a", "b"], pa.large_string())
        )
        noted = second.replace_schema_metadata({"a": "note"})
        assert key("project", {"points": first}, {}) == key("project", {"points": noted}, {})


def test_a_second_answer_is_taken_from_the_first_whatever_its_lists_are_called(
    empty: Store,
) -> None:
    calls = []

    def compute() -> pa.Table:
        calls.append(1)
        return ROWS

    for item in ("item", ""):
        type_ = pa.list_(pa.field(item, pa.float32()), 2)
        rows = ROWS.set_column(1, "v", ROWS["v"].cast(type_))
        assert rows["v"].type.value_field.name == item
        cached(empty, "project", {"points": rows}, {}, compute)
    assert len(calls) == 1


@pytest.mark.parametrize(
    ("name", "rows", "options"),
    [
        ("project", ROWS, {"k": 3}),
        ("kmeans", ROWS.slice(1), {"k": 3}),
        ("kmeans", ROWS, {"k": 4}),
        ("kmeans", ROWS, {"k": 3, "seed": 1}),
        ("kmeans", ROWS.rename_columns(["fingerprint", "w"]), {"k": 3}),
        ("kmeans", ROWS.set_column(0, "fingerprint", pa.array(["a", "b", "d"])), {"k": 3}),
    ],
)
def test_whatever_changes_the_answer_changes_the_key(
    name: str, rows: pa.Table, options: dict[str, int]
) -> None:
    assert key(name, {"points": rows}, options) != key("kmeans", {"points": ROWS}, {"k": 3})


def test_columns_of_the_input_are_not_kept_again(empty: Store) -> None:
    answer = pa.table(
        {"cluster": [0, 1, 0], "fingerprint": ["a", "b", "c"], "v": ["another", "v", "here"]}
    )
    for _ in range(2):
        shuffled = ROWS.take([2, 0, 1])
        found = cached(empty, "kmeans", {"points": shuffled}, {}, lambda: answer)
        assert found.equals(answer)
    (path,) = empty.cache.iterdir()
    assert read_answer(path).column_names == ["cluster", "v"]


def test_a_broken_file_is_computed_again(empty: Store) -> None:
    cached(empty, "kmeans", {"points": ROWS}, {}, lambda: ROWS)
    (path,) = empty.cache.iterdir()
    path.write_bytes(b"not arrow")
    assert cached(empty, "kmeans", {"points": ROWS}, {}, lambda: ROWS).equals(ROWS)
    assert path.stat().st_size > 100


def test_an_answer_with_one_flipped_bit_is_computed_again(empty: Store) -> None:
    cached(empty, "kmeans", {"points": ROWS}, {}, lambda: ROWS)
    (path,) = empty.cache.iterdir()
    whole = path.read_bytes()
    for at in range(0, len(whole), 61):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert cached(empty, "kmeans", {"points": ROWS}, {}, lambda: ROWS).equals(ROWS)
        assert path.read_bytes() == whole


def test_shrinking_removes_what_is_longest_unused(empty: Store) -> None:
    for k in range(4):
        cached(empty, "kmeans", {"points": ROWS}, {"k": k}, lambda: ROWS)
    files = sorted(empty.cache.iterdir())
    for age, path in enumerate(files):
        os.utime(path, (1000 - age, 1000 - age))
    size = files[0].stat().st_size
    assert shrink(empty, keep_bytes=2 * size) == 2 * size
    assert sorted(empty.cache.iterdir()) == sorted(files[:2])
    assert shrink(empty) == 2 * size
    assert shrink(empty) == 0


def test_a_failed_computation_keeps_nothing(empty: Store) -> None:
    def fail() -> pa.Table:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        cached(empty, "kmeans", {"points": ROWS}, {}, fail)
    assert not empty.cache.exists()


def test_other_code_has_another_key() -> None:
    keys = {
        key("kmeans", {"points": ROWS}, {}, code=code)
        for code in ((), (1, "a"), (2, "a"), (2, "b"))
    }
    assert len(keys) == 4
