import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from catalog.errors import SourceError
from catalog.pools.containers.parquet import parquet


def test_rows_are_read_across_row_groups_and_nulls_are_absent() -> None:
    target = io.BytesIO()
    rows = [{"prompt": f"q{n}", "response": None if n % 2 else "a", "n": n} for n in range(5000)]
    pq.write_table(pa.Table.from_pylist(rows), target, row_group_size=700)
    found = list(parquet(target, name="f"))
    assert [position for position, _, _ in found] == list(range(5000))
    assert found[0][1] == {"prompt": "q0", "response": "a", "n": 0}
    assert found[1][1] == {"prompt": "q1", "n": 1}


def test_a_cut_file_is_refused() -> None:
    target = io.BytesIO()
    pq.write_table(pa.table({"prompt": ["a"] * 1000}), target)
    with pytest.raises(SourceError, match="f: the Parquet file is damaged") as caught:
        list(parquet(io.BytesIO(target.getvalue()[:-20]), name="f"))
    assert caught.value.reason == "corrupt_archive"
