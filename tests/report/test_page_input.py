"""What a person types into the page, and what it shows of hostile and inverted values."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from catalog import Catalog
from catalog.report.server import PageServer
from tests.report.conftest import N, Open, count, n_shown, until

if TYPE_CHECKING:
    from playwright.sync_api import Page


@pytest.mark.slow
def test_a_range_is_typed_with_separators(server: PageServer, open_page: Open) -> None:
    page = open_page(server.url)
    ends = page.locator("[data-facet=prompt_characters] input")
    assert ends.nth(1).input_value() == "1,000,000"
    ends.nth(0).fill("1,000")
    ends.nth(0).press("Enter")
    until(page, "document.getElementById('count').textContent.startsWith('1 ')")
    ends.nth(0).fill("2,000,000")  # more than the other end
    ends.nth(0).press("Enter")
    assert page.evaluate("Boolean(document.querySelector('.ends input:invalid'))")
    assert n_shown(page) == 1
    assert ends.nth(1).input_value() == "1,000,000"


@pytest.mark.slow
def test_one_typed_end_keeps_the_other_exact(server: PageServer, open_page: Open) -> None:
    page = open_page(server.url)
    ends = page.locator("[data-facet=quality] input")
    for typed, number in ((0, "-100"), (1, "100")):
        ends.nth(typed).fill(number)
        ends.nth(typed).press("Enter")
        until(page, "document.querySelectorAll('.filter').length === 1")
        assert count(page) == f"{N} of {N}"  # the other end has more digits than it shows
        page.click("#clear")
        until(page, "document.querySelectorAll('.filter').length === 0")


@pytest.mark.slow
def test_an_inverted_filter_is_struck_out_at_the_side(server: PageServer, open_page: Open) -> None:
    page = open_page(server.url)
    for title, name in (("drawn@1", "drawn@1"), ("code", "source")):
        page.click(f".bar[title^='{title}']")
        page.click(f"[data-filter='{name}'] button:has-text('invert')")
        until(page, f"document.querySelector(\".bar[title^='{title}']\").dataset.state === 'out'")
    page.click("#undo")  # each click is one step, however soon the next one comes
    until(page, "document.querySelector(\".bar[title='code']\").dataset.state === ''")


@pytest.mark.slow
def test_a_first_note_can_be_taken_back(server: PageServer, open_page: Open) -> None:
    page = open_page(server.url)
    page.click("tr[data-row='9']")
    page.fill("#note", "seen")
    page.press("#note", "Enter")
    until(page, "!document.getElementById('undo').disabled")
    page.click("#undo")
    until(page, "document.getElementById('note').value === ''")


@pytest.mark.slow
def test_marks_of_direction_end_with_their_text(server: PageServer, open_page: Open) -> None:
    page = open_page(server.url)
    kinds = "[...document.querySelectorAll('#legend bdi')].map((text) => getComputedStyle(text)"
    kinds += ".unicodeBidi)"
    assert page.evaluate(kinds) == ["isolate"] * 3
    page.fill("#text", "\u202eright")
    page.press("#text", "Enter")
    until(page, "document.querySelectorAll('.filter').length === 1")
    label = str(page.text_content(".filter-label"))
    assert label.endswith('\u2068"\u202eright"\u2069')
    page.click("#show-sql")
    summary, *clauses = str(page.text_content("#selector")).splitlines()
    assert "\u202e" not in summary
    assert "\u202e" in "".join(clauses)


@pytest.mark.slow
def test_marks_are_shown_when_the_page_is_opened_again(server: PageServer, open_page: Open) -> None:
    for before, after in (("false", "true"), ("true", "false")):  # the same key removes a mark
        page = open_page(server.url)
        page.click("tr[data-row='11']")
        until(page, "Boolean(document.querySelector('#note'))")
        assert page.get_attribute(".mark.good", "aria-pressed") == before
        page.keyboard.press("g")
        until(page, f"document.querySelector('.mark.good').ariaPressed === '{after}'")


def test_an_address_without_a_token_asks_for_it(
    server: PageServer, pages: Callable[..., "Page"]
) -> None:
    page = pages(viewport={"width": 1300, "height": 700})  # a browser that was never here
    address, _, token = server.url.partition("#")
    state = "state=" + quote('{"filters": [["drawn@1", {"kind": "subset", "isIn": true}]]}')
    page.goto(f"{address}#{state}")
    page.fill(".refused input", f"{address}#{token}")
    page.press(".refused input", "Enter")
    until(page, f"document.getElementById('count')?.textContent === '20 of {N}'")
    assert token not in page.url
    page.route("**/ask/text", lambda route: route.abort())  # as if the server had ended
    page.fill("#text", "question")
    page.press("#text", "Enter")
    until(page, "document.getElementById('count').textContent.includes('catalog browse')")
    page.unroute("**/ask/text")


@pytest.mark.slow
def test_a_query_is_stopped_by_a_button_and_by_the_next_one(
    server: PageServer, open_page: Open
) -> None:
    page = open_page(server.url)
    page.click("#tab-sql")
    long = "SELECT count(*) FROM range(1000000000) AS a, range(1000000) AS b"
    page.fill("#pane-sql textarea", long)
    page.click("#pane-sql button:has-text('Run')")
    page.click("#pane-sql button:has-text('Stop')")
    until(page, "document.getElementById('pane-sql').textContent.includes('Stopped.')")
    page.click("#pane-sql button:has-text('Run')")
    page.fill("#pane-sql textarea", "SELECT 41 + 1 AS answer")
    page.press("#pane-sql textarea", "Control+Enter")
    until(page, "document.getElementById('pane-sql').textContent.includes('42')")


@pytest.mark.slow
def test_a_selection_of_nothing_is_not_saved(server: PageServer, open_page: Open) -> None:
    page = open_page(server.url)
    page.fill("#text", "a text that nobody wrote")
    page.press("#text", "Enter")
    until(page, "document.getElementById('count').textContent.startsWith('0 ')")
    page.click("#save")
    assert page.is_visible("#selector")
    assert page.locator("#save-name").count() == 0


def test_a_row_that_is_opened_by_key_has_the_focus(server: PageServer, open_page: Open) -> None:
    page = open_page(server.url)
    page.press("tr[data-row='12'] button", "Enter")
    until(page, "document.activeElement.id === 'detail'")
    until(page, "document.getElementById('detail').textContent.includes('answer 12')")
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.closest('tr')?.dataset.row") == "12"


@pytest.mark.slow
def test_a_page_without_a_map_says_why(shown: Catalog, tmp_path: Path, open_page: Open) -> None:
    (tmp_path / "bare.jsonl").write_text('{"instruction": "a", "output": "b"}\n')
    shown.register(tmp_path / "bare.jsonl", pool="bare")
    shown.report("bare", path=tmp_path / "bare.html")
    shown.drop("bare")
    page = open_page((tmp_path / "bare.html").as_uri())
    assert "catalog map bare@1" in str(page.text_content("#no-map"))
    assert page.is_visible("#no-map")


@pytest.mark.slow
def test_a_histogram_is_drawn_again_when_its_width_changes(
    server: PageServer, open_page: Open
) -> None:
    page = open_page(server.url)
    page.set_viewport_size({"width": 1000, "height": 800})
    fits = "[...document.querySelectorAll('.histogram')].every((e) => e.width === e.clientWidth)"
    until(page, fits)
    page.set_viewport_size({"width": 1300, "height": 800})
    until(page, fits)
