"""Imports for the new members of a pool that has grown."""

from collections.abc import Callable, Mapping
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from catalog import Catalog
from catalog.cli import main
from tests.copies import made_once

Write = Callable[..., Path]


class Grown:
    """A pool that grew from five records to eight; files of numbers by the records' `code`."""

    def __init__(self, catalog: Catalog, jsonl: Write, folder: Path) -> None:
        self.catalog, self.folder, self.jsonl = catalog, folder, jsonl

    def register(self, n: int) -> None:
        records = [
            {"instruction": f"question {i}", "output": f"answer {i}", "code": i} for i in range(n)
        ]
        self.catalog.register(self.jsonl(records), pool="p")

    def file(self, numbers: Mapping[int, float], *, n_checkpoints: int = 0) -> Path:
        names = [f"step_{i}" for i in range(n_checkpoints)] or ["r"]
        path = self.folder / "numbers.csv"
        columns = {
            name: [value + at for value in numbers.values()] for at, name in enumerate(names)
        }
        pl.DataFrame({"code": list(numbers), **columns}).write_csv(path)
        return path

    def scores(self, reference: str = "p") -> list[float | None]:
        sql = f"""
            SELECT value
            FROM score('{reference}', name => 'r') JOIN pool('{reference}') USING (instruction_id)
            ORDER BY row_number
        """
        return self.catalog.sql(sql)["value"].to_list()

    def losses(self) -> dict[int, list[float]]:
        sql = """
            SELECT row_number, losses
            FROM trajectories('p') JOIN pool('p') USING (instruction_id)
            ORDER BY row_number
        """
        return dict(self.catalog.sql(sql).iter_rows())


@pytest.fixture
@made_once
def filled(catalog: Catalog, jsonl: Write, tmp_path: Path) -> Catalog:
    """With scores 0 to 4 of the first five as `r`."""
    pool = Grown(catalog, jsonl, tmp_path)
    pool.register(5)
    catalog.import_scores("p", pool.file({i: float(i) for i in range(5)}), name="r", key="code")
    catalog.select("depth_only", "p", budget=2, name="best", settings={"depth": "r"})
    pool.register(8)
    return catalog


@pytest.fixture
def grown(filled: Catalog, jsonl: Write, tmp_path: Path) -> Grown:
    return Grown(filled, jsonl, tmp_path)


def test_members_missing_from_the_file_keep_their_scores(grown: Grown) -> None:
    new = grown.file({5: 50.0, 6: 60.0, 7: 70.0})
    answer = grown.catalog.import_scores("p", new, name="r", key="code")
    assert (
        answer.n_rows,
        answer.n_with_value,
        answer.n_kept,
        answer.n_members,
        answer.reasons,
    ) == (3, 8, 5, 8, {})
    assert grown.scores() == [0, 1, 2, 3, 4, 50, 60, 70]
    again = grown.catalog.import_scores("p", new, name="r", key="code")
    assert (again.is_new, again.n_kept, again.signal) == (False, 5, answer.signal)
    grown.catalog.refresh("best")
    assert grown.catalog.verify("best@1").is_same
    assert grown.catalog.verify("best@2").is_same


def test_a_member_that_the_file_names_has_what_the_file_says(grown: Grown) -> None:
    path = grown.file({5: 50.0, 0: float("nan"), 1: 100.0, 6: -1.0})
    answer = grown.catalog.import_scores("p", path, name="r", key="code", missing=[-1])
    assert grown.scores() == [None, 100, 2, 3, 4, 50, None, None]
    assert (answer.n_kept, answer.reasons) == (
        3,
        {"missing": 1, "marked_missing": 1, "not_in_file": 1},
    )


def test_what_is_kept_is_what_is_read_and_tells_imports_apart(grown: Grown) -> None:
    grown.catalog.import_scores(
        "p@1", grown.file({i: -float(i) for i in range(5)}), name="r", key="code"
    )
    new = grown.file({5: 50.0, 6: 60.0, 7: 70.0})
    negative = grown.catalog.import_scores("p", new, name="r", key="code")
    assert grown.scores() == [0, -1, -2, -3, -4, 50, 60, 70]
    grown.catalog.import_scores(
        "p", grown.file({i: float(i) for i in range(5)}), name="r", key="code"
    )
    assert grown.scores() == [0, 1, 2, 3, 4, 50, 60, 70]
    positive = grown.catalog.import_scores("p", new, name="r", key="code")
    assert positive.signal.identity_sha256 != negative.signal.identity_sha256
    assert grown.scores() == [0, 1, 2, 3, 4, 50, 60, 70]


def test_a_first_import_and_one_of_another_name_keep_nothing(grown: Grown) -> None:
    answer = grown.catalog.import_scores(
        "p", grown.file({5: 50.0}), name="other", key="code", column="r"
    )
    assert (answer.n_with_value, answer.n_kept, answer.reasons) == (1, 0, {"not_in_file": 7})


def test_members_missing_from_the_file_keep_losses_at_as_many_checkpoints(
    grown: Grown,
) -> None:
    grown.catalog.import_losses(
        "p@1",
        grown.file({i: float(i) for i in range(5)}, n_checkpoints=3),
        proxy="theirs",
        key="code",
    )
    new = {6: 60.0, 7: 70.0}
    answer = grown.catalog.import_losses(
        "p", grown.file(new, n_checkpoints=3), proxy="theirs", key="code"
    )
    assert (answer.n_with_value, answer.n_kept, answer.n_lost, answer.reasons) == (
        7,
        5,
        0,
        {"not_in_file": 1},
    )
    assert grown.losses() == {i: [i, i + 1, i + 2] for i in range(5)} | {
        i: [10 * i, 10 * i + 1, 10 * i + 2] for i in (6, 7)
    }
    assert not grown.catalog.import_losses(
        "p", grown.file(new, n_checkpoints=3), proxy="theirs", key="code"
    ).is_new
    answer = grown.catalog.import_losses(
        "p", grown.file(new, n_checkpoints=2), proxy="theirs", key="code"
    )
    assert (answer.n_with_value, answer.n_kept, answer.n_lost) == (2, 0, 5)
    assert grown.losses() == {6: [60, 61], 7: [70, 71]}


def test_an_import_says_how_many_are_kept_and_how_many_cannot_be(grown: Grown) -> None:
    def stderr(*arguments: str | Path) -> str:
        home = ["--home", str(grown.catalog.store.path)]
        return (
            CliRunner()
            .invoke(main, [*home, *map(str, arguments), "--key", "code"], catch_exceptions=False)
            .stderr
        )

    text = stderr("scores", "import", "p", grown.file({5: 50.0, 6: 60.0, 7: 70.0}), "--name", "r")
    assert text.startswith("  5 kept")
    losses = ("losses", "import", "p", grown.folder / "numbers.csv", "--proxy", "theirs")
    grown.file({i: float(i) for i in range(7)}, n_checkpoints=3)
    stderr(*losses)
    grown.file({7: 70.0}, n_checkpoints=2)
    assert "  7 have no losses now" in stderr(*losses)
