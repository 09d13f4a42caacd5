import json
from typing import Any

import pytest

from catalog.pools.conversation import Instruction, answered, conversation, message, tools_text
from catalog.pools.reasons import Rejection

USER = {"role": "user", "content": "q"}
ANSWER = {"role": "assistant", "content": "a"}


@pytest.mark.parametrize(
    ("turn", "stored"),
    [
        ({"role": "user", "content": "q"}, ("user", "q", None)),
        ({"from": "gpt", "value": "a"}, ("assistant", "a", None)),
        ({"from": "human", "content": "q"}, ("user", "q", None)),
        ({"from": "observation", "value": "o"}, ("tool", "o", None)),
        ({"role": "Human", "content": "q"}, ("user", "q", None)),
        ({"role": "user", "content": "q", "name": None}, ("user", "q", None)),
        ({"role": "user", "content": "q", "name": "é"}, ("user", "q", '{"name": "é"}')),
        (
            {"role": "user", "content": "q", "from": "x", "value": "y"},
            ("user", "q", '{"from": "x", "value": "y"}'),
        ),
        (
            {"from": "function_call", "value": "{}"},
            ("assistant", "{}", '{"from": "function_call"}'),
        ),
        (
            {"role": "function", "content": "o", "name": "f"},
            ("tool", "o", '{"name": "f", "role": "function"}'),
        ),
        ({"role": "developer", "content": "s"}, ("system", "s", '{"role": "developer"}')),
        (
            {"role": "assistant", "content": None, "tool_calls": [1]},
            ("assistant", "", '{"tool_calls": [1]}'),
        ),
        ({"role": "assistant", "tool_calls": [1]}, ("assistant", "", '{"tool_calls": [1]}')),
        ({"role": "user", "content": 42}, ("user", "42", None)),
        ({"role": "user", "content": [{"type": "text", "text": "q"}]}, ("user", "q", None)),
        (
            {"role": "user", "content": [{"type": "text", "value": "q"}], "loss_weight": 0.0},
            ("user", "q", '{"loss_weight": 0.0}'),
        ),
    ],
)
def test_a_turn_of_any_spelling_is_stored_one_way(
    turn: dict[str, Any], stored: tuple[str, str, str | None]
) -> None:
    assert message(turn) == stored


@pytest.mark.parametrize(
    ("parts", "content"),
    [
        ([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}], "a\nb"),
        ([{"type": "image_url", "url": "x.png"}, {"type": "text", "text": "b"}], "<image>\nb"),
        ([{"type": "text", "text": "a", "cache_control": 1}], "a"),
        (
            [{"type": "reasoning", "value": "r"}, {"type": "tool_call", "value": '{"name": "f"}'}],
            "r\n<tool_call>",
        ),
        (
            [{"type": "thinking", "thinking": "t"}, {"type": "tool_use", "name": "f", "input": {}}],
            "t\n<tool_use>",
        ),
        (
            [{"input_audio": {}}, {"type": "video_url"}, {"inlineData": {}}, {"type": "{}"}, 3, {}],
            "<audio>\n<video>\n<inlineData>\n" + "<part>\n" * 2 + "<part>",
        ),
        (["a"], "a"),
    ],
)
def test_parts_that_a_text_cannot_hold_are_kept_whole_and_stand_as_texts_and_marks(
    parts: list[Any], content: str
) -> None:
    read = message({"role": "user", "content": parts})
    assert not isinstance(read, Rejection)
    assert read[1] == content
    assert json.loads(read[2] or "") == {"content": parts}


@pytest.mark.parametrize(
    ("turn", "reason"),
    [
        ({"role": "alien", "content": "q"}, "unknown_role"),
        ({"content": "q"}, "unknown_role"),
        ({"role": 3, "content": "q"}, "unknown_role"),
        ({"role": "user", "content": {"a": 1}}, "wrong_type"),
        ({"role": "user", "content": True}, "wrong_type"),
        ("a text", "wrong_type"),
        (None, "wrong_type"),
    ],
)
def test_a_turn_that_cannot_be_read_says_why(turn: Any, reason: str) -> None:
    read = message(turn)
    assert isinstance(read, Rejection)
    assert read.reason == reason


def read(*turns: dict[str, Any], **keys: Any) -> Instruction:
    found = conversation(turns, rest={}, **keys)
    assert isinstance(found, Instruction)
    return found


def test_a_leading_system_message_moves_and_any_other_stays() -> None:
    system = {"role": "system", "content": "s"}
    assert read(system, USER, ANSWER).system == "s"
    assert len(read(system, USER, ANSWER).messages) == 2
    assert [turn[0] for turn in read(USER, system, ANSWER).messages] == [
        "user",
        "system",
        "assistant",
    ]
    second = read(system, {"role": "system", "content": "t"}, USER)
    assert (second.system, second.messages[0]) == ("s", ("system", "t", None))
    given = read(system, USER, system="top")
    assert (given.system, given.messages[0]) == ("top", ("system", "s", None))
    named = read({**system, "name": "n"}, USER)
    assert (named.system, named.messages[0][0]) == (None, "system")


def test_an_empty_system_prompt_is_none() -> None:
    assert read({"role": "system", "content": " "}, USER).system is None
    assert read(USER, system="").system is None
    found = read(
        {"role": "system", "content": ""}, {"role": "system", "content": "s"}, USER, system=" "
    )
    assert (found.system, len(found.messages)) == ("s", 1)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, None),
        ("", None),
        ("[]", None),
        (" [ ] ", None),
        ("null", None),
        ([], None),
        ('[ {"a":1}]', '[ {"a":1}]'),
        ([{"a": 1}], '[{"a": 1}]'),
    ],
)
def test_tools_stay_as_they_were_written(value: Any, text: str | None) -> None:
    assert tools_text(value) == text


@pytest.mark.parametrize(
    ("turns", "reason"),
    [
        ([], "no_prompt"),
        ([ANSWER], "no_prompt"),
        ([ANSWER, USER], "no_prompt"),
        ([USER], "no_response"),
        ([{"role": "user", "content": "\n"}, ANSWER], "empty_prompt"),
        ([USER, {"role": "assistant", "content": " \u00a0"}], "empty_response"),
        ([USER, ANSWER, USER, {"role": "assistant", "content": ""}], "empty_response"),
        (
            [
                USER,
                {
                    "role": "assistant",
                    "content": [{"type": "text", "text": " "}, {"type": "text", "text": ""}],
                },
            ],
            "empty_response",
        ),
    ],
)
def test_a_rejected_record_has_a_reason(turns: list[Any], reason: str) -> None:
    found = answered(read(*turns), prompts_only=False)
    assert isinstance(found, Rejection)
    assert found.reason == reason


@pytest.mark.parametrize(
    "turns",
    [
        [USER, ANSWER],
        [USER, ANSWER, USER],  # the user's last word stays
        [ANSWER, USER, ANSWER],
        [USER, {"role": "assistant", "content": "", "tool_calls": [1]}],
        [USER, {"role": "assistant", "content": ""}, USER, ANSWER],
        [{"role": "user", "content": ""}, ANSWER, USER, ANSWER],
    ],
)
def test_what_has_a_prompt_and_an_answer_is_kept_as_it_is(turns: list[Any]) -> None:
    found = read(*turns)
    assert answered(found, prompts_only=False) == found


def test_prompts_alone_are_taken_only_when_asked_for_and_an_empty_answer_is_dropped_then() -> None:
    assert answered(read(USER), prompts_only=True) == read(USER)
    assert answered(read(USER, {"role": "assistant", "content": " "}), prompts_only=True) == read(
        USER
    )
    assert answered(read(USER, ANSWER), prompts_only=True) == read(USER, ANSWER)
    assert isinstance(answered(read(ANSWER), prompts_only=True), Rejection)
