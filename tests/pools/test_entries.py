"""Entries of LLaMA-Factory's dataset_info.json."""

import json
from pathlib import Path
from typing import Any

import pytest

from catalog.catalog import Catalog
from catalog.errors import OptionError, SourceError
from catalog.pools.entries import with_entry
from catalog.pools.options import ReadOptions
from catalog.pools.read_batches import read_batches
from tests.pools.entries import read, refusal, texts


def info(folder: Path, entry: dict[str, Any], record: dict[str, Any] | None = None) -> Path:
    """A dataset_info.json with one entry, ``mine``, and its file of one record."""
    (folder / "mine.json").write_text(json.dumps([record]), encoding="utf-8")
    path = folder / "dataset_info.json"
    path.write_text(json.dumps({"mine": {"file_name": "mine.json"} | entry}))
    return path


def test_without_columns_the_defaults_of_alpaca_hold(tmp_path: Path) -> None:
    record = {
        "instruction": "i",
        "input": "in",
        "output": "o",
        "system": "unused",
        "question": "unused",
    }
    (row,) = read(info(tmp_path, {}, record), "mine")
    assert texts(row) == [("user", "i\nin"), ("assistant", "o")]
    assert row["system"] is None
    assert json.loads(row["metadata"]) == {"system": "unused", "question": "unused"}


def test_with_columns_only_those_that_are_named_are_read(tmp_path: Path) -> None:
    columns = {
        "prompt": "ask",
        "query": "more",
        "response": "reply",
        "system": "sys",
        "history": "before",
        "tools": "fns",
    }
    record = {
        "ask": "i",
        "more": "in",
        "reply": "o",
        "sys": "s",
        "before": [["a", "b"]],
        "fns": [{"name": "f"}],
        "output": "unused",
    }
    (row,) = read(info(tmp_path, {"columns": columns}, record), "mine")
    assert texts(row) == [("user", "a"), ("assistant", "b"), ("user", "i\nin"), ("assistant", "o")]
    assert (row["system"], row["tools"]) == ("s", '[{"name": "f"}]')
    assert json.loads(row["metadata"]) == {"output": "unused"}


TAGS = {
    "role_tag": "who",
    "content_tag": "says",
    "user_tag": "client",
    "assistant_tag": "clerk",
    "observation_tag": "clock",
    "function_tag": "calls",
    "system_tag": "boss",
}


def test_tags_name_the_keys_and_the_roles_of_turns(tmp_path: Path) -> None:
    said = [
        ("boss", "be kind"),
        ("client", "hi"),
        ("calls", "{}"),
        ("clock", "12"),
        ("clerk", "noon"),
    ]
    record = {
        "chat": [{"who": who, "says": says} for who, says in said],
        "pics": ["a.png"],
        "conversations": "unused",
    }
    entry = {
        "formatting": "sharegpt",
        "columns": {"messages": "chat", "images": "pics"},
        "tags": TAGS,
    }
    (row,) = read(info(tmp_path, entry, record), "mine")
    assert texts(row) == [
        ("user", "hi"),
        ("assistant", "{}"),
        ("tool", "12"),
        ("assistant", "noon"),
    ]
    assert row["system"] == "be kind"
    assert json.loads(row["messages"][1]["extra"]) == {"from": "function_call"}
    known = (row["media"] or "") + (row["metadata"] or "")
    assert '"images"' in known or '"image"' in known
    assert "a.png" in known


@pytest.mark.parametrize("formatting", ["sharegpt", "openai"])
def test_an_entry_that_states_what_is_so_anyway_changes_nothing(
    tmp_path: Path, formatting: str
) -> None:
    names = {
        "sharegpt": ("from", "value", "human", "gpt"),
        "openai": ("role", "content", "user", "assistant"),
    }
    role, content, user, assistant = names[formatting]
    turns = [{role: user, content: "q"}, {role: assistant, content: "a", "weight": 1}]
    tags = {"role_tag": role, "content_tag": content, "user_tag": user, "assistant_tag": assistant}
    path = info(
        tmp_path,
        {"formatting": formatting, "columns": {"messages": "messages"}, "tags": tags},
        {"messages": turns},
    )
    (row,) = read(path, "mine")
    (plain,) = [
        row
        for batch in read_batches([str(tmp_path / "mine.json")])
        for row in batch.instructions.to_pylist()
    ]
    assert row["fingerprint"] == plain["fingerprint"]


def test_a_ranking_is_a_preference_of_texts_or_of_turns(tmp_path: Path) -> None:
    columns = {"prompt": "ask", "chosen": "good", "rejected": "bad"}
    record = {"ask": "q", "good": "a", "bad": "b", "prompt": "unused"}
    (row,) = read(info(tmp_path, {"ranking": True, "columns": columns}, record), "mine")
    assert texts(row) == [("user", "q"), ("assistant", "a")]
    columns = {"messages": "chat", "chosen": "good", "rejected": "bad"}
    answers = {name: {"who": "clerk", "says": text} for name, text in (("good", "a"), ("bad", "b"))}
    record = {"chat": [{"who": "client", "says": "q"}], **answers}
    entry = {"formatting": "sharegpt", "ranking": True, "columns": columns, "tags": TAGS}
    (row,) = read(info(tmp_path, entry, record), "mine")
    assert texts(row) == [("user", "q"), ("assistant", "a")]
    assert "b" in (row["rejected"] or row["metadata"])


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ({"formatting": "markdown"}, "unknown_shape"),
        ({"columns": {"response": "o"}}, "unknown_column"),
        ({"hf_hub_url": "owner/name"}, "not_found"),
        ({"file_name": "nothing.json"}, "not_found"),
    ],
)
def test_an_entry_that_cannot_be_read_says_why(
    tmp_path: Path, entry: dict[str, Any], reason: str
) -> None:
    with pytest.raises(SourceError) as caught:
        read(info(tmp_path, entry), "mine")
    assert caught.value.reason == reason


def test_a_description_without_an_entry_lists_ten_and_says_how_to_name_one(tmp_path: Path) -> None:
    path = tmp_path / "dataset_info.json"
    path.write_text(json.dumps({f"set{n:03}": {"file_name": f"{n}.json"} for n in range(100)}))
    with pytest.raises(SourceError) as caught:
        list(read_batches([str(path)]))
    assert caught.value.reason == "unknown_shape"
    message = str(caught.value)
    assert "entry" in message
    assert "set009" in message
    assert "set010" not in message
    assert "90 more" in message
    assert "90 more" in str(refusal(path, "nothing"))


def test_an_entry_leaves_no_room_for_other_options(tmp_path: Path) -> None:
    path = info(tmp_path, {})
    for options in (ReadOptions(format="alpaca"), ReadOptions(fields={"prompt": "q"})):
        with pytest.raises(OptionError):
            with_entry([str(path)], options, entry="mine")
    with pytest.raises(OptionError):
        with_entry([str(path), str(path)], ReadOptions(), entry="mine")


@pytest.mark.parametrize(
    "entry", ["identity", "dpo_zh_demo", "kto_en_demo", "glaive_toolcall_en_demo", "alpaca_en_demo"]
)
def test_real_entries_are_read_as_their_files_are(data: Path, entry: str) -> None:
    folder = data / "llamafactory_demo"
    file = json.loads((folder / "dataset_info.json").read_text())[entry]["file_name"]
    plain = [
        row
        for batch in read_batches([str(folder / file)])
        for row in batch.instructions.to_pylist()
    ]
    assert [row["fingerprint"] for row in read(folder, entry)] == [
        row["fingerprint"] for row in plain
    ]
    assert len(plain) > 90


def test_a_pool_remembers_the_entry_and_what_it_stated(tmp_path: Path, catalog: Catalog) -> None:
    path = info(
        tmp_path, {"columns": {"prompt": "ask", "response": "reply"}}, {"ask": "q", "reply": "a"}
    )
    assert catalog.register(path, pool="p", entry="mine").n_members == 1
    with catalog.store.reading() as connection:
        ((options,),) = connection.sql("SELECT options FROM pool_versions").fetchall()
    assert json.loads(options)["entry"] == "mine"
    assert json.loads(options)["fields"] == {"prompt": "ask", "response": "reply"}
