"""Runs of `contamination.py`: the test sets, and the matches that each method makes in them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from study import Study

from catalog import Catalog

SETS = ("gsm8k", "humaneval_python", "humaneval_multi")
N_HUMANEVAL, UNRELATED = 164, 1000
THRESHOLDS = {
    "text": (0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8),
    "vectors": (0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95),
    "nearest": (0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95),
}

COLUMNS = {"text": "prompt", "vectors": "vector"}
SIDES = "source AS side, (metadata->>'item')::INT AS item"

RELATIONS = {
    "text": f"(SELECT fingerprint, prompt, {SIDES} FROM pool($pool))",
    "vectors": f"(SELECT fingerprint, vector, {SIDES} FROM embeddings($pool) "
    "JOIN pool($pool) USING (instruction_id, fingerprint))",
}

COUNTS = """
SELECT
    count(*) FILTER (WHERE side = 'rephrased'),
    count(*) FILTER (WHERE side = 'unrelated'),
    avg(is_found::INT) FILTER (WHERE side = 'rephrased'),
    avg(is_matched::INT) FILTER (WHERE side = 'unrelated')
FROM ({matched})
"""

GROUPED = """
WITH grouped AS (
    SELECT fingerprint, side, item, duplicate_group
    FROM near_duplicates({relation}, by => '{column}', threshold => $threshold)
),
originals AS (SELECT item AS original, duplicate_group FROM grouped WHERE side = 'original')
SELECT
    side,
    coalesce(bool_or(original = item), false) AS is_found,
    count(original) > 0 AS is_matched
FROM grouped
LEFT JOIN originals USING (duplicate_group)
WHERE side <> 'original'
GROUP BY fingerprint, side
"""

NEAREST = """
SELECT
    query_side AS side,
    similarity >= $threshold AND item = query_item AS is_found,
    similarity >= $threshold AS is_matched
FROM nearest(
    (SELECT * FROM {relation} WHERE side = 'original'),
    (SELECT * FROM {relation} WHERE side <> 'original'),
    k => 1
)
"""

# For each method, points of threshold, share of rephrased items found, share of unrelated matched.
Curves = dict[str, list[list[float]]]


def look(study: Study, name: str) -> dict[str, Any]:
    """Register a test set, and search its items with every method at every threshold."""
    folder = study.work / "contamination"
    folder.mkdir(parents=True, exist_ok=True)
    catalog = Catalog.open(folder / "catalog")
    file = folder / f"{name}.jsonl"
    lines = [json.dumps(record, ensure_ascii=False) + "\n" for record in records_of(study, name)]
    file.write_text("".join(lines), encoding="utf-8")
    catalog.register(file, pool=name, source_column="side", prompts_only=True, mode="replace")
    catalog.embed(name)
    curves: Curves = {}
    n = n_unrelated = 0
    for way, thresholds in THRESHOLDS.items():
        matched = NEAREST.format(relation=RELATIONS["vectors"])
        if way != "nearest":
            matched = GROUPED.format(relation=RELATIONS[way], column=COLUMNS[way])
        curves[way] = []
        for threshold in study.sized(thresholds, smoke=thresholds[::3]):
            parameters = {"pool": name, "threshold": threshold}
            counts = catalog.sql(COUNTS.format(matched=matched), parameters=parameters)
            ((n, n_unrelated, share, false),) = counts.rows()
            curves[way].append([threshold, share, false])
    return {"n": n, "n_unrelated": n_unrelated, "curves": curves}


def records_of(study: Study, name: str) -> list[dict[str, Any]]:
    """Return prompts with their side (original, rephrased or unrelated) and their item number."""
    if study.is_smoke:
        originals = [
            f"Count the {i} red apples in {i % 7} baskets near the old bridge number {i}."
            for i in range(12)
        ]
        rephrased = [
            (i, text.replace("Count", "Add up").replace("near", "next to"))
            for i, text in enumerate(originals)
        ]
        unrelated = [
            f"Write a poem about winter, the sea and {i} ships that never came home."
            for i in range(12)
        ]
    else:
        originals, rephrased, unrelated = _published(study.data, name)
    listed = {
        "original": enumerate(originals),
        "rephrased": rephrased,
        "unrelated": enumerate(unrelated),
    }
    return [
        {"messages": [{"role": "user", "content": text}], "side": side, "item": item}
        for side, items in listed.items()
        for item, text in items
        if text.strip()
    ]


def _published(data: Path, name: str) -> tuple[list[str], list[tuple[int, str]], list[str]]:
    def read(file: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (data / file).read_text(encoding="utf-8").splitlines()]

    if name == "gsm8k":
        rephrased = [record["text"] for record in read("llm_decontaminator/rephrase_gsm8k.jsonl")]
        questions = [
            text.removeprefix("Question: ").partition("\nAnswer:")[0] for text in rephrased
        ]
        unrelated = [record["question"] for record in read("gsm8k/train.jsonl")]
        originals = [record["question"] for record in read("gsm8k/test.jsonl")]
        return originals, list(enumerate(questions)), _sample(unrelated)
    texts = [record["text"] for record in read(f"llm_decontaminator/{name}.jsonl")]
    originals = [record["text"] for record in read("llm_decontaminator/HumanEval.jsonl")]
    code = json.loads((data / "codealpaca" / "code_alpaca_2k.json").read_text(encoding="utf-8"))
    unrelated = [
        f"{record['instruction']}\n{record['input']}\n{record['output']}" for record in code
    ]
    return originals, [(i % N_HUMANEVAL, text) for i, text in enumerate(texts)], _sample(unrelated)


def _sample(texts: Sequence[str]) -> list[str]:
    order = np.random.default_rng(0).permutation(len(texts))[:UNRELATED]
    return [texts[i] for i in order]
