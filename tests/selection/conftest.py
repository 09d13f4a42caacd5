"""The filled catalog of the query tests, which the tests of selections share."""

from tests.query.conftest import filled, store, tmp_path

__all__ = ["filled", "store", "tmp_path"]
