"""Filters of hostile values, which are saved with the members that the page counts."""

import json
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from catalog import Catalog
from catalog.report.answers import Answers
from catalog.report.page_data import read_page_data
from catalog.report.server import PageServer
from tests.quick import few_of
from tests.report.conftest import Open, n_shown, until

N = 12
SOURCES = ("one\r\ntwo\rthree", "nul\0", "it's \\ % _")
LARGE = {"kind": "number", "low": 1, "high": 9, "isClosed": True}
LATE = {"kind": "number", "low": 0, "high": 3, "isClosed": True, "isNot": True}
LINES = {"kind": "category", "values": [SOURCES[0]]}
NUL = {"kind": "category", "values": [SOURCES[1]]}
FIRST = "SELECT fingerprint FROM pool('q') WHERE row_number <= 3; -- the first;"
FILTERS = {
    "large": ("large", LARGE, 4),
    "not_late": ("last_loss", LATE, 8),
    "lines": ("source", LINES, 4),
    "nul": ("source", NUL, 4),
    "text": ("text", {"kind": "text", "text": "a\r\nb 1"}, 3),
    "query": ("query", {"kind": "query", "query": FIRST}, 4),
}
"""By the name of the subset: a filter's name, the filter, and how many members it keeps."""


@pytest.fixture(scope="module")
def odd(new_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """A pool with a score beyond float32, losses of a part, and line ends in sources and texts."""
    folder = tmp_path_factory.mktemp("odd")
    catalog = Catalog.open(shutil.copytree(new_home, folder / "home"), wait=10, isolated=False)
    records = [
        {"instruction": f"a\r\nb {i}", "output": "x", "from": SOURCES[i % 3]} for i in range(N)
    ]
    (folder / "q.jsonl").write_text("\n".join(map(json.dumps, records)))
    catalog.register(folder / "q.jsonl", pool="q", source_column="from")
    names = catalog.sql("SELECT fingerprint FROM pool('q') ORDER BY row_number")["fingerprint"]
    numbers = [1e300 if i % 2 else float(i) for i in range(N)]
    table: dict[str, Any] = {"fingerprint": names.to_list(), "large": numbers}
    pq.write_table(pa.table(table), folder / "scores.parquet")
    catalog.import_scores("q", folder / "scores.parquet", name="large", key="fingerprint")
    some = names.to_list()[:4]
    losses = {"fingerprint": some, "step_0": [2.0] * len(some), "step_1": [1.0] * len(some)}
    pq.write_table(pa.table(losses), folder / "losses.parquet")
    catalog.import_losses("q", folder / "losses.parquet", proxy="made", key="fingerprint")
    return catalog


@pytest.fixture(scope="module")
def saving(odd: Catalog, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PageServer]:
    page = read_page_data(odd.store, "q", is_saving=True)
    folder = tmp_path_factory.mktemp("saved")
    with PageServer(Answers(odd.store, page, folder)) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}).start()
        yield server
        server.shutdown()


@pytest.mark.parametrize("name", few_of(list(FILTERS), "large", "not_late", "query"))
def test_what_the_page_counts_is_saved(
    odd: Catalog, saving: PageServer, open_page: Open, name: str
) -> None:
    filtered, value, n = FILTERS[name]
    state = quote(json.dumps({"filters": [[filtered, value]]}))
    page = open_page(f"{saving.url}&state={state}")
    assert n_shown(page) == n
    page.click("#save")
    page.fill("#save-name", name)
    page.click("dialog button.primary")
    until(page, "Boolean(document.querySelector('#saved, dialog .error'))")
    assert f"{name}@1: {n} members" in str(page.text_content("#dialog"))
    assert odd.verify(name).is_same
