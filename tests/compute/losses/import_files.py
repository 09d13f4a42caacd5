"""Files of losses in every published form, and what the catalog stores of them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from catalog import Catalog

Write = Callable[..., Path]
T = 3
SHAPES = (
    "parquet-lists",
    "parquet-columns",
    "csv",
    "jsonl",
    "npy",
    "safetensors",
    "safetensors-matrix",
)


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
