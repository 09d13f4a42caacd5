"""The formats together: detection, and writing and reading again what is stored."""

import json
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from catalog.pools.conversation import Instruction
from catalog.pools.fingerprint import Message, fingerprint
from catalog.pools.formats.alpaca import alpaca
from catalog.pools.formats.detect import detect
from catalog.pools.formats.messages import messages
from catalog.pools.formats.preference import preference
from catalog.pools.formats.registry import Format
from catalog.pools.formats.sharegpt import sharegpt
from catalog.pools.formats.transcript import transcript
from catalog.pools.formats.turns import turns
from catalog.pools.reasons import Rejection
from tests.quick import examples

USER = {"role": "user", "content": "q"}
ANSWER = {"role": "assistant", "content": "a"}
PAIR = [("user", "q", None), ("assistant", "a", None)]


@pytest.mark.parametrize(
    ("record", "name"),
    [
        ({"instruction": "q", "output": "a"}, "alpaca"),
        ({"prompt": "q"}, "alpaca"),
        (
            {"conversations": [{"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}]},
            "sharegpt",
        ),
        (
            {"conversation": [{"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}]},
            "sharegpt",
        ),
        (
            {"conversations": '[{"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}]'},
            "sharegpt",
        ),
        ({"messages": [USER, ANSWER]}, "messages"),
        ({"conversations": [USER, ANSWER]}, "messages"),
        ({"messages": [USER, ANSWER], "prompt": "q"}, "messages"),
        (["q", "a"], "turns"),
        ([USER, ANSWER], "turns"),
        ({"conversations": ["q", "a"], "source": "stack"}, "turns"),
        ({"id": "0", "data": ["q", "a"]}, "turns"),
        ("\n\nHuman: q\n\nAssistant: a", "transcript"),
        ("Human: q\n\nAssistant: a", "transcript"),
        ({"text": "### Human: q### Assistant: a"}, "transcript"),
        (
            {"chosen": "\n\nHuman: q\n\nAssistant: a", "rejected": "\n\nHuman: q\n\nAssistant: b"},
            "preference",
        ),
        ({"prompt": "q", "chosen": "a", "rejected": "b"}, "preference"),
        ({"prompt": "q", "chosen": [USER, ANSWER], "rejected": [USER]}, "preference"),
        (
            {
                "conversations": [{"from": "human", "value": "q"}],
                "chosen": {"from": "gpt", "value": "a"},
                "rejected": {},
            },
            "preference",
        ),
        ({"chosen_messages": [USER, ANSWER], "rejected_messages": [USER]}, "preference"),
        (
            {
                "prompt": [USER],
                "chosen": [ANSWER],
                "rejected": [{"role": "assistant", "content": "b"}],
            },
            "preference",
        ),
        ({"prompt": [USER], "chosen": [USER, ANSWER], "rejected": [USER]}, "preference"),
        ({"text": "running text"}, None),
        ("a text", None),
        ([], None),
        ({}, None),
        (["a", 1], "turns"),
        ([[1, 2]], None),
        ({"turns": ["a first question", "a second one"]}, None),
    ],
)
def test_a_record_is_seen_as_its_shape(record: Any, name: str | None) -> None:
    found = detect([record])
    assert (found and found.__name__) == name
    if found and name != "alpaca" and record != ["a", 1]:
        read = found(record)
        assert isinstance(read, Instruction)
        assert read.messages == PAIR


def test_the_shape_of_most_records_is_the_files() -> None:
    assert (
        detect([{"text": "x"}, {"prompt": "q"}, {"messages": [USER, ANSWER]}, {"messages": [USER]}])
        is messages
    )
    assert detect([]) is None


def test_tools_system_and_the_rest_of_a_chat_are_kept() -> None:
    found = messages(
        {
            "messages": [{"role": "system", "content": "s"}, USER, ANSWER],
            "tools": [{"name": "f"}],
            "id": 7,
            "score": None,
        }
    )
    assert isinstance(found, Instruction)
    assert (found.system, found.tools, found.rest) == (
        "s",
        '[{"name": "f"}]',
        {"id": 7, "score": None},
    )
    older = messages({"messages": [USER, ANSWER], "functions": [{"name": "f"}]})
    assert isinstance(older, Instruction)
    assert (older.tools, older.rest) == ('[{"name": "f"}]', {})


def test_a_bad_turn_rejects_its_conversation() -> None:
    for record in (
        {"messages": [USER, {"role": "alien", "content": "x"}]},
        {"messages": [USER, 3]},
    ):
        assert isinstance(messages(record), Rejection)
    assert isinstance(turns(["q", {"role": "user"}]), Rejection)
    assert isinstance(preference({"chosen": 3, "rejected": 4}), Rejection)


def test_the_rejected_answer_stays() -> None:
    found = preference({"prompt": "q", "chosen": "a", "rejected": "b", "score": 1})
    assert isinstance(found, Instruction)
    assert (found.messages, found.rest) == (PAIR, {"rejected": "b", "score": 1})
    found = preference({"prompt": "q", "chosen": [USER, ANSWER], "rejected": [USER], "id": 1})
    assert isinstance(found, Instruction)
    assert found.rest == {"prompt": "q", "rejected": [USER], "id": 1}


def test_chosen_turns_follow_the_turns_of_the_prompt() -> None:
    found = preference(
        {
            "prompt": [{"role": "system", "content": "s"}, USER],
            "chosen": [ANSWER],
            "rejected": [USER],
            "tools": ["f"],
        }
    )
    assert isinstance(found, Instruction)
    assert (found.messages, found.system, found.tools, found.rest) == (
        PAIR,
        "s",
        '["f"]',
        {"rejected": [USER]},
    )
    twice = preference({"prompt": [USER, ANSWER, USER], "chosen": [ANSWER], "rejected": [USER]})
    assert isinstance(twice, Instruction)
    assert twice.messages == PAIR * 2


def test_a_transcript_keeps_what_its_turns_say() -> None:
    found = transcript("\n\nHuman: a\n\n b: c\n\nAssistant:  d \n\nHuman:\n\nAssistant: Human: e\n")
    assert isinstance(found, Instruction)
    assert found.messages == [
        ("user", "a\n\n b: c", None),
        ("assistant", " d ", None),
        ("user", "", None),
        ("assistant", "Human: e\n", None),
    ]


# The way back, as the package's docstring tells it.


def as_messages(read: Instruction) -> dict[str, Any]:
    listed = [
        {"role": role, "content": content, **json.loads(extra or "{}")}
        for role, content, extra in read.messages
    ]
    if read.system is not None:
        listed.insert(0, {"role": "system", "content": read.system})
    return {"messages": listed, **({"tools": json.loads(read.tools)} if read.tools else {})}


def as_sharegpt(read: Instruction) -> dict[str, Any]:
    names = {"user": "human", "assistant": "gpt", "tool": "observation", "system": "system"}
    listed = []
    for role, content, text in read.messages:
        extra = json.loads(text or "{}")
        speaker = extra.pop("from", None) or extra.pop("role", None) or names[role]
        listed.append({"from": speaker, "value": extra.pop("content", content), **extra})
    record: dict[str, Any] = {"conversations": listed}
    return (
        record
        | ({"system": read.system} if read.system is not None else {})
        | ({"tools": read.tools} if read.tools else {})
    )


words = st.text(st.characters(exclude_categories=("Cs",)), max_size=6)
spellings = st.sampled_from(
    [
        "user",
        "human",
        "assistant",
        "gpt",
        "system",
        "tool",
        "observation",
        "function",
        "function_call",
        "developer",
    ]
)
part = st.builds(
    lambda kind, text: {"type": kind, "text": text}, st.sampled_from(["text", "image_url"]), words
)
contents = words | st.none() | st.lists(part, max_size=3) | st.integers()
own_keys = st.dictionaries(
    st.sampled_from(["name", "tool_calls", "weight"]),
    words | st.integers() | st.lists(words, max_size=1) | st.none(),
    max_size=2,
)
openai = st.builds(
    lambda role, content, keys: {"role": role, "content": content, **keys},
    spellings,
    contents,
    own_keys,
)
share = st.builds(
    lambda role, content, keys: {"from": role, "value": content, **keys},
    spellings,
    contents,
    own_keys,
)
tools = (
    st.none()
    | st.lists(st.fixed_dictionaries({"name": words}), max_size=2)
    | st.just('[ {"name":"é"} ]')
)
systems = st.none() | words


def stored(read: Instruction) -> tuple[str, list[Message], str | None]:
    return (
        fingerprint(read.messages, system=read.system, tools=read.tools),
        read.messages,
        read.system,
    )


@settings(max_examples=examples(100))
@given(
    st.lists(openai, min_size=1, max_size=4) | st.lists(share, min_size=1, max_size=4),
    systems,
    tools,
)
def test_what_is_stored_can_be_written_as_either_chat_and_read_again(
    listed: list[Any], system: str | None, given_tools: Any
) -> None:
    first: Format = messages if "role" in listed[0] else sharegpt
    read = first({"messages": listed, "system": system, "tools": given_tools})
    assert isinstance(read, Instruction)
    if not read.messages:
        return
    for written, format_ in ((as_messages(read), messages), (as_sharegpt(read), sharegpt)):
        again = format_(json.loads(json.dumps(written)))
        assert isinstance(again, Instruction)
        assert stored(again) == stored(read)


@settings(max_examples=examples(100))
@given(st.lists(openai, min_size=2, max_size=5), st.integers(1, 4), systems, tools)
def test_a_conversation_cut_in_two_reads_as_the_whole(
    listed: list[Any], cut: int, system: str | None, given_tools: Any
) -> None:
    whole = messages({"messages": listed, "system": system, "tools": given_tools})
    prompt, answer = listed[: min(cut, len(listed) - 1)], listed[min(cut, len(listed) - 1) :]
    assume(
        answer[: len(prompt)] != prompt
    )  # an answer that repeats its prompt is the whole already
    beside = {"prompt": prompt, "system": system, "tools": given_tools}
    for read in (
        preference({**beside, "chosen": answer, "rejected": []}),
        alpaca({**beside, "completion": answer}),
    ):
        assert isinstance(whole, Instruction)
        assert isinstance(read, Instruction)
        assert stored(read) == stored(whole)
        assert read.tools == whole.tools
