"""Turn Google-style docstrings into Markdown."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass, field
from inspect import cleandoc

SECTIONS = ("Args", "Attributes", "Returns", "Raises", "Yields")


@dataclass
class Docstring:
    """A docstring in parts: its prose, its sections by title, and its example."""

    prose: str = ""
    sections: dict[str, str] = field(default_factory=dict)
    example: str = ""


def parse(text: str | None) -> Docstring:
    """Split a docstring into prose, sections and doctest.

    >>> parse("Count rows.\\n\\nArgs:\\n    rows: the input.\\n\\n>>> 1 + 1\\n2").sections
    {'Args': 'rows: the input.'}
    """
    parsed = Docstring()
    body, _, doctest = cleandoc(text or "").partition("\n>>> ")
    parsed.example = f">>> {doctest}".strip() if doctest else ""
    heading = re.compile(rf"^({'|'.join(SECTIONS)}):[ ]*\n", re.MULTILINE)
    parts = heading.split(body)
    parsed.prose = _prose(parts[0])
    for title, content in zip(parts[1::2], parts[2::2], strict=True):
        indented = re.match(r"(?:[ \t]+.*\n?|\n)*", content)
        parsed.sections[title] = textwrap.dedent(indented[0] if indented else "").strip()
    return parsed


def entries(section: str) -> list[tuple[str, str]]:
    """Return the named entries of a section.

    >>> entries("k: clusters,\\n    at least 1.\\nseed: of the start.")
    [('k', 'clusters, at least 1.'), ('seed', 'of the start.')]
    """
    named: list[tuple[str, str]] = []
    for line in section.splitlines():
        match = re.match(r"(\*{0,2}\w+): (.*)", line)
        if match:
            named.append((match[1], match[2].strip()))
        elif named and line.strip():
            name, text = named[-1]
            named[-1] = (name, f"{text} {line.strip()}")
    return named


def markdown(parsed: Docstring, *, skip: frozenset[str] = frozenset()) -> list[str]:
    """Write the sections and the example of a docstring as Markdown paragraphs."""
    parts: list[str] = []
    for title, section in parsed.sections.items():
        named = [(name, text) for name, text in entries(section) if name not in skip]
        if title in ("Args", "Attributes", "Raises") and named:
            lines = [f"- `{name}`: {inline(text)}" for name, text in named]
            parts.append(f"**{_TITLES[title]}**\n\n" + "\n".join(lines))
        elif title in ("Returns", "Yields"):
            parts.append(f"**{title}** {inline(' '.join(section.split()))}")
    if parsed.example:
        parts.append(f"```pycon\n{parsed.example}\n```")
    return parts


def inline(text: str) -> str:
    """Write reStructuredText's double backticks as Markdown's single ones."""
    return text.replace("``", "`").replace("|", "\\|")


def first_sentence(text: str | None) -> str:
    """Return the first paragraph of a docstring as one line, without its "see ..." pointer."""
    paragraph = cleandoc(text or "").split("\n\n")[0]
    line = " ".join(paragraph.split())
    return inline(re.sub(r"; see `[\w.]+`\.?$", ".", line))


def _prose(text: str) -> str:
    kept = re.sub(r"::$", ":", text.strip(), flags=re.MULTILINE)
    return inline(kept)


_TITLES = {"Args": "Arguments", "Attributes": "Attributes", "Raises": "Raises"}
