"""Refreshing several subsets: the others are refreshed where one cannot be."""

from collections.abc import Callable
from pathlib import Path

from click.testing import CliRunner

from catalog import Catalog
from catalog.cli import main


def test_a_subset_that_cannot_be_refreshed_stops_no_other(
    catalog: Catalog, jsonl: Callable[..., Path]
) -> None:
    records = [{"instruction": f"question {i}", "output": "yes"} for i in range(12)]
    catalog.register(jsonl(records), pool="p")
    catalog.select("random", "p", budget=10, name="large")
    catalog.select("random", "p", budget=5, name="small")
    catalog.register(jsonl(records[:7], "fewer.jsonl"), pool="p", mode="replace")
    answer = CliRunner().invoke(main, ["--home", str(catalog.store.path), "refresh", "--all"])
    assert answer.exit_code == 1
    assert "error: large: budget 10" in answer.stderr
    assert "1 of 2 subsets not refreshed: large" in answer.stderr
    assert catalog.subsets()["name", "version"].rows() == [("large", 1), ("small", 1), ("small", 2)]
