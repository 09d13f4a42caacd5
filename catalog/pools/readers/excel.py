"""Excel workbooks: each visible sheet a table whose first row that is not empty names the columns."""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Iterator
from datetime import date, time, timedelta
from itertools import islice
from typing import Any, BinaryIO

from catalog.errors import CatalogError, SourceError, listed, one_line
from catalog.pools.readers.records import Record
from catalog.pools.reasons import Rejection

MAX_COLUMNS = 1_000
"""Columns of a sheet; the format allows 16,384, and a file of a few bytes can claim them in each row."""

MAX_ROWS = 2**20
"""Rows of a sheet, which is what the format allows; a few bytes can claim more."""

MAX_PART = 2**28
"""Bytes of a part that is read whole, such as the texts that the sheets share."""

_AT_ONCE = 256


def is_workbook(archive: zipfile.ZipFile) -> bool:
    """Return whether a zip archive is an Excel workbook."""
    return "xl/workbook.xml" in archive.namelist()


def sheets(archive: zipfile.ZipFile, binary: BinaryIO, *, name: str) -> dict[str, Any]:
    """Return the sheets of a workbook by title, hidden ones and charts too.

    Raises:
        SourceError: openpyxl is not installed, or the workbook is damaged or too large.
    """
    try:
        from openpyxl import load_workbook
    except ImportError as error:
        message = (
            f"{name} is an Excel workbook: pip install 'catalog[excel]', or save its sheets as CSV"
        )
        raise SourceError(message, reason="missing_extra") from error
    for info in archive.infolist():
        is_sheet = info.filename.startswith("xl/worksheets/")
        if info.file_size > MAX_PART and not is_sheet:
            message = f"{name}: {info.filename} has {info.file_size:,} bytes, {MAX_PART:,} are read: save its sheets as CSV"
            raise SourceError(message, reason="too_large")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            binary.seek(0)
            book = load_workbook(binary, read_only=True, data_only=True, keep_links=False)
        return {sheet.title: sheet for sheet in book.worksheets}
    except Exception as error:  # openpyxl's parsers raise errors of every kind
        raise _damaged(name, error) from error


def has_rows(sheet: Any, *, name: str) -> bool:
    """Return whether a sheet has a cell that is not empty."""
    return any(cells for _, cells in _rows(sheet, name=name))


def excel(sheet: Any, *, name: str) -> Iterator[Record]:
    """Yield the rows of a sheet as objects without empty cells; a position is a row as Excel numbers it.

    Raises:
        SourceError: the sheet is damaged, has no unique column names, or exceeds the bounds.
    """
    rows = _rows(sheet, name=name)
    names = next((names for _, cells in rows if (names := _names(cells, name=name))), None)
    if names is None:
        return
    for number, cells in rows:
        if len(cells) > len(names):
            detail = f"{len(cells)} cells, {len(names)} columns"
            yield (
                number,
                Rejection("wrong_columns", detail),
                "\t".join(str(_value(cell)) for cell in cells),
            )
        elif cells:
            values = zip(names, map(_value, cells), strict=False)
            yield number, {key: value for key, value in values if value is not None}, None


def _names(cells: list[Any], *, name: str) -> list[str] | None:
    if not cells:
        return None
    names = [str(n) if cell is None else str(cell).strip() for n, cell in enumerate(cells, 1)]
    twice = [title for title in dict.fromkeys(names) if names.count(title) > 1]
    if twice:
        message = f"{name} has several columns named {listed(twice)}: give each a name of its own in its first row"
        raise SourceError(message, reason="no_header")
    return names


def _rows(sheet: Any, *, name: str) -> Iterator[tuple[int, list[Any]]]:
    """Yield each row's number and its cells, empty ones at its end left out."""
    sheet.reset_dimensions()  # what a sheet claims of its size need not be so
    rows = enumerate(sheet.iter_rows(values_only=True), 1)
    while True:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                taken = list(islice(rows, _AT_ONCE))
        except Exception as error:  # as above
            raise _damaged(name, error) from error
        if not taken:
            return
        for number, cells in taken:
            filled = list(cells)
            while filled and filled[-1] in (None, ""):
                filled.pop()
            if len(filled) > MAX_COLUMNS or number > MAX_ROWS:
                what = f"{MAX_COLUMNS:,} columns and {MAX_ROWS:,} rows"
                raise SourceError(
                    f"{name} exceeds {what} at row {number:,}: save it as CSV", reason="too_large"
                )
            yield number, filled


def _value(cell: Any) -> Any:
    """Return a cell as a record holds it: dates and times as ISO texts, an empty text as nothing."""
    if isinstance(cell, date | time):
        return cell.isoformat()
    if isinstance(cell, timedelta):
        return str(cell)
    return None if cell == "" else cell


def _damaged(name: str, error: Exception) -> SourceError:
    if isinstance(error, CatalogError):
        return error if isinstance(error, SourceError) else SourceError(str(error))
    return SourceError(
        f"{name}: the Excel workbook is damaged: {one_line(error)}", reason="corrupt_archive"
    )
