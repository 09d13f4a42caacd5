"""A signal whose values would differ now is marked, not read, and computed anew."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from catalog import Catalog
from catalog.errors import CatalogError

Write = Callable[..., Path]
SIGNALS = "SELECT signal_id, stale FROM signals ORDER BY signal_id"
VALUES = "SELECT count(*) AS n FROM score('p', name => 'n_tokens')"


def test_a_stale_signal_is_shown_and_not_read_and_computed_anew_by_the_same_command(
    catalog: Catalog, jsonl: Write, records: Callable[[int], list[dict[str, Any]]], model: Path
) -> None:
    catalog.register(jsonl(records(6)), pool="p")
    catalog.score("p", "n_tokens", model=str(model))
    catalog.select("longest", "p", budget=3, name="s")
    with catalog.store.writing() as connection:
        connection.execute("UPDATE signals SET stale = 'its texts changed'")
    with pytest.raises(CatalogError, match="catalog score"):
        catalog.sql(VALUES)
    assert catalog.verify("s").is_same  # the subset was made of these values
    catalog.score("p", "n_tokens", model=str(model))
    catalog.score("p", "n_tokens", model=str(model))
    assert [stale for _, stale in catalog.sql(SIGNALS).rows()] == ["its texts changed", None]
    assert sorted(catalog.signals("p")["stale"].to_list(), key=str) == [None, "its texts changed"]
    assert catalog.sql(VALUES)["n"].to_list() == [6]
