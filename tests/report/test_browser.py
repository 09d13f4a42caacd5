"""The page in a real browser."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import numpy as np
import pytest

from catalog import Catalog
from catalog.report.server import PageServer
from tests.report.conftest import HOSTILE, READY, N, Open, brush, count, draw_around, n_shown, until

if TYPE_CHECKING:
    from playwright.sync_api import Page


def test_what_is_shown_is_saved_and_verifies(
    server: PageServer, shown: Catalog, open_page: Open
) -> None:
    page = open_page(server.url)
    assert count(page) == f"{N} of {N}"
    assert "token" not in page.url
    draw_around(page, [(0.1, 0.1), (0.55, 0.1), (0.55, 0.9), (0.1, 0.9)])
    until(page, f"!document.getElementById('count').textContent.startsWith('{N} ')")
    n_outlined = n_shown(page)
    assert 0 < n_outlined < N
    brush(page, "quality", 0.7, 0.9)
    page.click("[data-filter=quality] button:has-text('invert')")
    page.click(".bar[title='<b>chat</b>']")
    page.click(".bar[title='code']")
    until(page, "document.querySelectorAll('.bar[aria-pressed=true]').length === 2")
    n = n_shown(page)
    assert 0 < n < n_outlined
    page.click("#save")
    page.fill("#save-name", "seen")
    page.click("dialog button.primary")
    until(page, "Boolean(document.querySelector('#saved, dialog .error'))")
    assert f"seen@1: {n} members" in str(page.text_content("#dialog"))
    selected = set(shown.sql("SELECT fingerprint FROM subset('seen')")["fingerprint"])
    assert len(selected) == n
    assert shown.verify("seen").is_same
    budgets = dict(shown.subsets().select("name", "budget").rows())
    assert budgets["seen"] == "all"  # so that a refresh drops no member for their number
    until(page, """decodeURIComponent(location.hash).includes('"code"')""")
    page.reload()  # the address holds the state
    until(page, READY)
    until(page, f"document.getElementById('count').textContent === '{n} of {N}'")
    page.click("#clear")
    until(page, f"document.getElementById('count').textContent === '{N} of {N}'")


def test_an_outline_is_drawn_by_keyboard(server: PageServer, open_page: Open) -> None:
    page = open_page(server.url)
    page.press("input[name=mode][value=move]", "ArrowRight")  # to draw around
    for key, times in (("ArrowDown", 9), ("ArrowRight", 9), ("ArrowUp", 18), ("ArrowLeft", 9)):
        for _ in range(times):
            page.press("#marks", f"Shift+{key}")
        page.keyboard.press("Space")
    for key, n_corners in (("Backspace", 3), ("Space", 4)):
        page.keyboard.press(key)
        assert f"{n_corners} corners" in str(page.text_content("#outline-help"))
    page.press("#marks", "Enter")
    until(page, f"!document.getElementById('count').textContent.startsWith('{N} ')")
    assert 0 < n_shown(page) < N
    for key in ("Space", "Escape"):
        page.keyboard.press(key)
    assert page.locator("#outline-help").is_hidden()


def test_the_page_and_sql_agree_on_what_is_inside_an_outline(
    server: PageServer, shown: Catalog, pages: Callable[..., "Page"]
) -> None:
    draw = np.random.default_rng(4)
    corners = draw.integers(-6, 7, (40, 2)).astype(float)  # some edges are level, some upright
    lattice = np.stack(np.meshgrid(np.arange(-7, 8), np.arange(-7, 8)), axis=-1).reshape(-1, 2)
    places = np.concatenate([lattice, draw.uniform(-7, 7, (375, 2))]).astype(np.float32)
    page = pages(viewport={"width": 1300, "height": 800})
    page.goto(f"{server.url.partition('#')[0]}inside.js")  # a document of the page's origin
    inside = page.evaluate(
        "async ([xs, ys, corners]) => {"
        " const { rowsInside } = await import('/inside.js');"
        " return [...rowsInside(Float32Array.from(xs), Float32Array.from(ys), corners)]; }",
        [places[:, 0].tolist(), places[:, 1].tolist(), corners.tolist()],
    )
    rows = ", ".join(f"({k}, {x}::FLOAT, {y}::FLOAT)" for k, (x, y) in enumerate(places.tolist()))
    query = f"SELECT is_inside(x, y, {corners.tolist()}) AS i FROM (VALUES {rows}) t(k, x, y)"
    expected = shown.sql(f"{query} ORDER BY k")["i"].to_list()
    assert 100 < sum(expected) < 500
    assert [bool(value) for value in inside] == expected


@pytest.mark.slow
def test_filters_show_what_they_remove_and_are_taken_back(
    server: PageServer, shown: Catalog, open_page: Open
) -> None:
    page = open_page(server.url)
    page.click(".bar[title^='drawn@1']")
    until(page, "document.getElementById('count').textContent.startsWith('20 ')")
    draw_around(page, [(0.0, 0.0), (0.35, 0.0), (0.35, 1.0), (0.0, 1.0)])
    until(page, "document.querySelectorAll('.filter').length === 2")
    n_outlined = n_shown(page)
    assert n_outlined != 10
    page.click("[data-filter=outline] button:has-text('SQL')")
    assert "is_inside(x, y, [[" in str(page.text_content("[data-filter=outline] pre"))
    page.click("[data-filter=outline] button:has-text('−')")  # the members that it alone hides
    until(page, f"document.getElementById('count').textContent.startsWith('{20 - n_outlined} ')")
    page.click("#show-sql")  # its selector selects what is shown
    selector = str(page.text_content("#selector")).partition("ORDER BY")[0].replace("$pool", "'p'")
    assert len(shown.sql(selector)) == 20 - n_outlined
    page.click("dialog button:has-text('Close')")
    page.click("[data-filter=outline] button:has-text('back')")
    until(page, f"document.getElementById('count').textContent.startsWith('{n_outlined} ')")
    page.keyboard.press("Control+z")
    until(page, "document.getElementById('count').textContent.startsWith('20 ')")
    page.click("#undo")
    until(page, f"document.getElementById('count').textContent.startsWith('{N} ')")


def marks(catalog: Catalog) -> list[tuple[str | None, str | None]]:
    return catalog.sql("SELECT mark, note FROM marks('p')").rows()


def test_marks_are_made_by_keys_kept_and_taken_back(
    server: PageServer, shown: Catalog, open_page: Open
) -> None:
    page = open_page(server.url)
    page.click("tr[data-row='7']")
    until(page, "Boolean(document.querySelector('#note'))")
    page.keyboard.press("b")
    until(page, "document.querySelectorAll('.mark.bad[aria-pressed=true]').length === 1")
    assert page.locator(".pager").inner_text().strip("‹› ").startswith("1 to 50")
    page.click("button[title='next rows']")
    until(page, "document.querySelector('.pager').textContent.includes('51 to 90')")
    for mark in ("good", "bad"):
        page.keyboard.press(mark[0])
        until(page, f"document.querySelectorAll('.mark.{mark}[aria-pressed=true]').length === 1")
    page.wait_for_timeout(200)  # the listed rows are drawn again, and stay where they are
    assert "51 to 90" in page.locator(".pager").inner_text()
    page.keyboard.press("n")
    page.keyboard.type("wrong 'answer'")
    page.evaluate("document.querySelector('#note').dataset.isBefore = 'yes'")
    page.keyboard.press("Enter")
    until(page, "!document.querySelector('#note').dataset.isBefore")  # another: the note is kept
    page.click(".bar[title='bad']")
    until(page, "document.getElementById('count').textContent.startsWith('1 ')")
    page.click("#tab-rows")
    until(page, "Boolean(document.querySelector('#note'))")
    assert marks(shown) == [("bad", "wrong 'answer'")]
    page.click("#undo")  # the filter
    page.click("#undo")  # the note
    for _ in range(3):
        page.click("#undo")  # the marks
    until(page, "!document.querySelector('.mark[aria-pressed=true]')")
    assert marks(shown) == []


@pytest.mark.slow
def test_marks_that_come_faster_than_their_answers_are_taken_back(
    server: PageServer, shown: Catalog, open_page: Open
) -> None:
    page = open_page(server.url)
    page.click("tr[data-row='8']")
    until(page, "document.getElementById('detail').textContent.includes('answer 8')")
    for key in "gbgb":
        page.keyboard.press(key)
    until(page, "document.querySelectorAll('.mark.bad[aria-pressed=true]').length === 1")
    for _ in range(4):
        page.keyboard.press("Control+z")
    until(page, "!document.querySelector('.mark[aria-pressed=true]')")
    page.wait_for_timeout(300)
    assert marks(shown) == []


def test_the_views_below_the_map(server: PageServer, open_page: Open) -> None:
    page = open_page(server.url)
    page.click("#tab-takes")
    until(page, "document.querySelectorAll('#pane-takes h2').length >= 2")
    page.click("#tab-regions")
    until(page, "document.querySelectorAll('#pane-regions tbody tr').length > 1")
    page.click("#tab-duplicates")
    until(page, "document.getElementById('pane-duplicates').textContent.includes('groups')")
    page.click("#tab-losses")
    until(page, "document.querySelectorAll('#pane-losses svg').length > 1")
    page.click("#tab-compare")
    page.select_option("#pane-compare select >> nth=0", "drawn@1")
    page.select_option("#pane-compare select >> nth=1", "other@1")
    until(page, "document.getElementById('pair').textContent.includes('members of both')")
    row = page.locator("#pair tr", has_text="members").first
    assert row.locator("td").all_text_contents() == ["members", "20", "30"]
    page.click("#tab-rows")
    page.click("tr[data-row='9']")
    page.click("text=Losses against its cluster")
    until(page, "document.querySelectorAll('#detail svg .own').length === 1")


HOSTILE_STATES = (
    '{"filters": 5, "view": "far", "row": -3, "tab": "nothing", "colour": "none"}',
    '{"filters": [null, ["outline", {"kind": "outline", "points": [["0); DROP", 1]]}]]}',
    '{"filters": [["x", {"kind": "subset"}], ["quality", {"kind": "number", "low": "1) OR 1"}]]}',
    '[1, {"a"',
)


@pytest.mark.slow
def test_an_address_that_somebody_else_wrote_opens_the_page_without_its_filters(
    server: PageServer, open_page: Open
) -> None:
    for state in HOSTILE_STATES:
        page = open_page(f"{server.url}&state={quote(state)}")
        assert count(page) == f"{N} of {N}"
    wrong = '["quality", {"kind": "number", "low": "x", "high": 1}]'
    drawn = '["drawn@1", {"kind": "subset", "isIn": true}]'
    good = f'{{"filters": [{wrong}, {drawn}], "tab": "regions"}}'
    page = open_page(f"{server.url}&state={quote(good)}")
    until(page, f"document.getElementById('count').textContent === '20 of {N}'")
    assert page.is_visible("#pane-regions")
    with page.expect_event("load"):  # as if pasted into an open page
        page.evaluate("setTimeout(() => { location.hash = 'state={}'; })")
    until(page, f"document.getElementById('count').textContent === '{N} of {N}'")


@pytest.mark.slow
def test_the_splitters_move_by_mouse_and_keys(server: PageServer, open_page: Open) -> None:
    page = open_page(server.url)

    def height() -> float:
        return float(page.evaluate("document.getElementById('map-panel').offsetHeight"))

    before = height()
    page.focus("#split-map")
    page.keyboard.press("ArrowDown")
    assert height() == before + 24
    box = page.locator("#split-map").bounding_box()
    assert box
    page.mouse.move(box["x"] + 50, box["y"] + 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 50, box["y"] - 98, steps=3)
    page.mouse.up()
    assert abs(height() - (before - 76)) < 3


@pytest.mark.slow
def test_a_text_that_comes_after_the_mouse_has_left_is_not_shown(
    server: PageServer, open_page: Open
) -> None:
    page = open_page(server.url)
    place = "view.toScreen(document.querySelector('#marks'), view.placesX[0], view.placesY[0])"
    x, y = page.evaluate(f"import('/view.js').then((view) => {place})")
    box = page.locator("#marks").bounding_box()
    assert box
    held: list[Any] = []
    for leaves in (False, True):
        held.clear()
        page.route("**/ask/rows", lambda route: held.append(route))
        page.mouse.move(box["x"] + x, box["y"] + y)
        while not held:
            page.wait_for_timeout(20)
        if leaves:
            page.mouse.move(5, 5)
        with page.expect_response("**/ask/rows"):
            held[0].continue_()
        page.wait_for_timeout(200)
        assert page.is_hidden("#tip") == leaves
        page.unroute("**/ask/rows")
        page.mouse.move(5, 5)


def test_hostile_texts_are_shown_as_text(server: PageServer, open_page: Open) -> None:
    page = open_page(server.url)
    for row, text in enumerate(HOSTILE):
        page.click(f"tr[data-row='{row}']")
        until(page, f"document.getElementById('detail').textContent.includes('answer {row}')")
        assert text[:1000] in str(page.text_content("#detail"))
    assert page.evaluate("window.broken") is None
