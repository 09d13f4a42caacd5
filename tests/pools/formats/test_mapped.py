from typing import Any

import pytest

from catalog.errors import OptionError
from catalog.pools.conversation import Instruction
from catalog.pools.formats.mapped import mapped, value_at
from catalog.pools.reasons import Rejection

PAIR = [("user", "q", None), ("assistant", "a", None)]


@pytest.mark.parametrize(
    ("paths", "record"),
    [
        ({"prompt": "act", "response": "prompt"}, {"act": "q", "prompt": "a"}),
        ({"prompt": "question.stem", "response": "key"}, {"question": {"stem": "q"}, "key": "a"}),
        ({"prompt": "a.b", "response": "c.0.d"}, {"a.b": "q", "c": [{"d": "a"}]}),
        ({"prompt": "x.q", "response": "x.a"}, {"x": '{"q": "q", "a": "a"}'}),
        (
            {"messages": "chat.turns"},
            {"chat": {"turns": [{"role": "user", "content": "q"}, {"from": "gpt", "value": "a"}]}},
        ),
        ({"messages": "chat"}, {"chat": ["q", "a"]}),
        (
            {"prompt": "p", "response": "r"},
            {"p": [{"role": "user", "content": "q"}], "r": [{"role": "assistant", "content": "a"}]},
        ),
    ],
)
def test_the_named_keys_are_read(paths: dict[str, str], record: dict[str, Any]) -> None:
    found = mapped(paths)(record)
    assert isinstance(found, Instruction)
    assert found.messages == PAIR


def test_every_field_can_be_mapped_and_the_rest_is_kept() -> None:
    paths = {
        "prompt": "p",
        "input": "i",
        "response": "r",
        "system": "s",
        "history": "h",
        "tools": "t",
    }
    found = mapped(paths)(
        {"p": "q", "i": "x", "r": "a", "s": "s", "h": [["q0", "a0"]], "t": [{"name": "f"}], "id": 1}
    )
    assert isinstance(found, Instruction)
    assert found.messages == [
        ("user", "q0", None),
        ("assistant", "a0", None),
        ("user", "q\nx", None),
        ("assistant", "a", None),
    ]
    assert (found.system, found.tools, found.rest) == ("s", '[{"name": "f"}]', {"id": 1})


def test_what_lacks_every_mapped_key_does_not_fit_and_what_lacks_the_prompt_is_rejected() -> None:
    read = mapped({"prompt": "p", "response": "r"})
    assert read({"x": 1}) is None
    assert read(["p"]) is None
    rejected = read({"r": "a"})
    assert isinstance(rejected, Rejection)
    assert rejected.reason == "no_prompt"
    rejected = read({"p": ["a"], "r": "a"})
    assert isinstance(rejected, Rejection)
    assert rejected.reason == "wrong_type"


def test_a_placeholder_under_a_mapped_input_counts() -> None:
    found = mapped({"prompt": "p", "input": "i", "response": "r"})(
        {"p": "q", "i": "<No input>", "r": "a"}
    )
    assert isinstance(found, Instruction)
    assert (found.messages, found.n_no_input) == (PAIR, 1)


@pytest.mark.parametrize(
    "paths", [{"answer": "a"}, {"response": "a"}, {"prompt": "a", "output": "b"}]
)
def test_an_impossible_map_is_refused(paths: dict[str, str]) -> None:
    with pytest.raises(OptionError, match="field"):
        mapped(paths)


def test_a_path_without_a_value_is_none() -> None:
    assert [value_at({"a": [1]}, path) for path in ("a.1", "a.x", "b", "a.0.c")] == [None] * 4
