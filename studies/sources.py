"""Real instruction data as records with a prompt, a response and a source.

A smoke run has no real data and generates its records.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from catalog.models.template import alpaca_prompt
from catalog.pools.demo import demo_records

Record = dict[str, str]

FILES = {
    "gsm8k": "gsm8k/train.jsonl",
    "gsm8k_test": "gsm8k/test.jsonl",
    "alpaca": "alpaca52k/alpaca_data.json",
    "codealpaca": "codealpaca/new_codealpaca.json",
    "toolformer": "gpteacher/toolformer-dedupe-only-dataset.json",
}
NEEDS = (
    "`gsm8k` (openai/grade-school-math), `alpaca52k` (tatsu-lab/stanford_alpaca), and for data "
    "efficiency `codealpaca` (sahil280114/codealpaca) and `gpteacher` (teknium1/GPTeacher), "
    "under the folder that `--data` names; a smoke run needs none."
)


def draw_records(data: Path, source: str, n: int, *, seed: int = 0) -> list[Record]:
    """Draw ``n`` records of a source without replacement; records without an answer are left out.

    The first draws are the same for every ``n``.
    """
    records = [record for record in _records(data, source) if record["response"].strip()]
    order = np.random.default_rng(seed).permutation(len(records))[:n]
    if len(order) < n:
        raise ValueError(
            f"{FILES[source]} has {len(records):,} records with an answer, fewer than {n:,}"
        )
    return [records[place] for place in order]


def generate_records(n: int, *, seed: int = 0) -> list[Record]:
    """Return ``n`` records of the demo's generator, from its two largest sources."""
    records: list[Record] = []
    for record in demo_records(10 * n, seed=seed):
        if (
            record["source"] in ("arithmetic", "stories")
            and "planted" not in record
            and len(records) < n
        ):
            records.append(
                {
                    "prompt": record["instruction"],
                    "response": record["output"],
                    "source": record["source"],
                }
            )
    return records


def write_jsonl(records: Sequence[Record], path: Path) -> Path:
    """Write records as JSON Lines."""
    path.write_text(
        "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records),
        encoding="utf-8",
    )
    return path


def as_messages(record: Record) -> dict[str, Any]:
    """Return a record as the models read it."""
    return {
        "messages": [
            {"role": "user", "content": record["prompt"]},
            {"role": "assistant", "content": record["response"]},
        ]
    }


def texts_of(records: Sequence[Record]) -> list[str]:
    """Return whole texts for a vocabulary, with the template's words.

    Most tokens of a short record are those of the template.
    """
    return [
        alpaca_prompt([{"role": "user", "content": record["prompt"]}]) + record["response"]
        for record in records
    ]


def _records(data: Path, source: str) -> Iterator[Record]:
    text = (data / FILES[source]).read_text(encoding="utf-8")
    rows = (
        [json.loads(line) for line in text.splitlines()]
        if FILES[source].endswith("l")
        else json.loads(text)
    )
    for row in rows:
        prompt = row.get("question") or "\n\n".join(
            part for part in (row["instruction"], row.get("input", "")) if part
        )
        answer = next(row[key] for key in ("answer", "output", "response") if key in row)
        yield {"prompt": prompt, "response": answer, "source": source.removesuffix("_test")}
