"""Excel workbooks: every visible sheet is a table, whose first row with cells is the header."""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Iterator
from datetime import date, time, timedelta
from itertools import islice
from typing import Any, BinaryIO

from catalog.errors import CatalogError, SourceError
from catalog.messages import listed, one_line
from catalog.pools.readers.records import Record
from catalog.pools.reasons import Rejection

MAX_COLUMNS = 1_000
"""Maximum columns of a sheet. The format allows 16,384, which a tiny file can claim per row."""

MAX_ROWS = 2**20
"""Maximum rows of a sheet, as in the format. A tiny file can claim more."""

MAX_PART = 2**28
"""Maximum bytes of a part that is read at once, such as the shared texts of sheets."""

_AT_ONCE = 256


def is_workbook(archive: zipfile.ZipFile) -> bool:
    """Return whether a zip archive is an Excel workbook."""
    return "xl/workbook.xml" in archive.namelist()


def sheets(archive: zipfile.ZipFile, binary: BinaryIO, *, name: str) -> dict[str, Any]:
    """Return the sheets of a workbook by title, including hidden ones and charts.

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
            message = (
                f"{name}: {info.filename} has {info.file_size:,} bytes, the limit is {MAX_PART:,}: "
                "save the sheets as CSV"
            )
            raise SourceError(message, reason="too_large")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            binary.seek(0)
            book = load_workbook(binary, read_only=True, data_only=True, keep_links=False)
        return {sheet.title: sheet for sheet in book.worksheets}
    except Exception as error:  # openpyxl raises errors of many types
        raise _damaged(name, error) from error


def has_rows(sheet: Any, *, name: str) -> bool:
    """Return whether a sheet has a cell that is not empty."""
    return any(cells for _, cells in _rows(sheet, name=name))


def excel(sheet: Any, *, name: str) -> Iterator[Record]:
    """Yield the rows of a sheet as objects without empty cells. A position is Excel's row number.

    Raises:
        SourceError: the sheet is damaged or too large, or a column name repeats.
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
        message = f"{name} has several columns named {listed(twice)}: rename them in the first row"
        raise SourceError(message, reason="no_header")
    return names


def _rows(sheet: Any, *, name: str) -> Iterator[tuple[int, list[Any]]]:
    """Yield the number of each row and its cells, without empty ones at the end."""
    sheet.reset_dimensions()  # the size that a sheet states can be wrong
    rows = enumerate(sheet.iter_rows(values_only=True), 1)
    while True:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                taken = list(islice(rows, _AT_ONCE))
        except Exception as error:  # openpyxl raises errors of many types
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
    """Return a cell as a value of a record: ISO texts for times, None for an empty text."""
    if isinstance(cell, date | time):
        return cell.isoformat()
    if isinstance(cell, timedelta):
        return str(cell)
    if cell == "":
        return None
    return cell


def _damaged(name: str, error: Exception) -> SourceError:
    if isinstance(error, CatalogError):
        return error if isinstance(error, SourceError) else SourceError(str(error))
    return SourceError(
        f"{name}: the Excel workbook is damaged: {one_line(error)}", reason="corrupt_archive"
    )
