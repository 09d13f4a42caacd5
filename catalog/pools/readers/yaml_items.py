"""YAML: the items of a list, or the documents of a stream. Scalars are texts, except null."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any

import yaml

from catalog.messages import one_line
from catalog.pools.readers.json_document import LIST_KEYS
from catalog.pools.readers.records import MAX_RECORD, Record, split_lines
from catalog.pools.reasons import Rejection

MAX_DEPTH = 100
"""Maximum levels of an item. The composer of libyaml recurses in C, and 30,000 levels crash it."""

MAX_NODES = 500_000
"""Maximum values of an item, or of a document that is not a list; each takes about 400 bytes."""

# Comments count only before a document mark: "# Title" and a list below it is Markdown.
_LIST_OF_MAPPINGS = re.compile(
    r"(?:%YAML[^\n]*\n|(?:#[^\n]*\n)*---[^\n]*\n|[ \t\r]*\n)*- +[\w\"'.-]+ *:(?:\s|$)"
)


def is_yaml(head: str) -> bool:
    """Return whether a text begins as a YAML list of mappings.

    >>> is_yaml("- instruction: x\\n"), is_yaml("- a point\\n")
    (True, False)
    """
    return bool(_LIST_OF_MAPPINGS.match(head.lstrip("\ufeff")))


def yaml_items(blocks: Iterable[str], *, is_record: Callable[[Any], bool]) -> Iterator[Record]:
    """Yield the records of a YAML text. A position is an ordinal from 0.

    An item begins at a line with a dash, since the content of the item before is indented. So a
    broken item is rejected alone. Aliases are refused: nested ones turn a short text into an
    endless value.
    """
    n = 0
    for text in _chunks(blocks):
        for value in _values(text, is_record):
            yield n, value, text
            n += 1


def _values(text: str, is_record: Callable[[Any], bool]) -> list[Any]:
    """Return the records of one item or one document."""
    value = loaded(text)
    listed: list[Any] | None = value if isinstance(value, list) else None
    if listed is not None:
        return listed
    if isinstance(value, dict) and not is_record(value):
        listed = next((value[key] for key in LIST_KEYS if isinstance(value.get(key), list)), None)
        if isinstance(listed, list):
            return listed
        items = list(value.values())
        if items and all(isinstance(item, dict) for item in items) and is_record(items[0]):
            return items
    if value is not None:
        return [value]
    return []


def loaded(text: str) -> Any:
    """Return the value of a YAML text with texts as scalars, or a Rejection."""
    if len(text) > MAX_RECORD:
        return Rejection("too_large", f"more than {MAX_RECORD:,} characters")
    try:
        return _refused(text) or yaml.load(text, Loader=_loader())
    except Exception as error:  # a tag such as !!bool before another text raises any type
        return Rejection("not_yaml", one_line(error))


def _refused(text: str) -> Rejection | None:
    """Return the rejection of a text that must not be composed, or None.

    The parser's events need neither stack nor memory.
    """
    has_aliases = "*" in text and "&" in text
    if not (has_aliases or _may_nest(text) or len(text) > 2 * MAX_NODES):
        return None
    depth = n_nodes = 0
    for event in yaml.parse(text, Loader=_loader()):
        if isinstance(event, yaml.AliasEvent):
            return Rejection("not_yaml", "aliases (*name) are not supported")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(
            event, yaml.CollectionEndEvent
        )
        n_nodes += isinstance(event, yaml.NodeEvent)
        if depth > MAX_DEPTH:
            return Rejection("too_large", f"nested more than {MAX_DEPTH} deep")
        if n_nodes > MAX_NODES:
            return Rejection("too_large", f"more than {MAX_NODES:,} values")
    return None


def _may_nest(text: str) -> bool:
    """Return whether a text can be nested too deeply, by brackets, marks or indentation.

    >>> _may_nest("- a: [1, 2]"), _may_nest("[" * 60), _may_nest(" " * 60)
    (False, True, True)
    """
    half = MAX_DEPTH // 2
    return sum(map(text.count, "[{-?")) > half or " " * half in text


@lru_cache(maxsize=1)
def _loader() -> Any:
    """Return a safe loader that keeps numbers, dates, yes and no as texts."""
    base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    resolvers = {
        first: [(tag, pattern) for tag, pattern in pairs if tag == "tag:yaml.org,2002:null"]
        for first, pairs in base.yaml_implicit_resolvers.items()
    }
    return type("TextLoader", (base,), {"yaml_implicit_resolvers": resolvers})


def _chunks(blocks: Iterable[str]) -> Iterator[str]:
    """Yield the items of a top-level list, or whole documents."""
    held: list[str] = []
    n_chars = 0
    for line in split_lines(blocks):
        if _begins(line, held):
            if held:
                yield "".join(held)
            held, n_chars = [], 0
        if n_chars <= MAX_RECORD and not line.startswith("---"):
            held.append(line)
            n_chars += len(line)
    if held:
        yield "".join(held)


def _begins(line: str, held: list[str]) -> bool:
    """Return whether a line begins another item.

    It is a document mark, or a dash in a document that is a list.
    """
    if line.startswith("---"):
        return True
    if not line.startswith(("- ", "-\n", "-\r", "-\t")):
        return False
    first = next((text for text in held if text.strip() and not text.startswith(("#", "%"))), "-")
    return first.startswith("-")
