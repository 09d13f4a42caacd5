"""Why a row is in a subset, after the pool or its signals have changed."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from catalog import Catalog
from catalog.errors import NotFoundError

Write = Callable[..., Path]


def test_an_answer_is_true_of_the_stored_version_whatever_the_pool_has_become(
    catalog: Catalog, jsonl: Write
) -> None:
    pairs = [{"instruction": f"question {i}", "output": f"answer {i}"} for i in range(20)]
    catalog.register(jsonl(pairs), pool="p")
    catalog.select("random", "p", budget=5, name="drawn")
    ranks = dict(catalog.sql("SELECT row_number, rank FROM subset('drawn')").rows())
    row = next(row for row in range(20) if row not in ranks)
    before = catalog.why("drawn", row)
    catalog.register(
        jsonl([{"instruction": "new", "output": "new"}, *pairs[:3]]), pool="p", mode="replace"
    )
    assert catalog.why("drawn", row) == before
    new = catalog.sql("SELECT fingerprint FROM pool('p') WHERE prompt = 'new'")["fingerprint"][0]
    with pytest.raises(
        NotFoundError, match=f"p@1 has no fingerprint that begins with {new}; it is in p@2 on"
    ):
        catalog.why("drawn", new)


def test_a_changed_signal_is_named(catalog: Catalog, jsonl: Write, tmp_path: Path) -> None:
    catalog.register(jsonl([{"instruction": f"q {i}", "output": "a"} for i in range(9)]), pool="p")
    np.save(tmp_path / "depth.npy", np.arange(9.0))
    catalog.import_scores("p", tmp_path / "depth.npy", name="depth")
    catalog.select("depth_only", "p", budget=2, name="deep")
    with catalog.store.writing() as connection:
        connection.execute("UPDATE scores SET value = -value")
    left_out = catalog.why("deep@1", 0).left_out
    assert left_out is not None
    assert (left_out.cause, left_out.is_as_stored) == ("changed", False)
    assert "`catalog verify`" in left_out.sentences[-1]
