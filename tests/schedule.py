"""Which tests run in one process: those that share what takes seconds to import, start or fill."""

import pytest
from xdist.scheduler import LoadFileScheduling

TOGETHER = {
    "models": (  # to import what a model needs takes ten seconds, to make a pool of all signals six
        "tests/compute/",
        "tests/integrations/",
        "tests/models/",
        "tests/why/",
        "tests/cli/test_compute.py",
        "tests/kernels/test_nearest_text.py",
        "tests/project/test_token",
        "tests/query/test_label_vectors.py",
        "tests/test_docs.py",
        "tests/test_file_order.py",
        "tests/test_readme.py",
    ),
    "browser": ("tests/report/",),
    "project": ("tests/project/",),
    "maintenance": ("tests/maintenance/",),
}
LONGEST = (
    "test_studies.py",
    "test_guard.py",
    "test_select.py",
    "test_round_trip.py",
    "test_interruption.py",
)  # ten seconds each, or more


def unit_of(nodeid: str) -> str:
    """Return what a test is scheduled with: its group, or its file."""
    for group, paths in TOGETHER.items():
        if nodeid.startswith(paths):
            return group
    return nodeid.partition("::")[0]


def longest_first(item: pytest.Item) -> int:
    """Return the key that sorts the longest first: no process ends with one of them alone."""
    if unit_of(item.nodeid) in TOGETHER:
        return 0
    return 1 if item.path.name in LONGEST else 2


class UnitScheduling(LoadFileScheduling):
    """Scheduling of groups, and of files that are in none."""

    def _split_scope(self, nodeid: str) -> str:
        return unit_of(nodeid)
