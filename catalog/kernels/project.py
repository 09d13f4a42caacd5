"""Place vectors on a plane: t-SNE, UMAP or PCA.

van der Maaten & Hinton, "Visualizing data using t-SNE" (JMLR 2008), by a particle mesh; McInnes et
al., "UMAP" (arXiv 1802.03426). ILA (arXiv 2509.06463) lays its grid over a t-SNE.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, Literal, get_args

import numpy as np
import pyarrow as pa

from catalog.errors import UsageError
from catalog.kernels import kernel
from catalog.kernels._common.arguments import require_arguments
from catalog.kernels._common.arrays import Array
from catalog.kernels._common.memory_limit import require_memory
from catalog.kernels._common.near_rows import median_places
from catalog.kernels._common.parallel import ForBlocks, require_finite, row_blocks
from catalog.kernels._common.pca import BLOCK, onto, principal_components
from catalog.kernels._common.relation import canonical, matrix, vector_column, with_columns
from catalog.kernels._common.sample import drawn_rows
from catalog.kernels._common.tsne import tsne
from catalog.threads import n_threads

WIDTH = 50  # numbers a vector keeps before t-SNE or UMAP looks at it
FEW = 10  # rows below which there are no neighbourhoods to keep
PLACED = 10_000  # rows that are placed on a fitted map at once
N_NEAR = 10  # rows of a fitted t-SNE whose median place another row gets

Method = Literal["tsne", "umap", "pca"]
Place = Callable[[Array], Array]


@kernel(version=2, adds={"x": "DOUBLE", "y": "DOUBLE"}, cached=True, reads="vectors")
def project(
    points: pa.Table,
    *,
    method: Method = "tsne",
    perplexity: float = 30.0,
    neighbors: int = 15,
    sample: int = 50_000,
    seed: int = 42,
    memory: int | None = None,
) -> pa.Table:
    """Give every row a place (x, y), near to those with near vectors.

    The 50 widest principal components are taken first. With more than ``sample`` rows the map is
    fitted on that many, drawn by a hash of fingerprint and seed (so that a pool that grows keeps
    most of its sample), and the others are placed on it, 10,000 at a time: by t-SNE at the median x
    and the median y of the 10 nearest of the sample. t-SNE has exact neighbours, and adds in fixed
    blocks: the map is the same with any number of threads.

    Args:
        points: rows with one vector column of d numbers, taken as float32.
        method: ``tsne``, ``umap`` (needs the extra ``catalog[umap]``) or ``pca`` (exact, on all
            rows).
        perplexity: of t-SNE, about how many neighbours count, 1 or more; lowered to a third of the
            rows where they are few.
        neighbors: of UMAP, 2 or more.
        sample: rows that t-SNE or UMAP is fitted on, 100 or more.
        seed: of the sample, and of UMAP's approximate search for neighbours.
        memory: bytes that it may hold: PCA ``8 n + 16 d^2`` and ``8 x 4096 d`` a thread; t-SNE and
            UMAP ``192 n`` more, and a row of the sample UMAP ``2,000 + 400 neighbors`` and t-SNE
            ``1,500 + 240 perplexity``. t-SNE adds 16 MiB, and 1,280 a thread for each of the first
            65,536 rows of the sample.

    Returns:
        The input without its vectors, ordered by fingerprint, and ``x`` and ``y`` (float64).
        Fewer than 10 rows are placed by PCA.

    Raises:
        OptionError: an argument is out of its range.
        QueryError: there is no vector column, or vectors that are NULL, of several lengths or not
            finite.
        UsageError: UMAP is not installed.
        MemoryLimitError: it would not fit ``memory``.

    >>> points = pa.table({"fingerprint": ["a", "b"], "v": [[0.0, 3.0], [0.0, 1.0]]})
    >>> project(points, method="pca").to_pydict()
    {'fingerprint': ['a', 'b'], 'x': [1.0, -1.0], 'y': [0.0, 0.0]}
    """
    _require_arguments(method=method, perplexity=perplexity, neighbors=neighbors, sample=sample)
    rows = canonical(points)
    column = vector_column(rows, function="project")
    x = matrix(rows, column, function="project")
    n, d = x.shape
    method = "pca" if n < FEW else method
    require_memory(
        _needed(n, d, method, min(sample, n), perplexity, neighbors),
        memory,
        purpose=f"project of {n:,} x {d} by {method}",
        instead=f"fit on fewer rows, sample => {max(100, min(sample, n) // 4)}, or method => 'pca'",
    )
    require_finite(x, column, function="project")
    with row_blocks() as for_blocks:
        places = _places(rows, x, method, perplexity, neighbors, sample, seed, for_blocks)
    return with_columns(rows, without=column, x=places[:, 0], y=places[:, 1])


def _require_arguments(*, method: str, perplexity: float, neighbors: int, sample: int) -> None:
    require_arguments(
        (
            method in get_args(Method),
            f"method => '{method}' must be one of {', '.join(get_args(Method))}",
        ),
        (perplexity >= 1, f"perplexity => {perplexity} must be 1 or more"),
        (neighbors >= 2, f"neighbors => {neighbors} must be 2 or more"),
        (sample >= 100, f"sample => {sample} must be 100 or more"),
        function="project",
    )


def _needed(n: int, d: int, method: str, fitted: int, perplexity: float, neighbors: int) -> int:
    blocks = 16 * d * d + n_threads() * 8 * BLOCK * d
    if method == "pca":
        return 8 * n + blocks
    if method == "umap":
        return 200 * n + blocks + int(fitted * (2_000 + 400 * neighbors))
    compared = n_threads() * 1_280 * min(fitted, 2**16)
    return 200 * n + blocks + compared + int(fitted * (1_500 + 240 * perplexity)) + 2**24


def _places(
    rows: pa.Table,
    x: Array,
    method: str,
    perplexity: float,
    neighbors: int,
    sample: int,
    seed: int,
    for_blocks: ForBlocks[Any],
) -> Array:
    """(n, 2) float64."""
    n, d = x.shape
    places = np.zeros((n, 2))
    dims = min(d, 2 if method == "pca" else WIDTH)
    if not n:
        return places
    narrow = onto(x, principal_components(x, dims, for_blocks), for_blocks)
    if method == "pca":
        places[:, :dims] = narrow
        return places
    fitted = drawn_rows(rows, sample, seed=seed)
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # peers' remarks on their own inner workings; what matters is documented above
        if method == "tsne":
            places[fitted], place = _tsne(narrow[fitted], perplexity, for_blocks)
        else:
            places[fitted], place = _umap(narrow[fitted], neighbors, seed)
        rest = np.setdiff1d(np.arange(n), fitted)
        for start in range(0, len(rest), PLACED):
            part = rest[start : start + PLACED]
            places[part] = place(narrow[part])
    return places


def _tsne(x: Array, perplexity: float, for_blocks: ForBlocks[Any]) -> tuple[Array, Place]:
    first = np.zeros((len(x), 2))
    first[:, : x.shape[1]] = x[:, :2]  # principal components already
    first *= 1e-4 / max(float(first[:, 0].std()), 1e-30)
    near = min(perplexity, (len(x) - 1) / 3)
    places = tsne(x, first, perplexity=near, for_blocks=for_blocks)

    def place(rest: Array) -> Array:
        return median_places(x, places, rest, k=N_NEAR, for_blocks=for_blocks)

    return places, place


def _umap(x: Array, neighbors: int, seed: int) -> tuple[Array, Place]:
    try:
        from umap import UMAP
    except ImportError as error:
        raise UsageError(
            "project: method => 'umap' requires umap-learn; install catalog[umap], "
            "or use method => 'tsne'"
        ) from error
    fit = UMAP(n_neighbors=min(neighbors, len(x) - 1), random_state=seed, n_jobs=1).fit(x)
    return np.asarray(fit.embedding_), lambda rest: np.asarray(fit.transform(rest))
