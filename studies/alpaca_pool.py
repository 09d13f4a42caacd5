"""The pool of the ILA studies: Alpaca with its landscape and depths, and the base to fine-tune.

The base is trained on other sources and not on Alpaca, as a pretrained model is before it is tuned.
Depth is measured with it, and every target starts from it. A smoke run uses a generated pool.
"""

from __future__ import annotations

import gzip
import json
import math
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from study import Study
from target import dev_loss, encode, train_steps, untrained

from catalog import Catalog
from catalog.compute.proxies import find_proxy
from catalog.models.causal_lm import CausalLM, load_causal_lm, save_causal_lm
from catalog.models.tiny import TinyShape
from catalog.pools.demo import demo_records

# 0.23 million parameters
SHAPE = TinyShape(vocabulary=2048, width=64, layers=2, heads=2, inner=176)
BASE = "base"
BATCH, RATE = 16, 3e-3  # of the target's fine-tuning
ABILITIES = Path(__file__).parent / "selectors" / "abilities.txt"
BASE_FILES = (
    "gpteacher/codegen-instruct.json",
    "gpteacher/roleplay-simple-deduped-roleplay-instruct.yaml",
    "gpteacher/toolformer-dedupe-only-dataset.json",
    "codealpaca/code_alpaca_2k.json",
    "gsm8k/train.jsonl",
)
NEEDS = (
    "`alpaca52k` (tatsu-lab/stanford_alpaca, alpaca_data.json, and the ratings of DS2, "
    "github.com/UCSC-REAL/DS2, by row), `gpteacher` (teknium1/GPTeacher), `codealpaca` "
    "(sahil280114/codealpaca) and `gsm8k` (openai/grade-school-math) under the folder that "
    "`--data` names; a smoke run needs none."
)


@dataclass(frozen=True)
class Sizes:
    """Numbers of members of the pool and the dev set, and the epochs of the base."""

    pool: int = 20_000
    dev: int = 1_000
    base_epochs: int = 1


SMOKE = Sizes(pool=240, dev=24, base_epochs=1)


def sizes(study: Study) -> Sizes:
    """Return the sizes of the full study, or of its smoke run."""
    return study.sized(Sizes(), smoke=SMOKE)


def prepared(study: Study) -> tuple[Catalog, dict[str, Any]]:
    """Return the catalog with the pools ``alpaca``, ``dev`` and ``base``; all studies share it.

    The pools have embeddings, labels, depths and ratings.

    Returns:
        The catalog, and facts about it: the number of members, the mean depth, the share of
        negative depths, the labels per member, the base's loss on the dev set, and the seconds of
        the preparation.
    """
    home = study.work / "alpaca"
    catalog = Catalog.open(home / "catalog")
    facts_file = home / "signals.json"
    if not facts_file.exists():
        started = time.perf_counter()
        facts = _prepare(study, catalog, home) | {"seconds": round(time.perf_counter() - started)}
        facts_file.write_text(json.dumps(facts), encoding="utf-8")
    return catalog, json.loads(facts_file.read_text(encoding="utf-8"))


def protocol(study: Study, facts: dict[str, Any], *, epochs: int) -> list[str]:
    """Return the lines of a protocol that describe the pool, the signals and the target."""
    size, generated = sizes(study), "generated instructions"
    pool = study.sized("Alpaca", smoke=generated)
    base = study.sized(
        "GPTeacher, Code Alpaca (2k) and GSM8K train, and no Alpaca", smoke=generated
    )
    return [
        f"Pool: {facts['members']:,} of {pool}, drawn with seed 0; {size.dev:,} others are the "
        "dev set.",
        f"Base: a Llama-type model of {SHAPE.layers} layers, width {SHAPE.width}, "
        f"{SHAPE.vocabulary:,} tokens, trained by `losses train` for {size.base_epochs} epoch on "
        f"{base}; dev loss {facts['loss']:.3f} before tuning.",
        "Embeddings: all-MiniLM-L6-v2 of the prompt; the landscape is t-SNE's, perplexity 30, "
        "seed 42.",
        "Depth: `score depth` of that base, tuned on 5 % of the pool; "
        f"{100 * facts['negative']:.1f} % are negative and stay, mean {facts['depth']:.3f}. K: "
        f"`label` with the {len(ABILITIES.read_text().splitlines())} abilities of "
        f"selectors/abilities.txt at cosine 0.3, {facts['labels']:.2f} a member that has some; K "
        f"is 1 for the {100 * facts['unlabelled']:.0f} % without.",
        f"Target: the base, fine-tuned for {epochs} epochs (equal epochs, as in the paper, so "
        f"equal steps at equal size) in steps of {BATCH}, AdamW, rate {RATE} with 3 % warm-up "
        "and a cosine, 256 tokens; loss in nats a response token of the dev set.",
    ]


def base_model(catalog: Catalog) -> CausalLM:
    """Return a fresh copy of the base, ready for training."""
    folder = find_proxy(catalog.store, BASE)
    assert folder is not None, "prepared() must have trained the base"
    return load_causal_lm(folder, dtype="float32", to_train=True)


def tuned_loss(catalog: Catalog, subset: str, *, epochs: int, seed: int) -> dict[str, Any]:
    """Fine-tune the base on a subset, and measure it on the dev set.

    Returns:
        The loss in nats per response token, the steps, and the mean response tokens per member.
    """
    lm = base_model(catalog)
    members = encode(lm, instructions(catalog, f"subset('{subset}')"))
    steps = math.ceil(epochs * len(members) / BATCH)
    train_steps(lm, members, steps=steps, batch=BATCH, seed=seed, learning_rate=RATE)
    tokens = float(np.mean([member.n_response for member in members]))
    return {"loss": dev_loss(lm, dev_set(catalog, lm)), "steps": steps, "response_tokens": tokens}


def dev_set(catalog: Catalog, lm: CausalLM) -> list[Any]:
    """Return the held-out instructions as the target reads them."""
    return encode(lm, instructions(catalog, "pool('dev')"))


def instructions(catalog: Catalog, relation: str) -> list[dict[str, Any]]:
    """Return messages, system and tools of a relation's members, in the order of fingerprints."""
    return catalog.sql(
        f"SELECT messages, system, tools FROM {relation} ORDER BY fingerprint"
    ).to_dicts()


def write_records(path: Path, records: Iterable[dict[str, Any]]) -> Path:
    """Write records as JSON Lines."""
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
    return path


def alpaca_records(study: Study) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return Alpaca's records and their ratings, row by row; generated ones in a smoke run."""
    if study.is_smoke:
        records = list(demo_records(SMOKE.pool + SMOKE.dev))
        order = range(len(records))
        return records, [
            {
                "overall": 1 + i % 7,
                "complexity": 1 + i % 5,
                "rarity": 1 + i % 4,
                "informativeness": 3 + i % 2,
            }
            for i in order
        ]
    records = json.loads(
        (study.data / "alpaca52k" / "alpaca_data.json").read_text(encoding="utf-8")
    )
    with gzip.open(
        study.data / "alpaca52k" / "ds2_ratings.jsonl.gz", "rt", encoding="utf-8"
    ) as file:
        rated = [json.loads(line) for line in file]
    return records, [
        row["gpt4omini"] | {"llama": row["llama31_8b_0to5"], "mistral": row["mistral7b_0to5"]}
        for row in rated
    ]


def train_base(study: Study, catalog: Catalog, home: Path) -> None:
    """Register the sources of the base, and train it."""
    files = [study.data / file for file in BASE_FILES]
    if study.is_smoke:
        files = [write_records(home / "base.jsonl", demo_records(160, seed=7))]
    catalog.register(files, pool="base", mode="replace")
    texts = catalog.sql("SELECT prompt, response FROM pool('base') ORDER BY fingerprint")
    start = home / BASE
    if not start.exists():
        vocabulary = [text for pair in texts.rows() for text in pair if text]
        save_causal_lm(untrained(vocabulary, seed=0, shape=SHAPE), start)
    catalog.train_losses(
        "base",
        proxy=str(start),
        learning_rate=3e-3,
        batch=32,
        epochs=sizes(study).base_epochs,
        checkpoints=1,
        seed=0,
    )


def _prepare(study: Study, catalog: Catalog, home: Path) -> dict[str, Any]:
    home.mkdir(parents=True, exist_ok=True)
    records, ratings = alpaca_records(study)
    order = np.random.default_rng(0).permutation(len(records))
    n_pool, n_dev = sizes(study).pool, sizes(study).dev
    chosen, held_out = order[:n_pool], order[n_pool : n_pool + n_dev]
    catalog.register(
        write_records(home / "alpaca.jsonl", (records[i] for i in chosen)),
        pool="alpaca",
        mode="replace",
    )
    catalog.register(
        write_records(home / "dev.jsonl", (records[i] for i in held_out)),
        pool="dev",
        mode="replace",
    )
    _import_ratings(
        catalog, write_records(home / "ratings.jsonl", (ratings[i] for i in chosen)), home
    )
    catalog.embed("alpaca")
    train_base(study, catalog, home)
    catalog.label("alpaca", ABILITIES)
    catalog.score("alpaca", "depth", "n_tokens", model=BASE)
    ((n, deep, negative, labels, unlabelled),) = catalog.sql(
        """
        SELECT
            count(*),
            avg(depth),
            avg((depth < 0)::INT),
            avg(n_labels),
            avg((n_labels IS NULL)::INT)
        FROM scores('alpaca')
        """
    ).rows()
    lm = base_model(catalog)
    facts = {
        "members": n,
        "depth": deep,
        "negative": negative,
        "labels": labels,
        "unlabelled": unlabelled,
    }
    return facts | {"loss": dev_loss(lm, dev_set(catalog, lm))}


def _import_ratings(catalog: Catalog, file: Path, home: Path) -> None:
    """Import DS2's ratings, 0 where a call failed; deita's score is complexity times quality."""
    for name in ("overall", "complexity"):
        catalog.import_scores("alpaca", file, name=name, missing=(0,))
    product = catalog.sql(
        "SELECT fingerprint, overall * complexity AS deita FROM scores('alpaca') WHERE overall * "
        "complexity IS NOT NULL"
    )
    product.write_parquet(home / "deita.parquet")
    catalog.import_scores("alpaca", home / "deita.parquet", name="deita", key="fingerprint")
