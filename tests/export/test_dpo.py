import json

import pytest

from catalog.errors import LossyExportError, OptionError
from catalog.export import export

USER, ANSWER = {"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}
WRONG, WORSE = {"role": "assistant", "content": "5"}, {"role": "assistant", "content": "6"}


def lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def pairs(path):
    return [
        tuple([turn["content"] for turn in line[key]] for key in ("prompt", "chosen", "rejected"))
        for line in lines(path)
    ]


def test_a_pair_is_what_trl_publishes(tmp_path, row, batches):
    rows = [
        row(rejected=[[WRONG]]),
        row(system="Be kind.", tools='[{"name": "f"}]', rejected=[[WORSE]]),
    ]
    assert export(batches(rows), format="dpo", path=tmp_path / "a.jsonl", name="a").lost == {}
    first, second = lines(tmp_path / "a.jsonl")
    assert first == {
        "prompt": [USER],
        "chosen": [ANSWER],
        "rejected": [WRONG],
        "tools": None,
        "fingerprint": rows[0]["fingerprint"],
        "source": "demo",
    }
    assert (second["prompt"], second["tools"]) == (
        [{"role": "system", "content": "Be kind."}, USER],
        '[{"name": "f"}]',
    )


def test_every_rejected_answer_makes_a_line_when_losses_are_accepted(tmp_path, row, batches):
    given = batches([row(rejected=[[WRONG], [WORSE]])])
    with pytest.raises(LossyExportError, match="1 with several rejected answers"):
        export(given, format="dpo", path=tmp_path / "a", name="a")
    assert export(given, format="dpo", path=tmp_path / "a", name="a", allow_lossy=True).n_rows == 2
    assert pairs(tmp_path / "a") == [(["2+2?"], ["4"], ["5"]), (["2+2?"], ["4"], ["6"])]


def test_members_without_a_rejected_answer_are_left_out_and_counted(tmp_path, row, batches):
    given = batches([row(), row(rejected=[[WRONG]]), row(system="x")])
    with pytest.raises(LossyExportError, match="2 with no rejected answer"):
        export(given, format="dpo", path=tmp_path / "a", name="a")
    exported = export(given, format="dpo", path=tmp_path / "a", name="a", allow_lossy=True)
    assert (exported.n_rows, exported.lost) == (1, {"no rejected answer": 2})


def test_a_pool_without_rejected_answers_is_refused(tmp_path, row, batches):
    with pytest.raises(
        OptionError, match=r"none of the 1 instructions has a rejected answer.*messages"
    ):
        export(batches([row()]), format="dpo", path=tmp_path / "a", name="a", allow_lossy=True)


def test_a_rejected_conversation_parts_where_it_differs(tmp_path, row, batches):
    more = [{"role": "user", "content": "Sure?"}, {"role": "assistant", "content": "Yes"}]
    rows = [
        row(USER, ANSWER, *more, rejected=[[USER, WRONG, *more]]),
        row(USER, ANSWER, *more, system="x", rejected=[[WRONG]]),
    ]
    assert export(batches(rows), format="dpo", path=tmp_path / "a", name="a").lost == {}
    assert pairs(tmp_path / "a") == [
        (["2+2?"], ["4", "Sure?", "Yes"], ["5", "Sure?", "Yes"]),
        (["x", "2+2?", "4", "Sure?"], ["Yes"], ["5"]),
    ]


def test_a_rejected_answer_to_another_prompt_is_a_loss(tmp_path, row, batches):
    with pytest.raises(LossyExportError, match="1 with rejected answers to another prompt"):
        export(
            batches([row(rejected=[[{"role": "user", "content": "3+3?"}, WRONG]])]),
            format="dpo",
            path=tmp_path / "a",
            name="a",
        )


def test_contents_are_parts_on_all_sides_when_one_is(tmp_path, row, batches):
    parts = {
        "role": "assistant",
        "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}],
    }
    export(
        batches([row(rejected=[[WRONG]]), row(system="x", rejected=[[parts]])]),
        format="dpo",
        path=tmp_path / "a",
        name="a",
    )
    contents = [
        turn["content"]
        for line in lines(tmp_path / "a")
        for key in ("prompt", "chosen", "rejected")
        for turn in line[key]
    ]
    assert all(isinstance(content, list) for content in contents)
    assert contents[-1] == parts["content"]
