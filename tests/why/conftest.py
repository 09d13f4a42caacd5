"""A pool with signals of every kind, and what the tests of ``why`` do with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from catalog import Catalog
from catalog.models.causal_lm import save_causal_lm
from catalog.models.tiny import TinyShape, build_tiny
from catalog.why.selected import Why
from tests import quick

N, BUDGET = 60, 12
WORDS = [
    "the",
    "river",
    "night",
    "light",
    "field",
    "stone",
    "word",
    "small",
    "large",
    "add",
    "sum",
    "how",
    "what",
    "give",
    "three",
]
SCORES = (
    "deita",
    "depth",
    "learnability",
    "ifd",
    "ifd_ppl",
    "least_confidence",
    "n_tokens",
    "perplexity",
    "response_loss",
)
DEFAULT_SCORES = ("deita", "depth", "ifd")
"""The scores that the default suite selects by."""
SETTINGS: dict[str, dict[str, Any]] = {
    "diverse_evol": {"initial": 3},
    "mods": {"quality": "deita", "review": "ifd", "threshold": -9, "necessary": 9},
    "alpagasus": {"score": "deita", "threshold": -9},
    "car": {"score": "deita", "best": 5},
    "cherry_warm_up": {"k": 3, "each": 5},
    "davir": {"score": "learnability"},
    "limr": {"threshold": -9},
    "semdedup": {"k": 3},
    "s2l": {"k": 4},
    "s2l_by_source": {"k": 2},
    "kmeans_sensitivity": {"k": 4},
    "sensitivity": {"k": 4},
    "ila": {"projection": "pca", "side": 3},
    "ila_map": {"method": "pca", "side": 3},
    "coverage_only": {"projection": "pca", "side": 3},
    "deita": {"threshold": 0.6},
    "rds": {"target": "dev"},
    "ds2": {"score": "deita", "lowest": 0, "highest": 1, "rounds": 3},
    "isa": {"k": 2},
    "slearnllm": {"score": "deita", "threshold": 9},
    "sparft": {"k": 4},
    "dsir": {"target": "dev", "min_words": 0},
    "less": {"target": "dev"},
    "tsds": {"target": "dev", "alpha": 0.2},
}
WITHOUT_SCORE = 7  # a row without any score


def write(path: Path, records: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


@pytest.fixture(scope="session")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """Sixty records of three sources with signals, a duplicate, and a broken record."""
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("why")
    catalog, draw = Catalog.open(folder / "home", isolated=False), np.random.default_rng(0)
    records = [
        {
            "instruction": f"{' '.join(draw.choice(WORDS, draw.integers(3, 9)))} {i}",
            "output": " ".join(draw.choice(WORDS, draw.integers(1, 9))),
            "from": f"s{i % 3}",
            "tags": draw.choice(["add", "sum", "poem", "code"], i % 4, replace=False).tolist(),
        }
        for i in range(N)
    ]
    lines = write(folder / "pool.jsonl", [*records, records[0], {"neither": 1}])
    catalog.register(lines, pool="p", source_column="from", labels_column="tags")
    catalog.register(write(folder / "dev.jsonl", records[::9]), pool="dev", purpose="eval")
    np.save(folder / "losses.npy", np.random.default_rng(1).random((N + 2, 4), dtype=np.float32))
    catalog.import_losses("p", folder / "losses.npy", proxy="mine")
    for name in DEFAULT_SCORES if quick.is_default else SCORES:
        values = draw.random(N + 2) * 1.2
        values[WITHOUT_SCORE] = np.nan
        np.save(folder / "score.npy", values)
        catalog.import_scores("p", folder / "score.npy", name=name)
    catalog.embed("p")
    catalog.map("p", method="pca")
    save_causal_lm(
        build_tiny(WORDS, shape=TinyShape(vocabulary=300, width=16, layers=1, heads=2, inner=16)),
        folder / "small",
    )
    catalog.states("p", model=str(folder / "small"))
    if not quick.is_default:  # the default suite selects nothing by them
        for reference, of in (("p", None), ("dev", "p")):
            options = {"dim": 8, "checkpoints": 1, "warm_up": 0.3, "target_of": of}
            catalog.gradients(reference, model=str(folder / "small"), **options)
    return catalog


def selected(catalog: Catalog, selector: str, *, budget: int = BUDGET) -> dict[int, int]:
    """Return ranks by row number."""
    catalog.select(
        selector,
        "p",
        budget=budget,
        name=selector.replace("_", "-"),
        settings=SETTINGS.get(selector, {}),
    )
    rows = catalog.sql(
        f"SELECT row_number AS row, rank FROM subset('{selector.replace('_', '-')}')"
    )
    return dict(zip(rows["row"].to_list(), rows["rank"].to_list(), strict=True))


def text_of(found: Why) -> str:
    return "\n".join(found.lines())
