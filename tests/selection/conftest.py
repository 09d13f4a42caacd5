"""The filled catalog of the query tests: selections run on it too."""

from tests.query.conftest import filled, store

__all__ = ["filled", "store"]
