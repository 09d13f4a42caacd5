"""The documentation: its commands run, and the generated reference covers everything there is."""

import ast
import gzip
import json
import re
import runpy
import shutil
import subprocess
import sys
import tomllib
from itertools import islice
from pathlib import Path

import click
import pytest

from catalog import Catalog, errors
from catalog.cli import main
from catalog.query.kernels import kernel_names
from catalog.query.sources import SOURCES
from catalog.signals.model_score_files import built_in_model_scores
from catalog.signals.score_definitions import SUMMARIES, built_in_scores
from tests.pages import DOCS, ROOT, commands, run_page, steps

PAGES = sorted(path for path in DOCS.rglob("*.md") if "results" not in path.parts)
GUIDES = [page for page in PAGES if page.parent.name == "how-to" and any(steps(page))]
SELECTORS = sorted(path.stem for path in (ROOT / "selectors").glob("*.sql"))


PAPERS = """
1708.00489 2302.03169 2303.09540 2307.08701 2308.07074 2308.12032 2310.13008 2311.08182 2311.14736
2311.15653 2312.15685 2402.00530 2402.04333 2402.09668 2402.17327 2402.18191 2403.07384 2410.10877
2410.11303 2502.04194 2502.11886 2503.01807 2504.13835 2505.14826 2505.17470 2508.05015 2509.06463
"""


@pytest.fixture(scope="module")
def tutorial(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the tutorial leaves, made of few records."""
    folder = tmp_path_factory.mktemp("tutorial")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert run_page(DOCS / "tutorial.md", folder, n_records=120) > 15
    return folder


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # the trainers' own, in the guide to training
@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.stem)
def test_a_guide_runs_from_what_the_tutorial_leaves(
    page: Path,
    tutorial: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    folder = shutil.copytree(tutorial, tmp_path / "copy")
    if "alpaca_data.json" in page.read_text(encoding="utf-8"):
        write_first_of_alpaca(request.getfixturevalue("data"), folder / "alpaca_data.json")
    monkeypatch.chdir(folder)
    assert run_page(page, folder)


def write_first_of_alpaca(data: Path, file: Path, *, n_records: int = 300) -> None:
    source = data / "alpaca52k" / "alpaca_data.json"
    records = json.loads(source.read_text(encoding="utf-8"))
    file.write_text(json.dumps(records[:n_records]), encoding="utf-8")
    ratings = "ds2_ratings.jsonl.gz"
    with gzip.open(data / "alpaca52k" / ratings) as lines:
        first = gzip.compress(b"".join(islice(lines, n_records)))
    file.with_name(ratings).write_bytes(first)


@pytest.mark.parametrize("page", [ROOT / "README.md", *PAGES], ids=lambda page: page.stem)
def test_every_command_on_a_page_has_the_options_that_there_are(page: Path) -> None:
    for words in commands(page):
        parse(main, words)


def parse(command: click.Command, words: list[str]) -> None:
    """Parse a command line without running it."""
    if {"--help", "--version"} & set(words):
        return
    context = command.make_context(words[0], words[1:])
    if isinstance(command, click.Group) and (rest := [*context._protected_args, *context.args]):
        _, inner, _ = command.resolve_command(context, rest)
        assert inner is not None
        parse(inner, rest)


def test_a_renamed_option_on_a_page_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```bash\ncat a | catalog register - --pond p && ls\n```\n")
    with pytest.raises(click.NoSuchOption):
        parse(main, commands(page)[0])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_file_that_a_page_names_is_there(page: Path) -> None:
    rooms = "catalog|docs|migrations|selectors|sql|studies|tests"
    named = re.findall(rf"`((?:{rooms})/[\w./-]*)`", page.read_text(encoding="utf-8"))
    paths = [name for name in named if "NAME" not in name]
    assert [name for name in paths if not (ROOT / name).exists()] == []


def test_every_room_is_in_the_architecture() -> None:
    text = (DOCS / "architecture" / "index.md").read_text(encoding="utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (contract,) = project["tool"]["importlinter"]["contracts"]
    rooms = [room.strip() for layer in contract["layers"] for room in layer.split("|")]
    assert [room for room in rooms if not re.search(rf"`{room}(\.py)?`", text)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_python_on_a_page_is_python(page: Path) -> None:
    for kind, text in steps(page):
        if kind == "python" or kind.endswith(".py"):
            ast.parse(text, filename=str(page))


@pytest.fixture(scope="module")
def staged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The staged source of the site, generated pages included."""
    folder = tmp_path_factory.mktemp("staged")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        patch.setattr(sys, "argv", ["generate", str(folder)])
        runpy.run_path(str(DOCS / "generate"), run_name="__main__")
    return folder / "docs"


def reference(staged: Path, name: str) -> str:
    return (staged / "reference" / f"{name}.md").read_text(encoding="utf-8")


def test_every_command_is_in_the_reference(staged: Path) -> None:
    text = reference(staged, "cli")
    assert [name for name in main.commands if f"## catalog {name}" not in text] == []


def test_every_source_and_kernel_is_in_the_reference(staged: Path) -> None:
    text = reference(staged, "sql")
    names = {*SOURCES, *kernel_names()}
    assert {name for name in names if f"### {name}\n" not in text} == set()


def test_every_table_and_column_is_in_the_reference(staged: Path, catalog: Catalog) -> None:
    text = reference(staged, "sql")
    catalog.migrate()
    columns = catalog.sql(
        "SELECT table_name, column_name FROM duckdb_columns() "
        "WHERE NOT internal AND database_name NOT IN ('memory', 'temp')"
    ).rows()
    assert len(columns) > 100
    for table, column in columns:
        section = text.split(f"### Table {table}\n")[1].split("\n### ")[0]
        assert f"| `{column}` |" in section


def test_every_macro_is_in_the_reference(staged: Path) -> None:
    text = reference(staged, "sql")
    macros = [path.stem for path in (ROOT / "sql" / "macros").glob("*.sql")]
    assert [name for name in macros if f"### {name}\n" not in text] == []


def test_every_method_and_error_is_in_the_reference(staged: Path) -> None:
    text = reference(staged, "python")
    methods = [name for name in dir(Catalog) if callable(getattr(Catalog, name)) and name[0] != "_"]
    assert [name for name in methods if f"### {name}\n" not in text] == []
    failures = [name for name in dir(errors) if name.endswith("Error")]
    assert [name for name in failures if f"- `{name}`" not in text] == []


@pytest.mark.parametrize("name", SELECTORS)
def test_every_selector_has_a_card_with_its_paper_and_its_parameters(
    staged: Path, name: str, catalog: Catalog
) -> None:
    card = (staged / "methods" / f"{name}.md").read_text(encoding="utf-8")
    selector = catalog.selector(name)
    assert selector.summary in card
    assert selector.paper
    assert all(param.meaning and f"| `{param.name}` |" in card for param in selector.params)
    assert f"({name}.md)" in (staged / "methods" / "index.md").read_text(encoding="utf-8")


def test_every_paper_of_a_method_is_in_the_index_of_methods(staged: Path) -> None:
    index = (staged / "methods" / "index.md").read_text(encoding="utf-8")
    assert [paper for paper in PAPERS.split() if paper not in index] == []


def test_every_score_has_a_card(staged: Path) -> None:
    text = reference(staged, "scores")
    names = {*SUMMARIES, *built_in_scores(), *built_in_model_scores()}
    assert [name for name in names if f"### {name}\n" not in text] == []


def test_the_advice_on_methods_is_about_selectors_that_there_are() -> None:
    advice = tomllib.loads((DOCS / "methods.toml").read_text(encoding="utf-8"))
    assert set(advice) <= set(SELECTORS)
    studies = {name for entry in advice.values() for name in entry.get("studies", [])}
    assert {name for name in studies if not (DOCS / "results" / f"{name}.json").exists()} == set()


def test_every_page_is_in_the_navigation(staged: Path) -> None:
    configuration = (staged.parent / "zensical.toml").read_text(encoding="utf-8")
    pages = {str(path.relative_to(staged)) for path in staged.rglob("*.md")}
    assert {page for page in pages if f'"{page}"' not in configuration} == set()


@pytest.mark.parametrize(
    "markup",
    [
        '<script src="https://cdn.example/x.js">',
        '<link href="//fonts.example/a.css" rel="stylesheet">',
    ],
)
def test_a_script_or_style_from_another_host_is_found(tmp_path: Path, markup: str) -> None:
    page = tmp_path / "index.html"
    page.write_text(f'<a href="https://elsewhere.example">a link is fine</a>{markup}')
    command = [sys.executable, str(DOCS / "generate" / "check.py"), str(tmp_path)]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 1
    page.write_text('<a href="https://elsewhere.example">a link is fine</a>')
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
