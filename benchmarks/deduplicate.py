"""near_duplicates against text-dedup's MinHash, from a file to a file: 52,002 Alpaca prompts in
Parquet, one of every group kept; how much faster, and the same groups?

Both sides: sets of 5-word shingles of the same words, 128 hashes, a file read and a file written;
starting Python and importing are in neither. text-dedup works in two processes with xxh3, its
faster hash, and joins whatever shares a band; ours computes the exact Jaccard similarity of what
the bands bring up, so it joins only what reaches the threshold. text-dedup runs with the bands that
it chooses itself, which overlook more pairs, and with ours, which join many below the threshold.
``rows_within`` counts our rows in a group that is whole inside one of theirs.

Run: python benchmarks/deduplicate.py [--json FILE] [--pairs N]   (needs the environment of
`make .venv-text-dedup/.installed` and the Alpaca file, CATALOG_TEST_DATA or ../shared/data)
"""

from __future__ import annotations

import re
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pairs import alpaca, alternate, arguments, members, report, seconds_of
from peer_environment import in_environment

from catalog.kernels._common.minhash import bands_for
from catalog.kernels.near_duplicates import near_duplicates

N_HASHES, WORDS, RECALL = 128, 5, 0.99
BAR = 3.0
WORD = re.compile(r"\w+")


def prompts() -> pa.Table:
    """Return the prompts as words with a space between, which both sides split alike."""
    records = [f"{record['instruction']} {record['input']}".lower() for record in alpaca()]
    texts = [" ".join(WORD.findall(record)) for record in records]
    return pa.table({"fingerprint": [f"{row:06}" for row in range(len(texts))], "text": texts})


def ours(file: Path, threshold: float) -> dict[str, Any]:
    """Return the seconds and the lowest row of each row's group; the rows kept are a file."""
    started = time.perf_counter()
    rows = near_duplicates(
        pq.read_table(file),
        threshold=threshold,
        unit="words",
        shingle=WORDS,
        n_hashes=N_HASHES,
        recall=RECALL,
    )
    kept = rows.filter(pc.equal(rows["duplicate_group"], rows["fingerprint"]))
    pq.write_table(kept, file.with_name("kept.parquet"))
    seconds = time.perf_counter() - started
    groups = [int(fingerprint) for fingerprint in rows["duplicate_group"].to_pylist()]
    return {"seconds": seconds, "groups": groups, "n_kept": len(kept)}


def theirs(file: Path, threshold: float, bands: dict[str, int]) -> dict[str, Any]:
    """Return the same of text-dedup, and its version."""
    options = {
        "path": "parquet",
        "data_files": str(file),
        "split": "train",
        "column": "text",
        "num_proc": 2,
        "threshold": threshold,
        "num_perm": N_HASHES,
        "ngram": WORDS,
        "min_length": 1,  # by default it leaves out texts of fewer than 5 words
        "hash_func": "xxh3",
        **bands,
    }
    return in_environment("text-dedup", "deduplicate_text_dedup.py", options)


def line(file: Path, threshold: float, bands: dict[str, int], pairs: int) -> dict[str, Any]:
    """Return the figures at one threshold, against text-dedup with some bands or with its own."""
    *answers, _ = alternate(
        lambda _: ours(file, threshold), lambda _: theirs(file, threshold, bands), pairs=pairs
    )
    figures = seconds_of(*([turn["seconds"] for turn in side] for side in answers))
    mine, peer = (side[-1] for side in answers)
    groups = [*zip(members(mine["groups"]), members(peer["groups"]), strict=True)]
    grouped = sum(len(a) > 1 for a, _ in groups)
    within = sum(len(a) > 1 and a <= b for a, b in groups)
    return {
        "what": f"{len(groups):,} Alpaca prompts, threshold {threshold}, file to file",
        "peer": f"text-dedup {peer['version']}, {'our bands' if bands else 'its bands'}",
        **figures,
        "bar": BAR,
        "n_kept": mine["n_kept"],
        "n_kept_theirs": peer["n_kept"],
        "rows_in_groups": grouped,
        "rows_within": within,
        "same_groups": sum(a == b for a, b in groups) / len(groups),
        "is_met": figures["ratio"] >= BAR and (not bands or within >= RECALL * grouped),
    }


def main() -> int:
    options = arguments(__doc__ or "")
    rows = prompts()
    near_duplicates(rows.slice(0, 100), unit="words")  # imports its libraries
    lines = []
    with tempfile.TemporaryDirectory() as name:
        file = Path(name) / "prompts.parquet"
        pq.write_table(rows, file)
        for threshold in (0.8, 0.5):
            n_bands, n_rows = bands_for(threshold, N_HASHES, RECALL)
            for bands in ({}, {"b": n_bands, "r": n_rows}):
                lines.append(line(file, threshold, bands, options.pairs))
    return report(lines, options.json)


if __name__ == "__main__":
    sys.exit(main())
