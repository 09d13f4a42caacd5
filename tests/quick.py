"""Split parameters and examples: a few for the default suite, the rest for the slow suite."""

from collections.abc import Sequence
from typing import Any

import pytest


def few_of(values: Sequence[Any], *few: Any) -> list[Any]:
    """Return the values as parameters of a test; all but the few are slow.

    A tuple holds a value for each name.
    """
    assert all(value in values for value in few)
    return [value if value in few else _slow(value) for value in values]


def one_in(n: int, values: Sequence[Any]) -> list[Any]:
    """Return the values as parameters of a test; all but each nth are slow."""
    return few_of(values, *values[::n])


is_default = True
"""Whether the default suite runs; `conftest.py` sets it."""


def examples(n: int) -> int:
    """Return how many examples hypothesis draws: of n a third in the default suite."""
    return n // 3 if is_default else n


def _slow(value: Any) -> Any:
    values = value if isinstance(value, tuple) else (value,)
    return pytest.param(*values, marks=pytest.mark.slow)
