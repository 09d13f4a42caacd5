"""Kernels of other authors: a file in the catalog, or a package's entry point."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from catalog import Catalog, CatalogError
from catalog.errors import ForbiddenQueryError, NotFoundError, OptionError, QueryError
from catalog.query.kernels import Kernels, kernel_names
from tests.copies import made_once
from tests.distributions import install

LONGEST_FIRST = '''
"""Rows by the length of a text."""

from __future__ import annotations

import pyarrow as pa

from catalog.kernels import kernel
from catalog.kernels._common.relation import canonical
from catalog.kernels.explain import Counterfactual
from tests.copies import made_once


def counterfactual(rows, *, selected, position, **_options):
    return Counterfactual({"length": len(rows["prompt"][position].as_py())}, {}, ("too short",))


@kernel(version=1, adds={"rank": "BIGINT"}, is_ranked=True, explain=counterfactual)
def longest_first(rows: pa.Table, *, budget: int = 3) -> pa.Table:
    """Return the rows with the longest prompts.

    Args:
        rows: with a column ``prompt``.
        budget: how many rows to return.

    Returns:
        The rows in order, with ``rank``.

    >>> longest_first(pa.table({"prompt": ["a", "bb"]}), budget=1)["rank"].to_pylist()
    [1]
    """
    rows = canonical(rows)
    lengths = [len(text) for text in rows["prompt"].to_pylist()]
    order = sorted(range(len(lengths)), key=lambda place: -lengths[place])[:budget]
    return rows.take(pa.array(order, pa.int64())).append_column(
        "rank", pa.array(range(1, len(order) + 1), pa.int64())
    )
'''
SELECTOR = """
-- summary: The longest prompts.
-- paper: none
SELECT instruction_id, rank
FROM longest_first(
    (SELECT instruction_id, fingerprint, prompt FROM pool($pool)),
    budget => $budget
)
ORDER BY rank
LIMIT $budget
"""
ROWS = "SELECT count(*) AS n FROM longest_first((SELECT fingerprint, prompt FROM pool('p')))"


@pytest.fixture
@made_once
def filled(catalog: Catalog, jsonl: Callable[..., Path]) -> Catalog:
    records = [{"instruction": "question " + "x" * i, "output": "answer"} for i in range(9)]
    catalog.register(jsonl(records), pool="p")
    return catalog


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "longest_first.py"
    path.write_text(LONGEST_FIRST)
    return path


def test_names_are_found_without_importing_a_kernel() -> None:
    assert {"kmeans", "log_det", "near_duplicates"} <= kernel_names()
    assert kernel_names() <= Kernels().names


def test_an_added_file_answers_in_a_query(filled: Catalog, file: Path) -> None:
    added = filled.add_kernel(file)
    assert filled.sql(ROWS)["n"].to_list() == [3]
    isolated = Catalog.open(filled.store.path, wait=10)  # its queries run in a child process
    assert isolated.is_isolated
    assert isolated.sql(ROWS)["n"].to_list() == [3]
    (listed,) = [each for each in filled.kernels() if each.origin == "file"]
    assert (listed.name, Path(listed.source)) == ("longest_first", added.path)


def test_an_added_file_makes_subsets_that_its_hash_identifies(
    filled: Catalog, file: Path, tmp_path: Path
) -> None:
    added = filled.add_kernel(file)
    selector = tmp_path / "longest_prompts.sql"
    selector.write_text(SELECTOR.lstrip())
    first = filled.select(str(selector), "p", budget=2, name="few")
    identity = {"version": 1, "sha256": added.sha256}
    assert first.definition.content["functions"] == {"longest_first": identity}
    assert not filled.select(str(selector), "p", budget=2, name="few").is_new
    assert filled.verify("few").is_same

    file.write_text(LONGEST_FIRST + "\n# Another file.\n")
    assert filled.add_kernel(file).replaced_sha256 == added.sha256
    assert [path.suffix for path in added.path.parent.iterdir()] == [".py"]
    found = filled.verify("few")
    assert found.is_same
    assert "longest_first" in " ".join(found.causes)
    assert filled.select(str(selector), "p", budget=2, name="few").reference == "few@2"

    filled.remove_kernel("longest_first")
    gone = filled.verify("few")
    assert (gone.is_same, gone.n_different) == (False, 2)
    assert "longest_first" in " ".join(gone.causes)


def test_an_added_file_explains_who_was_not_selected(
    filled: Catalog, file: Path, tmp_path: Path
) -> None:
    filled.add_kernel(file)
    selector = tmp_path / "longest_prompts.sql"
    selector.write_text(SELECTOR.lstrip())
    filled.select(str(selector), "p", budget=2, name="few")
    shortest = filled.sql("SELECT fingerprint FROM pool('p') ORDER BY length(prompt) LIMIT 1")
    why = filled.why("few", shortest["fingerprint"][0])
    assert "too short" in json.dumps(why.as_dict(), default=str)


def test_somebody_elses_kernel_runs_once_it_is_trusted(
    filled: Catalog, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled.add_kernel(file)
    sql = ROWS
    monkeypatch.setenv("CATALOG_CONFIG", str(tmp_path / "another user"))
    with pytest.raises(ForbiddenQueryError, match="longest_first"):
        filled.sql(sql)
    filled.trust_kernel("longest_first")
    assert filled.sql(sql)["n"].to_list() == [3]


def test_a_changed_copy_is_refused(filled: Catalog, file: Path) -> None:
    added = filled.add_kernel(file)
    added.path.write_text(LONGEST_FIRST + "\n")
    with pytest.raises(QueryError, match=rf"query:1:27: .*{added.sha256}"):
        filled.sql(ROWS)


@pytest.mark.parametrize(
    ("name", "text", "error"),
    [
        ("kmeans.py", LONGEST_FIRST, OptionError),
        ("pool.py", LONGEST_FIRST, OptionError),
        ("range.py", LONGEST_FIRST, OptionError),
        ("my-kernel.py", LONGEST_FIRST, OptionError),
        ("longest_first.txt", LONGEST_FIRST, OptionError),
        ("other.py", LONGEST_FIRST, QueryError),
        ("broken.py", "1 / 0", QueryError),
        ("longest_first.py", LONGEST_FIRST.replace("*, budget", "budget"), OptionError),
        ("longest_first.py", LONGEST_FIRST.replace("@kernel", "# @kernel"), QueryError),
    ],
)
def test_a_file_without_a_kernel_is_refused(
    filled: Catalog, tmp_path: Path, name: str, text: str, error: type[CatalogError]
) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(error, match=path.stem):
        filled.add_kernel(path)
    assert not filled.store.kernels.exists()


def test_a_kernel_that_was_not_added_cannot_be_removed(filled: Catalog) -> None:
    with pytest.raises(NotFoundError, match="kmeans"):
        filled.remove_kernel("kmeans")


def test_a_package_offers_a_kernel_as_an_entry_point(
    filled: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    isolated = Catalog.open(filled.store.path, wait=10)
    isolated.sql("SELECT 1")  # its child process starts before the package is there
    entry_points = "[catalog.kernels]\nlongest_first = thesis_kernels:longest_first\n"
    files = {"thesis_kernels.py": LONGEST_FIRST}
    site = install(tmp_path / "site", "thesis-kernels", "1.5", files, entry_points=entry_points)
    monkeypatch.setattr(sys, "path", [*sys.path, str(site)])
    assert filled.sql(ROWS)["n"].to_list() == [3]
    assert isolated.sql(ROWS)["n"].to_list() == [3]
    assert ("package", "thesis-kernels 1.5") in {
        (each.origin, each.source) for each in filled.kernels()
    }
    selector = tmp_path / "longest_prompts.sql"
    selector.write_text(SELECTOR.lstrip())
    content = filled.select(str(selector), "p", budget=2, name="few").definition.content
    identity = content["functions"]["longest_first"]
    assert (identity["package"], identity["package_version"]) == ("thesis-kernels", "1.5")
    assert (identity["version"], len(identity["sha256"])) == (1, 64)


def test_every_table_function_is_described(filled: Catalog, file: Path) -> None:
    filled.add_kernel(file)
    described = {function.name: function for function in filled.functions()}
    assert {"pool", "kmeans", "longest_first"} <= described.keys()
    for function in described.values():
        assert function.summary, function.name
        assert function.returns, function.name
        assert function.example, function.name
        assert all(argument.meaning for argument in function.arguments), function.name
    assert described["longest_first"].adds == {"rank": "BIGINT"}
    assert described["longest_first"].call == "longest_first((SELECT ...), [budget => 3])"
    assert filled.function("kmeans") == described["kmeans"]
    with pytest.raises(NotFoundError, match="kmeans"):
        filled.function("kmean")


def test_packages_are_read_only_for_a_name_that_is_nobody_else_s(
    filled: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, Listening(asked)])
    monkeypatch.setattr(sys, "path", [*sys.path, "nowhere"])
    filled.explain("random", "p", budget=2)
    filled.sql("SELECT count(*), upper(prompt) FROM pool('p') GROUP BY ALL")
    assert asked == []
    with pytest.raises(QueryError, match="no table function"):
        filled.sql("SELECT * FROM nobodys()")
    assert asked


class Listening:
    """A finder that finds nothing and notes when distributions are looked for."""

    def __init__(self, asked: list[str]) -> None:
        self.asked = asked

    def find_spec(self, *_: object) -> None:
        """Find no module."""

    def find_distributions(self, _context: object) -> list[object]:
        """Find no distribution."""
        self.asked.append("distributions")
        return []
