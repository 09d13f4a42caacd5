"""Results as a notebook shows them."""

from dataclasses import dataclass, field

import pyarrow as pa

from catalog import Catalog
from catalog.notebook import NotebookResult


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
