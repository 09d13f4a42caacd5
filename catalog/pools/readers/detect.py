"""Detection of a file's container from its first block. The file's name only breaks ties."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

from catalog.errors import SourceError
from catalog.messages import listed
from catalog.pools.file_bytes import BLOCK
from catalog.pools.files import Opened
from catalog.pools.formats.alpaca_keys import INPUTS, PROMPTS, RESPONSES
from catalog.pools.layout import laid_out, standard
from catalog.pools.literal import looks_python
from catalog.pools.options import ReadOptions
from catalog.pools.readers.arrow_ipc import arrow_ipc
from catalog.pools.readers.csv import Dialect, delimited, dialect_of
from catalog.pools.readers.excel import excel
from catalog.pools.readers.frames import frame_rows
from catalog.pools.readers.json_document import json_document
from catalog.pools.readers.json_lines import json_lines
from catalog.pools.readers.parquet import parquet
from catalog.pools.readers.records import Container, PythonLiterals, scan
from catalog.pools.readers.yaml_items import is_yaml, yaml_items
from catalog.pools.reasons import fields_option

_SAMPLE_LINES = 20
_JSON = re.compile(r"[\[{]\s*(?:[\"'\[{\]}]|[-\d]|NaN|null|true|false)")
_COLUMNS = frozenset(
    (*PROMPTS, *INPUTS, *RESPONSES, "messages", "conversations", "text", "chosen", "system")
)
_COMPRESSED = (".gz", ".gzip", ".zst", ".zstd", ".bz2", ".xz")


def container_of(
    file: Opened, *, options: ReadOptions, is_record: Callable[[Any], bool]
) -> Container:
    """Return the records of an opened file.

    Args:
        file: the file.
        options: the options, whose column names identify the header of a CSV.
        is_record: returns whether a value has the shape of a record.

    Raises:
        SourceError: the file is running text, or a CSV without a header.
    """
    layout = options.layout
    is_ours = is_record if layout is None else lambda value: is_record(standard(value, layout))
    container = _table(file) or _text(file, options=options, is_record=is_ours)
    if layout is not None:
        container.records = laid_out(container.records, layout)
    file.notes += container.notes
    container.notes = file.notes  # an archive adds to them after its last member
    return container


def _table(file: Opened) -> Container | None:
    name = file.source.name
    if file.source.frame is not None:
        return Container("frame", "row", frame_rows(file.source.frame))
    if file.kind == "parquet" and file.binary is not None:
        return Container("parquet", "row", parquet(file.binary, name=name))
    if file.kind == "arrow":
        return Container("arrow", "row", arrow_ipc(file.packed, name=name))
    if file.kind == "excel":
        return Container("excel", "row", excel(file.sheet, name=name))
    return None


def _text(file: Opened, *, options: ReadOptions, is_record: Callable[[Any], bool]) -> Container:
    start = file.head.lstrip("\ufeff \t\r\n")
    if _are_json_lines(start, is_whole=len(file.head) < BLOCK // 4):
        container = Container("json lines", "line", iter(()), python=PythonLiterals("line"))
        container.records = json_lines(file.blocks, python=container.python)
        return container
    if _JSON.match(start):
        return json_document(file.blocks, is_record=is_record)
    if _suffix(file) in (".yaml", ".yml") or (
        is_yaml(file.head) and _suffix(file) not in (".csv", ".tsv")
    ):
        return Container("yaml", "element", yaml_items(file.blocks, is_record=is_record))
    dialect = _dialect(file, options)
    return Container(dialect.name, "line", delimited(file.blocks, dialect=dialect))


def _are_json_lines(start: str, *, is_whole: bool) -> bool:
    """Return whether half of the first lines, of at least two, are JSON objects, lists or texts."""
    lines = start.split("\n", _SAMPLE_LINES + 1)
    if len(lines) > _SAMPLE_LINES or not is_whole:
        lines.pop()  # the rest, or an incomplete line
    lines = [line for line in lines if line.strip()]
    return len(lines) > 1 and 2 * sum(map(_is_json_record, lines)) >= len(lines)


def _is_json_record(line: str) -> bool:
    text = line.strip()
    try:
        value, end = scan(text, 0)
    except (ValueError, StopIteration, RecursionError):
        return _is_python_record(text)
    if isinstance(value, str):  # a quoted CSV cell is also a JSON text
        value = value if "Human:" in value else None
    return end == len(text) and isinstance(value, dict | list | str) and bool(value)


def _is_python_record(text: str) -> bool:
    """Return whether a line looks like the repr of a dict or a list."""
    return text[:1] + text[-1:] in ("{}", "[]") and looks_python(text)


def _suffix(file: Opened) -> str:
    """Return the suffix of the file's name without that of a compression, in lower case."""
    suffixes = [suffix.lower() for suffix in PurePosixPath(file.source.name).suffixes]
    return next((suffix for suffix in reversed(suffixes) if suffix not in _COMPRESSED), "")


def _dialect(file: Opened, options: ReadOptions) -> Dialect:
    """Return the dialect of a table.

    Raises:
        SourceError: the file is not a table, or has no header and the fields are not numbers.
    """
    name = file.source.name
    layout_keys = options.layout.keys if options.layout else ()
    keys = (
        *options.fields.values(),
        options.source_column,
        options.labels_column,
        *layout_keys,
    )
    named = {key.split(".")[0].lower() for key in keys if key}
    dialect = dialect_of(file.head, names=_COLUMNS | named)
    if dialect is None or not (dialect.is_regular or _suffix(file) in (".csv", ".tsv")):
        advice = "records are JSON, JSON Lines, CSV, TSV, YAML, Parquet, Arrow or Excel"
        raise SourceError(f"{name} is running text, not records: {advice}", reason="plain_text")
    if options.fields and all(path.isdigit() for path in options.fields.values()):
        return replace(dialect, has_header=False)
    if not dialect.has_header:
        cells = listed(map(repr, dialect.first_row))
        numbers = fields_option(prompt="1", response="2")
        advice = f"add a line with column names, or number the columns from 1 ({numbers})"
        raise SourceError(
            f"{name} is a {dialect.name.upper()} file without a header; its first row is {cells}: "
            f"{advice}",
            reason="no_header",
        )
    return dialect
