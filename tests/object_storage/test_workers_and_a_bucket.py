"""Workers of a cluster write a bucket as one process writes a folder."""

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

from catalog import Catalog
from tests.compute.test_engines import N_SHARDS, Job, cluster

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not find_spec("ray"), reason="the engine ray is not installed"),
]


def test_two_workers_write_the_bytes_of_one_process_into_a_bucket(
    remote: Catalog, catalog: Catalog, jsonl: Callable[..., Path]
) -> None:
    records = [{"instruction": f"Question {i}", "output": "word " * (i % 9 + 1)} for i in range(99)]
    with cluster(1, 2) as nodes:  # whose processes have the bucket's credentials
        jobs = [Job(each, "stub", nodes.address, Path()) for each in (remote, catalog)]
        for job, engine in zip(jobs, ("ray", "local"), strict=True):
            job.catalog.register(jsonl(records), pool="p")
            job.run(engine)
        on_ray, local = (job.values() for job in jobs)
    assert on_ray == local
    assert 1 < len(on_ray[0]) < N_SHARDS
    assert not (remote.store.path / "vectors").exists()
