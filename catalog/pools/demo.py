"""Generate a pool that needs no network: six sources, three difficulties, planted duplicates.

A seed determines every record, so the pool is the same on every machine, and a selection can be
judged by its known contents. One record in forty is an exact copy (a few more arise by chance), one
in twenty a near copy (other wording, same task), half of the pool is arithmetic, and the rarest
source is one in twenty.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from catalog.pools.demo_tasks import SOURCES

N_RECORDS = 2000
SEED = 20240612

WORDINGS = (
    "Please answer this: {0}",
    "Here is a task for you. {0}",
    "{0} Take your time.",
    "{0} Be brief.",
)


def demo_records(n: int = N_RECORDS, *, seed: int = SEED) -> Iterator[dict[str, Any]]:
    """Yield the demo pool's records: instruction, output, source, difficulty, label.

    A planted copy also has ``planted``.

    >>> sorted(next(demo_records(1)))
    ['difficulty', 'instruction', 'label', 'output', 'source']
    """
    draw = random.Random(seed)
    originals: list[dict[str, Any]] = []
    for index in range(n):
        if index % 40 == 39:
            yield dict(draw.choice(originals)) | {"planted": "exact copy"}
            continue
        if index % 20 == 7 and originals:
            yield _reworded(draw, draw.choice(originals))
            continue
        source = draw.choices(list(SOURCES), weights=[weight for weight, _ in SOURCES.values()])[0]
        difficulty = draw.choices((1, 2, 3), weights=(5, 3, 2))[0]
        task = SOURCES[source][1](draw, difficulty)
        record = {
            "instruction": task.prompt,
            "output": task.response,
            "source": source,
            "difficulty": difficulty,
            "label": {"abilities": task.abilities},
        }
        originals.append(record)
        yield record


def write_demo(path: Path, *, n: int = N_RECORDS) -> Path:
    """Write the demo pool as JSON Lines."""
    with path.open("w", encoding="utf-8") as file:
        for record in demo_records(n):
            file.write(json.dumps(record, ensure_ascii=False) + "\n")
    return path


def _reworded(draw: random.Random, record: dict[str, Any]) -> dict[str, Any]:
    return record | {
        "instruction": draw.choice(WORDINGS).format(record["instruction"]),
        "planted": "near copy",
    }
