"""near_duplicates against datasketch's MinHashLSH and rensa on the 52,002 Alpaca prompts: how much
faster, same groups?

Both sides: sets of 5-character shingles (case and white space aside), 128 hashes, the same bands
and rows, exact Jaccard similarity of what the bands bring up, groups by chains. datasketch runs as
its documentation shows it: one MinHash a text filled by ``update_batch`` (SHA-1), insert, query. In
the second line of each threshold it is given our hashes of the shingles and our permutations, so
that what is compared is only the hashing of signatures, the bands and the groups, and the
candidates are the same. rensa gets the same sets, as many bands of as many rows, and the same
verification and groups; the last row compares its signatures alone, of our hashes, with ours:
rensa's are faster.

Run: python benchmarks/near_duplicates.py [--million] [--json FILE] [--pairs N]   (needs datasketch,
rensa and the Alpaca file, CATALOG_TEST_DATA or ../shared/data)

``--million`` times only 1,000,000 prompts made of halves of two Alpaca prompts each, one in ten a
copy with a word left out.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import rensa
from datasketch import MinHash, MinHashLSH
from pairs import alpaca, alternate, arguments, members, report, timed

from catalog.kernels._common.minhash import bands_for, permutations, signatures
from catalog.kernels._common.parallel import row_blocks
from catalog.kernels._common.shingles import shingle_sets
from catalog.kernels.near_duplicates import near_duplicates

N_HASHES, SIZE, RECALL = 128, 5, 0.99


def prompts() -> pa.Table:
    texts = [
        "\n".join(part for part in (record["instruction"], record["input"]) if part)
        for record in alpaca()
    ]
    fingerprints = [
        hashlib.sha256(f"{row}\n{text}".encode()).hexdigest() for row, text in enumerate(texts)
    ]
    return pa.table({"fingerprint": fingerprints, "text": texts}).sort_by("fingerprint")


def sets_of_text(texts: list[str]) -> list[set[bytes]]:
    answer = []
    for text in texts:
        plain = " ".join(text.lower().split())
        answer.append(
            {plain[i : i + SIZE].encode() for i in range(max(len(plain) - SIZE + 1, 1))}
            if plain
            else set()
        )
    return answer


def grouped(sets: list[set[Any]], candidates: Iterable[list[int]], threshold: float) -> list[int]:
    """Verify and join candidates; return the lowest row of each row's group.

    Args:
        sets: the shingles of each row.
        candidates: rows that may be like each row; asked for in order.
        threshold: the least Jaccard similarity.
    """
    parent = list(range(len(sets)))

    def root(row: int) -> int:
        while parent[row] != row:
            parent[row] = parent[parent[row]]
            row = parent[row]
        return row

    for row, (shingles, others) in enumerate(zip(sets, candidates, strict=True)):
        for other in others:
            if other == row or not shingles or not sets[other]:
                continue
            common = len(shingles & sets[other])
            if common / (len(shingles) + len(sets[other]) - common) >= threshold:
                low, high = sorted((root(row), root(other)))
                parent[high] = low
    return [root(row) for row in range(len(sets))]


def by_datasketch(sets: list[set[Any]], sketches: list[MinHash], threshold: float) -> list[int]:
    index = MinHashLSH(num_perm=N_HASHES, params=bands_for(threshold, N_HASHES, RECALL))

    def candidates() -> Iterator[list[int]]:
        for row, (shingles, sketch) in enumerate(zip(sets, sketches, strict=True)):
            yield index.query(sketch) if shingles else []
            if shingles:
                index.insert(row, sketch)

    return grouped(sets, candidates(), threshold)


def with_rensa(texts: list[str], threshold: float) -> list[int]:
    sets = sets_of_text(texts)
    n_bands, n_rows = bands_for(threshold, N_HASHES, RECALL)
    n_hashes = n_bands * n_rows  # rensa's bands share all hashes evenly
    sketches = rensa.RMinHash.from_token_sets(sets, n_hashes, 0)
    index = rensa.RMinHashLSH(threshold, n_hashes, n_bands)

    def candidates() -> Iterator[list[int]]:
        for row, sketch in enumerate(sketches):
            yield index.query(sketch)
            index.insert(row, sketch)

    return grouped(sets, candidates(), threshold)


def as_documented(texts: list[str], threshold: float) -> list[int]:
    sets = sets_of_text(texts)
    sketches = []
    for shingles in sets:
        sketch = MinHash(num_perm=N_HASHES)
        sketch.update_batch(list(shingles))
        sketches.append(sketch)
    return by_datasketch(sets, sketches, threshold)


def given_our_hashes(texts: list[str], threshold: float) -> list[int]:
    offsets, hashes = shingle_sets(pa.array(texts), size=SIZE, unit="characters")
    lists = [
        hashes[a:b].tolist()
        for a, b in zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True)
    ]
    a_b = permutations(N_HASHES, 0)
    sketches = []
    for values in lists:
        sketch = MinHash(num_perm=N_HASHES, permutations=a_b, scheme="affine32", hashfunc=int)
        sketch.update_batch([value >> 16 for value in values])
        sketches.append(sketch)
    return by_datasketch([set(values) for values in lists], sketches, threshold)


PEERS = (
    (as_documented, "datasketch as documented", 3.0),
    (given_our_hashes, "datasketch given our hashes", 3.0),
    (with_rensa, "rensa with verification", 1.5),
)


def agreement(ours: list[str], theirs: list[int]) -> float:
    """Return the share of rows whose group has the same members on both sides."""
    sides = zip(members(ours), members(theirs), strict=True)
    return sum(a == b for a, b in sides) / len(ours)


def signatures_alone(texts: list[str], pairs: int) -> dict[str, Any]:
    offsets, hashes = shingle_sets(pa.array(texts), size=SIZE, unit="characters")
    a_b = permutations(N_HASHES, 0)
    full = np.append(offsets[:-1][np.diff(offsets) > 0], offsets[-1])

    def ours(_: int) -> None:
        with row_blocks() as for_blocks:
            signatures(full, hashes, *a_b, for_blocks)

    def theirs(_: int) -> None:  # its matrix cannot be pickled
        rensa.RMinHash.digest_matrix_from_flat_token_hashes(hashes, full, N_HASHES, 0)

    figures = alternate(ours, theirs, pairs=pairs)[2]
    return {
        "what": f"{len(texts):,} Alpaca prompts, signatures alone",
        "peer": "rensa",
        **figures,
        "bar": 0.3,
        "is_met": figures["ratio"] >= 0.3,
    }


def million() -> dict[str, Any]:
    words = [text.split() for text in prompts()["text"].to_pylist()]
    drawn = np.random.default_rng(0).integers(0, len(words), (1_000_000, 2)).tolist()
    texts: list[str] = []
    for row, (first, second) in enumerate(drawn):
        if row % 10 == 9:
            before = texts[row - 5].split()
            texts.append(" ".join(before[1:]))
            continue
        halves = words[first][: len(words[first]) // 2], words[second][len(words[second]) // 2 :]
        texts.append(" ".join([*halves[0], *halves[1]]))
    rows = pa.table({"fingerprint": [f"{row:07}" for row in range(len(texts))], "text": texts})
    return timed(
        lambda: near_duplicates(rows, threshold=0.8),
        seconds=120.0,
        gib=16.0,
        last="group_size",
        what="1,000,000 prompts, threshold 0.8",
    )


def main() -> int:
    options = arguments(__doc__ or "", pairs=5, million={"action": "store_true"})
    if options.million:
        return report([million()], options.json)
    rows = prompts()
    texts = rows["text"].to_pylist()
    near_duplicates(rows.slice(0, 100))  # imports its libraries
    lines = []
    for threshold in (0.8, 0.5):
        for peer, name, bar in PEERS:
            ours, theirs, figures = alternate(
                lambda _, t=threshold: near_duplicates(
                    rows, threshold=t, n_hashes=N_HASHES, shingle=SIZE, recall=RECALL
                ),
                lambda _, t=threshold, p=peer: p(texts, t),
                pairs=options.pairs,
            )
            together = int((ours[-1]["group_size"].to_numpy() > 1).sum())
            same = agreement(ours[-1]["duplicate_group"].to_pylist(), theirs[-1])
            lines.append(
                {
                    "what": f"{len(texts):,} Alpaca prompts, threshold {threshold}",
                    "peer": name,
                    **figures,
                    "bar": bar,
                    "rows_in_groups": together,
                    "same_groups": same,
                    "is_met": figures["ratio"] >= bar and same >= 0.999,
                }
            )
    lines.append(signatures_alone(texts, options.pairs))
    return report(lines, options.json)


if __name__ == "__main__":
    sys.exit(main())
