"""What somebody would run instead of a selector: arrays in memory, and a common library.

Each peer follows its paper's procedure as its authors' code or a short script does, without reading
or storing anything.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from method_pool import N_TARGET, SHARE

Arrays = dict[str, Any]


class Peer(NamedTuple):
    """One peer: its name, what it reads before the clock starts, and what is timed."""

    what: str
    run: Callable[[Arrays], Any]
    read: Callable[[Path], Arrays]


def _arrays(folder: Path) -> Arrays:
    with np.load(folder / "arrays.npz") as file:
        arrays = dict(file)
    vectors = arrays.pop("vectors")
    x, targets = vectors[:-N_TARGET], vectors[-N_TARGET:]
    return arrays | {"x": x, "targets": targets, "budget": int(SHARE * len(x)), "folder": folder}


def _clusters(x: Any, k: int) -> tuple[Any, Any]:
    """Return the labels and the distances of a k-means of 20 iterations."""
    from sklearn.cluster import KMeans

    fitted = KMeans(k, n_init=1, max_iter=20, random_state=0).fit(x)
    return fitted.labels_, np.linalg.norm(x - fitted.cluster_centers_[fitted.labels_], axis=1)


def _farthest_first(x: Any, taken: list[int], budget: int) -> list[int]:
    squares = (x * x).sum(axis=1)
    nearest = np.full(len(x), np.inf, dtype=x.dtype)
    for row in taken:
        np.minimum(nearest, squares + squares[row] - 2 * (x @ x[row]), out=nearest)
    order = list(taken)
    while len(order) < budget:
        order.append(int(nearest.argmax()))
        row = order[-1]
        np.minimum(nearest, squares + squares[row] - 2 * (x @ x[row]), out=nearest)
        nearest[row] = -np.inf
    return order


def diverse_evol(given: Arrays) -> Any:
    """Take the farthest row, again and again, after 100 random ones."""
    start = np.random.default_rng(0).permutation(len(given["x"]))[:100].tolist()
    return _farthest_first(given["x"], start, given["budget"])


def mods(given: Arrays) -> Any:
    """Cover the good rows, then add necessary ones far from those."""
    good = np.flatnonzero(given["quality"] >= 1)
    x = given["x"][good]
    covering = _farthest_first(x, [0], given["budget"] // 2)
    kept = np.union1d(covering, np.flatnonzero(given["review"][good] <= 2))
    return _farthest_first(x[kept], np.searchsorted(kept, covering).tolist(), given["budget"])


def car(given: Arrays) -> Any:
    """Reduce, cluster, and rank by score."""
    from sklearn.decomposition import PCA

    k = int(np.sqrt(len(given["x"]) / 2))
    labels, _ = _clusters(PCA(0.95).fit_transform(given["x"]), k)
    best = np.argsort(-given["quality"])
    _, first = np.unique(labels[best], return_index=True)
    return np.union1d(best[:1000], best[first])


def semdedup(given: Arrays) -> Any:
    """Drop what is too similar to an earlier row of its cluster, in torch."""
    import torch

    labels, distances = _clusters(given["x"], 100)
    kept = []
    for label in range(100):
        rows = np.flatnonzero(labels == label)
        rows = rows[np.argsort(-distances[rows])]
        x = torch.from_numpy(given["x"][rows])
        highest = torch.triu(x @ x.T, diagonal=1).max(dim=0).values
        kept.append(rows[(highest <= 0.95).numpy()])
    return np.concatenate(kept)


def cherry_warm_up(given: Arrays) -> Any:
    """Sample from the middle of each cluster."""
    labels, distances = _clusters(given["x"], 100)
    draw, kept = np.random.default_rng(0), []
    for label in range(100):
        rows = np.flatnonzero(labels == label)
        low, high = np.percentile(distances[rows], [25, 75])
        rows = rows[(distances[rows] >= low) & (distances[rows] <= high)]
        kept.append(draw.permutation(rows)[:50])
    return np.concatenate(kept)


def sensitivity(given: Arrays) -> Any:
    """Draw by the loss at the nearest centre plus the squared distance."""
    labels, distances = _clusters(given["x"], 100)
    weights = given["response_loss"][labels] + distances**2
    draw = np.random.default_rng(0)
    return draw.choice(len(labels), given["budget"], replace=False, p=weights / weights.sum())


def isa(given: Arrays) -> Any:
    """Score by a mixture of Gaussians over principal components."""
    from sklearn.decomposition import PCA
    from sklearn.mixture import GaussianMixture

    x = PCA(0.5).fit_transform(given["x"])
    mixture = GaussianMixture(10, covariance_type="diag", random_state=0).fit(x)
    return np.argsort(mixture.score_samples(x))[: given["budget"]]


def sparft(given: Arrays) -> Any:
    """Cluster topics and difficulties, and take what is near the centres."""
    from sklearn.decomposition import PCA

    x = PCA(0.95).fit_transform(given["x"])
    labels, distances = _clusters(np.c_[x, 1 - given["losses"].mean(axis=1)], 100)
    order = np.lexsort((distances, labels))
    rounds = np.empty(len(labels), dtype=int)
    rounds[order] = np.arange(len(labels)) - np.searchsorted(labels[order], labels[order])
    return np.lexsort((labels, rounds))[: given["budget"]]


def ds2(given: Arrays) -> Any:
    """Find the 50 nearest of 90 % of the rows, as each of the authors' 101 rounds does."""
    import torch

    x = torch.from_numpy(given["x"])
    x = x[torch.randperm(len(x))[: int(0.9 * len(x))]]
    for start in range(0, len(x), 1024):
        (1 - x[start : start + 1024] @ x.T).topk(50, dim=1, largest=False)


def rds(given: Arrays) -> Any:
    """Let targets take turns over their sorted similarities."""
    order = np.argsort(-(given["targets"] @ given["x"].T), axis=1)
    taken: dict[int, None] = {}
    place = [0] * len(order)
    while len(taken) < given["budget"]:
        for target, ranked in enumerate(order):
            while int(ranked[place[target]]) in taken:
                place[target] += 1
            taken[int(ranked[place[target]])] = None
    return taken


def less(given: Arrays) -> Any:
    """Rank by the mean cosine with the targets."""
    return np.argsort(-(given["x"] @ given["targets"].T).mean(axis=1))[: given["budget"]]


def limr(given: Arrays) -> Any:
    """Compare every curve with the mean curve."""
    mean = given["losses"].mean(axis=0)
    alignment = 1 - ((given["losses"] - mean) ** 2).sum(axis=1) / ((1 - mean) ** 2).sum()
    return np.argsort(-alignment)[: given["budget"]]


def dsir(given: Arrays) -> Any:
    """Run the authors' package over files of JSON Lines."""
    import json

    from data_selection import HashedNgramDSIR

    folder = given["folder"]

    def parsed(line: str) -> Any:
        row = json.loads(line)
        return {"text": f"{row['instruction']}\n{row['output']}"}

    chosen = HashedNgramDSIR(
        [str(folder / "pool.jsonl")],
        [str(folder / "target.jsonl")],
        cache_dir=str(folder / "dsir"),
        num_proc=2,
        raw_load_dataset_fn=lambda path: map(parsed, open(path)),  # noqa: PTH123, SIM115
        target_load_dataset_fn=lambda path: map(parsed, open(path)),  # noqa: PTH123, SIM115
        raw_parse_example_fn=lambda row: row["text"],
        target_parse_example_fn=lambda row: row["text"],
        min_example_length=1,
    )
    chosen.fit_importance_estimator(num_tokens_to_fit="auto")
    chosen.compute_importance_weights()
    chosen.resample(
        out_dir=str(folder / "dsir_out"),
        num_to_sample=given["budget"],
        cache_dir=str(folder / "dsir_resampled"),
    )


_PROCEDURES = {
    "numpy farthest-first": (diverse_evol, mods),
    "scikit-learn PCA and KMeans, numpy": (car, sparft),
    "scikit-learn KMeans, torch": (semdedup,),
    "scikit-learn KMeans, numpy": (cherry_warm_up, sensitivity),
    "scikit-learn PCA and GaussianMixture": (isa,),
    "torch, one of the authors' 101 rounds": (ds2,),
    "numpy argsort": (rds, less),
    "numpy": (limr,),
    "data-selection, the authors' package": (dsir,),
}
PEERS = {
    run.__name__: Peer(what, run, _arrays) for what, every in _PROCEDURES.items() for run in every
}
PACKAGES = {"dsir": "data_selection"}


def is_there(name: str) -> bool:
    """Return whether a method has a peer whose package is installed."""
    package = PACKAGES.get(name)
    return name in PEERS and (package is None or find_spec(package) is not None)
