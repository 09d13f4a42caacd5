"""A subset in full."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from catalog import Catalog
from catalog.subsets.describe import SubsetDescription

Write = Callable[..., Path]


def test_a_subset_is_shown_with_what_made_it(
    catalog: Catalog, jsonl: Write, tmp_path: Path
) -> None:
    catalog.register(
        jsonl([{"instruction": f"question {i}", "output": "a"} for i in range(5)]), pool="p"
    )
    np.save(tmp_path / "depth.npy", np.arange(5.0))
    catalog.import_scores("p", tmp_path / "depth.npy", name="depth")
    catalog.select("depth_only", "p", budget=2, name="deep", seed=3)
    catalog.tag("deep", "paper")
    shown = catalog.show("deep", n_examples=1)
    assert isinstance(shown, SubsetDescription)
    assert (shown.reference, shown.tags) == ("deep@1", ["paper"])
    assert (
        shown.record["selector"],
        shown.record["budget"],
        shown.record["seed"],
        shown.record["n_members"],
    ) == ("depth_only", 2, 3, 2)
    assert shown.record["definition"]["pool"] == "p@1"
    assert [signal["name"] for signal in shown.record["definition"]["signals"]] == ["depth"]
    assert [row["prompt"] for row in shown.examples.to_dicts()] == ["question 4"]
