import io
import sys
import zipfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from catalog.errors import SourceError
from catalog.pools.read_batches import FileReport, read_batches
from catalog.pools.readers import excel

TABLE = [
    ["instruction", "output", "n"],
    ["q0", "a0", 1],
    ["q1", "a1", None],
    [None, None, None],
    ["q2", "a2", 2.5],
]


def workbook(
    path: Path, sheets: dict[str, Sequence[Sequence[Any]]], *, hidden: Sequence[str] = ()
) -> Path:
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(list(row))
        sheet.sheet_state = "hidden" if title in hidden else "visible"
    book.save(path)
    return path


def read(
    source: Path | str,
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[FileReport]]:
    files: list[FileReport] = []
    batches = list(read_batches([str(source)], report=files.append))
    instructions = [row for batch in batches for row in batch.instructions.to_pylist()]
    return instructions, [row for batch in batches for row in batch.quarantine.to_pylist()], files


def refusal(source: Path | str) -> SourceError:
    with pytest.raises(SourceError) as caught:
        read(source)
    return caught.value


def test_each_visible_sheet_is_a_table_of_its_own(tmp_path: Path) -> None:
    sheets = {
        "train": TABLE,
        "empty": [],
        "secret": TABLE,
        "test": [[], ["prompt", "response"], ["x", "y"]],
    }
    path = workbook(tmp_path / "book.xlsx", sheets, hidden=["secret"])
    found, bad, files = read(path)
    assert [(row["source"], row["messages"][0]["content"], row["metadata"]) for row in found] == [
        ("train", "q0", '{"n": 1}'),
        ("train", "q1", None),
        ("train", "q2", '{"n": 2.5}'),
        ("test", "x", None),
    ]
    assert bad == []
    assert [(file.file, file.container, file.shape) for file in files] == [
        (f"{path}!/train", "excel", "alpaca"),
        (f"{path}!/test", "excel", "alpaca"),
    ]
    assert "secret" in files[0].notes[0]


def test_one_sheet_can_be_named_a_hidden_one_too(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "book.xlsx",
        {"train": TABLE, "notes": [["Remember"], ["milk"]]},
        hidden=["train"],
    )
    assert refusal(path).reason == "unknown_shape"
    assert len(read(f"{path}!/train")[0]) == 3
    assert refusal(f"{path}!/nothing").reason == "not_found"


def test_a_position_is_a_row_as_excel_numbers_it(tmp_path: Path) -> None:
    rows = [[], ["instruction", "output"], ["q", "a"], ["q", None], ["q", "a", "more"]]
    _, bad, _ = read(workbook(tmp_path / "book.xlsx", {"s": rows}))
    assert [(row["position"], row["reason"]) for row in bad] == [
        ("row 4", "no_response"),
        ("row 5", "wrong_columns"),
    ]


def test_dates_are_iso_texts_and_a_column_without_a_name_has_its_number(tmp_path: Path) -> None:
    rows = [["instruction", "output", None, "at"], ["q", 42, "x", datetime(2026, 1, 2)]]
    found, _, _ = read(workbook(tmp_path / "book.xlsx", {"s": rows}))
    assert found[0]["messages"][1]["content"] == "42"
    assert found[0]["metadata"] == '{"3": "x", "at": "2026-01-02T00:00:00"}'


def test_columns_of_one_name_and_workbooks_without_rows_are_refused(tmp_path: Path) -> None:
    assert (
        refusal(
            workbook(tmp_path / "a.xlsx", {"s": [["prompt", "answer", "prompt"], ["a", "b", "c"]]})
        ).reason
        == "no_header"
    )
    assert refusal(workbook(tmp_path / "b.xlsx", {"s": []})).reason == "empty_file"
    assert refusal(workbook(tmp_path / "c.xlsx", {"s": TABLE[:1]})).reason == "empty_file"


def test_without_openpyxl_the_message_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = workbook(tmp_path / "book.xlsx", {"s": TABLE})
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    assert refusal(path).reason == "missing_extra"
    assert "catalog[excel]" in str(refusal(path))


def edited(path: Path, part: str, old: str, new: str) -> Path:
    """The same workbook with a text of one of its parts replaced."""
    target = io.BytesIO()
    with (
        zipfile.ZipFile(path) as source,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for name in source.namelist():
            data = source.read(name).decode()
            assert name != part or old in data
            archive.writestr(name, data.replace(old, new) if name == part else data)
    path.write_bytes(target.getvalue())
    return path


def test_claims_of_size_and_place_are_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sheet = "xl/worksheets/sheet1.xml"
    path = workbook(tmp_path / "book.xlsx", {"s": TABLE})
    assert len(read(edited(path, sheet, '"A1:C5"', '"A1:XFD1048576"'))[0]) == 3
    monkeypatch.setattr(excel, "MAX_ROWS", 10_000)
    assert refusal(edited(path, sheet, 'r="5"', 'r="99999999"')).reason == "too_large"


def test_a_part_that_is_read_whole_is_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(excel, "MAX_PART", 10)
    error = refusal(workbook(tmp_path / "book.xlsx", {"s": TABLE}))
    assert error.reason == "too_large"
    assert " 10: save" in str(error)
