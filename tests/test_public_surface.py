"""What ``import catalog`` offers, and what it costs to start."""

import builtins
import inspect
import re
import subprocess
import sys
from dataclasses import fields as dataclass_fields
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import catalog
from catalog import Catalog, CatalogError, Description, errors

HEAVY = ("duckdb", "pyarrow", "polars", "numpy", "torch", "lancedb")
METHODS = [
    method
    for name, method in inspect.getmembers(Catalog, inspect.isfunction)
    if not name.startswith("_")
]


def modules_after(code: str) -> set[str]:
    """Return which heavy modules a fresh process has imported after running the code."""
    report = f"import sys; print([name for name in {HEAVY} if name in sys.modules])"
    answer = subprocess.run(
        [sys.executable, "-c", f"{code}\n{report}"], capture_output=True, text=True, check=True
    )
    return set(re.findall(r"'(\w+)'", answer.stdout.splitlines()[-1]))


def test_every_public_name_can_be_imported() -> None:
    assert catalog.__all__ == sorted(set(catalog.__all__))
    assert [name for name in catalog.__all__ if not hasattr(catalog, name)] == []
    assert set(catalog.__all__) <= set(dir(catalog))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="Nothing"):
        _ = catalog.Nothing


def test_every_error_is_public() -> None:
    found = {
        name
        for name, value in vars(errors).items()
        if inspect.isclass(value) and issubclass(value, CatalogError)
    }
    assert found <= set(catalog.__all__)


def test_every_result_of_a_method_is_public() -> None:
    words = {
        word
        for method in METHODS
        for word in re.findall(r"\w+", str(method.__annotations__["return"]))
    }
    hidden = words - set(catalog.__all__) - set(dir(builtins))
    assert hidden <= {"pl", "pa", "DataFrame", "LazyFrame", "RecordBatchReader", "Iterator", "None"}


def test_every_public_name_is_an_error_or_a_dataclass_or_a_list_of_them_or_the_catalog() -> None:
    values = [getattr(catalog, name) for name in catalog.__all__]
    others = [v for v in values if not is_dataclass(v) and not issubclass(v, CatalogError)]
    assert others == [Catalog, catalog.ResultList]


@pytest.mark.parametrize(
    "code",
    [
        "import catalog",
        "from catalog import Catalog; Catalog.open('somewhere')",
        "from catalog.cli import main; main(['--help'], standalone_mode=False)",
        "from catalog.cli import main; main(['--version'], standalone_mode=False)",
        "from catalog.cli import main; main(['select', '--help'], standalone_mode=False)",
    ],
)
def test_starting_imports_nothing_heavy(code: str) -> None:
    assert modules_after(code) == set()


def test_the_package_declares_its_types() -> None:
    assert (Path(catalog.__file__).parent / "py.typed").exists()


def test_the_public_names_stand_in_one_file() -> None:
    stub = Path(catalog.__file__).with_suffix(".pyi").read_text(encoding="utf-8")
    assert sorted(re.findall(r"import (\w+) as \1$", stub, re.MULTILINE)) == catalog.__all__


def test_no_table_of_a_result_is_an_arrow_table() -> None:
    results = [value for name in catalog.__all__ if is_dataclass(value := getattr(catalog, name))]
    fields = [
        f"{result.__name__}.{field.name}" for result in results for field in fields_of(result)
    ]
    methods = [method.__name__ for method in METHODS if "pa." in method.__annotations__["return"]]
    assert fields == []
    assert methods == ["stream"]


def fields_of(result: Any) -> list[Any]:
    """Return the fields of a result that hold Arrow."""
    return [field for field in dataclass_fields(result) if "pa." in str(field.type)]


def test_every_table_is_a_polars_frame(catalog: Catalog) -> None:
    records = pl.DataFrame({"instruction": ["a", "b", "c"], "output": ["d", "e", "f"]})
    catalog.register(records, pool="p")
    catalog.register(records.head(2), pool="p")
    catalog.select("random", "p", budget=2, name="best")
    diff, shown, subset = catalog.diff("p@1", "p"), catalog.show("p"), catalog.show("best")
    assert isinstance(shown, Description)
    tables = [
        *(catalog.pools(), catalog.pool("p"), catalog.pool("best"), catalog.history("p")),
        *(catalog.scores(), catalog.scores("p"), catalog.signals(), catalog.subsets()),
        *(catalog.quarantine("p"), catalog.selectors(), catalog.sql("SELECT 1 AS n")),
        *(diff.members, shown.sources, shown.quarantine, shown.examples, subset.examples),
        catalog.scan("SELECT 1 AS n").collect(),
    ]
    assert {type(table) for table in tables} == {pl.DataFrame}
    assert (catalog.pool("p").height, catalog.pool("best").height, diff.members.height) == (2, 2, 1)


def test_a_scan_is_read_batch_by_batch(catalog: Catalog) -> None:
    catalog.register(pl.DataFrame({"instruction": ["a"], "output": ["b"]}), pool="p")
    numbers = catalog.scan("SELECT n FROM range(300000) AS numbers(n)")
    assert numbers.select(pl.len()).collect().item() == 300_000
    assert numbers.filter(pl.col("n") % 100_000 == 0).collect()["n"].to_list() == [0, 1e5, 2e5]
    assert numbers.head(3).collect()["n"].to_list() == [0, 1, 2]


class Somewhere:
    """A path that is no text and no Path."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __fspath__(self) -> str:
        return str(self.path)


def test_a_path_is_taken_wherever_a_text_of_one_is(catalog: Catalog, tmp_path: Path) -> None:
    def written(name: str, text: str) -> Somewhere:
        (tmp_path / name).write_text(text, encoding="utf-8")
        return Somewhere(tmp_path / name)

    opened = Catalog.open(Somewhere(catalog.store.path), isolated=False)
    pool = written("p.csv", "instruction,output\na,b\nc,d\n")
    opened.register(pool, pool="p")
    opened.register([pool], pool="p")
    numbers = written("n.csv", "row,n\n0,1\n1,2\n")
    assert opened.import_scores("p", numbers, name="n", column="n").n_members == 2
    losses = written("l.jsonl", '{"losses": [2, 1]}\n{"losses": [3, 1]}\n')
    opened.import_losses("p", losses, proxy="mine")
    selector = written(
        "mine.sql",
        "-- summary: All.\nSELECT * FROM pool($pool) ORDER BY fingerprint LIMIT $budget\n",
    )
    assert opened.selector(selector).name == "mine"
    opened.explain(selector, "p", budget=1)
    opened.select(selector, "p", budget=1, name="best")
    opened.add_selector(selector)
    opened.export("best", Somewhere(tmp_path / "best.jsonl"))
    assert (tmp_path / "best.jsonl").exists()


def test_no_signature_takes_paths_of_one_kind_only() -> None:
    narrow = [
        f"{method.__name__}({name})"
        for method in [*METHODS, Catalog.open]
        for name, annotation in method.__annotations__.items()
        if re.search(r"\bPath\b", str(annotation))
        or (name in ("file", "path", "home", "sources", "taxonomy") and "StrPath" not in annotation)
    ]
    assert narrow == []
