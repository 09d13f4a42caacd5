"""text-dedup's MinHash of a Parquet file for `deduplicate.py`, in an environment of its own.

Reads ``{"data_files": "prompts.parquet", "threshold": 0.8, ...}``, options of its command, as JSON
from standard input. Writes the seconds of the command without its imports, a name of each row's
group, the number of rows that it keeps, and its version.
"""

from __future__ import annotations

import contextlib
import json
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import pyarrow.parquet as pq
from datasets import load_from_disk
from text_dedup import minhash


def main() -> None:
    asked = json.load(sys.stdin)
    with tempfile.TemporaryDirectory() as name:
        output = str(Path(name) / "kept")
        options = {"cache_dir": str(Path(name) / "cache"), "output": output, **asked}
        arguments = [f"--{key}={value}" for key, value in options.items()]
        started = time.perf_counter()
        with contextlib.redirect_stdout(sys.stderr):
            minhash.main(arguments, standalone_mode=False)
        seconds = time.perf_counter() - started
        n_kept = len(load_from_disk(output))
    n_rows = pq.read_metadata(asked["data_files"]).num_rows
    answer = {
        "seconds": seconds,
        "groups": [minhash.uf.find(row) for row in range(n_rows)],
        "n_kept": n_kept,
        "version": version("text-dedup"),
    }
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
