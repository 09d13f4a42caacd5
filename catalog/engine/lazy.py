"""Values that are made when they are first needed, and at the latest before they travel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

Value = TypeVar("Value")


class Lazy(Generic[Value]):
    """Value that is made once, such as a loaded model.

    A worker on another machine has none of the files that it is made from. So pickling makes it.

    >>> import pickle
    >>> value = Lazy(lambda: [1, 2])
    >>> pickle.loads(pickle.dumps(value))()
    [1, 2]
    """

    def __init__(self, make: Callable[[], Value]) -> None:
        self._make: Callable[[], Value] | None = make
        self._values: list[Value] = []

    def __call__(self) -> Value:
        """Return the value."""
        if not self._values:
            assert self._make is not None  # a value that travelled was made
            self._values.append(self._make())
        return self._values[0]

    def __getstate__(self) -> dict[str, Any]:
        """Return the value without what makes it."""
        return {"_make": None, "_values": [self()]}
