"""Processes that serve this one."""

import pickle

import pytest

from catalog import child_process


@pytest.mark.parametrize("module", ["catalog.query.worker", "catalog.pools.workers"])
def test_a_process_ends_with_a_parent_that_died_while_it_sent_a_request(module: str) -> None:
    process = child_process.start(module)
    assert process.stdin
    process.stdin.write(pickle.dumps(b"x" * 1000)[:500])
    process.stdin.close()
    try:
        assert process.wait(timeout=120) == 0
    finally:
        child_process.end(process)
