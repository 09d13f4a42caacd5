"""Run what a page of the documentation shows, in the order in which it stands there.

A block with a title is written as a file. A line of a `console` block that starts with `$ ` is run:
a plain `catalog` command in this process, which imports nothing anew, and every other line by bash.
The `python` blocks without a title are executed, and share their names.
"""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from click.testing import CliRunner

from catalog.cli import main

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
BLOCK = re.compile(r'^```(\w+)(?: title="([^"]+)")?\n(.*?)^```$', re.MULTILINE | re.DOTALL)
SHELL = re.compile(r"[|&;<>`*~]|\$\(")  # outside quotes, what only a shell understands


def steps(page: Path) -> Iterator[tuple[str, str]]:
    """Yield each step of a page: ("file:NAME", text), ("command", line) or ("python", code)."""
    for language, title, text in BLOCK.findall(page.read_text(encoding="utf-8")):
        if title:
            yield f"file:{title}", text
        elif language == "console":
            yield from (("command", line[2:]) for line in text.splitlines() if line[:2] == "$ ")
        elif language == "python":
            yield "python", text


def commands(page: Path) -> list[list[str]]:
    """Return the words of every `catalog` command on a page, those included that are not run."""
    blocks = BLOCK.findall(page.read_text(encoding="utf-8"))
    lines = [
        line.removeprefix("$ ")
        for language, _, text in blocks
        if language in ("console", "bash")
        for line in text.splitlines()
    ]
    return [words for line in lines for words in _simple_commands(line) if words[0] == "catalog"]


def _simple_commands(line: str) -> Iterator[list[str]]:
    """Split a line of shell at its operators, comments left out."""
    words: list[str] = []
    tokens = shlex.shlex(line, posix=True, punctuation_chars="|&;<>")
    tokens.whitespace_split = True
    for token in tokens:
        if re.fullmatch(r"[|&;<>]+", token):
            yield from [words] if words else []
            words = []
        else:
            words.append(token)
    yield from [words] if words else []


def run_page(page: Path, folder: Path, *, n_records: int | None = None) -> int:
    """Run a page in a folder, which is the working directory, and return the number of its steps.

    Args:
        page: a Markdown file.
        folder: where it runs.
        n_records: cut the generated demo file to that many, so that training takes seconds.
    """
    shown = list(steps(page))
    names = {"__name__": "__main__"}
    for kind, text in shown:
        if kind == "command":
            _run(text, folder)
        elif kind == "python":
            exec(compile(text, str(page), "exec"), names)
        else:
            (folder / kind.removeprefix("file:")).write_text(text, encoding="utf-8")
        if n_records and "demo --write" in text:
            _cut(folder / "demo.jsonl", n_records)
    return len(shown)


def _run(line: str, folder: Path) -> None:
    bare = re.sub(r"'[^']*'|\"[^\"]*\"", "", line)
    words = shlex.split(line)
    if words[0] == "catalog" and not SHELL.search(bare):
        answer = CliRunner().invoke(main, words[1:], catch_exceptions=False)
        assert answer.exit_code == 0, f"{line}\n{answer.output}"
        return
    environment = {
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "PYTHONPATH": str(ROOT),
        "HF_HUB_OFFLINE": "1",
        "OMP_NUM_THREADS": "1",
    }
    done = subprocess.run(
        ["bash", "-c", line],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"


def _cut(file: Path, n_records: int) -> None:
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    file.write_text("".join(lines[:n_records]), encoding="utf-8")
