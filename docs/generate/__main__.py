"""Stage the documentation: copy the written pages, add the generated ones, list both.

Run: python docs/generate [FOLDER]

FOLDER (default: build) receives ``docs/``, the pages, and ``zensical.toml``, the configuration.
"""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

import cli_pages
import method_pages
import project_pages
import python_pages
import score_pages
import sql_pages

DOCS = Path(__file__).resolve().parent.parent
COPIED = (".md", ".png", ".svg", ".css", ".ipynb")


def stage(folder: Path) -> None:
    """Write the whole site's source into a folder, and nothing of an earlier run stays there."""
    pages = folder / "docs"
    shutil.rmtree(pages, ignore_errors=True)
    for path in DOCS.rglob("*"):
        if path.suffix in COPIED:
            target = pages / path.relative_to(DOCS)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
    for name, text in generated().items():
        target = pages / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    configuration = (DOCS / "zensical.toml").read_text(encoding="utf-8")
    (folder / "zensical.toml").write_text(with_globs(configuration, pages), encoding="utf-8")


def generated() -> dict[str, str]:
    """Return every generated page by its path."""
    modules = (cli_pages, python_pages, sql_pages, method_pages, score_pages, project_pages)
    return {name: text for module in modules for name, text in module.pages().items()}


def with_globs(configuration: str, pages: Path) -> str:
    """Replace a pattern in the navigation, such as ``"methods/*.md"``, by its pages."""

    def expand(match: re.Match[str]) -> str:
        names = sorted(str(path.relative_to(pages)) for path in pages.glob(match[1]))
        return ", ".join(f'"{name}"' for name in names if not name.endswith("index.md"))

    return re.sub(r'"([\w/-]*\*\.md)"', expand, configuration)


if __name__ == "__main__":
    stage(Path(sys.argv[1] if len(sys.argv) > 1 else "build"))
