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
from catalog.errors import SignalError
from tests.compute.losses.import_files import SHAPES, T, stored, write
from tests.quick import few_of

Write = Callable[..., Path]


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
            "SELECT losses FROM pool('p') JOIN trajectories('p') USING (instruction_id) "
            "ORDER BY row_number"
        )
        assert found["losses"].to_list() == (numbers + plus).tolist()
    assert pool.signals("p")["is_read"].to_list() == [True, False]


@pytest.mark.parametrize("shape", few_of(list(SHAPES), "npy", "parquet-lists", "csv"))
@pytest.mark.parametrize("broken", few_of([np.nan, np.inf, -np.inf], np.nan))
def test_a_trajectory_with_a_missing_number_is_not_imported(
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
def test_a_null_is_not_a_number(
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
            f"SELECT losses FROM pool('p') JOIN trajectories('p', proxy => '{dtype}') "
            "USING (instruction_id) ORDER BY row_number"
        )
        assert found["losses"].to_list() == half.float().tolist()


def test_columns_stand_in_the_order_of_their_numbers(
    pool: Catalog, tmp_path: Path, numbers: np.ndarray[Any, Any]
) -> None:
    shuffled = pl.DataFrame({f"ck{step}": numbers[:, t] for t, step in ((2, 10), (0, 0.5), (1, 2))})
    shuffled.write_csv(tmp_path / "losses.csv")
    pool.import_losses("p", tmp_path / "losses.csv", proxy="theirs")
    assert np.array_equal(stored(pool), numbers)


@pytest.mark.parametrize("shape", ["parquet-lists", "csv", "jsonl"])
def test_a_column_row_puts_a_shuffled_file_in_order(
    pool: Catalog, tmp_path: Path, numbers: np.ndarray[Any, Any], shape: str
) -> None:
    order = [3, 1, 5, 0, 2, 4]
    pool.import_losses("p", write(tmp_path, shape, numbers[order], row=order), proxy="theirs")
    assert np.array_equal(stored(pool), numbers)


def test_a_numeric_key_is_not_a_checkpoint(
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
        "SELECT row_number, losses[1] AS loss "
        "FROM pool('p') JOIN trajectories('p') USING (instruction_id)"
    )
    assert (found["row_number"] == found["loss"]).all()


def test_tensors_are_ordered_by_number_and_others_are_refused(
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
