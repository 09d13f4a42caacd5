"""Scores from NumPy's files, and names that scores cannot have."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from catalog import Catalog
from catalog.errors import OptionError, SignalError, SourceError

Write = Callable[..., Path]


@pytest.mark.parametrize("values", [np.array(["a"] * 5), np.array([1j] * 5), np.array([True] * 5)])
def test_an_array_without_numbers_is_refused(
    pool: Catalog, tmp_path: Path, values: np.ndarray[Any, Any]
) -> None:
    np.save(tmp_path / "r.npy", values)
    with pytest.raises(SignalError, match=r"r\.npy"):
        pool.import_scores("p", tmp_path / "r.npy", name="r")


def test_an_array_is_known_by_its_first_bytes_and_an_ending_that_lies_is_refused(
    pool: Catalog, jsonl: Write, tmp_path: Path
) -> None:
    jsonl([{"r": 1.0}], "r.jsonl").rename(tmp_path / "r.npy")
    with pytest.raises(SourceError, match=r"\.npy file"):
        pool.import_scores("p", tmp_path / "r.npy", name="r")
    np.save(tmp_path / "s.npy", np.arange(5.0))
    (tmp_path / "s.npy").rename(tmp_path / "s")
    assert pool.import_scores("p", tmp_path / "s", name="r").n_with_value == 3


def test_an_invalid_name_is_refused(pool: Catalog, tmp_path: Path) -> None:
    np.save(tmp_path / "r.npy", np.ones(5))
    np.save(tmp_path / "losses.npy", np.ones((5, 2)))
    with pytest.raises(OptionError, match="'bad name'"):
        pool.import_scores("p", tmp_path / "r.npy", name="bad name")
    with pytest.raises(OptionError, match="'their/model'"):
        pool.import_losses("p", tmp_path / "losses.npy", proxy="their/model")


def test_what_is_imported_does_not_stand_in_for_what_was_computed(
    pool: Catalog, tmp_path: Path
) -> None:
    np.save(tmp_path / "losses.npy", np.ones((5, 2)))
    np.save(tmp_path / "r.npy", np.arange(5.0))
    pool.import_losses("p", tmp_path / "losses.npy", proxy="mine")
    pool.score("p", "learnability")
    with pytest.raises(SignalError, match="score learnability"):
        pool.import_scores("p", tmp_path / "r.npy", name="learnability")
    assert pool.import_scores("p", tmp_path / "r.npy", name="theirs").is_new
