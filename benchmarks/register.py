"""Registering a pool, against Hugging Face `datasets` doing the same by its own means.

Theirs: load the JSON, map each record to messages and their sha256, drop duplicates and empty
answers, write Parquet. Both sides run as a fresh process and in turn, so start-up and imports count
on both.

Run: python benchmarks/register.py [--pairs N]       the Alpaca file
     python benchmarks/register.py --generated N     N records of 1 kB, ours alone: two processes on
                                                     two processors against one on one in turn,
                                                     and the default

The Alpaca file is in CATALOG_TEST_DATA or ../shared/data. The second form measures rate and peak
memory.

A profile of Alpaca in one process, by samples: 24 % in DuckDB (a new catalog's migrations, what is
new, the commit), 17 % in reading JSON, 15 % in fingerprints, 11 % in roles and conversations, 9 %
in the rows of batches, 8 % in imports, 6 % in Parquet. No part is large enough to give the rest of
the bar by itself.

A million records of 1 kB take 15 s of reading in two processes, and 10 s of writing. Of those,
DuckDB stores the texts in 9.6 s, 16.7 s of processor time: it compresses them by a dictionary and
FSST, to 408 MB. zstd would take as long, for 439 MB; without compression it would take 3 s, for
1,059 MB.
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from pairs import alpaca_file, alternate, arguments, report

BAR, BAR_JOBS = 4.0, 1.7
BAR_SECONDS = 15.0  # for a million records

THEIRS = """
import hashlib, json, sys
import datasets
datasets.disable_progress_bars()
source, target, cache = sys.argv[1:]
data = datasets.load_dataset("json", data_files=source, split="train", cache_dir=cache)

def to_messages(record):
    prompt = record["instruction"] + ("\\n" + record["input"] if record["input"] else "")
    messages = [
        {"role": "user", "content": prompt},
        {"role": "assistant", "content": record["output"]},
    ]
    text = json.dumps(
        {"messages": messages}, sort_keys=True, ensure_ascii=False, separators=(",", ":")
    )
    return {"messages": messages, "fingerprint": hashlib.sha256(text.encode()).hexdigest()}

data = data.map(to_messages, remove_columns=data.column_names)
seen = set()

def is_first(record):
    if record["fingerprint"] in seen or not record["messages"][1]["content"].strip():
        return False
    seen.add(record["fingerprint"])
    return True

data = data.filter(is_first)
data.to_parquet(target)
print(len(data))
"""


def main() -> int:
    """Run the comparison, or measure ours alone on generated records."""
    options = arguments(
        __doc__ or "",
        generated={
            "type": int,
            "metavar": "N",
            "help": "measure ours alone, on N generated records",
        },
    )
    if options.generated is None:
        return report([_against_datasets(alpaca_file(), options.pairs)], options.json)
    with tempfile.TemporaryDirectory() as folder:
        source = _generated(Path(folder, "generated.jsonl"), options.generated)
        rows = [
            _by_two(source, Path(folder), options.generated, pairs=options.pairs),
            _alone(source, Path(folder), options.generated),
        ]
        return report(rows, options.json)


def _against_datasets(file: Path, pairs: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:

        def ours(turn: int) -> int:
            command = _register(Path(folder, f"home{turn}"), file)
            answer = subprocess.run(command, capture_output=True, text=True, check=True)
            return int(json.loads(answer.stdout)["n_members"])

        def theirs(turn: int) -> int:
            paths = [str(file), f"{folder}/theirs{turn}.parquet", f"{folder}/cache{turn}"]
            command = [sys.executable, "-c", THEIRS, *paths]
            return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)

        mine, other, figures = alternate(ours, theirs, pairs=pairs)
    is_same = set(mine) == set(other)
    row = {
        "what": f"{mine[0]:,} members of Alpaca, whole processes",
        "peer": "datasets: load, map, filter, to_parquet",
    }
    return row | _held(figures, BAR, same_number_of_members=is_same)


def _held(figures: dict[str, Any], bar: float, **same: bool) -> dict[str, Any]:
    """Return the figures with their bar, and whether they meet it with the same result."""
    is_met = all(same.values()) and figures["ratio"] >= bar
    return {**figures, "bar": bar, **same, "is_met": is_met}


def _register(home: Path, file: Path, *options: str) -> list[str]:
    """Return the command that registers a file as a new pool."""
    catalog = [sys.executable, "-m", "catalog", "--home", str(home)]
    return [*catalog, "register", str(file), "--pool", "p", "--json", *options]


def _generated(path: Path, n: int) -> Path:
    draw = random.Random(1)
    words = [f"w{i:05d}" for i in range(20_000)]
    with path.open("w") as file:
        for i in range(n):
            record = {
                "instruction": f"{i}: {' '.join(draw.choices(words, k=30))}",
                "input": "",
                "output": " ".join(draw.choices(words, k=100)),
            }
            file.write(json.dumps(record) + "\n")
    return path


def _by_two(source: Path, folder: Path, n: int, *, pairs: int) -> dict[str, Any]:
    """Compare two processes on two processors with one on one, in turn.

    The database writes with as many threads as there are processors. So one process on a machine of
    two is not the work of one processor.
    """
    processors = [str(number) for number in sorted(os.sched_getaffinity(0))]

    def registered(jobs: int) -> dict[str, Any]:
        home = folder / "home"
        pinned = ["taskset", "--cpu-list", ",".join(processors[:jobs])]
        command = [*pinned, *_register(home, source, "--jobs", str(jobs))]
        answer = subprocess.run(command, capture_output=True, text=True, check=True)
        shutil.rmtree(home)
        fields: dict[str, Any] = json.loads(answer.stdout)
        return {name: fields[name] for name in fields if name != "seconds"}

    mine, other, figures = alternate(lambda _: registered(2), lambda _: registered(1), pairs=pairs)
    is_same = mine == other
    row = {
        "what": f"{n:,} generated records, `--jobs 2` on two processors, whole processes",
        "peer": "the same with `--jobs 1` on one processor",
    }
    return row | _held(figures, BAR_JOBS, same_result=is_same)


def _alone(source: Path, folder: Path, n: int) -> dict[str, Any]:
    """Measure the default on the whole machine; the memory is that of the largest process."""
    command = ["/usr/bin/time", "-v", *_register(folder / "home", source)]
    start = time.perf_counter()
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    seconds = time.perf_counter() - start
    peak = int(re.findall(r"Maximum resident set size \(kbytes\): (\d+)", answer.stderr)[0])
    return {
        "what": f"{n:,} generated records, {source.stat().st_size / 1e6:,.0f} MB of JSON Lines",
        "seconds": seconds,
        "bar_seconds": BAR_SECONDS * n / 1e6,
        "records_per_second": n / seconds,
        "peak_gib": peak / 2**20,
        "is_met": seconds < BAR_SECONDS * n / 1e6,
    }


if __name__ == "__main__":
    sys.exit(main())
