"""Claims and tables of `s2l_theorem.py`."""

from __future__ import annotations

from typing import Any

from s2l_theorem_runs import (
    STAGES,
    Size,
)
from study import Claim, interval, joint_verdict


def claims(runs: list[dict[str, Any]], purities: list[dict[str, Any]], size: Size) -> list[Claim]:
    """Return the claims; an estimate counts where its 95 % interval lies on one side."""

    def each(name: str) -> list[list[float]]:
        return [run[stage][name] for run in runs for stage in STAGES]

    def describe(name: str) -> str:
        return "; ".join(
            f"{stage} {interval(run[stage][name])}" for run in runs for stage in STAGES
        )

    purer = [purity["trajectory"] > purity["embedding"] for purity in purities]
    return [
        Claim(
            "instructions whose trajectories on a small model are near have near gradients on a "
            "larger one",
            "gradients differ by at most a bound that grows with the distance of the "
            "trajectories (Theorem 4.1)",
            f"rank correlation: {describe('trajectory')}; of directions: "
            f"{describe('trajectory, direction')}",
            joint_verdict([low > 0 for _, low, _ in each("trajectory")]),
            "rule: the interval lies above 0 at every stage. The last loss alone: "
            f"{describe('last loss')}",
        ),
        Claim(
            "members of one cluster have nearer gradients than members of different ones",
            "similar gradients within a cluster are why a few of each are enough (section 4)",
            f"mean gradient distance within over across: {describe('within over across')}",
            joint_verdict([high < 1 for _, _, high in each("within over across")]),
            "rule: the interval lies below 1. Correlation inside clusters: "
            f"{describe('trajectory, within clusters')}; across them: "
            f"{describe('trajectory, across clusters')}",
        ),
        Claim(
            "trajectories tell gradients better than embeddings do",
            "clusters of trajectories select better than embeddings' facility location (section 5)",
            f"lead in rank correlation: {describe('lead over embedding')}; embeddings: "
            f"{describe('embedding')}",
            joint_verdict([low > 0 for _, low, _ in each("lead over embedding")]),
            "rule: the interval of the difference lies above 0. Of directions, embeddings: "
            f"{describe('embedding, direction')}",
        ),
        Claim(
            "clusters of trajectories are purer by source than clusters of embeddings",
            "examples in a trajectory cluster share their kind, in an embedding cluster less so "
            "(figure 6)",
            "; ".join(
                f"k = {k}: {purity['trajectory']:.3f} against {purity['embedding']:.3f} (shuffled "
                f"{purity['trajectory, shuffled']:.3f})"
                for k, purity in zip(size.ks, purities, strict=True)
            ),
            joint_verdict(purer),
            "rule: the larger purity at every k. The two sources differ in what they are about, "
            "which embeddings of prompts see at once",
        ),
    ]
