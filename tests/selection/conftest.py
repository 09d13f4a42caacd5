"""The filled catalog of the query tests, which the tests of selections share."""

from tests.query.conftest import filled, store

__all__ = ["filled", "store"]
