"""A Ray cluster for tests: prints its address, and removes a node for each line that it reads.

Run: python run_cluster.py N_NODES CPUS_OF_EACH
"""

# ruff: noqa: T201 -- what it prints is what it is for
from __future__ import annotations

import sys


def main(n_nodes: int, n_cpus: int) -> None:
    from ray.cluster_utils import Cluster

    node = {"num_cpus": n_cpus, "object_store_memory": 100 * 2**20, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args=node)
    more = [cluster.add_node(**node) for _ in range(n_nodes - 1)]
    print(cluster.address, flush=True)
    for _ in sys.stdin:
        cluster.remove_node(more.pop(), allow_graceful=False)
        print("removed", flush=True)
    cluster.shutdown()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
