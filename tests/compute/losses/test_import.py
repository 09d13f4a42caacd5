"""Trajectories from anybody's training run."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from catalog import Catalog
from catalog.errors import CatalogError, SignalError, SourceError

Write = Callable[..., Path]
T = 3


@pytest.fixture
def numbers() -> np.ndarray[Any, Any]:
    return np.random.default_rng(0).gamma(2.0, size=(6, T)).astype(np.float32)


@pytest.fixture
def pool(catalog: Catalog, jsonl: Write) -> Catalog:
    catalog.register(
        jsonl(
            [
                {"instruction": f"question {i}", "output": f"answer {i}", "id": f"id-{i}"}
                for i in range(6)
            ]
        ),
        pool="p",
    )
    return catalog


def stored(catalog: Catalog) -> np.ndarray[Any, Any]:
    """The trajectories in the order of the records, NaN where there is no loss."""
    sql = "SELECT row_number, checkpoint, loss FROM losses JOIN pool_members USING (instruction_id)"
    found = np.full((6, T), np.nan, dtype=np.float32)
    with catalog.store.reading() as connection:
        for row, checkpoint, loss in connection.sql(sql).fetchall():
            assert np.isnan(found[row, checkpoint])
            found[row, checkpoint] = loss
    return found


def write(folder: Path, shape: str, numbers: np.ndarray[Any, Any], **columns: list[Any]) -> Path:
    """The same numbers in any of the shapes in which people publish them."""
    path = folder / f"losses.{shape.split('-')[0]}"
    lists = pl.DataFrame(
        {**columns, "losses": pl.Series(numbers.tolist(), dtype=pl.List(pl.Float32))}
    )
    wide = pl.DataFrame(
        {**columns, **{f"step_{t}": numbers[:, t] for t in range(numbers.shape[1])}}
    )
    match shape:
        case "parquet-lists":
            lists.write_parquet(path)
        case "parquet-columns":
            wide.write_parquet(path)
        case "csv":
            wide.write_csv(path)
        case "jsonl":
            path.write_text("".join(json.dumps(row) + "\n" for row in lists.to_dicts()))
        case "npy":
            np.save(path, numbers)
        case "safetensors":
            from safetensors.numpy import save_file

            # Names that sort wrongly as text: step_2 comes after step_10.
            save_file(
                {
                    f"step_{step}": np.ascontiguousarray(numbers[:, t])
                    for t, step in enumerate((2, 10, 100))
                },
                path,
            )
        case "safetensors-matrix":
            from safetensors.numpy import save_file

            save_file({"losses": numbers}, path)
    return path


SHAPES = (
    "parquet-lists",
    "parquet-columns",
    "csv",
    "jsonl",
    "npy",
    "safetensors",
    "safetensors-matrix",
)


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_gives_the_same_numbers(
    pool: Catalog, tmp_path: Path, numbers: np.ndarray[Any, Any], shape: str
) -> None:
    answer = pool.import_losses("p", write(tmp_path, shape, numbers), proxy="theirs")
    assert (
        answer.is_new,
        answer.n_rows,
        answer.n_with_value,
        answer.n_checkpoints,
        answer.reasons,
    ) == (True, 6, 6, T, {})
    assert np.array_equal(stored(pool), numbers)


@pytest.mark.parametrize("shape", ["parquet-lists", "csv", "jsonl"])
def test_keys_find_their_records_in_any_order(
    pool: Catalog, tmp_path: Path, numbers: np.ndarray[Any, Any], shape: str
) -> None:
    fingerprints = pool.sql("SELECT fingerprint FROM pool('p') ORDER BY row_number")[
        "fingerprint"
    ].to_list()
    order = [3, 1, 5, 0, 2, 4]
    keyed = write(tmp_path, shape, numbers[order], fingerprint=[fingerprints[i] for i in order])
    first = pool.import_losses("p", keyed, proxy="theirs", key="fingerprint")
    assert np.array_equal(stored(pool), numbers)
    by_id = write(tmp_path, shape, numbers, id=[f"id-{i}" for i in range(6)])
    again = pool.import_losses("p", by_id, proxy="theirs", key="id")
    assert np.array_equal(stored(pool), numbers)
    assert (again.is_new, again.signal.signal_id) == (False, first.signal.signal_id)


def test_the_same_numbers_again_are_not_written_again(
    pool: Catalog, tmp_path: Path, numbers: np.ndarray[Any, Any]
) -> None:
    first = pool.import_losses("p", write(tmp_path, "npy", numbers), proxy="theirs")
    again = pool.import_losses("p", write(tmp_path, "csv", numbers), proxy="theirs")
    assert (again.is_new, again.signal.signal_id) == (False, first.signal.signal_id)
    assert np.array_equal(stored(pool), numbers)
    assert pool.import_losses("p", write(tmp_path, "npy", numbers + 1), proxy="theirs").is_new


def test_the_last_import_is_read_also_when_its_numbers_were_there_before(
    pool: Catalog, tmp_path: Path, numbers: np.ndarray[Any, Any]
) -> None:
    for plus in (0, 1, 0):
        pool.import_losses("p", write(tmp_path, "npy", numbers + plus), proxy="theirs")
        found = pool.sql(
            "SELECT losses FROM pool('p') JOIN trajectories('p') USING (instruction_id) ORDER BY row_number"
        )
        assert found["losses"].to_list() == (numbers + plus).tolist()
    assert pool.signals("p")["is_read"].to_list() == [True, False]


@pytest.mark.parametrize("broken", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("shape", SHAPES)
def test_what_is_no_number_is_no_trajectory(
    pool: Catalog, tmp_path: Path, numbers: np.ndarray[Any, Any], shape: str, broken: float
) -> None:
    numbers[4, 1] = broken
    answer = pool.import_losses("p", write(tmp_path, shape, numbers), proxy="theirs")
    assert (answer.n_with_value, answer.reasons) == (5, {"not_a_number": 1})
    kept = np.delete(np.arange(6), 4)
    assert np.array_equal(stored(pool)[kept], numbers[kept])
    assert np.isnan(stored(pool)[4]).all()
    assert pool.signals("p")["without_value"].to_list() == [["not_a_number 1"]]


@pytest.mark.parametrize("shape", ["parquet-lists", "parquet-columns", "jsonl", "csv"])
def test_a_null_is_no_number(
    pool: Catalog, tmp_path: Path, numbers: np.ndarray[Any, Any], shape: str
) -> None:
    rows: list[list[float | None]] = numbers.tolist()
    rows[2][0] = None
    path = tmp_path / f"losses.{shape.split('-')[0]}"
    if shape == "jsonl":
        path.write_text("".join(json.dumps({"losses": row}) + "\n" for row in rows))
    elif shape == "csv":
        with path.open("w", newline="") as file:
            csv.writer(file).writerows([["ck1", "ck2", "ck3"], *rows])
    elif shape == "parquet-lists":
        pl.DataFrame({"losses": rows}).write_parquet(path)
    else:
        pl.DataFrame(rows, schema=["ck1", "ck2", "ck3"], orient="row").write_parquet(path)
    assert pool.import_losses("p", path, proxy="theirs").reasons == {"not_a_number": 1}


def test_trajectories_of_different_lengths_are_refused(pool: Catalog, tmp_path: Path) -> None:
    path = tmp_path / "losses.jsonl"
    path.write_text(
        "".join(json.dumps({"losses": [1.0] * (2 if i == 3 else 3)}) + "\n" for i in range(6))
    )
    with pytest.raises(SignalError, match="row 3 has 2 losses and most have 3"):
        pool.import_losses("p", path, proxy="theirs")
    assert pool.signals("p").is_empty()


def test_a_row_without_a_trajectory_is_refused(pool: Catalog, tmp_path: Path) -> None:
    path = tmp_path / "losses.parquet"
    pl.DataFrame({"losses": [[1.0, 2.0], None, *[[1.0, 2.0]] * 4]}).write_parquet(path)
    with pytest.raises(SignalError, match="row 1 has no losses"):
        pool.import_losses("p", path, proxy="theirs")


@pytest.mark.parametrize("n", [5, 7])
def test_another_number_of_rows_is_refused(pool: Catalog, tmp_path: Path, n: int) -> None:
    path = tmp_path / "losses.npy"
    np.save(path, np.ones((n, T), dtype=np.float32))
    with pytest.raises(SignalError, match=f"has {n} rows and p@1 was read from 6 records"):
        pool.import_losses("p", path, proxy="theirs")


def test_tensors_of_different_lengths_are_refused(pool: Catalog, tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    save_file(
        {"a_1": np.ones(6, dtype=np.float32), "a_2": np.ones(5, dtype=np.float32)},
        tmp_path / "losses.safetensors",
    )
    with pytest.raises(SourceError, match="differ in length"):
        pool.import_losses("p", tmp_path / "losses.safetensors", proxy="theirs")


@pytest.mark.parametrize(
    "tensors",
    [
        {"a": np.ones((6, 2, 2))},
        {"a_1": np.ones((6, 2)), "a_2": np.ones((6, 2))},
        {"a": np.array(1.0)},
        {},
    ],
)
def test_tensors_of_other_shapes_are_refused(
    pool: Catalog, tmp_path: Path, tensors: dict[str, Any]
) -> None:
    from safetensors.numpy import save_file

    save_file(tensors, tmp_path / "losses.safetensors")
    with pytest.raises(CatalogError, match=r"losses\.safetensors"):
        pool.import_losses("p", tmp_path / "losses.safetensors", proxy="theirs")


def test_a_cut_file_is_refused(
    pool: Catalog, tmp_path: Path, numbers: np.ndarray[Any, Any]
) -> None:
    path = write(tmp_path, "safetensors", numbers)
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(SourceError, match="was cut"):
        pool.import_losses("p", path, proxy="theirs")


def test_half_precision_is_read(
    pool: Catalog, tmp_path: Path, numbers: np.ndarray[Any, Any]
) -> None:
    import torch
    from safetensors.torch import save_file

    for dtype in (torch.bfloat16, torch.float16):
        half = torch.from_numpy(numbers).to(dtype)
        save_file({"losses": half}, tmp_path / "losses.safetensors")
        pool.import_losses("p", tmp_path / "losses.safetensors", proxy=str(dtype))
        found = pool.sql(
            f"SELECT losses FROM pool('p') JOIN trajectories('p', proxy => '{dtype}') USING (instruction_id) ORDER BY row_number"
        )
        assert found["losses"].to_list() == half.float().tolist()


@pytest.mark.parametrize(
    "values", [np.zeros((0, 3)), np.zeros((6, 0)), np.array(["a"] * 6), np.array([1j] * 6)]
)
def test_arrays_without_numbers_are_refused(
    pool: Catalog, tmp_path: Path, values: np.ndarray[Any, Any]
) -> None:
    np.save(tmp_path / "losses.npy", values)
    with pytest.raises(SignalError, match=r"losses\.npy holds"):
        pool.import_losses("p", tmp_path / "losses.npy", proxy="theirs")


@pytest.mark.parametrize("losses", [["1.0", "x"], []])
def test_lists_without_numbers_are_refused(
    pool: Catalog, tmp_path: Path, losses: list[Any]
) -> None:
    (tmp_path / "losses.jsonl").write_text(
        "".join(json.dumps({"losses": losses}) + "\n" for _ in range(6))
    )
    with pytest.raises(CatalogError, match=r"losses\.jsonl"):
        pool.import_losses("p", tmp_path / "losses.jsonl", proxy="theirs")


def test_a_table_without_numbers_is_refused(pool: Catalog, tmp_path: Path) -> None:
    (tmp_path / "losses.csv").write_text("name\n" + "x\n" * 6)
    with pytest.raises(CatalogError, match="one numeric column a checkpoint; it has name"):
        pool.import_losses("p", tmp_path / "losses.csv", proxy="theirs")


def test_columns_stand_in_the_order_of_their_numbers(
    pool: Catalog, tmp_path: Path, numbers: np.ndarray[Any, Any]
) -> None:
    shuffled = pl.DataFrame({f"ck{step}": numbers[:, t] for t, step in ((2, 10), (0, 0.5), (1, 2))})
    shuffled.write_csv(tmp_path / "losses.csv")
    pool.import_losses("p", tmp_path / "losses.csv", proxy="theirs")
    assert np.array_equal(stored(pool), numbers)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (("epoch", "ck1", "ck2"), r"numeric column epoch beside ck1, ck2"),
        (("difficulty",), r"no numeric column is named as a checkpoint \(difficulty\)"),
        (("a1", "b1", "b2"), r"numeric column a1 beside b1, b2"),
        (("ck1", "ck01"), "ck1 and ck01 have the same number"),
    ],
)
def test_numeric_columns_that_are_no_checkpoints_are_refused_by_name(
    pool: Catalog, tmp_path: Path, columns: tuple[str, ...], message: str
) -> None:
    pl.DataFrame({"instruction": ["x"] * 6, **{name: [1.0] * 6 for name in columns}}).write_csv(
        tmp_path / "losses.csv"
    )
    with pytest.raises(SignalError, match=message):
        pool.import_losses("p", tmp_path / "losses.csv", proxy="theirs")


@pytest.mark.parametrize("shape", ["parquet-lists", "csv", "jsonl"])
def test_a_column_row_puts_a_shuffled_file_in_order(
    pool: Catalog, tmp_path: Path, numbers: np.ndarray[Any, Any], shape: str
) -> None:
    order = [3, 1, 5, 0, 2, 4]
    pool.import_losses("p", write(tmp_path, shape, numbers[order], row=order), proxy="theirs")
    assert np.array_equal(stored(pool), numbers)


def test_a_numeric_key_is_no_checkpoint(
    pool: Catalog, jsonl: Write, tmp_path: Path, numbers: np.ndarray[Any, Any]
) -> None:
    pool.register(
        jsonl(
            [{"instruction": f"q {i}", "output": "a", "number": 7 - i} for i in range(3)], "n.jsonl"
        ),
        pool="n",
    )
    pl.DataFrame({"number": [5, 6, 7], "ck1": [0.5, 0.6, 0.7]}).write_csv(tmp_path / "losses.csv")
    assert (
        pool.import_losses("n", tmp_path / "losses.csv", proxy="theirs", key="number").n_checkpoints
        == 1
    )


def test_a_column_losses_of_numbers_is_one_checkpoint(pool: Catalog, tmp_path: Path) -> None:
    pl.DataFrame({"losses": [1.0] * 6}).write_csv(tmp_path / "losses.csv")
    assert pool.import_losses("p", tmp_path / "losses.csv", proxy="theirs").n_checkpoints == 1


@pytest.mark.parametrize("shape", SHAPES)
def test_negative_losses_are_refused(
    pool: Catalog, tmp_path: Path, numbers: np.ndarray[Any, Any], shape: str
) -> None:
    numbers[3:5, 1] = -0.25
    with pytest.raises(SignalError, match=r"2 of 6 rows hold a negative loss \(row 3: -0\.25\)"):
        pool.import_losses("p", write(tmp_path, shape, numbers), proxy="theirs")
    assert pool.signals("p").is_empty()


def test_quarantined_records_keep_their_rows(
    catalog: Catalog, jsonl: Write, tmp_path: Path
) -> None:
    records = [{"instruction": f"question {i}", "output": f"answer {i}"} for i in range(60)]
    records[1]["instruction"] = ""
    records[1]["output"] = ""
    catalog.register(jsonl(records), pool="p")
    np.save(tmp_path / "losses.npy", np.arange(60.0, dtype=np.float32)[:, None])
    answer = catalog.import_losses("p", tmp_path / "losses.npy", proxy="theirs")
    assert (answer.n_rows, answer.n_with_value, answer.n_without_member) == (60, 59, 1)
    found = catalog.sql(
        "SELECT row_number, losses[1] AS loss FROM pool('p') JOIN trajectories('p') USING (instruction_id)"
    )
    assert (found["row_number"] == found["loss"]).all()


def test_tensors_are_in_the_order_of_their_numbers_and_what_is_none_is_refused(
    pool: Catalog, tmp_path: Path
) -> None:
    from safetensors.numpy import save_file

    path = tmp_path / "losses.safetensors"
    tensors = {
        f"epoch_{t}": np.full(6, 4 - 4 * t, dtype=np.float32) for t in (0.25, 0.5, 0.75, 1.0)
    }
    save_file(tensors, path)
    pool.import_losses("p", path, proxy="theirs")
    assert pool.sql("SELECT DISTINCT losses FROM trajectories('p')")["losses"].to_list() == [
        [3.0, 2.0, 1.0, 0.0]
    ]
    save_file(tensors | {"mean": np.ones(6, dtype=np.float32)}, path)
    with pytest.raises(SignalError, match="numeric column mean beside epoch_"):
        pool.import_losses("p", path, proxy="theirs")
