"""The rows of the page in a real browser."""

from catalog.report.server import PageServer
from tests.report.conftest import Open, brush, until


def test_search_rows_and_keys(server: PageServer, open_page: Open) -> None:
    page = open_page(server.url)
    page.fill("#text", "question 1")
    page.press("#text", "Enter")
    until(page, "document.getElementById('count').textContent.startsWith('10 ')")
    until(page, "document.querySelectorAll('tr[data-row]').length === 10")
    page.click("#count")  # leaves the search
    page.keyboard.press("j")
    until(page, "document.querySelectorAll('#detail .message').length === 2")
    assert "answer 10" in str(page.text_content("#detail"))
    assert page.locator("tr[aria-current=true]").get_attribute("data-row") == "10"
    page.keyboard.press("j")
    until(page, "document.getElementById('detail').textContent.includes('answer 11')")
    page.keyboard.press("k")
    until(page, "document.getElementById('detail').textContent.includes('answer 10')")
    page.click("text=drawn@1 · random")
    until(page, "document.querySelectorAll('#detail details[open] p:not(.quiet)').length > 0")
    page.click("text=Nearest in meaning")
    until(page, "document.querySelectorAll('.near').length > 0")
    page.click("#tab-sql")
    page.fill("textarea", "SELECT fingerprint FROM pool('p') WHERE source = 'code'")
    page.click("text=Run")
    page.click("text=Filter by these 30 members")
    until(page, "document.getElementById('count').textContent.startsWith('4 ')")
    page.focus("#tab-versions")
    page.keyboard.press("ArrowRight")
    until(page, "document.getElementById('pane-quarantine').textContent.includes('<u>no answer')")


def test_the_numbers_beside_the_rows_are_those_filtered_by(
    server: PageServer, open_page: Open
) -> None:
    page = open_page(server.url)
    until(page, "document.querySelectorAll('tr[data-row]').length > 0")
    heads = page.locator("table.rows th")
    assert heads.all_inner_texts()[4:] == ["prompt characters", "quality", "last loss"]
    brush(page, "response_characters", 0.0, 0.5)
    until(page, "document.querySelectorAll('.filter').length === 1")
    until(page, "document.querySelector('table.rows thead').textContent.includes('response char')")
    assert heads.all_inner_texts()[4:] == ["response characters", "quality", "last loss"]


def test_an_opened_row_is_in_sight_on_a_telephone(server: PageServer, open_page: Open) -> None:
    page = open_page(server.url, viewport={"width": 390, "height": 844})
    page.click("tr[data-row='9']")
    until(page, "document.getElementById('detail').textContent.includes('answer 9')")
    box = page.locator("#detail .message").last.bounding_box()
    assert box
    assert 0 < box["y"] < 844 - box["height"]


def test_the_header_is_one_line_at_1000_pixels(server: PageServer, open_page: Open) -> None:
    page = open_page(server.url, viewport={"width": 1000, "height": 800})
    boxes = [page.locator(name).bounding_box() for name in ("h1", "#save")]
    assert boxes[0]
    assert boxes[1]
    assert abs(boxes[0]["y"] - boxes[1]["y"]) < 12
