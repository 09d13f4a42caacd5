"""overlap against datatrove's n-gram decontamination: 52,002 Alpaca records x all of HumanEval,
IFEval and GSM8K's test, in processor seconds.

Both sides look for 13 words in a row that a record shares with a test item, over prompt and
response. Ours also finds which items, how many places, and the span, and compares items of fewer
words whole. Words differ: ours are Brown et al.'s (without punctuation, split at white space),
datatrove's are its word tokenizer's and every number is 0, so it also removes lists of numbers.

Run: python benchmarks/overlap.py --peer PYTHON [--json FILE] [--pairs N]   (PYTHON has datatrove
and spacy; needs the real data, CATALOG_TEST_DATA or ../shared/data)
"""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
from pairs import DATA, alpaca, arguments, report

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


def theirs(peer: str, rows: list[str], items: list[str]) -> dict[str, Any]:
    """Run datatrove's filter in its environment."""
    script = Path(__file__).with_name("overlap_datatrove.py")
    asked = json.dumps({"n": N, "texts": rows, "tests": items})
    command = [peer, str(script)]
    done = subprocess.run(command, input=asked, stdout=subprocess.PIPE, text=True, check=True)
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def main() -> int:
    options = arguments(__doc__ or "", pairs=3, peer={"default": sys.executable})
    rows, items = texts(), tests()
    seconds: tuple[list[float], list[float]] = ([], [])
    for _ in range(options.pairs):
        started = time.process_time()
        pairs = overlap(table(rows), table(items), n=N)
        seconds[0].append(time.process_time() - started)
        answer = theirs(options.peer, rows, items)
        seconds[1].append(answer["seconds"])
    ours = {int(each) for each in pairs["fingerprint"].to_pylist()}
    removed = {*answer["removed"]}
    ratios = sorted(b / a for a, b in zip(*seconds, strict=True))
    middle = [sorted(each)[len(each) // 2] for each in seconds]
    row = {
        "what": f"{len(rows):,} records x {len(items):,} test items, {N} words, processor seconds",
        "peer": f"datatrove {answer['version']}",
        "ours_seconds": middle[0],
        "theirs_seconds": middle[1],
        "ratio": ratios[len(ratios) // 2],
        "ratio_least": ratios[0],
        "ratio_greatest": ratios[-1],
        "bar": 1.0,
        "bar_seconds": BAR,
        "n_ours": len(ours),
        "n_theirs": len(removed),
        "n_both": len(ours & removed),
        "is_met": middle[0] < BAR and middle[0] < middle[1],
    }
    return report([row], options.json)


if __name__ == "__main__":
    sys.exit(main())
