"""From a subset to batches of tokens, against Hugging Face `datasets` and LanceDB's own loader.

Run: python benchmarks/loader.py [--records N] [--pairs N] [--json FILE]

Ours is ``SubsetDataset`` on a pool of the first N Alpaca records. Theirs loads the same records as
JSON Lines (``datasets.load_dataset``) and maps them to tokens. LanceDB's side writes the texts to
a table and reads them by ``lancedb.streaming.StreamingDataset`` in two splits, unshuffled. All
sides call the same functions for the text and its tokens, and make batches of 8 by PyTorch's
DataLoader. Each runs as a fresh process, in turn, with no token cached. The clock starts when the
libraries are imported and the tokenizer is loaded.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from pairs import alpaca, arguments, report

MAX_LENGTH, BATCH = 512, 8
BAR = 2.0

COMMON = f"""
import json, sys, tempfile, time
import torch
from torch.utils.data import DataLoader
from transformers import AutoTokenizer
from catalog.integrations.collate import Collate
from catalog.models.supervised import supervise
from catalog.models.template import template_of
from catalog.models.turns import render_turns
torch.set_num_threads(1)
folder = sys.argv[1]
tokenizer = AutoTokenizer.from_pretrained(folder + "/tokenizer")
template = template_of(tokenizer)

def tokens(conversations):
    turns = [render_turns(messages, template=template) for messages in conversations]
    rows = supervise(turns, tokenizer=tokenizer, template=template, max_length={MAX_LENGTH})
    return [{{"input_ids": row.input_ids, "labels": row.labels}} for row in rows]

def measure(loader):
    n_rows = n_tokens = 0
    first = None
    for batch in loader:
        first = first or (time.perf_counter() - start, time.process_time() - cpu)
        n_rows += len(batch["input_ids"])
        n_tokens += int(batch["attention_mask"].sum())
    return {{"first": first[0], "first_cpu": first[1], "all": time.perf_counter() - start,
            "all_cpu": time.process_time() - cpu, "n_rows": n_rows, "n_tokens": n_tokens}}

collate = Collate(tokenizer.pad_token_id, is_packed=False)
"""

OURS = f"""
from catalog.integrations.torch import SubsetDataset
start, cpu = time.perf_counter(), time.process_time()
data = SubsetDataset("p", catalog=folder + "/home", tokenizer=tokenizer, max_length={MAX_LENGTH})
print(json.dumps(measure(DataLoader(data, batch_size={BATCH}, collate_fn=data.collate))))
"""

DATASETS = f"""
import datasets
datasets.disable_progress_bars()
datasets.disable_caching()
start, cpu = time.perf_counter(), time.process_time()
with tempfile.TemporaryDirectory() as cache:
    data = datasets.load_dataset(
        "json", data_files=folder + "/pool.jsonl", split="train", cache_dir=cache
    )

    def to_tokens(batch):
        rows = tokens(batch["messages"])
        return {{key: [row[key] for row in rows] for key in ("input_ids", "labels")}}

    data = data.map(to_tokens, batched=True, remove_columns=data.column_names)
    print(json.dumps(measure(DataLoader(data, batch_size={BATCH}, collate_fn=collate))))
"""

LANCEDB = f"""
import lancedb, pyarrow as pa
from lancedb.streaming import StreamingDataset
start, cpu = time.perf_counter(), time.process_time()
with tempfile.TemporaryDirectory() as vectors:
    rows = [json.loads(line) for line in open(folder + "/pool.jsonl")]
    table = lancedb.connect(vectors).create_table("rows", pa.Table.from_pylist(rows))
    data = StreamingDataset(
        table, num_splits=2, shuffle=False, transform_parallelism=1,
        transform=lambda batch: tokens(batch.column("messages").to_pylist()),
    )
    print(json.dumps(measure(DataLoader(data, batch_size={BATCH}, collate_fn=collate))))
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
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (folder / "pool.jsonl").write_text(lines, encoding="utf-8")
    Catalog.open(folder / "home", isolated=False).register(folder / "pool.jsonl", pool="p")
    texts = (message["content"] for row in rows for message in row["messages"])
    tokenizer = build_tiny(texts).tokenizer
    tokenizer.chat_template = (
        "{% for m in messages %}<|{{ m.role }}|>\n{{ m.content }}<|end|>\n{% endfor %}"
        "{% if add_generation_prompt %}<|assistant|>\n{% endif %}"
    )
    tokenizer.save_pretrained(folder / "tokenizer")


def run(side: str, folder: Path) -> dict[str, float]:
    """Run one side in a fresh process, and return its figures."""
    one_thread = {"OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false", "HF_HUB_OFFLINE": "1"}
    answer = subprocess.run(
        [sys.executable, "-c", COMMON + side, str(folder)],
        env=os.environ | one_thread,
        capture_output=True,
        text=True,
        check=True,
    )
    figures: dict[str, float] = json.loads(answer.stdout.splitlines()[-1])
    return figures


def compared(ours: list[Any], theirs: list[Any], what: str) -> dict[str, Any]:
    """Return the row of a peer: medians of processor seconds, and the ratios theirs / ours."""

    def of(key: str) -> tuple[float, float, float]:
        sides = [[figures[key] for figures in side] for side in (ours, theirs)]
        ratio = np.median(np.array(sides[1]) / np.array(sides[0]))
        return float(np.median(sides[0])), float(np.median(sides[1])), float(ratio)

    first, all_rows = of("first_cpu"), of("all_cpu")
    n_rows = ours[0]["n_rows"]
    return {
        "what": what,
        "ours_first": first[0],
        "theirs_first": first[1],
        "ratio_first": first[2],
        "ratio_first_clock": of("first")[2],
        "ours_tokens_per_second": ours[0]["n_tokens"] / all_rows[0],
        "ratio_tokens_per_second": all_rows[2],
        "rows_lost": n_rows - theirs[0]["n_rows"],
        "is_met": first[2] >= BAR and all_rows[2] >= 1,
    }


def main() -> int:
    """Measure, print and write the figures."""
    options = arguments(
        __doc__ or "", pairs=3, records={"type": int, "default": 5001, "help": "records"}
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder, options.records)
        sides: dict[str, list[Any]] = {OURS: [], DATASETS: [], LANCEDB: []}
        for _ in range(options.pairs):
            for side, figures in sides.items():
                figures.append(run(side, folder))
    rows = [
        compared(sides[OURS], sides[DATASETS], f"{options.records:,} records, datasets"),
        compared(sides[OURS], sides[LANCEDB], f"{options.records:,} records, LanceDB streaming"),
    ]
    return report(rows, options.json)


if __name__ == "__main__":
    raise SystemExit(main())
