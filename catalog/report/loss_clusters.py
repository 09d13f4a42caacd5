"""Loss trajectories by cluster: a band for each cluster, and some of its members."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from catalog.errors import QueryError, SignalError
from catalog.query.executor import Limits
from catalog.report.columns import Array
from catalog.report.reading import read
from catalog.store.references import Reference
from catalog.store.store import Store

K = 9
N_SHOWN = 8
"""Trajectories of a cluster that are shown one by one, in the order of their fingerprints."""

QUANTILES = (0.1, 0.5, 0.9)
DIGITS = 4


@dataclass(frozen=True)
class LossClusters:
    """Clusters of loss trajectories.

    Attributes:
        fingerprints: of the members with a trajectory, (n,).
        of: the cluster of each, (n,); 0 is the biggest.
        last: the last loss of each, (n,).
        rows: cluster, n_members, ``p10``, ``p50`` and ``p90`` at every checkpoint, and ``shown``,
            the trajectories of some members.
    """

    fingerprints: list[str]
    of: Array
    last: Array
    rows: list[dict[str, Any]]


def loss_clusters(store: Store, reference: Reference, *, limits: Limits) -> LossClusters | None:
    """Return clusters of the members' loss trajectories; None if members have none.

    The clusters are those of k-means with 9 clusters.
    """
    try:
        table = read(store, "loss_clusters", reference, limits=limits, k=K)
    except (SignalError, QueryError):
        return None
    n = table.num_rows
    losses = table["losses"].combine_chunks().flatten().to_numpy().reshape(n, -1)  # (n, T)
    clusters = table["cluster"].to_numpy()
    rows = [
        {"cluster": cluster, "n_members": len(inside)} | _band(inside)
        for cluster in range(int(clusters.max(initial=-1)) + 1)
        for inside in (losses[clusters == cluster],)
    ]
    return LossClusters(table["fingerprint"].to_pylist(), clusters, losses[:, -1], rows)


def _band(losses: Array) -> dict[str, Any]:
    """Return quantiles of losses (n, T) at each checkpoint, and the first of the rows."""
    band = np.quantile(losses, QUANTILES, axis=0).round(DIGITS).tolist()
    shown = losses[:N_SHOWN].astype(np.float64).round(DIGITS).tolist()
    return dict(zip(("p10", "p50", "p90"), band, strict=True)) | {"shown": shown}
