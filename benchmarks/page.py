"""Time the page of `catalog browse` in a browser: until it is ready, a filter, and a redraw.

Run: python benchmarks/page.py [--home FOLDER --pool NAME] [--sizes N,N] [--json FILE]

A filter (a range, a subset, an outline of 40 corners) is measured from the call to the frame in
which every bar and histogram at the side is drawn, the median of 9; a redraw is one drawing of all
members, the median of 9. `processor` is the time of the page's thread: until ready, and of the 9
together, with what else the page draws. The Alpaca pool is that of ``--home``, or is made with
planted vectors and the map of their principal components. Larger pages have generated columns and
no texts. Chromium draws without a graphics card.
"""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pairs import alpaca, alpaca_file, arguments, report, topics
from search import planted

from catalog import Catalog
from catalog.report.answers import Answers
from catalog.report.columns import (
    Column,
    category_column,
    group_column,
    number_column,
    place_column,
    subset_column,
)
from catalog.report.page_data import PageData, read_page_data
from catalog.report.server import PageServer
from catalog.store.store import Store

if TYPE_CHECKING:
    from playwright.sync_api import Browser, CDPSession, Page

READY = "document.documentElement.dataset.ready === 'yes' && performance.now() / 1000"
MEASURE = """async (part) => {
  const { setFilter, clearFilters } = await import('/filters.js');
  const { drawPoints } = await import('/points.js');
  const { numbers, subsets } = await import('/data.js');
  const { placesX, placesY } = await import('/view.js');
  const frame = () => new Promise(requestAnimationFrame);
  const middle = (values) => values.sort((a, b) => a - b)[values.length >> 1];
  const reach = placesX.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  const outline = Array.from({ length: 40 }, (_, k) => {
    const [turn, radius] = [(k * Math.PI) / 20, reach * (0.7 + 0.2 * Math.sin(k))];
    return [radius * Math.cos(turn), radius * Math.sin(turn)];
  });
  const wanted = [
    [numbers[0].name, { kind: 'number', low: numbers[0].edge(5), high: numbers[0].edge(30) }],
    [subsets[0].name, { kind: 'subset', isIn: false }],
    ['outline', { kind: 'outline', points: outline }],
  ];
  const filters = [];
  const redraws = [];
  for (let turn = 0; part === 'filter' && turn < 3; turn += 1) {
    for (const [name, filter] of wanted) {
      await frame();
      const start = performance.now();
      await setFilter(name, filter);
      await frame();
      filters.push(performance.now() - start);
      await new Promise((resolve) => setTimeout(resolve, 400));
    }
    clearFilters();
    await new Promise((resolve) => setTimeout(resolve, 400));
  }
  for (let turn = 0; part === 'redraw' && turn < 9; turn += 1) {
    const start = performance.now();
    drawPoints();
    redraws.push(performance.now() - start);
  }
  return middle(part === 'filter' ? filters : redraws) / 1000;
}"""
BARS = {
    51_974: {"ready": 3.0, "filter": 0.05, "redraw": 0.15},
    1_000_000: {"ready": 6.0, "filter": 0.1, "redraw": 1.0},
    5_000_000: {"ready": 60.0, "filter": 1.0, "redraw": 1.0},
}
WHAT = {"ready": "until the page is ready", "filter": "a filter", "redraw": "a redraw"}


def generated(store: Store, n: int) -> PageData:
    """Return a page of n members with the columns of a real one, and no texts."""
    draw = np.random.default_rng(0)
    region = draw.integers(0, 30, n)
    centres = draw.normal(size=(30, 2)) * 40
    places = centres[region] + draw.normal(size=(n, 2)) * 6
    names = [f"source {k}" for k in range(12)]
    columns: list[Column] = [
        category_column("source", [names[k] for k in draw.integers(0, 12, n)], sql="source"),
        number_column("prompt_characters", draw.lognormal(4, 1, n), sql="a", is_log=True),
        number_column("response_characters", draw.lognormal(5, 1, n), sql="b", is_log=True),
        place_column("x", places[:, 0]),
        place_column("y", places[:, 1]),
        group_column("region", region, [f"region {k}" for k in range(31)]),
        number_column("quality", draw.normal(6, 2, n).round(), sql="c"),
        number_column("last_loss", draw.gamma(3, 0.5, n), sql="d"),
    ]
    columns += [
        subset_column(f"subset_{k}@1", draw.random(n) < 0.1, selector="random") for k in range(3)
    ]
    template = read_page_data(store, "alpaca", subsets=[])
    regions = [
        {"region": k, "n_members": n // 30, "x": x, "y": y, "words": ["some", "words"]}
        for k, (x, y) in enumerate(centres.tolist())
    ]
    header = dict(template.header) | {"n": n, "regions": regions}
    return PageData(template.reference, (), {}, header, columns)


def made(folder: Path) -> Catalog:
    """Return a catalog of the Alpaca pool with planted vectors, a map, scores and three subsets."""
    catalog = Catalog.open(folder / "home", isolated=False)
    catalog.register(alpaca_file(), pool="alpaca")
    planted(catalog.store, topics(len(alpaca()), 32, 40))
    catalog.map("alpaca", method="pca")
    catalog.score("alpaca", "length")
    for seed, name in enumerate("abc"):
        catalog.select("random", "alpaca", budget="10%", name=name, seed=seed)
    return catalog


@contextmanager
def browsing() -> Iterator[Browser]:
    """Yield the system's Chromium."""
    import shutil

    from playwright.sync_api import sync_playwright

    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if not found:
        raise SystemExit("no Chromium is at hand: apt-get install chromium")
    flags = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
    with sync_playwright() as started:
        yield started.chromium.launch(executable_path=found, args=flags)


def measured(browser: Browser, store: Store, page: PageData) -> dict[str, tuple[float, float]]:
    """Return the seconds of each measure, and those of the page's processor."""
    with PageServer(Answers(store, page)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        shown = browser.new_page(viewport={"width": 1400, "height": 900})
        thread = shown.context.new_cdp_session(shown)
        thread.send("Performance.enable", {"timeDomain": "threadTicks"})
        shown.goto(server.url)
        seconds = {"ready": (_ready(shown), _processor(thread))}
        for part in ("filter", "redraw"):
            before = _processor(thread)
            took = float(shown.evaluate(MEASURE, part))
            seconds[part] = (took, _processor(thread) - before)
        shown.close()
        server.shutdown()
    return seconds


def _processor(thread: CDPSession) -> float:
    metrics = thread.send("Performance.getMetrics")["metrics"]
    return next(float(each["value"]) for each in metrics if each["name"] == "TaskDuration")


def _ready(shown: Page) -> float:
    while True:
        seconds = shown.evaluate(READY)
        if seconds:
            return float(seconds)
        time.sleep(0.02)


def rows_of(n: int, seconds: dict[str, tuple[float, float]]) -> Iterator[dict[str, Any]]:
    """Yield a row of figures for each measure, with the load of the machine."""
    bars = BARS[min(BARS, key=lambda size: abs(size - n))]
    for name, (value, processor) in seconds.items():
        yield {
            "what": f"{n:,} members: {WHAT[name]}",
            "seconds": value,
            "bar_seconds": bars[name],
            "processor_seconds": processor,
            "load": os.getloadavg()[0],
            "is_met": value <= bars[name],
        }


def main(home: str | None, pool: str, sizes: Sequence[int], path: Path | None) -> int:
    """Measure the pool, then generated pages."""
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder, browsing() as browser:
        catalog = Catalog.open(home, isolated=False) if home else made(Path(folder))
        page = read_page_data(catalog.store, pool)
        rows += rows_of(len(page.fingerprints), measured(browser, catalog.store, page))
        for size in sizes:
            large = generated(catalog.store, size)
            rows += rows_of(size, measured(browser, catalog.store, large))
    return report(rows, path)


if __name__ == "__main__":
    given = arguments(
        __doc__ or "",
        home={"help": "folder of a catalog that has the pool; else one is made"},
        pool={"default": "alpaca", "help": "the pool"},
        sizes={"default": "1000000,5000000", "help": "members of the generated pages"},
    )
    numbers = [int(size) for size in given.sizes.split(",") if size]
    raise SystemExit(main(given.home, given.pool, numbers, given.json))
