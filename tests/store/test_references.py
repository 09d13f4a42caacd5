"""References."""

from collections.abc import Iterator

import pytest

from catalog.errors import OptionError, ReferenceNotFoundError
from catalog.store.database import Connection
from catalog.store.references import check_tag, resolve
from catalog.store.store import Store


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    with Store(tmp_path_factory.mktemp("references") / "home").writing() as connection:
        connection.execute(
            "INSERT INTO pools (pool_id, name, is_prompts_only, created_at) "
            "VALUES (7, 'alpaca', false, now()::TIMESTAMP)"
        )
        for version in (1, 2, 3):
            connection.execute(
                "INSERT INTO pool_versions (pool_id, version, created_at, mode, n_rows, n_members, "
                "n_added, n_removed, n_kept, n_updated, n_folded, n_quarantined, n_no_input, "
                "files, options, seconds) "
                f"VALUES (7, {version}, now()::TIMESTAMP, 'replace', 0, 0, "
                "0, 0, 0, 0, 0, 0, 0, '[]', '{}', 0)"
            )
        connection.execute("INSERT INTO tags VALUES ('alpaca', 'paper', 2, now()::TIMESTAMP)")
        connection.execute(
            "INSERT INTO subsets (subset_id, name, version, created_at, selector, "
            "budget, seed, n_members, definition, definition_sha256, "
            "members_sha256, environment, seconds) "
            "VALUES (9, 'best', 1, now()::TIMESTAMP, 's2l', 5, 0, 5, '{}', 'x', 'y', '{}', 0)"
        )
        connection.execute("INSERT INTO subset_sources VALUES (9, 1, 7, 1)")
        yield connection


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("alpaca", "alpaca@3"),
        ("alpaca@1", "alpaca@1"),
        ("alpaca@paper", "alpaca@2"),
        ("best", "best@1"),
    ],
)
def test_a_name_a_version_and_a_tag_name_one_version(
    connection: Connection, text: str, found: str
) -> None:
    assert str(resolve(connection, text)) == found


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("alpcaa", "no pool or subset named alpcaa; did you mean alpaca"),
        ("alpaca@9", "alpaca has no version 9; it has 1, 2, 3"),
        ("alpaca@papr", "no tag 'papr'; did you mean paper"),
    ],
)
def test_what_is_not_there_is_named_with_the_nearest(
    connection: Connection, text: str, message: str
) -> None:
    with pytest.raises(ReferenceNotFoundError, match=message):
        resolve(connection, text)


@pytest.mark.parametrize("text", ["", "@", "a b", "alpaca@", "-x", "a'; DROP TABLE pools; --"])
def test_an_invalid_reference_is_an_error(connection: Connection, text: str) -> None:
    with pytest.raises(OptionError, match="invalid reference"):
        resolve(connection, text)


def test_a_subset_is_refused_as_a_pool(connection: Connection) -> None:
    with pytest.raises(
        ReferenceNotFoundError, match=r"expected a pool, but .best. is a subset.*catalog show best"
    ):
        resolve(connection, "best", kind="pool")


def test_a_tag_of_digits_would_read_as_a_version() -> None:
    with pytest.raises(OptionError, match="not digits alone"):
        check_tag("12")
