"""From a subset to batches of tokens, against Hugging Face `datasets` and LanceDB's own loader.

Run: python benchmarks/loader.py [--records N] [--pairs N] [--cold] [--json FILE]

Ours is ``SubsetDataset`` on a pool of the first N Alpaca records. Theirs loads the same records as
JSON Lines (``datasets.load_dataset``) and maps them to tokens. LanceDB's side writes the texts to
a table and reads them by ``lancedb.streaming.StreamingDataset`` in two splits, unshuffled. All
sides call the same functions for the text and its tokens, and make batches of 8 by PyTorch's
DataLoader. Each runs as a fresh process, in turn, on one thread, with no token cached.

The bar is for warm processes: every side has read a pool of 16 records before its clock starts, so
that no import is in it. With ``--cold`` the clock starts with the process; the imports of torch and
transformers, which every side needs, are then most of the time to the first batch.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from pairs import alpaca, arguments, report

MAX_LENGTH, BATCH = 512, 8
BAR = 2.0

START = """
import json, sys, tempfile, time
import torch
from torch.utils.data import DataLoader
from transformers import AutoTokenizer
torch.set_num_threads(1)
folder, spawned = sys.argv[1], float(sys.argv[2])
tokenizer = AutoTokenizer.from_pretrained(folder + "/tokenizer")
"""

TOKENS = f"""
from catalog.integrations.collate import Collate
from catalog.models.supervised import supervise
from catalog.models.template import template_of
from catalog.models.turns import render_turns
template = template_of(tokenizer)
collate = Collate(tokenizer.pad_token_id, is_packed=False)

def tokens(conversations):
    turns = [render_turns(messages, template=template) for messages in conversations]
    rows = supervise(turns, tokenizer=tokenizer, template=template, max_length={MAX_LENGTH})
    return [{{"input_ids": row.input_ids, "labels": row.labels}} for row in rows]
"""

OURS = f"""
from catalog.integrations.torch import SubsetDataset

def loader(name, cache):
    data = SubsetDataset(
        name, catalog=folder + "/home", tokenizer=tokenizer, max_length={MAX_LENGTH}
    )
    return DataLoader(data, batch_size={BATCH}, collate_fn=data.collate)
"""

DATASETS = f"""
{TOKENS}
import datasets
datasets.disable_progress_bars()
datasets.disable_caching()

def to_tokens(batch):
    rows = tokens(batch["messages"])
    return {{key: [row[key] for row in rows] for key in ("input_ids", "labels")}}

def loader(name, cache):
    file = folder + "/" + name + ".jsonl"
    data = datasets.load_dataset("json", data_files=file, split="train", cache_dir=cache)
    data = data.map(to_tokens, batched=True, remove_columns=data.column_names)
    return DataLoader(data, batch_size={BATCH}, collate_fn=collate)
"""

LANCEDB = f"""
{TOKENS}
import lancedb, pyarrow as pa
from lancedb.streaming import StreamingDataset

def loader(name, cache):
    rows = [json.loads(line) for line in open(folder + "/" + name + ".jsonl")]
    table = lancedb.connect(cache).create_table(name, pa.Table.from_pylist(rows))
    data = StreamingDataset(
        table, num_splits=2, shuffle=False, transform_parallelism=1,
        transform=lambda batch: tokens(batch.column("messages").to_pylist()),
    )
    return DataLoader(data, batch_size={BATCH}, collate_fn=collate)
"""

MEASURE = """
def measure(start, cpu):
    n_rows = n_tokens = 0
    first = None
    with tempfile.TemporaryDirectory() as cache:
        for batch in loader("pool", cache):
            first = first or (time.time() - start, time.process_time() - cpu)
            n_rows += len(batch["input_ids"])
            n_tokens += int(batch["attention_mask"].sum())
        return {"first": first[0], "first_cpu": first[1], "all": time.time() - start,
                "all_cpu": time.process_time() - cpu, "n_rows": n_rows, "n_tokens": n_tokens}
"""
COLD = "print(json.dumps(measure(spawned, 0.0)))"
WARM = """
with tempfile.TemporaryDirectory() as cache:
    list(loader("few", cache))
print(json.dumps(measure(time.time(), time.process_time())))
"""


def prepare(folder: Path, n: int) -> None:
    """Write the records for all sides, and a tokenizer, outside the clock."""
    from catalog import Catalog
    from catalog.models.tiny import build_tiny

    answered = [record for record in alpaca() if record["output"].strip()]
    rows = [
        {
            "messages": [
                {"role": "user", "content": f"{record['instruction']}\n{record['input']}".strip()},
                {"role": "assistant", "content": record["output"]},
            ]
        }
        for record in answered[:n]
    ]
    catalog = Catalog.open(folder / "home", isolated=False)
    for name, part in (("pool", rows), ("few", rows[:16])):
        lines = "".join(json.dumps(row) + "\n" for row in part)
        (folder / f"{name}.jsonl").write_text(lines, encoding="utf-8")
        catalog.register(folder / f"{name}.jsonl", pool=name)
    texts = (message["content"] for row in rows for message in row["messages"])
    tokenizer = build_tiny(texts).tokenizer
    tokenizer.chat_template = (
        "{% for m in messages %}<|{{ m.role }}|>\n{{ m.content }}<|end|>\n{% endfor %}"
        "{% if add_generation_prompt %}<|assistant|>\n{% endif %}"
    )
    tokenizer.save_pretrained(folder / "tokenizer")


def run(side: str, folder: Path, *, is_cold: bool) -> dict[str, float]:
    """Run one side in a fresh process, and return its figures."""
    one_thread = {"OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false", "HF_HUB_OFFLINE": "1"}
    text = START + side + MEASURE + (COLD if is_cold else WARM)
    answer = subprocess.run(
        [sys.executable, "-c", text, str(folder), str(time.time())],
        env=os.environ | one_thread,
        capture_output=True,
        text=True,
        check=True,
    )
    figures: dict[str, float] = json.loads(answer.stdout.splitlines()[-1])
    return figures


def compared(
    ours: list[Any], theirs: list[Any], what: str, *, peer: str, bar: float
) -> dict[str, Any]:
    """Return the row of a peer: medians of processor seconds, and the ratios theirs / ours."""

    def of(key: str) -> tuple[float, float, list[float]]:
        sides = [[figures[key] for figures in side] for side in (ours, theirs)]
        ratios = sorted((np.array(sides[1]) / np.array(sides[0])).tolist())
        return float(np.median(sides[0])), float(np.median(sides[1])), ratios

    first, all_rows = of("first_cpu"), of("all_cpu")
    ratio, tokens_ratio = float(np.median(first[2])), float(np.median(all_rows[2]))
    n_rows = ours[0]["n_rows"]
    return {
        "what": what,
        "peer": peer,
        "ours_seconds": first[0],
        "theirs_seconds": first[1],
        "ratio": ratio,
        "ratio_least": first[2][0],
        "ratio_greatest": first[2][-1],
        "clock_ratio": float(np.median(of("first")[2])),
        "ours_tokens_per_second": ours[0]["n_tokens"] / all_rows[0],
        "tokens_per_second_ratio": tokens_ratio,
        "rows_lost": n_rows - theirs[0]["n_rows"],
        "bar": bar,
        "is_met": ratio >= bar and tokens_ratio >= 1,
    }


def main() -> int:
    """Measure, print and write the figures."""
    options = arguments(
        __doc__ or "",
        records={"type": int, "default": 5001, "help": "records"},
        cold={"action": "store_true", "help": "start the clock with the process"},
    )
    sides: dict[str, list[Any]] = {OURS: [], DATASETS: [], LANCEDB: []}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder, options.records)
        for _ in range(options.pairs):
            for side, figures in sides.items():
                figures.append(run(side, folder, is_cold=options.cold))
    start = "cold" if options.cold else "warm"
    bar = 0.0 if options.cold else BAR
    what = f"first batch of {options.records:,} records, {start}"
    peers = {"datasets": DATASETS, "LanceDB streaming": LANCEDB}
    rows = [
        compared(sides[OURS], sides[side], what, peer=peer, bar=bar) for peer, side in peers.items()
    ]
    return report(rows, options.json)


if __name__ == "__main__":
    raise SystemExit(main())
