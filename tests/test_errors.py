"""Errors carry what is wrong, where, and the next step."""

import pickle

import pytest

from catalog import errors
from catalog.errors import (
    CatalogError,
    Location,
    MostlyRemovedError,
    QueryError,
    SourceError,
    StorageError,
)
from catalog.messages import argument, speaking_flags


def test_an_error_carries_its_problem_place_and_next_step() -> None:
    error = QueryError("no column x", location=Location("mine.sql", 2, 3), next_step="use y")
    assert (error.problem, str(error.location), error.next_step) == (
        "no column x",
        "mine.sql:2:3",
        "use y",
    )
    assert str(error) == "mine.sql:2:3: no column x: use y"


def test_a_located_error_keeps_its_type_and_its_attributes() -> None:
    error = SourceError("cut short", reason="truncated").at("query:1:8")
    assert type(error) is SourceError
    assert (error.reason, error.location, str(error)) == (
        "truncated",
        "query:1:8",
        "query:1:8: cut short",
    )


def test_an_error_with_a_constructor_of_its_own_can_be_located() -> None:
    error = MostlyRemovedError("alpaca", n_removed=9, n_before=10).at("query:1:8")
    assert (error.pool, error.n_removed, error.n_before) == ("alpaca", 9, 10)


@pytest.mark.parametrize(
    "error",
    [
        CatalogError("plain"),
        SourceError("cut short", reason="truncated"),
        MostlyRemovedError("alpaca", n_removed=9, n_before=10),
        StorageError("the disk is full", next_step="free some space").at(Location("a.sql", 1)),
    ],
)
def test_every_error_crosses_a_process(error: CatalogError) -> None:
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), str(copy), vars(copy)) == (type(error), str(error), vars(error))


def test_every_error_of_the_tree_stands_in_the_documentation_of_the_module() -> None:
    names = {
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, CatalogError)
    }
    assert {name for name in names if name not in str(errors.__doc__)} == set()


def test_messages_name_arguments_in_python_and_options_on_the_command_line() -> None:
    assert argument("supersede", True) == "supersede=True"
    with speaking_flags():
        assert argument("supersede", True) == "--supersede"
    assert argument("name", flag="--as") == "name"
