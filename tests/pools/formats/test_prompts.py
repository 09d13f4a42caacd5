"""System prompts, tools, joined prompts, choices and reasoning."""

from typing import Any

import pytest

from catalog.pools.conversation import Instruction
from catalog.pools.formats.detect import detect
from catalog.pools.formats.mapped import mapped
from catalog.pools.formats.messages import messages
from catalog.pools.reasons import Rejection

USER = {"role": "user", "content": "q"}
ANSWER = {"role": "assistant", "content": "a"}
U = [USER, ANSWER]
PAIR = [("user", "q", None), ("assistant", "a", None)]
CHATML = "<|im_start|>user\nq<|im_end|>\n<|im_start|>assistant\na<|im_end|>\n"


def read(record: Any) -> Instruction:
    format_ = detect([record])
    assert format_ is not None
    found = format_(record)
    assert isinstance(found, Instruction)
    return found


@pytest.mark.parametrize(
    ("record", "system"),
    [
        ({"conversations": U, "system_prompt": "s"}, "s"),
        ({"messages": U, "system": None, "system_prompt": "s"}, "s"),
        ({"system_prompt": "s", "chosen": U, "rejected": [USER]}, "s"),
        ({"messages": U, "system": [{"type": "text", "text": "s"}]}, "s"),
        (
            {
                "messages": U,
                "system": [{"type": "text", "text": "s"}, {"type": "text", "text": "t"}],
            },
            "s\nt",
        ),
        (
            {
                "contents": [{"parts": [{"text": "q"}]}],
                "systemInstruction": {"parts": [{"text": "s"}]},
            },
            "s",
        ),
        ({"text": "<s>[INST] <<SYS>>\ns\n<</SYS>>\n\nq [/INST] a </s>"}, "s"),
        ({"text": "<|im_start|>system\ns<|im_end|>\n" + CHATML}, "s"),
        ({"text": "Be brief.\n\n### Instruction:\nq\n\n### Response:\na"}, "Be brief."),
        ({"chat": "USER: q\n\n\nASSISTANT: a", "system": "SYSTEM: s\n"}, "s"),
    ],
)
def test_a_system_prompt_is_read_wherever_it_stands(record: Any, system: str) -> None:
    assert read(record).system == system


def test_blocks_of_a_system_prompt_that_are_more_than_texts_stay_in_the_metadata() -> None:
    blocks = [{"type": "text", "text": "s", "cache_control": {"type": "ephemeral"}}]
    assert read({"messages": U, "system": blocks}).rest == {"system": blocks}
    assert read({"messages": U, "system": [{"type": "text", "text": "s"}]}).rest == {}
    assert isinstance(messages({"messages": U, "system": [{"type": "image"}]}), Rejection)


def test_tools_of_an_alpaca_record_are_read() -> None:
    found = read(
        {"instruction": "q", "input": "", "output": "a", "tools": [{"name": "f"}], "id": 1}
    )
    assert (found.tools, found.rest) == ('[{"name": "f"}]', {"id": 1})


@pytest.mark.parametrize(
    ("record", "prompt"),
    [
        ({"instruction": "i", "question": "q", "context": "c"}, "i\nc\nq"),
        ({"question": "q", "context": "c", "instruction": "i"}, "i\nc\nq"),
        ({"prompt": "i", "query": "q"}, "i\nq"),
        ({"instruction": "i", "input": "x", "context": "c"}, "i\nc\nx"),
        ({"instruction": "", "question": "q"}, "q"),
        ({"question": "q", "context": "c"}, "q\nc"),
        ({"instruction": "the question: q", "question": "q"}, "the question: q"),
    ],
)
def test_several_keys_of_a_prompt_are_one_prompt(record: dict[str, Any], prompt: str) -> None:
    assert read(record | {"answer": "a"}).messages == [
        ("user", prompt, None),
        ("assistant", "a", None),
    ]


def test_joined_keys_are_reported_and_leave_no_metadata() -> None:
    found = read({"instruction": "i", "question": "q", "context": "c", "answer": "a", "id": 1})
    assert found.rest == {"id": 1}
    assert ["instruction, context and question" in note for note in found.notes] == [True]
    repeated = read({"instruction": "say q", "question": "q", "answer": "a"})
    assert (repeated.rest, repeated.notes) == ({"question": "q"}, ())


@pytest.mark.parametrize(
    ("choices", "answer", "messages"),
    [
        (["x", "y"], 1, ("q\nA. x\nB. y", "B. y")),
        (["x", "y"], "y", ("q\nA. x\nB. y", "y")),
        ([3, 4], 4, ("q\nA. 3\nB. 4", "4")),
        ({"text": ["x", "y"], "label": ["1", "2"]}, "2", ("q\n1. x\n2. y", "2")),
        ([{"label": "A", "text": "x"}], "A", ("q\nA. x", "A")),
    ],
)
def test_choices_follow_their_question(
    choices: Any, answer: Any, messages: tuple[str, str]
) -> None:
    found = read({"question": "q", "choices": choices, "answer": answer})
    assert tuple(content for _, content, _ in found.messages) == messages
    assert (found.rest, len(found.notes)) == ({}, 1)


@pytest.mark.parametrize("choices", [[], [{"message": USER}], {"text": ["x"], "label": []}, "x", 3])
def test_choices_other_than_texts_stay_in_the_metadata(choices: Any) -> None:
    found = read({"question": "q", "choices": choices, "answer": "a"})
    assert (found.messages, found.rest, found.notes) == (PAIR, {"choices": choices}, ())


@pytest.mark.parametrize("reasoning", ["because", ["because"]])
def test_reasoning_can_be_mapped_to_the_answer(reasoning: Any) -> None:
    found = mapped({"prompt": "p", "response": "r", "reasoning": "why"})(
        {"p": "q", "r": "a", "why": reasoning}
    )
    assert isinstance(found, Instruction)
    assert found.messages[1] == ("assistant", "a", '{"reasoning_content": "because"}')
    assert found.rest == {}
    missing = mapped({"prompt": "p", "response": "r", "reasoning": "why"})(
        {"p": "q", "r": "a", "why": None}
    )
    assert isinstance(missing, Instruction)
    assert missing.messages == PAIR
