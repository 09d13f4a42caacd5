"""Reading with options, and records that are not text."""

import json
from pathlib import Path
from typing import Any

import pytest

from catalog.errors import OptionError, SourceError
from catalog.pools.read_batches import ReadOptions
from tests.pools.reads import lines, read

ROWS = [{"instruction": f"q{n}", "input": "", "output": f"a{n}", "n": n} for n in range(25)]


def test_source_and_labels_come_from_their_columns(tmp_path: Path) -> None:
    path = tmp_path / "pool.jsonl"
    rows: list[dict[str, Any]] = [
        {"prompt": "q", "response": "a", "origin": "x", "label": {"ability_en": ["math", "code"]}},
        {"prompt": "q", "response": "b", "origin": "y", "label": {"ability_en": []}},
        {"prompt": "q", "response": "c"},
        {"prompt": "q", "response": "d", "origin": 3, "label": {"ability_en": "logic"}},
    ]
    path.write_text(lines(rows))
    good, _, (file,) = read(path, source_column="origin", labels_column="label.ability_en")
    assert file.notes == [
        "1 of 4 records have no origin (source column): the file's name is their source",
        "1 of 4 records have no label.ability_en (labels column): they have no labels",
    ]
    assert [row["source"] for row in good] == ["x", "y", "pool", "3"]
    assert [row["labels"] for row in good] == [["math", "code"], None, None, ["logic"]]
    assert json.loads(good[0]["metadata"]) == {"label": {"ability_en": ["math", "code"]}}
    assert [row["labels"] for row in read(path)[0]] == [None] * 4


@pytest.mark.parametrize(
    "record",
    [
        {"instruction": "\ud83d", "output": "a"},
        {"instruction": "q", "output": "a", "note": "\udc00"},
        {"instruction": "q", "output": "a", "origin": "\ud83d"},
        {"instruction": "q", "output": "a", "label": ["\ud83d"]},
        {
            "messages": [
                {"role": "user", "content": "q", "name": "\ud83d"},
                {"role": "assistant", "content": "a"},
            ]
        },
        {
            "messages": [
                {"role": "system", "content": "\ud83d"},
                {"role": "user", "content": "q"},
                {"role": "assistant", "content": "a"},
            ]
        },
    ],
)
def test_half_of_a_surrogate_pair_anywhere_costs_its_record(tmp_path: Path, record: Any) -> None:
    path = tmp_path / "pool.jsonl"
    rows = [row | {"origin": "x", "label": "y"} for row in ROWS]
    path.write_text(lines([*rows, record, *rows]))
    good, bad, _ = read(path, source_column="origin", labels_column="label")
    assert (len(good), [row["reason"] for row in bad]) == (50, ["bad_encoding"])


def test_bytes_that_are_not_utf_8_cost_their_record_alone(tmp_path: Path) -> None:
    path = tmp_path / "pool.jsonl"
    path.write_bytes(
        lines(ROWS).encode() + b'{"instruction": "caf\xe9", "output": "a"}\n' + lines(ROWS).encode()
    )
    good, bad, (file,) = read(path)
    assert (len(good), file.encoding) == (50, None)
    assert [(row["reason"], row["position"]) for row in bad] == [("bad_encoding", "line 26")]
    assert bad[0]["raw"] == '{"instruction": "caf\\xe9", "output": "a"}'


def test_prompts_alone_are_read_only_when_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "eval.jsonl"
    path.write_text(lines([{"prompt": "q", "key": 1}, {"prompt": "q2", "response": ""}]))
    good, bad, _ = read(path)
    assert (good, [row["reason"] for row in bad]) == ([], ["no_response", "empty_response"])
    assert "key" in bad[0]["detail"]
    good, bad, _ = read(path, prompts_only=True)
    assert ([[turn["role"] for turn in row["messages"]] for row in good], bad) == (
        [["user"], ["user"]],
        [],
    )


def test_a_csv_without_a_header_says_how_to_number_its_columns(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("What is the capital of France, if you please?;Paris\nAnd of Spain?;Madrid\n")
    with pytest.raises(SourceError, match=r"prompt.*1") as caught:
        read(path)
    assert caught.value.reason == "no_header"
    good, bad, (file,) = read(path, fields={"prompt": "1", "response": "2"})
    assert ([row["messages"][1]["content"] for row in good], bad, file.shape) == (
        ["Paris", "Madrid"],
        [],
        "mapped",
    )


def test_a_map_that_names_no_key_of_the_file_is_refused_with_the_keys(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_text(lines([{"act": "q", "prompt": "a"}]))
    with pytest.raises(SourceError, match="element 0 has the keys act, prompt"):
        read(path, fields={"prompt": "Question"})
    with pytest.raises(SourceError, match="the format sharegpt"):
        read(path, format="sharegpt")


@pytest.mark.parametrize(
    "options", [{"format": "nothing"}, {"batch_size": 0}, {"fields": {"prompts": "x"}}]
)
def test_impossible_options_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(OptionError):
        ReadOptions(**options)
