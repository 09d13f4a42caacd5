"""Files of the page, its columns, and the report that holds all of them."""

import base64
import gzip
import json
import re
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner

from catalog import Catalog
from catalog.cli import main
from catalog.errors import OptionError, ReferenceNotFoundError
from catalog.report.document import Report
from catalog.report.page import FOLDER, linked_script, module_order
from tests.quick import few_of
from tests.report.conftest import BLOCK, Open, until

TOP_LEVEL = re.compile(r"^(?:async )?(?:const|let|function|class) (\w+)", re.MULTILINE)


def test_all_modules_are_linked_once_and_share_no_name() -> None:
    order = module_order()
    assert sorted(order) == sorted(path.name for path in FOLDER.glob("*.js"))
    assert order[-1] == "app.js"
    script = linked_script()
    assert not re.search(r"^(import|export) ", script, re.MULTILINE)
    assert [name for name, n in Counter(TOP_LEVEL.findall(script)).items() if n > 1] == []


def test_modules_are_short_and_write_no_markup() -> None:
    for path in FOLDER.glob("*.js"):
        text = path.read_text(encoding="utf-8")
        lines = text.splitlines()
        assert len(lines) <= 150, path.name
        assert max(map(len, lines)) <= 110, path.name
        for unsafe in ("innerHTML", "outerHTML", "insertAdjacent", "document.write", "eval("):
            assert unsafe not in text, (path.name, unsafe)


def test_a_report_is_one_file_without_addresses(shown: Catalog, report: Report) -> None:
    assert (report.reference, report.n_members, report.n_texts) == ("p@1", 90, 90)
    html = report.path.read_text(encoding="utf-8")
    assert report.n_bytes == len(html.encode())
    assert re.findall(r"""(?:src|href)=["']?[^"'\\s>]+|https?://[^\\s"']+|@import""", html) == []
    assert "default-src 'none'; script-src 'sha256-" in html
    blocks = dict(BLOCK.findall(html))
    answers = json.loads(gzip.decompress(base64.b64decode(blocks["page-answers"])))
    assert [subset["reference"] for subset in answers["definitions"]] == ["drawn@1", "other@1"]
    assert answers["quarantine"]["reasons"] == {"no_response": 1}
    assert [row["name"] for row in answers["compare"]["rows"]][:2] == ["drawn@1", "other@1"]
    with pytest.raises(OptionError, match="exists"):
        shown.report("p", path=report.path)


@pytest.mark.parametrize(
    ("width", "scheme"), few_of([(1000, "dark"), (390, "light"), (390, "dark")], (390, "dark"))
)
def test_a_report_opens_from_the_disk(
    report: Report, open_page: Open, width: int, scheme: str
) -> None:
    viewport = {"width": width, "height": 800}
    page = open_page(report.path.as_uri(), viewport=viewport, color_scheme=scheme, offline=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (background == "rgb(255, 255, 255)") is (scheme == "light")
    page.click("#tab-compare")
    until(page, "document.querySelectorAll('#pane-compare table').length >= 4")
    measured = page.locator("#pane-compare tr", has_text="coverage").locator("td").all_inner_texts()
    assert ["±" in text for text in measured] == [False, False, False, True, True]
    page.click("#tab-definitions")
    until(page, "document.getElementById('pane-definitions').textContent.includes('uniform_hash')")
    page.click("#tab-rows")
    page.click(f"tr[data-row='{0}']")
    until(page, "document.getElementById('detail').textContent.includes('answer 0')")
    assert page.evaluate("window.broken") is None


@pytest.mark.slow
def test_a_report_without_texts_holds_none(shown: Catalog, tmp_path: Path) -> None:
    written = shown.report("p", path=tmp_path / "r.html", n_texts=0)
    assert written.n_texts == 0
    html = (tmp_path / "r.html").read_text(encoding="utf-8")
    for content in dict(BLOCK.findall(html)).values():
        raw = gzip.decompress(base64.b64decode(content))
        assert b"answer" not in raw
        assert b"no answer" not in raw
    few = shown.report("p", path=tmp_path / "few.html", n_texts=7)
    assert few.n_texts == 7


def test_a_report_of_nothing_is_refused(shown: Catalog, tmp_path: Path) -> None:
    with pytest.raises(OptionError):
        shown.report(path=tmp_path / "r.html")
    with pytest.raises(ReferenceNotFoundError):
        shown.report("nothing", path=tmp_path / "r.html")
    assert list(tmp_path.glob("*.html")) == []


@pytest.mark.slow
def test_a_report_shows_what_comes_from_one_pool(shown: Catalog, tmp_path: Path) -> None:
    (tmp_path / "q.jsonl").write_text('{"instruction": "a", "output": "b"}')
    shown.register(tmp_path / "q.jsonl", pool="q")
    for references in (("q", "drawn"), ("p", "q"), ("drawn", "q")):
        with pytest.raises(OptionError, match="q@1"):
            shown.report(*references, path=tmp_path / "r.html")
    shown.drop("q")


def test_the_commands_of_the_page_print_what_they_made(shown: Catalog, tmp_path: Path) -> None:
    path = tmp_path / "r.html"
    command = ["--home", str(shown.store.path), "report", "drawn", "-o", str(path), "--json"]
    answer = CliRunner().invoke(main, [*command, "--texts", "5"])
    assert answer.exit_code == 0, answer.output
    written = json.loads(answer.stdout)
    assert (written["n_texts"], written["n_bytes"]) == (5, path.stat().st_size)
    assert CliRunner().invoke(main, command).exit_code == 2  # the file exists
    text = CliRunner().invoke(main, [*command[:-1], "--overwrite", "--texts", "5"])
    assert "texts of 5 members" in text.stderr
