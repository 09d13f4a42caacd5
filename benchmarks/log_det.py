"""Time ``log_det`` against submodlib-py (one vector a row), and against naive greedy and its own
version 1, which padded texts (token states).

Run: python benchmarks/log_det.py [--large] [--pairs N] [--json FILE]      (needs submodlib-py)

``--large`` times only 50,000 texts of 64 states on average, width 128, budget 5,000, against
version 1.

A profile of 8,000 texts on two processors of an AMD EPYC without AVX-512: of 16 s, 11 s evaluate
27,200 texts, 210 us the gain and 140 us the gradient of each on one thread; 1.6 s keep tangents,
most of it the first touch of their 264 MB; 0.6 s bound gains by them. Two threads evaluate texts of
this size no faster than one: each needs Python's lock nine times a text. Version 1 computes blocks
of padded texts on both threads, 2.5 times the work.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pyarrow as pa
from log_det_padded import log_det_padded
from pairs import Array, alternate, arguments, report, rows_chosen, table

from catalog.kernels._common.lazy_greedy import grid
from catalog.kernels.log_det import log_det


def vectors(pairs: int) -> dict[str, Any]:
    from submodlib import LogDeterminantFunction

    generator = np.random.default_rng(0)
    x = generator.normal(size=(5000, 256)).astype(np.float32)
    # Lengths differ, so that there are no ties, whose order the peer leaves open.
    x *= generator.uniform(0.5, 1.5, size=(5000, 1)).astype(np.float32)
    rows = table(x)
    double = x.astype(np.float64)
    kernel = double @ double.T  # computed before the clock starts, in the peer's favour

    def theirs(_: int) -> Any:
        peer = LogDeterminantFunction(n=5000, mode="dense", lambdaVal=1, sijs=kernel)
        return peer.maximize(budget=500, optimizer="LazyGreedy", show_progress=False)

    ours, peers, figures = alternate(lambda _: log_det(rows, budget=500), theirs, pairs=pairs)
    is_same = rows_chosen(ours[0]) == [row for row, _ in peers[0]]
    gains = np.array([gain for _, gain in peers[0]])
    difference = float(np.abs(ours[0]["gain"].to_numpy() - gains).max())
    return {
        "what": "one vector each, 5,000 x 256, budget 500",
        "peer": "submodlib-py, lazy",
        **figures,
        "bar": 10.0,
        "same_order": is_same,
        "gain_difference": difference,
        "is_met": is_same and figures["ratio"] >= 10,
    }


def texts(n: int, mean: int, d: int, spread: float) -> pa.Table:
    """Return unit states around a few topics, with a falling spectrum and log-normal lengths.

    Lengths lie between 1 and 128.
    """
    generator = np.random.default_rng(0)
    spectrum = 1 / np.sqrt(1 + np.arange(d) / 8)
    topics = generator.normal(size=(30, d)) * spectrum
    lengths = np.full(n, mean)
    if spread:
        logs = generator.normal(np.log(mean) - spread**2 / 2, spread, n)
        lengths = np.clip(np.exp(logs), 1, 128).astype(np.int64)
    flat = np.empty((int(lengths.sum()), d), dtype=np.float16)
    stop = 0
    for length in lengths:
        state = generator.normal(size=(length, d)) * spectrum + topics[generator.integers(30)]
        flat[stop : stop + length] = state / np.linalg.norm(state, axis=1, keepdims=True)
        stop += length
    offsets = pa.array(np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32))
    vectors = pa.FixedSizeListArray.from_arrays(pa.array(flat.ravel()), d)
    states = pa.ListArray.from_arrays(offsets, vectors)
    return pa.table({"fingerprint": [f"{row:06}" for row in range(n)], "states": states})


def naive(sums: Array, budget: int) -> list[int]:
    """Compute every gain at every pick: log det(V + X'X) - log det V of all rows in one call."""
    v = np.eye(sums.shape[1])
    order: list[int] = []
    step = 0.0
    for _ in range(budget):
        gains = np.linalg.slogdet(v + sums)[1] - np.linalg.slogdet(v)[1]
        step = step or grid(gains.max())
        rounded = np.rint(gains / step)
        rounded[order] = -1
        order.append(int(rounded.argmax()))
        v += sums[order[-1]]
    return order


def tokens(pairs: int) -> dict[str, Any]:
    rows = texts(2000, 16, 64, 0.0)
    flat = np.array(rows["states"].combine_chunks().flatten().flatten())
    x = flat.astype(np.float64).reshape(2000, 16, 64)
    sums = x.transpose(0, 2, 1) @ x  # computed before the clock starts, in the peer's favour
    ours, peers, figures = alternate(
        lambda _: log_det(rows, budget=200), lambda _: naive(sums, 200), pairs=pairs
    )
    is_same = rows_chosen(ours[0]) == peers[0]
    return {
        "what": "tokens, 2,000 x 16 x 64, budget 200",
        "peer": "naive greedy, batched",
        **figures,
        "bar": 30.0,
        "same_order": is_same,
        "is_met": is_same and figures["ratio"] >= 30,
    }


def long_texts(n: int, budget: int, pairs: int) -> dict[str, Any]:
    rows = texts(n, 64, 128, 0.6)
    n_tokens = len(rows["states"].combine_chunks().flatten())
    ours, peers, figures = alternate(
        lambda _: log_det(rows, budget=budget), lambda _: log_det_padded(rows, budget), pairs=pairs
    )
    is_same = rows_chosen(ours[0]) == peers[0]
    return {
        "what": f"{n:,} texts, {n_tokens:,} tokens x 128, budget {budget:,}",
        "peer": "log_det of version 1",
        **figures,
        "bar": 1.6,
        "same_order": is_same,
        "is_met": is_same and figures["ratio"] >= 1.6,
    }


def main() -> int:
    options = arguments(__doc__ or "", large={"action": "store_true"})
    if options.large:
        return report([long_texts(50_000, 5_000, options.pairs)], options.json)
    rows = [vectors(options.pairs), tokens(options.pairs), long_texts(8_000, 800, options.pairs)]
    return report(rows, options.json)


if __name__ == "__main__":
    sys.exit(main())
