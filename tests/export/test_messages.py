import json

import pytest

from catalog.errors import LossyExportError, OptionError
from catalog.export import export

USER, ANSWER = {"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}
IMAGE = {"kind": "image", "path": "a.png"}


def lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def text(*values):
    return [{"type": "text", "text": value} for value in values]


def test_a_line_is_what_openai_publishes_with_texts_for_tools(tmp_path, varied, batches):
    export(batches(varied[:4]), format="messages", path=tmp_path / "a.jsonl", name="a")
    found = lines(tmp_path / "a.jsonl")
    assert found[0] == {
        "messages": [USER, ANSWER],
        "tools": None,
        "fingerprint": varied[0]["fingerprint"],
        "source": "demo",
    }
    assert found[1]["messages"][0] == {"role": "system", "content": "Be kind.\n“Really”."}
    call = {
        "id": "c1",
        "type": "function",
        "function": {"name": "add", "arguments": '{"a": 2, "b": 2.50}'},
    }
    assert found[3]["messages"] == [
        USER,
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "content": "4", "tool_call_id": "c1", "name": "add"},
        ANSWER,
    ]
    assert (
        found[3]["tools"] == '[{"type": "function", "function": {"name": "add", "parameters": {}}}]'
    )


def test_all_contents_are_parts_when_one_is(tmp_path, varied, batches):
    export(
        batches([varied[1], varied[6]]),
        format="messages",
        path=tmp_path / "a.jsonl",
        name="a",
        allow_lossy=True,
    )
    found = [[turn["content"] for turn in line["messages"]] for line in lines(tmp_path / "a.jsonl")]
    assert found[0] == [text("Be kind.\n“Really”."), text("2+2?"), text("4")]
    assert found[1][:3] == [text("x"), text("a", "b"), text("9")]


@pytest.mark.parametrize(
    ("given", "written"),
    [
        (["Ann", {"first": "Bob"}], ["Ann", '{"first": "Bob"}']),
        ([5, "5"], ["5", "5"]),
        ([True, 1], ["true", "1"]),
        ([["a"], "a", None], ['["a"]', "a", None]),
    ],
)
def test_a_key_of_several_types_is_a_loss_and_becomes_text(tmp_path, row, batches, given, written):
    rows = [row({**USER, "extra": {"name": name}} if name else USER, ANSWER) for name in given]
    with pytest.raises(LossyExportError, match=r"[12] with values of several types"):
        export(batches(rows), format="messages", path=tmp_path / "a.jsonl", name="a")
    export(batches(rows), format="messages", path=tmp_path / "a.jsonl", name="a", allow_lossy=True)
    assert [line["messages"][0].get("name") for line in lines(tmp_path / "a.jsonl")] == written


def test_arguments_that_differ_in_their_keys_become_texts(tmp_path, row, batches):
    def calling(arguments):
        call = {"type": "function", "function": {"name": "f", "arguments": arguments}}
        return row(USER, {"role": "assistant", "content": "", "extra": {"tool_calls": [call]}})

    def written(*arguments):
        exported = export(
            batches(list(map(calling, arguments))),
            format="messages",
            path=tmp_path / "a",
            name="a",
            **options,
        )
        return [
            line["messages"][1]["tool_calls"][0]["function"]["arguments"]
            for line in lines(tmp_path / "a")
        ], sum(exported.lost.values())

    options = {"overwrite": True, "allow_lossy": True}
    assert written({"a": 1}, {"a": 2}) == ([{"a": 1}, {"a": 2}], 0)
    assert written('{"a": 1}', '{"b": 1}') == (['{"a": 1}', '{"b": 1}'], 0)
    assert written({"a": 1}, {"b": 2}) == (['{"a": 1}', '{"b": 2}'], 2)
    assert written({"a": {"x": 1}}, {"a": {"y": 2}}) == (['{"a": {"x": 1}}', '{"a": {"y": 2}}'], 2)
    assert written({"a": 1}, "{}") == (['{"a": 1}', "{}"], 1)


def test_images_are_a_column_of_every_line(tmp_path, row, batches):
    rows = [row(), row(media=[IMAGE]), row(media=[{"kind": "image", "sha256": "ab" * 32}])]
    (tmp_path / "media").mkdir()
    kept = tmp_path / "media" / ("ab" * 32)
    with pytest.raises(LossyExportError, match="1 with media without a file or URL"):
        export(
            batches(rows),
            format="messages",
            path=tmp_path / "a",
            name="a",
            media_folder=tmp_path / "media",
        )
    kept.write_bytes(b"png")
    export(
        batches(rows),
        format="messages",
        path=tmp_path / "a",
        name="a",
        media_folder=tmp_path / "media",
    )
    assert [line["images"] for line in lines(tmp_path / "a")] == [[], ["a.png"], [str(kept)]]
    assert [line["media"] and json.loads(line["media"]) for line in lines(tmp_path / "a")] == [
        None,
        *([one] for one in (IMAGE, rows_media(rows[2]))),
    ]


def rows_media(row):
    return json.loads(row["media"])[0]


def test_images_get_a_place_where_trl_counts_places(tmp_path, row, batches):
    parts = {"role": "user", "content": "b", "extra": {"content": [{"type": "image"}, *text("b")]}}
    rows = [row(USER, ANSWER, media=[IMAGE]), row(parts, ANSWER, media=[IMAGE])]
    exported = export(
        batches(rows), format="messages", path=tmp_path / "a", name="a", allow_lossy=True
    )
    assert exported.lost == {"images that the text does not place as TRL counts them": 1}
    assert [line["messages"][0]["content"] for line in lines(tmp_path / "a")] == [
        [{"type": "image"}, *text("2+2?")],
        [{"type": "image"}, *text("b")],
    ]
    marked = [row({"role": "user", "content": "<image>What?"}, ANSWER, media=[IMAGE])]
    export(batches(marked), format="messages", path=tmp_path / "b", name="a", allow_lossy=True)
    assert lines(tmp_path / "b")[0]["messages"][0]["content"] == "What?"


@pytest.mark.parametrize(
    ("given", "cause"),
    [
        ({"rejected": [[ANSWER]]}, "rejected answers"),
        ({"media": [{"kind": "audio", "path": "a.wav"}]}, "audios"),
        ({"media": [{"kind": "video", "path": "a.mp4"}]}, "videos"),
        ({"tools": "f(x)"}, "tools that are no JSON list of objects"),
    ],
)
def test_what_trl_does_not_read_is_a_loss(tmp_path, row, batches, given, cause):
    with pytest.raises(LossyExportError, match=f"1 of 2 instructions unchanged \\(1 with {cause}"):
        export(batches([row(), row(**given)]), format="messages", path=tmp_path / "a", name="a")


@pytest.mark.parametrize(
    "extra", [{"weight": 0}, {"train": False}, {"loss_weight": 0.5}, {"masked": True}]
)
def test_weights_that_change_training_are_a_loss(tmp_path, row, batches, extra):
    with pytest.raises(LossyExportError, match="1 with weights of turns"):
        export(
            batches([row(USER, {**ANSWER, "extra": extra})]),
            format="messages",
            path=tmp_path / "a",
            name="a",
        )


def test_weights_that_say_what_happens_anyway_are_none(tmp_path, row, batches):
    rows = [row({**USER, "extra": {"weight": 0}}, {**ANSWER, "extra": {"weight": 1}})]
    assert export(batches(rows), format="messages", path=tmp_path / "a", name="a").lost == {}


def test_an_order_that_matters_is_a_loss_where_the_trainer_shuffles(tmp_path, row, batches):
    for format in ("messages", "alpaca", "sharegpt"):
        with pytest.raises(LossyExportError, match="2 with an order that matters"):
            export(
                batches([row(), row(system="x")]),
                format=format,
                path=tmp_path / "a",
                name="a",
                order_matters=True,
            )
    for format in ("jsonl", "parquet"):
        assert (
            export(
                batches([row()]),
                format=format,
                path=tmp_path / format,
                name="a",
                order_matters=True,
            ).lost
            == {}
        )


@pytest.mark.parametrize(
    "format", ["messages", "dpo", "alpaca", "sharegpt", "llamafactory", "axolotl"]
)
def test_a_pool_of_prompts_is_refused_by_what_trains_on_answers(tmp_path, row, batches, format):
    with pytest.raises(
        OptionError, match=r"none of the 1 instructions has an answer.*jsonl or parquet"
    ):
        export(batches([row(USER)]), format=format, path=tmp_path / "a", name="a", allow_lossy=True)
    assert list(tmp_path.iterdir()) == []


def test_a_member_without_an_answer_is_a_loss(tmp_path, row, batches):
    with pytest.raises(LossyExportError, match="1 with no answer"):
        export(batches([row(), row(USER)]), format="messages", path=tmp_path / "a", name="a")


@pytest.mark.parametrize("format", ["alpaca", "messages", "jsonl"])
def test_answers_that_a_loader_takes_for_timestamps_are_a_loss(tmp_path, row, batches, format):
    rows = [
        row(
            {"role": "user", "content": f"2001-0{n}-01"},
            {"role": "assistant", "content": f"2001-0{n}-02 10:30"},
        )
        for n in (1, 2)
    ]
    with pytest.raises(LossyExportError, match="2 with texts that all look like dates"):
        export(batches(rows), format=format, path=tmp_path / "a", name="a")
    rows[0] = row(USER, ANSWER)
    assert export(batches(rows), format=format, path=tmp_path / "a", name="a").lost == {}


def test_keys_that_come_late_are_announced_by_the_first_line(tmp_path, row, batches):
    long = row({"role": "user", "content": "x" * 3_000_000}, ANSWER)
    rows = [row(), long, row(USER, {**ANSWER, "extra": {"name": "Ann"}}, tools='[{"name": "f"}]')]
    export(batches(rows), format="messages", path=tmp_path / "a", name="a")
    first, second, _ = lines(tmp_path / "a")
    assert (first["messages"][0], first["tools"]) == ({"name": None, **USER}, "[]")
    assert (set(second["messages"][0]), second["tools"]) == ({"role", "content"}, None)
