"""Files that are no trajectories are refused with the file and the place."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from catalog import Catalog
from catalog.errors import CatalogError, SignalError, SourceError
from tests.compute.losses.import_files import SHAPES, T, write
from tests.quick import few_of

Write = Callable[..., Path]


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
    with pytest.raises(SignalError, match=f"has {n} rows and p@1 .* 6 records"):
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
    with pytest.raises(SourceError, match="safetensors"):
        pool.import_losses("p", path, proxy="theirs")


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
    with pytest.raises(CatalogError, match="it has name"):
        pool.import_losses("p", tmp_path / "losses.csv", proxy="theirs")


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (("epoch", "ck1", "ck2"), r"numeric column epoch beside ck1, ck2"),
        (("difficulty",), r"no numeric column is named as a checkpoint \(difficulty\)"),
        (("a1", "b1", "b2"), r"numeric column a1 beside b1, b2"),
        (("ck1", "ck01"), "ck1 and ck01 have the same number"),
    ],
)
def test_numeric_columns_other_than_checkpoints_are_refused_by_name(
    pool: Catalog, tmp_path: Path, columns: tuple[str, ...], message: str
) -> None:
    pl.DataFrame({"instruction": ["x"] * 6, **{name: [1.0] * 6 for name in columns}}).write_csv(
        tmp_path / "losses.csv"
    )
    with pytest.raises(SignalError, match=message):
        pool.import_losses("p", tmp_path / "losses.csv", proxy="theirs")


@pytest.mark.parametrize("shape", few_of(list(SHAPES), "npy", "parquet-lists", "csv"))
def test_negative_losses_are_refused(
    pool: Catalog, tmp_path: Path, numbers: np.ndarray[Any, Any], shape: str
) -> None:
    numbers[3:5, 1] = -0.25
    with pytest.raises(SignalError, match=r"2 of 6 rows hold a negative loss \(row 3: -0\.25\)"):
        pool.import_losses("p", write(tmp_path, shape, numbers), proxy="theirs")
    assert pool.signals("p").is_empty()
