"""A small pool with embeddings, scores, subsets and hostile texts, and a server of its page."""

import json
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from catalog import Catalog
from catalog.compute.shard_runner import compute
from catalog.compute.shard_writer import Values
from catalog.report.answers import Answers
from catalog.report.document import Report
from catalog.report.page_data import read_page_data
from catalog.report.server import PageServer
from catalog.signals.registry import ensure_signal

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

N, D = 90, 6
TIMEOUT = 120  # seconds that an answer may take on a slow machine
HOSTILE = (
    "</script><script>window.broken = 1</script>",
    "<img src=x onerror='window.broken = 2'>",
    "\u202eright to left\u202c and 'quotes' -- ; \\ \u2028",
    "x" * 1_000_000,
)
BLOCK = re.compile(r'<script type="application/octet-stream" id="([\w-]+)">([^<]*)</script>')
SOURCES = ("maths", "code", "<b>chat</b>")


def add_vectors(catalog: Catalog, name: str = "made", *, of: str = "p") -> None:
    """Embed the members of a pool that have no vector: by their numbers, in three groups."""

    def embedded(texts: pa.Table) -> Values:
        numbers = [int(response.split()[1]) for response in texts["response"].to_pylist()]
        draw = np.random.default_rng(0).normal(size=(1000, D)).astype(np.float32)
        centres = 6 * np.eye(D, dtype=np.float32)
        rows = np.array([draw[number] + centres[number % 3] for number in numbers])
        column = pa.FixedSizeListArray.from_arrays(pa.array(rows.reshape(-1)), D)
        return Values(pa.table({"instruction_id": texts["instruction_id"], "vector": column}))

    identity = {"model": name, "field": "prompt", "store": "float32"}
    with catalog.store.writing() as connection:
        signal = ensure_signal(
            connection,
            kind="embedding",
            name=name,
            identity=identity,
            dimension=D,
            has_vectors=True,
        )
    compute(catalog.store, catalog.find(of), signal, embedded)


def records(n: int) -> list[dict[str, str]]:
    texts = [*HOSTILE, *(f"Question {i} about Müsli?" for i in range(len(HOSTILE), n))]
    return [
        {"instruction": text, "output": f"answer {i}", "from": SOURCES[i % 3]}
        for i, text in enumerate(texts)
    ]


@pytest.fixture(scope="session")
def shown(new_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    folder = tmp_path_factory.mktemp("shown")
    catalog = Catalog.open(shutil.copytree(new_home, folder / "home"), wait=10, isolated=False)
    lines = [json.dumps(record) for record in records(N)]
    lines.append(json.dumps({"instruction": "<u>no answer</u>"}))
    (folder / "p.jsonl").write_text("\n".join(lines))
    catalog.register(folder / "p.jsonl", pool="p", source_column="from")
    add_vectors(catalog)
    members = catalog.sql("SELECT fingerprint FROM pool('p') ORDER BY row_number")
    values = np.random.default_rng(1).normal(size=N)
    table = pa.table({"fingerprint": members["fingerprint"].to_list(), "quality": values})
    pq.write_table(table, folder / "scores.parquet")
    catalog.import_scores("p", folder / "scores.parquet", name="quality", key="fingerprint")
    losses = np.random.default_rng(2).uniform(1, 3, size=(N, 4)).cumsum(axis=1)[:, ::-1]
    columns = {f"step_{step}": losses[:, step] for step in range(4)}
    pq.write_table(pa.table({"fingerprint": table["fingerprint"]} | columns), folder / "l.parquet")
    catalog.import_losses("p", folder / "l.parquet", proxy="made", key="fingerprint")
    catalog.select("random", "p", budget=20, name="drawn")
    catalog.select("random", "p", budget=30, name="other", seed=1)
    return catalog


@pytest.fixture(scope="session")
def report(shown: Catalog, tmp_path_factory: pytest.TempPathFactory) -> Report:
    """A report of both subsets: to write one takes seconds."""
    return shown.report("drawn", "other", path=tmp_path_factory.mktemp("report") / "r.html")


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the page saves selectors into."""
    return tmp_path_factory.mktemp("selectors")


@pytest.fixture(scope="session")
def server(shown: Catalog, folder: Path) -> Iterator[PageServer]:
    """A server that may save; every save has a name of its own."""
    page = read_page_data(shown.store, "p", is_saving=True)
    with PageServer(Answers(shown.store, page, folder)) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}).start()
        yield server
        server.shutdown()


@pytest.fixture(scope="session")
def browser() -> Iterator["Browser"]:
    """Chromium from the system's packages; playwright's own is not downloaded."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if not found:
        pytest.skip("no Chromium is at hand: apt-get install chromium")
    playwright = pytest.importorskip("playwright.sync_api")
    flags = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=found, args=flags, timeout=1000 * TIMEOUT)
        yield browser
        browser.close()


READY = "document.documentElement.dataset.ready === 'yes'"
Open = Callable[..., "Page"]


def until(page: "Page", condition: str) -> None:
    """Wait for a condition; the page's policy forbids `wait_for_function`."""
    deadline = time.monotonic() + TIMEOUT
    while time.monotonic() < deadline:
        if page.evaluate(condition):
            return
        time.sleep(0.05)
    raise AssertionError(f"{condition} is false; the count is {count(page)}")


def count(page: "Page") -> str:
    return str(page.text_content("#count"))


@pytest.fixture(scope="session")
def pages(browser: "Browser") -> Callable[..., "Page"]:
    """Returns one page of each kind: a page that goes elsewhere needs no other process."""
    made: dict[str, Page] = {}

    def page(**options: Any) -> "Page":
        kind = repr(sorted(options.items()))
        if kind not in made:
            made[kind] = browser.new_context(**options).new_page()
            made[kind].set_default_timeout(1000 * TIMEOUT)
        return made[kind]

    return page


@pytest.fixture
def open_page(pages: Callable[..., "Page"]) -> Iterator[Open]:
    """Opens an address, and at the end holds that nothing failed and nobody else was asked."""
    problems: list[str] = []
    heard: list[tuple[Page, str, Any]] = []

    def open_(url: str, **options: Any) -> "Page":
        page = pages(**{"viewport": {"width": 1300, "height": 800}} | options)
        page.goto("about:blank")  # two addresses that differ after their # are one document
        origin = url.partition("#")[0].rstrip("/")

        def asked(request: Any) -> None:
            if not request.url.startswith(origin):
                problems.append(request.url)

        heard.append((page, "pageerror", lambda error: problems.append(str(error))))
        heard.append((page, "console", lambda line: problems.append(line.text)))
        heard.append((page, "request", asked))
        for each, event, listener in heard[-3:]:
            each.on(event, listener)
        page.goto(url)
        until(page, READY)
        return page

    yield open_
    for page, event, listener in heard:
        page.remove_listener(event, listener)
        page.goto("about:blank")
    assert problems == []


def draw_around(page: "Page", corners: list[tuple[float, float]]) -> None:
    """Draw an outline, with corners as shares of the map."""
    page.click("text=draw around")
    box = page.locator("#marks").bounding_box()
    assert box
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in corners]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in [*places[1:], places[0]]:
        page.mouse.move(*place, steps=4)
    page.mouse.up()


def n_shown(page: "Page") -> int:
    return int(count(page).split(" of ")[0])


def brush(page: "Page", facet: str, first: float, last: float) -> None:
    canvas = page.locator(f"[data-facet='{facet}'] canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + first * box["width"], y)
    page.mouse.down()
    page.mouse.move(box["x"] + last * box["width"], y, steps=4)
    page.mouse.up()
