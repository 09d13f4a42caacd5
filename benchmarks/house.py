"""Measure the house: how wide, how dense, how long and in which voice is the code?

Run: python benchmarks/house.py [--root FOLDER] [--json FILE]    (needs ruff)

The figures are printed as a Markdown table, with a column for each part of the project. A docstring
counts as a noun phrase if it opens with one of OPENERS. That of a function also counts if it breaks
ruff's D401, or opens with a plural or with something that is not a word. Lines of code are those
that are not blank; the shares of wide lines and of ternaries are of them.
"""

# ruff: noqa: T201 -- printing is its purpose
from __future__ import annotations

import argparse
import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path

PARTS = {
    "catalog": ("catalog", "sql", "selectors", "migrations"),
    "tests": ("tests",),
    "studies and benchmarks": ("studies", "benchmarks"),
}
OPENERS = "the a an what whether which who how where when every one all each of"
WIDTH, MODULE, FUNCTION, SHORT_FUNCTION = 100, 300, 60, 15
SQL_TOKEN = re.compile(
    r"""'(?:[^']|'')*' | "(?:[^"]|"")*" | \$\$.*?\$\$ | --[^\n]* | /\*.*?\*/ | ; | [^\s]""",
    re.DOTALL | re.VERBOSE,
)

Function = ast.FunctionDef | ast.AsyncFunctionDef
Documented = Function | ast.ClassDef | ast.Module


@dataclass(frozen=True)
class Counts:
    """Counts over the files of one part of the project."""

    modules: int = 0
    code_lines: int = 0
    wide_lines: int = 0
    ternaries: int = 0
    public_docstrings: int = 0
    noun_phrases: int = 0
    long_modules: int = 0
    functions: int = 0
    functions_above_60: int = 0
    functions_above_15: int = 0
    sql_statements: int = 0

    def __add__(self, other: Counts) -> Counts:
        names = [field.name for field in fields(self)]
        return Counts(**{name: getattr(self, name) + getattr(other, name) for name in names})

    def figures(self) -> dict[str, int | float]:
        """Return the counts with the shares of the table."""
        return asdict(self) | {
            "wide_percent": 100 * _share(self.wide_lines, self.code_lines),
            "ternaries_per_1000": 1000 * _share(self.ternaries, self.code_lines),
            "noun_phrase_percent": 100 * _share(self.noun_phrases, self.public_docstrings),
        }


def main() -> int:
    """Measure the project, print the table, and write the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    root = Path(__file__).resolve().parent.parent
    parser.add_argument("--root", type=Path, default=root, help="root of the measured project")
    parser.add_argument("--json", type=Path, help="file for the figures")
    options = parser.parse_args()
    figures = measure(options.root.resolve())
    print(table(figures))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return 0


def measure(root: Path) -> dict[str, dict[str, int | float]]:
    """Return the figures of each part of the project."""
    descriptive = descriptive_docstrings(root)
    figures = {}
    for part, folders in PARTS.items():
        counts = Counts()
        for folder in folders:
            for path in sorted((root / folder).rglob("*.py")):
                counts += count_module(path, descriptive)
            for path in sorted((root / folder).rglob("*.sql")):
                statements = count_statements(path.read_text(encoding="utf-8"))
                counts += Counts(sql_statements=statements)
        figures[part] = counts.figures()
    return figures


def count_module(path: Path, descriptive: set[tuple[Path, int]]) -> Counts:
    """Count the lines, ternaries, functions and docstrings of a module."""
    text = path.read_text(encoding="utf-8")
    lines, tree = text.splitlines(), ast.parse(text)
    nodes = list(ast.walk(tree))
    functions = [node for node in nodes if isinstance(node, Function)]
    lengths = [(node.end_lineno or node.lineno) - node.lineno + 1 for node in functions]
    docstrings = [node for node in public_nodes(tree) if ast.get_docstring(node)]
    return Counts(
        modules=1,
        code_lines=sum(bool(line.strip()) for line in lines),
        wide_lines=sum(len(line) > WIDTH for line in lines),
        ternaries=sum(isinstance(node, ast.IfExp) for node in nodes),
        public_docstrings=len(docstrings),
        noun_phrases=sum(is_noun_phrase(node, path, descriptive) for node in docstrings),
        long_modules=int(len(lines) > MODULE),
        functions=len(lengths),
        functions_above_60=sum(length > FUNCTION for length in lengths),
        functions_above_15=sum(length > SHORT_FUNCTION for length in lengths),
    )


def public_nodes(node: Documented) -> Iterator[Documented]:
    """Yield a module or class with the public functions, classes and methods in it."""
    yield node
    if isinstance(node, Function):
        return
    for child in node.body:
        if isinstance(child, Function | ast.ClassDef) and not child.name.startswith("_"):
            yield from public_nodes(child)


def is_noun_phrase(node: Documented, path: Path, descriptive: set[tuple[Path, int]]) -> bool:
    """Tell whether a docstring opens with a noun phrase where an imperative is expected.

    A class or a module is a noun itself, so that only the openers count.
    """
    words = (ast.get_docstring(node) or "").split()
    word = words[0].strip(",.:;").lower()
    if word in OPENERS.split() or not isinstance(node, Function):
        return word in OPENERS.split()
    is_plural = word.endswith("s") and not word.endswith("ss")
    return (
        is_plural
        or not word.replace("-", "").isalpha()
        or (path, node.body[0].lineno) in descriptive
    )


def descriptive_docstrings(root: Path) -> set[tuple[Path, int]]:
    """Return file and line of each function's docstring that is not in the imperative mood."""
    folders = [root / folder for names in PARTS.values() for folder in names]
    options = ["--isolated", "--ignore-noqa", "--no-cache", "--exit-zero"]
    answer = subprocess.run(
        [sys.executable, "-m", "ruff", "check", *options, "--select=D401", "--output-format=json"]
        + [str(folder) for folder in folders if folder.exists()],
        capture_output=True,
        text=True,
        check=True,
    )
    findings = json.loads(answer.stdout)
    return {(Path(item["filename"]), item["location"]["row"]) for item in findings}


def count_statements(text: str) -> int:
    """Count SQL statements; a semicolon ends one, and so does the next ``-- name:`` header.

    >>> count_statements("-- name: first\\nSELECT ';'\\n-- name: second\\nSELECT 2; -- the end;")
    2
    """
    n, is_open = 0, False
    for token in SQL_TOKEN.findall(text):
        if token == ";" or token.startswith("-- name:"):
            is_open = False
        elif not token.startswith(("--", "/*")):
            n += not is_open
            is_open = True
    return n


def table(figures: dict[str, dict[str, int | float]]) -> str:
    """Return the figures as a Markdown table."""
    rows = {
        "modules": "{modules:,}",
        "lines of code": "{code_lines:,}",
        "lines wider than 100 columns": "{wide_percent:.1f} %",
        "ternaries per 1,000 lines": "{ternaries_per_1000:.1f}",
        "public docstrings that open with a noun phrase": "{noun_phrase_percent:.0f} %",
        "modules above 300 lines": "{long_modules:,}",
        "functions above 60 lines": "{functions_above_60:,} of {functions:,}",
        "functions above 15 lines": "{functions_above_15:,} of {functions:,}",
        "statements in SQL files": "{sql_statements:,}",
    }
    lines = [f"| | {' | '.join(figures)} |", f"|---|{'---:|' * len(figures)}"]
    for title, cell in rows.items():
        cells = [cell.format(**part) for part in figures.values()]
        lines.append(f"| {title} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


if __name__ == "__main__":
    sys.exit(main())
