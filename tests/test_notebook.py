"""Results as a notebook shows them."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, is_dataclass
from html import unescape
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest

import catalog as package
from catalog import Catalog
from catalog.notebook import NotebookResult, ResultList

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Result(NotebookResult):
    name: str
    n_members: int
    members: pa.Table
    definition: dict[str, str] = field(default_factory=dict, repr=False)


def test_a_notebook_shows_every_field_but_those_that_repr_leaves_out() -> None:
    members = pa.table({"fingerprint": [f"f{i}" for i in range(20)]})
    html = Result("a<b", 20_000, members, {"hidden": "text"})._repr_html_()
    assert "a&lt;b" in html
    assert "20,000" in html
    assert "f9" in html
    assert "f10" not in html
    assert "hidden" not in html


def test_a_notebook_shows_a_catalog_by_its_folder() -> None:
    assert "somewhere" in Catalog.open("somewhere")._repr_html_()


def test_a_notebook_shows_every_public_result() -> None:
    public = [getattr(package, name) for name in package.__all__]
    others = (package.Location, package.RayEngine)
    results = [each for each in public if is_dataclass(each) and each not in others]
    assert len(results) > 30
    assert [each.__name__ for each in results if not hasattr(each, "_repr_html_")] == []


def test_a_notebook_shows_lists_of_results_as_tables(tmp_path: Path) -> None:
    returned = {
        name: str(method.__annotations__.get("return"))
        for name, method in vars(Catalog).items()
        if callable(method) and not name.startswith("_")
    }
    assert returned["doctor"] == "ResultList[Issue]"
    assert [name for name in returned if re.match(r"list\[[A-Z]", returned[name])] == []
    shown = Catalog.open(tmp_path / "home").kernels()
    assert "log_det" in {each.name for each in shown}
    html = shown._repr_html_()
    assert html.startswith(f"{len(shown)} rows<table><tr><th>name</th>")
    assert html.count("<tr>") == 11
    assert html.endswith(f"{len(shown) - 10} more")
    assert ResultList([])._repr_html_() == "0 rows"


def test_a_list_of_mappings_is_one_table_with_every_column() -> None:
    @dataclass(frozen=True)
    class Measured(NotebookResult):
        rows: tuple[dict[str, int], ...]
        parameters: dict[str, int]
        inner: Result

    wide = {f"measure_{k}": k for k in range(14)}
    plain = Result("inner", 1, pa.table({"a": [1]}))
    html = Measured((wide, {"another": 1}), {f"p{k}": k for k in range(14)}, plain)._repr_html_()
    assert html.count("<th>measure_13</th>") == html.count("<th>another</th>") == 1
    assert "p9" in html
    assert "p10" not in html
    assert "4 more" in html


def test_a_dataclass_inside_a_result_is_shown_by_its_fields() -> None:
    @dataclass(frozen=True)
    class Place:
        row_number: int

    @dataclass(frozen=True)
    class Located(NotebookResult):
        place: Place

    assert "<th>row_number</th><td>1,000</td>" in Located(Place(1000))._repr_html_()


def test_results_inside_results_and_frames_are_shown_too() -> None:
    inner = Result("inner", 1, pa.table({"a": [1]}))

    @dataclass(frozen=True)
    class Outer(NotebookResult):
        inner: Result
        rows: pl.DataFrame
        _private: int = 7

    html = Outer(inner, pl.DataFrame({"b": [2]}))._repr_html_()
    assert "<caption>Result</caption>" in html
    assert "<th>b</th>" in html
    assert "_private" not in html


def test_a_view_holds_a_page_whose_scripts_cannot_reach_the_notebook(
    catalog: Catalog, jsonl: Callable[..., Path]
) -> None:
    catalog.register(jsonl([{"instruction": "</script>\"a'", "output": "b"}]), pool="p")
    html = catalog.view("p")._repr_html_()
    frame = re.fullmatch(
        r'<iframe sandbox="allow-scripts" title="p@1" .* srcdoc="([^"]*)">.*', html
    )
    assert frame
    assert unescape(frame[1]) == catalog.view("p").html
    assert "default-src 'none'" in unescape(frame[1])


@pytest.mark.slow
def test_the_example_notebook_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nbclient = pytest.importorskip("nbclient")
    nbformat = pytest.importorskip("nbformat")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    notebook = nbformat.read(ROOT / "docs" / "how-to" / "notebook.ipynb", as_version=4)
    nbclient.NotebookClient(notebook, timeout=300).execute(cwd=str(tmp_path))
    shown = [
        output["data"]["text/html"]
        for cell in notebook.cells
        for output in cell.get("outputs", ())
        if "data" in output
    ]
    assert ["Registration" in shown[0], "<iframe" in shown[-1], len(shown)] == [True, True, 5]
