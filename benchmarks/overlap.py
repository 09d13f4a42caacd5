"""overlap against datatrove's n-gram decontamination: 52,002 Alpaca records x all of HumanEval,
IFEval and GSM8K's test, in processor seconds.

Both sides look for 13 words in a row that a record shares with a test item, over prompt and
response. Ours also finds which items, how many places, and the span, and compares items of fewer
words whole. Words differ: ours are Brown et al.'s (without punctuation, split at white space),
datatrove's are its word tokenizer's and every number is 0, so it also removes lists of numbers.

Run: python benchmarks/overlap.py [--json FILE] [--pairs N]   (needs the environment of
`make .venv-datatrove/.installed` and the real data, CATALOG_TEST_DATA or ../shared/data)
"""

from __future__ import annotations

import gzip
import json
import sys
import time
from typing import Any

import pyarrow as pa
from pairs import DATA, alpaca, alternate, arguments, report, seconds_of
from peer_environment import in_environment

from catalog.kernels.overlap import overlap

N = 13
BAR = 10.0
"""Processor seconds that ours may take."""


def tests() -> list[str]:
    """Return the test items, each as prompt and response."""
    found = []
    with gzip.open(DATA / "humaneval" / "HumanEval.jsonl.gz", "rt", encoding="utf-8") as file:
        rows = map(json.loads, file)
        found += [f"{row['prompt']}\n{row['canonical_solution']}" for row in rows]
    for name, keys in (("ifeval/input_data", ("prompt",)), ("gsm8k/test", ("question", "answer"))):
        lines = (DATA / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
        found += ["\n".join(json.loads(line)[key] for key in keys) for line in lines]
    return found


def texts() -> list[str]:
    """Return the records of Alpaca, each as prompt and response."""
    names = ("instruction", "input", "output")
    return ["\n".join(record[name] for name in names if record[name]) for record in alpaca()]


def table(values: list[str]) -> pa.Table:
    """Return texts as a kernel's input; fingerprints sort in their order."""
    return pa.table({"fingerprint": [f"{row:06}" for row in range(len(values))], "text": values})


def ours(rows: list[str], items: list[str]) -> dict[str, Any]:
    """Return the processor seconds, and the rows that share words with a test item."""
    started = time.process_time()
    pairs = overlap(table(rows), table(items), n=N)
    seconds = time.process_time() - started
    removed = {int(fingerprint) for fingerprint in pairs["fingerprint"].to_pylist()}
    return {"seconds": seconds, "removed": sorted(removed)}


def theirs(rows: list[str], items: list[str]) -> dict[str, Any]:
    """Return the same of datatrove's filter, and its version."""
    asked = {"n": N, "texts": rows, "tests": items}
    return in_environment("datatrove", "overlap_datatrove.py", asked)


def main() -> int:
    options = arguments(__doc__ or "", pairs=3)
    rows, items = texts(), tests()
    *answers, _ = alternate(
        lambda _: ours(rows, items), lambda _: theirs(rows, items), pairs=options.pairs
    )
    figures = seconds_of(*([turn["seconds"] for turn in side] for side in answers))
    removed, peers = ({*side[-1]["removed"]} for side in answers)
    row = {
        "what": f"{len(rows):,} records x {len(items):,} test items, {N} words, processor seconds",
        "peer": f"datatrove {answers[1][-1]['version']}",
        **figures,
        "bar": 1.0,
        "bar_seconds": BAR,
        "n_ours": len(removed),
        "n_theirs": len(peers),
        "n_both": len(removed & peers),
        "is_met": figures["ours_seconds"] < BAR and figures["ratio"] > 1,
    }
    return report([row], options.json)


if __name__ == "__main__":
    sys.exit(main())
