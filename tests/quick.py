"""Parameters of which the default suite runs a few, and the slow suite the rest."""

from collections.abc import Sequence
from typing import Any

import pytest


def few_of(names: Sequence[str], *few: str) -> list[Any]:
    """Return the names as parameters of a test; all but the few are slow."""
    assert set(few) <= set(names)
    return [name if name in few else pytest.param(name, marks=pytest.mark.slow) for name in names]
