"""Reading files for tests, with the checks that hold for every load."""

import json
from collections import Counter
from typing import Any

from catalog.pools.read_batches import (
    INSTRUCTIONS,
    QUARANTINE,
    FileReport,
    ReadOptions,
    read_batches,
)
from catalog.pools.reasons import RECORD_REASONS


def read(
    *sources: object, **options: Any
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[FileReport]]:
    files: list[FileReport] = []
    batches = list(
        read_batches(
            [str(source) for source in sources], ReadOptions(**options), report=files.append
        )
    )
    for batch in batches:
        assert batch.instructions.schema == INSTRUCTIONS
        assert batch.quarantine.schema == QUARANTINE
        batch.instructions.validate(full=True)
        batch.quarantine.validate(full=True)
    assert [file for batch in batches for file in batch.files] == files
    good = [row for batch in batches for row in batch.instructions.to_pylist()]
    bad = [row for batch in batches for row in batch.quarantine.to_pylist()]
    assert sorted(row["row_number"] for row in good + bad) == list(range(len(good) + len(bad)))
    assert sum((Counter(file.n_quarantined) for file in files), Counter()) == Counter(
        row["reason"] for row in bad
    )
    assert sum(file.n_records for file in files) == len(good) + len(bad)
    assert {row["reason"] for row in bad} <= set(RECORD_REASONS)
    return good, bad, files


def lines(rows: list[Any], **style: Any) -> str:
    return "".join(json.dumps(row, **style) + "\n" for row in rows)
