"""Shapes of vendors and of large sets."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.pools.conversation import Instruction, answered
from catalog.pools.formats.detect import detect, exact, with_roles
from catalog.pools.formats.messages import messages
from catalog.pools.formats.registry import formats
from catalog.pools.reasons import Rejection
from tests.quick import examples

USER = {"role": "user", "content": "q"}
ANSWER = {"role": "assistant", "content": "a"}
U = [USER, ANSWER]
PAIR = [("user", "q", None), ("assistant", "a", None)]
CHATML = "<|im_start|>user\nq<|im_end|>\n<|im_start|>assistant\na<|im_end|>\n"
PREAMBLE = "Below is an instruction that describes a task. Write a response.\n\n"


def read(record: Any) -> Instruction:
    format_ = detect([record])
    assert format_ is not None
    found = format_(record)
    assert isinstance(found, Instruction)
    return found


@pytest.mark.parametrize(
    ("record", "name"),
    [
        (
            {
                "contents": [
                    {"role": "user", "parts": [{"text": "q"}]},
                    {"role": "model", "parts": [{"text": "a"}]},
                ]
            },
            "gemini",
        ),
        ({"history": [{"parts": ["q"]}, {"role": "model", "parts": ["a"]}]}, "gemini"),
        (
            {"messages": [{"role": "User", "message": "q"}, {"role": "Chatbot", "message": "a"}]},
            "messages",
        ),
        (
            {"dialogue": [{"speaker": "user", "text": "q"}, {"speaker": "assistant", "text": "a"}]},
            "messages",
        ),
        (
            {
                "messages": [
                    {"author": "user", "content": "q"},
                    {"author": "assistant", "content": "a"},
                ]
            },
            "messages",
        ),
        (
            {
                "messages": [
                    {"author": {"role": "user"}, "content": "q"},
                    {"author": {"role": "assistant"}, "content": "a"},
                ]
            },
            "messages",
        ),
        ([{"speaker": "human", "text": "q"}, {"speaker": "bot", "text": "a"}], "turns"),
        ({"conversation": [{"human": "q", "assistant": "a"}]}, "pairs"),
        ([{"user": "q", "assistant": "a"}], "pairs"),
        ({"user": "q", "assistant": "a"}, "pairs"),
        ({"chat": "USER: q\n\n\nASSISTANT: a <|endoftext|>\n\n\n"}, "glaive"),
        ({"text": CHATML}, "chatml"),
        (CHATML, "chatml"),
        ({"text": "<s>[INST] q [/INST] a </s>"}, "inst"),
        ({"text": "[INST] q [/INST]a"}, "inst"),
        ({"text": f"{PREAMBLE}### Instruction:\nq\n\n### Response:\na"}, "alpaca_text"),
        (
            {"text": "### Instruction: q\n### Input:\n<noinput>\n### Response: a\n\n### End"},
            "alpaca_text",
        ),
        ({"messages": [json.dumps(USER), json.dumps(ANSWER)]}, "messages"),
        (
            {
                "conversations": str(
                    [{"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}]
                )
            },
            "sharegpt",
        ),
        ({"conversations": str(["q", "a"])}, "turns"),
        ({"messages": None, "conversations": U}, "messages"),
        ({"messages": [{"role": "user", "content": None, "value": "q"}, ANSWER]}, "messages"),
        ({"prompt": "q", "output": None, "response": "a"}, "alpaca"),
        (
            {"chosen": None, "rejected": None, "chosen_messages": U, "rejected_messages": [USER]},
            "preference",
        ),
        ({"instruction": None, "question": "q", "answer": "a"}, "alpaca"),
        (
            {
                "prompt": {
                    "role": "prompter",
                    "text": "q",
                    "replies": [{"role": "assistant", "text": "a", "replies": []}],
                }
            },
            "tree",
        ),
    ],
)
def test_a_shape_is_seen_and_read(record: Any, name: str) -> None:
    format_ = detect([record])
    assert format_ is not None
    assert format_.__name__ == name
    assert read(record).messages == PAIR


@pytest.mark.parametrize(
    ("spelling", "stored"),
    [
        ("Chatbot", ("assistant", "x", None)),
        ("CHATBOT", ("assistant", "x", None)),
        ("model", ("assistant", "x", None)),
        ("tool_call", ("assistant", "x", '{"from": "function_call"}')),
        ("tool_response", ("tool", "x", None)),
        ("environment", ("tool", "x", None)),
        ("ipython", ("tool", "x", None)),
    ],
)
def test_a_role_of_a_vendor_is_known(spelling: str, stored: tuple[str, str, str | None]) -> None:
    assert read({"messages": [USER, {"role": spelling, "content": "x"}]}).messages[1] == stored


def test_a_role_that_is_given_is_read_and_leaves_no_trace() -> None:
    record = {"messages": [USER, {"role": "Narrator", "content": "a"}]}
    rejected = messages(record)
    assert isinstance(rejected, Rejection)
    assert "turn 2" in rejected.detail
    assert "'Narrator'" in rejected.detail
    found = with_roles(messages, {"narrator": "assistant"})(record)
    assert isinstance(found, Instruction)
    assert found.messages == PAIR
    assert isinstance(messages(record), Rejection)


def test_what_a_tool_returns_as_an_object_is_its_json_text() -> None:
    found = read(
        {
            "messages": [
                USER,
                {"role": "tool", "content": {"celsius": 20}},
                {"role": "tool", "content": [{"b": 1}]},
                ANSWER,
            ]
        }
    )
    assert [content for _, content, _ in found.messages[1:3]] == ['{"celsius": 20}', '[{"b": 1}]']
    assert isinstance(messages({"messages": [{"role": "user", "content": {"a": 1}}]}), Rejection)


def test_calls_and_media_of_gemini_stay_as_parts() -> None:
    call = {"functionCall": {"name": "f", "args": {}}}
    found = read(
        {
            "contents": [
                {"role": "user", "parts": [{"text": "q"}]},
                {"role": "model", "parts": [{"text": "a"}, call]},
            ]
        }
    )
    role, content, extra = found.messages[1]
    assert (role, content) == ("assistant", "a\n<functionCall>")
    assert json.loads(extra or "") == {"content": [{"type": "text", "text": "a"}, call]}


def test_turns_of_glaive_are_told_apart() -> None:
    turns = (
        "USER: q",
        'ASSISTANT: <functioncall> {"name": "f"} <|endoftext|>',
        'FUNCTION RESPONSE: {"a": 1}',
        "ASSISTANT: x: y",
    )
    chat = "\n\n\n".join(turns)
    found = read({"chat": chat, "system": ""})
    assert [(role, content) for role, content, _ in found.messages] == [
        ("user", "q"),
        ("assistant", '<functioncall> {"name": "f"}'),
        ("tool", '{"a": 1}'),
        ("assistant", "x: y"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "[INST] q",
        "[INST] q [/INST] a [/INST] b",
        "<|im_start|>user\nq<|im_end|>\nstray\n<|im_start|>assistant\na<|im_end|>",
    ],
)
def test_a_text_whose_marks_do_not_match_is_rejected(text: str) -> None:
    format_ = detect([text])
    assert format_ is not None
    assert isinstance(format_(text), Rejection)


words = st.text(st.sampled_from("ab é\n:>/]"), min_size=1, max_size=12).filter(str.strip)


@given(st.lists(st.tuples(words, words), min_size=1, max_size=3), words)
def test_a_conversation_is_the_same_in_every_text(
    pairs: list[tuple[str, str]], system: str
) -> None:
    chatml = f"<|im_start|>system\n{system}<|im_end|>\n"
    inst, turns = f"<<SYS>>\n{system}\n<</SYS>>\n\n", []
    for n, (prompt, answer) in enumerate(pairs):
        chatml += (
            f"<|im_start|>user\n{prompt}<|im_end|>\n<|im_start|>assistant\n{answer}<|im_end|>\n"
        )
        inst = (
            f"{inst}{prompt} [/INST] {answer} </s>"
            if not n
            else f"{inst}<s>[INST] {prompt} [/INST] {answer} </s>"
        )
        turns += [("user", prompt, None), ("assistant", answer, None)]
    found = read({"text": chatml})
    assert (found.messages, found.system) == (turns, system)
    stripped = [(role, content.strip(), extra) for role, content, extra in turns]
    assert read({"text": f"<s>[INST] {inst}"}).messages == stripped


NAMES = "messages role content from value text chat contents parts prompt replies question "
NAMES += "choices answer system tools human user"
keys = st.sampled_from([*NAMES.split(), "assistant", "instruction", "context", "history", "chosen"])
scalars = st.sampled_from(
    [
        None,
        True,
        3,
        float("nan"),
        "",
        "user",
        "[INST]",
        "<|im_start|>",
        "USER:",
        "['a']",
        '{"role": 1}',
        CHATML,
    ]
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=examples(150))
@given(values)
def test_any_record_is_read_rejected_or_another_shape(record: Any) -> None:
    for format_ in formats():
        found = exact(format_, record)
        assert found is None or isinstance(found, Instruction | Rejection)
        if isinstance(found, Instruction):
            assert isinstance(answered(found, prompts_only=False), Instruction | Rejection)
