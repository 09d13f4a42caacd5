"""Trajectories of a million instructions."""

import time
from pathlib import Path

import numpy as np
import pytest

from catalog import Catalog
from catalog.query.trajectories import loss_matrix
from catalog.signals.coverage import coverages


@pytest.mark.slow
def test_a_million_trajectories_are_small_and_load_in_a_second(tmp_path: Path) -> None:
    """Measured against reading the same bytes; the file is compared with and without the losses."""
    catalog, rng = Catalog.open(tmp_path / "home"), np.random.default_rng(0)
    n = 1_000_000
    source = tmp_path / "pool.jsonl"
    source.write_text("".join(f'{{"instruction": "q{i}", "output": "a{i}"}}\n' for i in range(n)))
    catalog.register(source, pool="p")
    before = catalog.store.database.stat().st_size
    losses = (
        rng.gamma(2.0, size=(n, 1)) * np.linspace(1, 0.4, 12) + rng.normal(0, 0.05, (n, 12))
    ).astype(np.float32)
    np.save(tmp_path / "losses.npy", losses)
    catalog.import_losses("p", tmp_path / "losses.npy", proxy="theirs")
    added = catalog.store.database.stat().st_size - before
    started = time.monotonic()
    with catalog.store.reading() as connection:
        (signal,) = coverages(connection, catalog.find("p"), kind="losses")
        ids = np.arange(1, n + 1)
        found = loss_matrix(connection, ids, signal_id=signal.signal_id)
    seconds = time.monotonic() - started
    print(f"{added / 1e6:.1f} MB, {seconds:.2f} s")  # noqa: T201
    assert found.shape == (n, 12)
    assert added < 70e6
    assert seconds < 3  # a second on an idle machine
