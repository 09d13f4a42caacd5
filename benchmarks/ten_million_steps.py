"""One step of `ten_million.py`, in its own process.

Run: python benchmarks/ten_million_steps.py STEP SIZE FOLDER

The seconds are those of the verb alone and are printed as JSON; generating its input is outside of
them. A step that was killed runs again: what it left is used or replaced.
"""

# ruff: noqa: T201 -- printing is its purpose
from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from pairs import peak_gib

from catalog import Catalog

CHECKPOINTS, CLUSTERS, DIMENSION, CHOSEN = 12, 100, 64, 1_000
BLOCK = 100_000  # members that are generated together
MEMORY = "4500MB"  # of DuckDB and, apart from it, of a kernel
WORDS = np.array(
    [first + second + third for first in "bcdfgklm" for second in "aeiou" for third in "npqrstvx"]
    + [first + "a" + second + "o" for first in "bcdfghklmnprst" for second in "bcdfghklmnprst"]
)
FISHER = """-- summary: Maximise the determinant of the information of one vector a member.
-- needs: embeddings

SELECT instruction_id, rank, gain
FROM log_det(
    (SELECT instruction_id, fingerprint, vector FROM embeddings($pool)),
    budget => $budget, optimizer => 'stochastic', seed => $seed
)
ORDER BY rank
"""
DUPLICATES = """
SELECT count(*) FILTER (group_size > 1) AS in_groups, max(group_size) AS largest
FROM near_duplicates((SELECT fingerprint, prompt FROM pool('pool')), by => 'prompt')
"""
KMEANS = f"""
SELECT cluster, count(*) AS n
FROM kmeans(
    (SELECT instruction_id, fingerprint, losses FROM trajectories('pool', proxy => 'generated')),
    k => {CLUSTERS}, iterations => 20, seed => 0
)
GROUP BY cluster
"""
SQL = """
SELECT source, count(*) AS n, avg(length(response)) AS characters
FROM pool('pool')
GROUP BY source
ORDER BY source
"""


def main() -> None:
    """Run one step; print its seconds and the most memory of this process."""
    step, size, folder = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
    catalog = Catalog.open(folder / "catalog", isolated=False)
    verb = STEPS[step](catalog, size, folder)
    started = time.perf_counter()
    answer = verb()
    seconds = time.perf_counter() - started
    print(json.dumps({"seconds": seconds, "answer": str(answer), "peak_gib": peak_gib()}))


def register(catalog: Catalog, size: int, folder: Path) -> Callable[[], Any]:
    """Register JSON Lines of some 160 bytes a record; the file is removed."""
    path = folder / "pool.jsonl"
    with path.open("w", encoding="utf-8") as file:
        for block in records(size):
            file.writelines(block)

    def verb() -> int:
        catalog.register(path, pool="pool", source_column="source")
        path.unlink()
        return int(catalog.sql("SELECT count(*) FROM pool('pool')").item())

    return verb


def records(size: int) -> Iterator[list[str]]:
    """Yield lines of records in blocks; every tenth prompt nearly repeats an earlier one."""
    draw = np.random.default_rng(0)
    for first in range(0, size, BLOCK):
        rows = WORDS[draw.integers(len(WORDS), size=(min(BLOCK, size - first), 24))].tolist()
        block = []
        for place, row in enumerate(rows):
            copied = rows[place - 5][1:13] if place % 10 == 9 else row[:13]
            record = {
                "instruction": " ".join(copied),
                "output": f"{' '.join(row[13:])} {first + place}",
                "source": f"source {place % 7}",
            }
            block.append(json.dumps(record) + "\n")
        yield block


def import_losses(catalog: Catalog, size: int, folder: Path) -> Callable[[], Any]:
    """Import twelve checkpoints of trajectories about a hundred centres."""
    path = folder / "losses.npy"
    draw = np.random.default_rng(1)
    centres = np.sort(draw.uniform(0, 5, (CLUSTERS, CHECKPOINTS)), axis=1)[:, ::-1]
    shape = (size, CHECKPOINTS)
    losses = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=shape)
    for first in range(0, size, BLOCK):
        n = min(BLOCK, size - first)
        drawn = centres[draw.integers(CLUSTERS, size=n)] + draw.normal(0, 0.2, (n, CHECKPOINTS))
        losses[first : first + n] = np.abs(drawn)
    losses.flush()
    del losses

    def verb() -> int:
        report = catalog.import_losses("pool", path, proxy="generated")
        path.unlink()
        return int(report.n_with_value)

    return verb


def import_depth(catalog: Catalog, size: int, folder: Path) -> Callable[[], Any]:
    """Import the depth of every member, by which ILA ranks."""
    path = folder / "depth.npy"
    np.save(path, np.random.default_rng(2).gamma(2.0, size=size).astype(np.float32))

    def verb() -> int:
        report = catalog.import_scores("pool", path, name="depth")
        path.unlink()
        return int(report.n_with_value)

    return verb


def embed(catalog: Catalog, size: int, folder: Path) -> Callable[[], Any]:
    """Embed prompts by the mean of static vectors of words, on the workers of a Ray cluster."""
    encoder = folder / "static-encoder"
    if not encoder.exists():
        save_encoder(encoder)
    return lambda: catalog.embed("pool", encoder=str(encoder), engine="ray").n_computed


def save_encoder(folder: Path) -> None:
    """Write a sentence-transformers model of static random vectors, one a word."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding
    from tokenizers import Tokenizer, models, pre_tokenizers

    words = {word: place for place, word in enumerate(["[UNK]", *WORDS.tolist()])}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    shape = (len(words), DIMENSION)
    vectors = np.random.default_rng(3).standard_normal(shape, dtype=np.float32)
    module = StaticEmbedding(tokenizer, embedding_weights=vectors)
    SentenceTransformer(modules=[module], device="cpu").save_pretrained(str(folder))


def kmeans(catalog: Catalog, size: int, folder: Path) -> Callable[[], Any]:
    """Cluster the trajectories in SQL: a hundred clusters, twenty of Lloyd's iterations."""
    return lambda: catalog.sql(KMEANS, memory=MEMORY)["n"].max()


def s2l(catalog: Catalog, size: int, folder: Path) -> Callable[[], Any]:
    """Select a tenth of the pool, with another seed than `kmeans`, so that no cache helps."""
    return selecting(catalog, "s2l", budget=size // 10, seed=1)


def fisher_sft(catalog: Catalog, size: int, folder: Path) -> Callable[[], Any]:
    """Select by the determinant of one vector a member, with the stochastic optimizer."""
    path = folder / "fisher_of_vectors.sql"
    path.write_text(FISHER)
    return selecting(catalog, str(path), budget=min(CHOSEN, size // 10), name="fisher")


def ila(catalog: Catalog, size: int, folder: Path) -> Callable[[], Any]:
    """Lay 50,000 members out, place the others by their nearest, and select a tenth."""
    return selecting(catalog, "ila", budget=size // 10)


def selecting(
    catalog: Catalog, selector: str, *, budget: int, name: str | None = None, seed: int = 0
) -> Callable[[], Any]:
    name = name or selector
    return lambda: (
        catalog.select(
            selector, "pool", budget=budget, name=name, seed=seed, memory=MEMORY
        ).n_members
    )


def near_duplicates(catalog: Catalog, size: int, folder: Path) -> Callable[[], Any]:
    """Group prompts at a Jaccard similarity of 0.8."""
    return lambda: catalog.sql(DUPLICATES, memory=MEMORY).rows()


def sql(catalog: Catalog, size: int, folder: Path) -> Callable[[], Any]:
    """Query the count and the mean length by source."""
    return lambda: catalog.sql(SQL).height


STEPS: dict[str, Callable[[Catalog, int, Path], Callable[[], Any]]] = {
    "register": register,
    "losses import": import_losses,
    "scores import": import_depth,
    "embed": embed,
    "kmeans": kmeans,
    "s2l": s2l,
    "fisher_sft": fisher_sft,
    "ila": ila,
    "near_duplicates": near_duplicates,
    "sql": sql,
}

if __name__ == "__main__":
    main()
