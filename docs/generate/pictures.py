"""Make the pictures of the documentation: ten views of the page, light and dark.

Run: python docs/generate/pictures.py [--home FOLDER] [--pictures FOLDER]

The catalog is that of `catalog demo`, whose texts are generated; it is made if the folder has none.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from catalog import Catalog
from catalog.report.answers import Answers
from catalog.report.page_data import read_page_data
from catalog.report.server import PageServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

DOCS = Path(__file__).resolve().parent.parent
PICTURES = DOCS / "pictures"
WIDE = {"width": 1400, "height": 860}
NARROW = {"width": 390, "height": 844}
READY = "document.documentElement.dataset.ready === 'yes'"
COLOURS = 256


def prepared(home: Path) -> Catalog:
    """Return a catalog of the demo with a map, five subsets, and a mark."""
    catalog = Catalog.open(home, isolated=False)
    if "demo" not in set(catalog.pools()["name"] if home.exists() else ()):
        subprocess.run([sys.executable, "-m", "catalog", "--home", home, "demo"], check=True)
    catalog.map("demo")
    for selector, name in (("k_center", "k_center"), ("random", "drawn")):
        catalog.select(selector, "demo", budget="10%", name=name)
    return catalog


def outline(page: Page) -> None:
    """Draw around a part of the map, and brush a histogram."""
    page.click("text=draw around")
    box = page.locator("#marks").bounding_box()
    assert box
    corners = [(0.3, 0.1), (0.62, 0.08), (0.66, 0.5), (0.45, 0.6), (0.28, 0.45)]
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in corners]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in [*places[1:], places[0]]:
        page.mouse.move(*place, steps=4)
    page.mouse.up()
    canvas = page.locator("[data-facet='response_characters'] canvas").bounding_box()
    assert canvas
    y = canvas["y"] + canvas["height"] / 2
    page.mouse.move(canvas["x"] + 0.35 * canvas["width"], y)
    page.mouse.down()
    page.mouse.move(canvas["x"] + 0.95 * canvas["width"], y, steps=4)
    page.mouse.up()


def row(page: Page) -> None:
    """Open a row with its losses, its neighbours and why it is not in a subset."""
    page.click("tr[data-row] >> nth=3")
    page.wait_for_selector("#detail .message")
    page.click("summary:has-text('s2l@1')")
    page.wait_for_selector("#detail details[open] p:not(.quiet)", timeout=300_000)
    page.click("text=Losses against its cluster")
    page.wait_for_selector("#detail svg", timeout=300_000)
    page.locator("#detail svg").scroll_into_view_if_needed()


def save(page: Page) -> None:
    """Open the dialog that saves what is shown."""
    outline(page)
    page.click("#save")


def tab(name: str, ready: str) -> Callable[[Page], None]:
    """Return what opens a tab and waits for an element of it."""

    def act(page: Page) -> None:
        page.click(f"#tab-{name}")
        page.wait_for_selector(f"#pane-{name} {ready}", timeout=300_000)

    return act


def compare(page: Page) -> None:
    """Compare the subsets with random draws of their size."""
    page.click("#tab-compare")
    page.click("#pane-compare button:has-text('Compare')")
    page.wait_for_selector("#pane-compare .unusual", timeout=300_000)
    page.locator("#pane-compare .unusual").first.scroll_into_view_if_needed()


def meaning(page: Page) -> None:
    """Search by meaning."""
    page.click("#by label:has-text('meaning')")
    page.fill("#text", "put the words into order")
    page.click("#search button")
    page.wait_for_selector(".filter", timeout=300_000)


VIEWS: dict[str, tuple[dict[str, int], Callable[[Page], None]]] = {
    "start": (WIDE, lambda page: None),
    "filters": (WIDE, outline),
    "row": (WIDE, row),
    "save": (WIDE, save),
    "compare": (WIDE, compare),
    "takes": (WIDE, tab("takes", "table")),
    "losses": (WIDE, tab("losses", "svg")),
    "duplicates": (WIDE, tab("duplicates", ".group")),
    "meaning": (WIDE, meaning),
    "narrow": (NARROW, lambda page: None),
}


@contextmanager
def browsing() -> Iterator[Browser]:
    """Yield the system's Chromium."""
    from playwright.sync_api import sync_playwright

    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if not found:
        raise SystemExit("no Chromium is at hand: apt-get install chromium")
    with sync_playwright() as started:
        yield started.chromium.launch(executable_path=found, args=["--no-sandbox"])


def shoot(browser: Browser, url: str, name: str, scheme: str, folder: Path) -> None:
    """Write one picture, with few colours so that it stays small."""
    from PIL import Image

    size, act = VIEWS[name]
    page = browser.new_page(viewport=size, color_scheme=scheme)  # type: ignore[arg-type]
    page.goto(url)
    while not page.evaluate(READY):
        time.sleep(0.05)
    page.wait_for_selector("tr[data-row]")
    act(page)
    page.wait_for_timeout(1500)
    image = Image.open(BytesIO(page.screenshot())).convert("RGB")
    small = image.quantize(COLOURS, method=Image.Quantize.MAXCOVERAGE)  # keeps rare colours
    small.save(folder / f"{name}-{scheme}.png", optimize=True)
    page.close()


def main(home: Path, pictures: Path) -> None:
    """Make every picture."""
    catalog = prepared(home)
    pictures.mkdir(exist_ok=True)
    shown = read_page_data(catalog.store, "demo", is_saving=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        PageServer(Answers(catalog.store, shown, Path(folder))) as server,
        browsing() as browser,
    ):
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for name in VIEWS:
            for scheme in ("light", "dark"):
                shoot(browser, server.url, name, scheme, pictures)
        server.shutdown()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, default=Path(".catalog-demo"))
    parser.add_argument("--pictures", type=Path, default=PICTURES)
    given = parser.parse_args()
    main(given.home, given.pictures)
