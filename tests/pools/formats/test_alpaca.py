from typing import Any

import pytest

from catalog.pools.conversation import Instruction
from catalog.pools.formats.alpaca import alpaca
from catalog.pools.reasons import Rejection

USER = {"role": "user", "content": "q"}
ANSWER = {"role": "assistant", "content": "a"}
PAIR = [("user", "q", None), ("assistant", "a", None)]


@pytest.mark.parametrize(
    "record",
    [
        {"instruction": "q", "input": "", "output": "a"},
        {"instruction": "q", "output": "a"},
        {"question": "q", "answer": "a"},
        {"problem": "q", "solution": "a"},
        {"prompt": "q", "completion": "a"},
        {"query": "q", "response": "a"},
        {"inputs": "q", "targets": "a"},
        {"input": "q", "target": "a"},
        {"question": "q", "rationale": "a"},
        {"question": "q", "std_answer": "a"},
        {"Question": "q", "Answer": "a"},
        {"instruction": "q", "input": None, "output": "a"},
        {"instruction": "", "input": "q", "output": "a"},
        {"instruction": "q", "instances": [{"input": "", "output": "a"}]},
        {"instruction": "q", "context": "", "response": "a"},
    ],
)
def test_every_spelling_of_prompt_and_answer_is_read(record: dict[str, Any]) -> None:
    found = alpaca(record)
    assert isinstance(found, Instruction)
    assert (found.messages, dict(found.rest), found.n_no_input) == (PAIR, {}, 0)


def test_the_worked_solution_is_read_before_the_bare_answer_and_the_rest_is_kept() -> None:
    found = alpaca({"problem": "q", "answer": "4", "solution": "a", "level": 5})
    assert isinstance(found, Instruction)
    assert (found.messages, found.rest) == (PAIR, {"answer": "4", "level": 5})


def test_the_input_follows_on_a_line_of_its_own() -> None:
    found = alpaca({"instruction": "q", "input": "i", "output": "a"})
    assert isinstance(found, Instruction)
    assert found.messages[0] == ("user", "q\ni", None)


@pytest.mark.parametrize(
    "text",
    [
        "<No input>",
        "<noinput>",
        "No input",
        "no input.",
        '"<noinput>"',
        "NoInput",
        "\\<noinput\\>",
        "No input required.",
    ],
)
def test_a_placeholder_input_is_counted_and_kept(text: str) -> None:
    found = alpaca({"instruction": "q", "input": text, "output": "a"})
    assert isinstance(found, Instruction)
    assert (found.messages, found.rest, found.n_no_input) == (PAIR, {"input": text}, 1)


@pytest.mark.parametrize(
    "text", ["None", "N/A", "NA", "no inputs", "No input was given to the function", "0", "Banana"]
)
def test_what_may_be_meant_is_an_input(text: str) -> None:
    found = alpaca({"instruction": "q", "input": text, "output": "a"})
    assert isinstance(found, Instruction)
    assert (found.messages[0], found.n_no_input) == (("user", f"q\n{text}", None), 0)


def test_history_comes_first_and_system_aside() -> None:
    found = alpaca({"instruction": "q", "output": "a", "system": "s", "history": [["q0", "a0"]]})
    assert isinstance(found, Instruction)
    assert found.messages == [("user", "q0", None), ("assistant", "a0", None), *PAIR]
    assert found.system == "s"


def test_the_first_of_several_instances_is_read_and_all_are_kept() -> None:
    instances = [{"input": "", "output": "a"}, {"input": "", "output": "b"}]
    found = alpaca({"instruction": "q", "instances": instances})
    assert isinstance(found, Instruction)
    assert (found.messages, found.rest) == (PAIR, {"instances": instances})


@pytest.mark.parametrize("answer", [[ANSWER], "a", [USER, ANSWER]])
def test_an_answer_follows_the_turns_of_its_prompt(answer: Any) -> None:
    found = alpaca(
        {
            "prompt": [USER],
            "completion": answer,
            "system": "s",
            "tools": [{"name": "f"}],
            "label": True,
        }
    )
    assert isinstance(found, Instruction)
    assert (found.messages, found.system, found.tools, found.rest) == (
        PAIR,
        "s",
        '[{"name": "f"}]',
        {"label": True},
    )


@pytest.mark.parametrize(
    "others", [{}, {"completion": 3}, {"completion": "a", "input": "i"}, {"completion": [3]}]
)
def test_turns_that_no_answer_can_follow_are_not_texts(others: dict[str, Any]) -> None:
    rejected = alpaca({"prompt": [USER], **others})
    assert isinstance(rejected, Rejection)
    assert rejected.reason == "wrong_type"


def test_numbers_are_texts_and_other_values_are_not() -> None:
    found = alpaca({"question": "q", "answer": 42})
    assert isinstance(found, Instruction)
    assert found.messages[1] == ("assistant", "42", None)
    for record in (
        {"question": ["q"], "answer": "a"},
        {"question": "q", "answer": {"a": 1}},
        {"question": "q", "answer": True},
    ):
        rejected = alpaca(record)
        assert isinstance(rejected, Rejection)
        assert rejected.reason == "wrong_type"
    rejected = alpaca({"instruction": "q", "output": "a", "history": ["x"]})
    assert isinstance(rejected, Rejection)


@pytest.mark.parametrize("record", [{"text": "t"}, {"output": "a"}, [], "q", 3, None, {}])
def test_what_has_no_prompt_key_is_another_shape(record: Any) -> None:
    assert alpaca(record) is None
