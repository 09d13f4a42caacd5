import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from catalog.errors import SourceError
from catalog.pools.read_batches import FileReport, ReadOptions, read_batches

Write = Callable[..., Path]
RECORD = {
    "prompt": "q",
    "response": "a",
    "origin": "x",
    "label": {"abilities": ["maths"]},
    "topic": None,
}


def notes(*paths: Path, **options: Any) -> list[list[str]]:
    files: list[FileReport] = []
    list(read_batches([str(path) for path in paths], ReadOptions(**options), report=files.append))
    return [file.notes for file in files]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"source_column": "orgin"},
            "3 records has the key orgin that the source column names; did you mean origin?",
        ),
        (
            {"labels_column": "label.abilites"},
            "the key label.abilites that the labels column names; did you mean label.abilities?",
        ),
        (
            {"source_column": "origin", "labels_column": "xyz"},
            "the key xyz that the labels column names; there are: label, label.abil",
        ),
    ],
)
def test_a_key_that_no_record_has_is_refused_with_the_nearest_one(
    jsonl: Write, options: dict[str, str], message: str
) -> None:
    path = jsonl([RECORD] * 3)
    with pytest.raises(SourceError) as caught:
        notes(path, **options)
    assert str(caught.value).startswith(f"{path}: ")
    assert message in str(caught.value)
    assert (caught.value.reason, "\n" in str(caught.value)) == ("unknown_column", False)


def test_a_key_that_one_file_has_is_known_and_the_others_lack_is_noted(jsonl: Write) -> None:
    paths = [
        jsonl([RECORD] * 2, "a.jsonl"),
        jsonl([{"prompt": "q", "response": "a"}] * 3, "b.jsonl"),
    ]
    note = "3 of 3 records have no origin (source column): the file's name is their source"
    assert notes(*paths, source_column="origin") == [[], [note]]
    with pytest.raises(
        SourceError, match=r"a\.jsonl and 1 more: none of 5 records has the key orgin"
    ):
        notes(*paths, source_column="orgin")


def test_a_key_that_is_null_everywhere_is_known(jsonl: Write) -> None:
    assert notes(jsonl([RECORD]), labels_column="topic") == [
        ["1 of 1 records have no topic (labels column): they have no labels"]
    ]


def test_records_that_cannot_be_read_do_not_hide_a_misspelt_key(
    jsonl: Write, tmp_path: Path
) -> None:
    unread = {"prompt": "q", "response": ""}
    assert notes(jsonl([unread]), source_column="orgin") == [[]]
    path = tmp_path / "mixed.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in (unread, RECORD)))
    with pytest.raises(SourceError, match="did you mean origin"):
        notes(path, source_column="orgin")
