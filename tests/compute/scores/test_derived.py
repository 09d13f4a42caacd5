"""Derived scores: SQL files with a header, the catalog's own and those that users add."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from catalog import Catalog
from catalog.cli import main
from catalog.errors import HeaderError, NotFoundError, OptionError, QueryError, SignalError
from catalog.signals.registry import list_named
from catalog.signals.score_definitions import parse_score
from tests.copies import made_once
from tests.quick import few_of

Write = Callable[..., Path]
Records = Callable[[int], list[dict[str, Any]]]
SPREAD = """-- summary: The largest loss minus the smallest.
-- author: me
-- inputs: losses

SELECT instruction_id, list_max(losses) - list_min(losses) AS value, reason
FROM losses;
"""


@pytest.fixture
@made_once
def pool(catalog: Catalog, jsonl: Write, records: Records, tmp_path: Path) -> Catalog:
    """Twelve members with losses at four checkpoints."""
    catalog.register(jsonl(records(12)), pool="p")
    np.save(tmp_path / "losses.npy", losses())
    catalog.import_losses("p", tmp_path / "losses.npy", proxy="mine")
    return catalog


def losses() -> np.ndarray[Any, np.dtype[np.float32]]:
    return np.random.default_rng(0).random((12, 4)).astype(np.float32)


def added(catalog: Catalog, folder: Path, text: str, name: str = "spread") -> Any:
    file = folder / f"{name}.sql"
    file.write_text(text, encoding="utf-8")
    return catalog.add_score(file)


def column(catalog: Catalog, name: str) -> list[float]:
    relation = f"score('p', name => '{name}') JOIN pool('p') USING (instruction_id)"
    rows = catalog.sql(f"SELECT value FROM {relation} ORDER BY row_number")
    values: list[float] = rows["value"].to_list()
    return values


def test_a_score_of_a_user_is_computed_by_its_name(pool: Catalog, tmp_path: Path) -> None:
    assert added(pool, tmp_path, SPREAD).replaced_at is None
    (report,) = pool.score("p", "spread").reports
    assert report.n_computed == 12
    spread = losses().max(axis=1) - losses().min(axis=1)
    assert column(pool, "spread") == pytest.approx(spread.tolist())
    (again,) = pool.score("p", "spread").reports
    assert (again.n_computed, again.signal.signal_id) == (0, report.signal.signal_id)
    listed = pool.scores().filter(name="spread").to_dicts()
    assert [(row["origin"], row["inputs"]) for row in listed] == [("added", "losses")]


def test_a_score_can_be_made_of_a_users_score(pool: Catalog, tmp_path: Path) -> None:
    added(pool, tmp_path, SPREAD)
    twice = (
        "-- summary: s\n-- inputs: spread AS it\nSELECT instruction_id, 2 * value AS value FROM it"
    )
    added(pool, tmp_path, twice, "twice")
    pool.score("p", "twice")
    assert column(pool, "twice") == pytest.approx([2 * value for value in column(pool, "spread")])
    with pytest.raises(OptionError, match="twice"):
        pool.remove_score("spread")
    with pytest.raises(HeaderError, match="twice"):
        added(pool, tmp_path, SPREAD.replace("inputs: losses", "inputs: losses, twice"))


def test_other_sql_is_another_signal_and_another_layout_is_not(
    pool: Catalog, tmp_path: Path
) -> None:
    added(pool, tmp_path, SPREAD)
    (first,) = pool.score("p", "spread").reports
    assert added(pool, tmp_path, SPREAD.replace("SELECT ", "select\n    -- why\n")).is_same
    (second,) = pool.score("p", "spread").reports
    assert not added(pool, tmp_path, SPREAD.replace(" - ", " + ")).is_same
    (third,) = pool.score("p", "spread").reports
    assert first.signal == second.signal
    assert first.signal.identity_sha256 != third.signal.identity_sha256
    assert column(pool, "spread") == pytest.approx(
        (losses().max(axis=1) + losses().min(axis=1)).tolist()
    )


def test_a_missing_score_of_a_user_names_the_command_that_computes_it(
    pool: Catalog, tmp_path: Path
) -> None:
    added(pool, tmp_path, SPREAD)
    with pytest.raises(SignalError, match="`catalog score p@1 spread`") as raised:
        pool.sql("SELECT * FROM score('p', name => 'spread')")
    assert raised.value.command is not None
    raised.value.command.run(pool)
    assert len(column(pool, "spread")) == 12


@pytest.mark.parametrize(
    ("sql", "error"),
    [
        ("SELECT instruction_id, value FROM read_csv('/etc/passwd')", QueryError),
        ("SELECT instruction_id, 1 AS number FROM losses", QueryError),
        ("SELECT instruction_id, 'x' AS value FROM losses", QueryError),
        ("SELECT instruction_id, 1 AS value FROM losses, range(2)", QueryError),
        pytest.param(
            "SELECT instruction_id, 1 AS value FROM pool('p')", QueryError, marks=pytest.mark.slow
        ),
        ("SELECT instruction_id,\n  bogus AS value FROM losses", QueryError),
    ],
)
@pytest.mark.parametrize("is_isolated", few_of([True, False], False))
def test_a_wrong_query_of_a_user_is_refused_and_nothing_is_kept(
    pool: Catalog, tmp_path: Path, sql: str, error: type[Exception], is_isolated: bool
) -> None:
    added(pool, tmp_path, f"-- summary: s\n-- inputs: losses\n{sql}")
    opened = Catalog.open(pool.store.path, isolated=is_isolated)
    with pytest.raises(error, match=r"spread\.sql") as raised:
        opened.score("p", "spread")
    if "bogus" in sql:
        assert "spread.sql:4:3" in str(raised.value)
    with pool.store.reading() as connection:
        assert list_named(connection, kind="score", name="spread") == []


def test_a_score_that_compares_members_depends_on_all_of_them(
    pool: Catalog, tmp_path: Path
) -> None:
    ranks = "SELECT instruction_id, rank() OVER (ORDER BY losses[1]) AS value FROM losses"
    with pytest.raises(HeaderError, match="members"):
        added(pool, tmp_path, f"-- summary: s\n-- inputs: losses\n{ranks}")
    added(pool, tmp_path, f"-- summary: s\n-- inputs: losses, members\n{ranks}")
    (report,) = pool.score("p", "spread").reports
    assert "members" in report.signal.identity
    assert sorted(column(pool, "spread")) == list(range(1, 13))


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("SELECT 1", "mine.sql:1:1"),
        ("-- summary: s\nSELECT 1", "mine.sql:1:1"),
        ("-- summary: s\n-- inputs: a b\nSELECT 1", "mine.sql:2:1"),
        ("-- summary: s\n-- inputs: a, a\nSELECT 1", "mine.sql:2:1"),
        ("-- summary: s\n-- summary: t\n-- inputs: a\nSELECT 1", "mine.sql:2:1"),
    ],
)
def test_a_wrong_header_is_refused_at_its_line(text: str, place: str) -> None:
    with pytest.raises(HeaderError, match=place):
        parse_score(text, name="mine")


def test_what_cannot_be_added_or_removed_is_refused(pool: Catalog, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="ifd"):
        added(pool, tmp_path, SPREAD, "ifd")
    with pytest.raises(HeaderError, match="lossess"):
        added(pool, tmp_path, SPREAD.replace("inputs: losses", "inputs: lossess"))
    for wrong in ("DELETE FROM scores", "SELECT FROM WHERE"):
        with pytest.raises(QueryError, match="spread"):
            added(pool, tmp_path, f"-- summary: s\n-- inputs: losses\n{wrong}")
    with pytest.raises(NotFoundError):
        pool.add_score(tmp_path / "nowhere.sql")
    with pytest.raises(NotFoundError, match="spread"):
        pool.remove_score("spread")
    with pytest.raises(OptionError, match="ifd"):
        pool.remove_score("ifd")


def test_scores_are_added_listed_and_removed_on_the_command_line(
    pool: Catalog, tmp_path: Path
) -> None:
    (tmp_path / "spread.sql").write_text(SPREAD, encoding="utf-8")

    def run(*arguments: str) -> str:
        result = CliRunner().invoke(main, ["--home", str(pool.store.path), *arguments])
        assert result.exit_code == 0, result.output
        return result.stdout

    assert "spread" in run("scores", "add", str(tmp_path / "spread.sql"))
    assert "replaced" in run("scores", "add", str(tmp_path / "spread.sql"))
    assert "spread" in run("scores", "list", "--json")
    assert "12 computed" in run("score", "p", "spread")
    run("scores", "remove", "spread")
    assert "spread" not in run("scores", "list", "--json")
