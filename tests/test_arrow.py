import datetime
import os
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog import Catalog
from catalog.arrow import from_numpy, to_numpy, to_python
from tests.quick import examples

ROOT = Path(__file__).resolve().parent.parent
TYPES = (pa.int8(), pa.uint16(), pa.int32(), pa.int64(), pa.float16(), pa.float32(), pa.float64())

numbers = st.lists(st.lists(st.integers(0, 100), max_size=5), max_size=4)


@settings(max_examples=examples(100))
@given(numbers, st.sampled_from(TYPES), st.integers(0, 3))
def test_numbers_are_those_that_pyarrow_gives(
    chunks: list[list[int]], type_: pa.DataType, start: int
) -> None:
    column = pa.chunked_array([pa.array(chunk, type_) for chunk in chunks], type_).slice(start)
    array = to_numpy(column)
    assert array.dtype == column.to_numpy().dtype
    assert np.array_equal(array, column.to_numpy())
    assert from_numpy(array).equals(pa.array(column.to_pylist(), type_))


@pytest.mark.parametrize("values", [[1.5, None], [True, False], ["a"]])
def test_values_other_than_plain_numbers_are_left_to_pyarrow(values: list[object]) -> None:
    assert np.array_equal(
        to_numpy(pa.array(values)),
        pa.array(values).to_numpy(zero_copy_only=False),
        equal_nan=values[0] == 1.5,
    )
    assert from_numpy(np.array(values)).equals(pa.array(np.array(values)))


def test_rows_other_than_native_numbers_are_left_to_pyarrow() -> None:
    assert from_numpy(np.ma.masked_array([1, 2], mask=[True, False])).to_pylist() == [None, 2]
    for values in (
        np.array([1, 2], dtype=">i4" if sys.byteorder == "little" else "<i4"),
        np.arange(6).reshape(2, 3),
    ):
        with pytest.raises((pa.ArrowInvalid, pa.ArrowNotImplementedError)):
            from_numpy(values)


def test_nothing_is_copied() -> None:
    column = from_numpy(np.arange(10))
    assert np.shares_memory(to_numpy(column), to_numpy(column.slice(2)))


@pytest.mark.parametrize(
    "selectors",
    [("s2l", "instag"), pytest.param(("random", "s2l_by_source"), marks=pytest.mark.slow)],
)
def test_a_selection_by_losses_or_by_labels_never_asks_for_pandas(
    catalog: Catalog, tmp_path: Path, jsonl: Callable[..., Path], selectors: tuple[str, ...]
) -> None:
    """If pandas is installed, pyarrow imports it for its own conversions: a third of a second."""
    records = [
        {
            "instruction": f"{i}?",
            "output": f"{i}!",
            "tags": [f"tag {i % 5}"],
            "from": f"source {i % 2}",
        }
        for i in range(40)
    ]
    catalog.register(jsonl(records), pool="p", labels_column="tags", source_column="from")
    pl.DataFrame({"losses": [[3.0, 2.0, 1.0 + i] for i in range(40)]}).write_parquet(
        tmp_path / "losses.parquet"
    )
    catalog.import_losses("p", tmp_path / "losses.parquet", proxy="mine")
    (tmp_path / "pandas").mkdir()
    imported = tmp_path / "imported"
    (tmp_path / "pandas" / "__init__.py").write_text(
        f"open({str(imported)!r}, 'w')\nraise ImportError('there is none')\n"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])}
    command = ["--home", str(catalog.store.path), "select"]
    lines = [
        [*command, selector, "p", "--budget", "9", "--as", f"few-{selector.replace('_', '-')}"]
        for selector in selectors
    ]
    code = f"from catalog.cli import main; [main(line, standalone_mode=False) for line in {lines}]"
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)
    assert not imported.exists()
    assert len(catalog.subsets()) == len(selectors)


@pytest.mark.skipif(find_spec("pandas") is None, reason="pandas is not installed")
def test_pandas_is_imported_where_it_is_needed_and_not_before() -> None:
    code = (
        "import sys, pyarrow as pa; from catalog.arrow import postpone_pandas; postpone_pandas();"
        "texts = pa.array(['a', None]); assert 'pandas' not in sys.modules, 1;"
        "assert pa.table({'a': texts}).to_pandas().shape == (2, 1); import pandas as pd;"
        "assert pa.array(pd.Series([1.0, float('nan')])).null_count == 1"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_times_that_python_lacks_are_texts() -> None:
    late = pa.array([2**31 - 1, -(2**31) + 1, 105200797, None, 1], pa.date32())
    day = datetime.date(1970, 1, 2)
    assert to_python(late) == ["infinity", "-infinity", "290000-01-01", None, day]
    seconds = pa.array([9_089_348_860_800, 0], pa.timestamp("s"))
    assert to_python(seconds) == ["290000-01-01 00:00:00", datetime.datetime(1970, 1, 1)]
    nested = pa.array([{"a": [2**31 - 1, None]}, None], pa.struct({"a": pa.list_(pa.date32())}))
    assert to_python(nested) == [{"a": ["infinity", None]}, None]
    pairs = pa.array([[("k", 2**63 - 1)]], pa.map_(pa.string(), pa.timestamp("us", "UTC")))
    assert to_python(pa.chunked_array([pairs])) == [[("k", "infinity")]]
