"""Entries of an axolotl YAML."""

import json
from pathlib import Path
from typing import Any

import pytest

from catalog.errors import SourceError
from catalog.pools.read_batches import read_batches
from tests.pools.entries import read, refusal, texts

CHAT = """    type: chat_template
    field_messages: chat
    message_property_mappings:
      role: who
      content: says
    roles:
      user: [client]
      assistant: [clerk]
"""
LEGACY = "    type: sharegpt\n    field_messages: chat\n"
LEGACY += "    message_field_role: who\n    message_field_content: says\n"
OWN = "    type:\n      field_instruction: ask\n      field_output: reply\n"
OWN += "      format: '[INST] {instruction} [/INST]'\n"
PREFERENCE = """    type: chat_template.default
    field_messages: chat
    field_chosen: good
    field_rejected: bad
    message_property_mappings: {role: who, content: says}
    roles:
      user: [client]
      assistant: [clerk]
"""


def config(folder: Path, entry: str, record: dict[str, Any]) -> Path:
    """Write an axolotl YAML with one dataset, and its file of one record."""
    (folder / "mine.jsonl").write_text(json.dumps(record) + "\n", encoding="utf-8")
    path = folder / "config.yaml"
    path.write_text(
        "base_model: x\nload_in_8bit: true\ndatasets:\n"
        f"  - path: mine.jsonl\n{entry}chat_template: chatml\n"
    )
    return path


def test_an_axolotl_file_without_an_entry_lists_its_datasets(tmp_path: Path) -> None:
    path = config(tmp_path, "    type: alpaca\n", {})
    with pytest.raises(SourceError) as caught:
        list(read_batches([str(path)]))
    assert "entry" in str(caught.value)
    assert "mine.jsonl" in str(caught.value)


@pytest.mark.parametrize("entry", ["mine.jsonl", "1"])
def test_an_axolotl_dataset_is_named_by_its_path_or_its_number(tmp_path: Path, entry: str) -> None:
    path = config(tmp_path, "    type: alpaca\n", {"instruction": "q", "output": "a"})
    assert texts(read(path, entry)[0]) == [("user", "q"), ("assistant", "a")]
    assert refusal(path, "2").reason == "not_found"


@pytest.mark.parametrize(
    ("entry", "record"),
    [
        (CHAT, {"chat": [{"who": "client", "says": "q"}, {"who": "clerk", "says": "a"}]}),
        (LEGACY, {"chat": [{"who": "human", "says": "q"}, {"who": "gpt", "says": "a"}]}),
        (OWN, {"ask": "q", "reply": "a", "instruction": "unused"}),
        ("    type: gpteacher\n", {"instruction": "q", "response": "a"}),
        ("    type: oasst\n", {"INSTRUCTION": "q", "RESPONSE": "a"}),
        (
            PREFERENCE,
            {
                "chat": [{"who": "client", "says": "q"}],
                "good": {"who": "clerk", "says": "a"},
                "bad": {"who": "clerk", "says": "b"},
            },
        ),
    ],
)
def test_the_types_of_axolotl_are_read_by_their_fields(
    tmp_path: Path, entry: str, record: dict[str, Any]
) -> None:
    (row,) = read(config(tmp_path, entry, record), "1")
    assert texts(row) == [("user", "q"), ("assistant", "a")]


def test_what_axolotl_reads_elsewhere_or_otherwise_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("datasets:\n  - path: owner/name\n    type: alpaca\n")
    assert refusal(path, "1").reason == "not_found"
    assert "hf://datasets/owner/name" in str(refusal(path, "1"))
    assert refusal(config(tmp_path, "    type: completion\n", {}), "1").reason == "unknown_shape"
    path.write_text("datasets:\n  - path: " + "[" * 30_000 + "\n")
    assert refusal(path, "1").reason == "unknown_shape"
