import json

import pytest
import yaml

from catalog.errors import LossyExportError, OptionError
from catalog.export import export

USER = {"role": "user", "content": "2+2?"}
ANSWER = {"role": "assistant", "content": "4"}
TAGS = {
    "role_tag": "role",
    "content_tag": "content",
    "user_tag": "user",
    "assistant_tag": "assistant",
    "observation_tag": "tool",
    "function_tag": "function_call",
    "system_tag": "system",
}


def lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def understood(folder, name):
    """Return what LLaMA-Factory trains on, by the rules of its data/README.md.

    For each record: [system, tools, *(role, text)], or None if it is skipped.
    """
    entry = json.loads((folder / "dataset_info.json").read_text())[name]
    columns, tags = entry["columns"], entry["tags"]
    asks, answers = (
        (tags["user_tag"], tags["observation_tag"]),
        (tags["assistant_tag"], tags["function_tag"]),
    )
    for record in lines(folder / entry["file_name"]):
        turns = [
            (turn[tags["role_tag"]], turn[tags["content_tag"]])
            for turn in record[columns["messages"]]
        ]
        system = turns.pop(0)[1] if turns[0][0] == tags["system_tag"] else ""
        is_good = len(turns) % 2 == 0 and all(
            role in (answers if n % 2 else asks) for n, (role, _) in enumerate(turns)
        )
        yield (
            [system, record[columns["tools"]] if "tools" in columns else "", *turns]
            if is_good
            else None
        )


def test_the_entry_makes_the_trainer_read_every_record(tmp_path, row, batches):
    call = {
        "role": "assistant",
        "content": '{"name": "f", "arguments": {}}',
        "extra": {"from": "function_call"},
    }
    rows = [
        row(),
        row(
            USER,
            call,
            {"role": "tool", "content": "4"},
            ANSWER,
            system="Be kind.",
            tools='[{"name": "f"}]',
        ),
    ]
    exported = export(batches(rows), format="llamafactory", path=tmp_path, name="easy@2")
    assert [path.name for path in exported.files] == ["easy@2.jsonl", "dataset_info.json"]
    assert json.loads(exported.files[1].read_text()) == {
        "easy@2": {
            "file_name": "easy@2.jsonl",
            "formatting": "sharegpt",
            "columns": {"messages": "messages", "tools": "tools"},
            "tags": TAGS,
        }
    }
    assert list(understood(tmp_path, "easy@2")) == [
        ["", "", ("user", "2+2?"), ("assistant", "4")],
        [
            "Be kind.",
            '[{"name": "f"}]',
            ("user", "2+2?"),
            ("function_call", call["content"]),
            ("tool", "4"),
            ("assistant", "4"),
        ],
    ]


def test_other_entries_stay(tmp_path, row, batches):
    info = tmp_path / "dataset_info.json"
    others = {
        "identity": {"file_name": "identity.json"},
        "été": {"hf_hub_url": "a/b", "columns": {"prompt": "text"}},
    }
    info.write_text(json.dumps(others))
    export(batches([row()]), format="llamafactory", path=tmp_path, name="a")
    export(batches([row()]), format="llamafactory", path=tmp_path, name="b")
    entries = json.loads(info.read_text(encoding="utf-8"))
    assert list(entries) == ["identity", "été", "a", "b"]
    assert {name: entries[name] for name in others} == others
    assert entries["a"]["columns"] == {"messages": "messages"}  # no record has tools


def test_an_entry_of_that_name_stays_unless_it_may_be_overwritten(tmp_path, row, batches):
    info = tmp_path / "dataset_info.json"
    info.write_text('{"a": {"hf_hub_url": "somebody/else"}}')

    def unread():
        pytest.fail("the refusal must come before the work")
        yield

    with pytest.raises(OptionError, match=r"dataset_info\.json already has an entry 'a'"):
        export(unread(), format="llamafactory", path=tmp_path, name="a")
    assert info.read_text() == '{"a": {"hf_hub_url": "somebody/else"}}'
    export(batches([row()]), format="llamafactory", path=tmp_path, name="a", overwrite=True)
    assert json.loads(info.read_text())["a"]["file_name"] == "a.jsonl"


@pytest.mark.parametrize(
    ("text", "message"),
    [("{,}", "is not JSON"), ("[]", "expected a JSON object"), ("\xff", "is not JSON")],
)
def test_a_broken_dataset_info_is_not_replaced(tmp_path, row, batches, text, message):
    info = tmp_path / "dataset_info.json"
    info.write_bytes(text.encode("latin-1"))
    with pytest.raises(OptionError, match=message):
        export(batches([row()]), format="llamafactory", path=tmp_path, name="a", overwrite=True)
    assert info.read_bytes() == text.encode("latin-1")
    assert [path.name for path in tmp_path.iterdir()] == ["dataset_info.json"]


@pytest.mark.parametrize(
    "messages",
    [
        [USER, USER, ANSWER],
        [USER, ANSWER, USER],
        [{"role": "assistant", "content": "Hi"}, USER, ANSWER],
        [USER, ANSWER, {"role": "system", "content": "Now in French."}, USER, ANSWER],
    ],
)
def test_what_the_trainer_skips_is_a_loss(tmp_path, row, batches, messages):
    with pytest.raises(
        LossyExportError, match="1 with turns that do not alternate, which LLaMA-Factory skips"
    ):
        export(batches([row(*messages)]), format="llamafactory", path=tmp_path / "a", name="a")
    assert not (tmp_path / "a").exists()
    exported = export(
        batches([row(*messages)]),
        format="llamafactory",
        path=tmp_path / "a",
        name="a",
        allow_lossy=True,
    )
    assert (exported.n_rows, list(understood(tmp_path / "a", "a"))) == (1, [None])


def test_openai_calls_become_turns_when_losses_are_accepted(tmp_path, row, batches):
    given = [
        {"id": "c1", "type": "function", "function": {"name": "add", "arguments": '{"a": 2}'}},
        {"id": "c2", "type": "function", "function": {"name": "say", "arguments": "not JSON"}},
    ]
    tool = {"role": "tool", "content": "4", "extra": {"tool_call_id": "c1"}}
    rows = [
        row(
            USER, {"role": "assistant", "content": "", "extra": {"tool_calls": given}}, tool, ANSWER
        )
    ]
    with pytest.raises(
        LossyExportError,
        match=r"1 with message keys beside.*; 1 with tool_calls, written as function_call turns",
    ):
        export(batches(rows), format="llamafactory", path=tmp_path / "a", name="a")
    export(batches(rows), format="llamafactory", path=tmp_path / "a", name="a", allow_lossy=True)
    ((_, _, _, (role, content), *_),) = understood(tmp_path / "a", "a")
    assert role == "function_call"
    assert json.loads(content) == [
        {"name": "add", "arguments": {"a": 2}},
        {"name": "say", "arguments": "not JSON"},
    ]


def test_every_line_has_the_same_keys_and_types(tmp_path, varied, batches):
    export(batches(varied), format="llamafactory", path=tmp_path / "a", name="a", allow_lossy=True)
    for line in lines(tmp_path / "a" / "a.jsonl"):
        assert list(line) == ["messages", "tools", "fingerprint", "source"]
        assert isinstance(line["tools"], str)
        assert all(
            list(turn) == ["role", "content"] and isinstance(turn["content"], str)
            for turn in line["messages"]
        )


def test_rejected_answers_make_a_ranking_set(tmp_path, row, batches):
    rows = [row(system="Be kind.", rejected=[[{"role": "assistant", "content": "5"}]])]
    exported = export(batches(rows), format="llamafactory", path=tmp_path / "a", name="a")
    entry = json.loads(exported.files[1].read_text())["a"]
    assert (entry["ranking"], entry["columns"]) == (
        True,
        {"messages": "messages", "chosen": "chosen", "rejected": "rejected"},
    )
    (line,) = lines(exported.files[0])
    assert line["messages"] == [{"role": "system", "content": "Be kind."}, USER]
    assert (line["chosen"], line["rejected"]) == (ANSWER, {"role": "assistant", "content": "5"})
    with pytest.raises(LossyExportError, match="1 with no rejected answer"):
        export(batches([*rows, row()]), format="llamafactory", path=tmp_path / "b", name="a")


def test_results_of_parallel_calls_take_the_openai_reader(tmp_path, row, batches):
    call = {
        "role": "assistant",
        "content": '[{"name": "f", "arguments": {}}, {"name": "g", "arguments": {}}]',
        "extra": {"from": "function_call"},
    }
    results = [{"role": "tool", "content": "1"}, {"role": "tool", "content": "2"}]
    rows = [row(USER, call, *results, ANSWER, tools='[{"name": "f"}]')]
    info = export(batches(rows), format="llamafactory", path=tmp_path / "a", name="a").files[1]
    assert json.loads(info.read_text())["a"]["formatting"] == "openai"
    with pytest.raises(
        LossyExportError, match="1 with a system prompt to which LLaMA-Factory's openai reader adds"
    ):
        export(batches([*rows, row()]), format="llamafactory", path=tmp_path / "b", name="a")


def test_media_are_columns_with_a_mark_each(tmp_path, row, batches):
    marked = row(
        {"role": "user", "content": "<image><audio>What?"},
        ANSWER,
        media=[{"kind": "image", "path": "a.png"}, {"kind": "audio", "path": "b.wav"}],
    )
    unmarked = row(USER, ANSWER, media=[{"kind": "image", "path": "c.png"}])
    data, info = export(
        batches([marked, row()]), format="llamafactory", path=tmp_path / "a", name="a"
    ).files
    assert json.loads(info.read_text())["a"]["columns"] == {
        "messages": "messages",
        "images": "images",
        "audios": "audios",
    }
    assert [(line["images"], line["audios"]) for line in lines(data)] == [
        (["a.png"], ["b.wav"]),
        ([], []),
    ]
    with pytest.raises(LossyExportError, match="1 with media without a mark"):
        export(batches([unmarked]), format="llamafactory", path=tmp_path / "b", name="a")
    data, _ = export(
        batches([unmarked]), format="llamafactory", path=tmp_path / "b", name="a", allow_lossy=True
    ).files
    assert lines(data)[0]["messages"][0]["content"] == "<image>2+2?"


def test_an_order_that_matters_is_kept_by_a_file_for_the_training_configuration(
    tmp_path, row, batches
):
    files = export(
        batches([row()]),
        format="llamafactory",
        path=tmp_path,
        name="a",
        reference="a@1",
        order_matters=True,
    ).files
    assert [path.name for path in files] == ["a.jsonl", "dataset_info.json", "a.yaml"]
    assert yaml.safe_load(files[2].read_text()) == {
        "dataset_dir": tmp_path.as_posix(),
        "dataset": "a",
        "disable_shuffling": True,
    }
    with pytest.raises(OptionError, match=r"already has an entry .a."):
        export(batches([row()]), format="llamafactory", path=tmp_path, name="a", order_matters=True)


@pytest.mark.parametrize("content", ["f()", '{"name": "f"}', '["f"]'])
def test_a_call_on_which_the_trainer_stops_is_a_loss(tmp_path, row, batches, content):
    call = {"role": "assistant", "content": content, "extra": {"from": "function_call"}}
    with pytest.raises(LossyExportError, match="1 with function_call turns without a name"):
        export(batches([row(USER, call)]), format="llamafactory", path=tmp_path / "a", name="a")
