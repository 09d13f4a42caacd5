import hashlib
import json
from typing import Any
from unicodedata import normalize

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.pools.fingerprint import Message, canonical, fingerprint
from tests.quick import examples

texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=20) | st.sampled_from(
    ["e\u0301", "\u1e9b\u0323", '"\\\n\x00\x7f\u2028', "가"]
)
numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
extras = st.none() | st.dictionaries(
    st.sampled_from(["name", "weight", "content", "role", "tool_calls", "zé"]),
    values,
    min_size=1,
    max_size=3,
)
messages = st.lists(
    st.tuples(st.sampled_from(["user", "assistant", "tool"]), texts, extras), max_size=4
)


def composed(value: Any) -> Any:
    """Every string in NFC, written the long way."""
    if isinstance(value, str):
        return normalize("NFC", value)
    if isinstance(value, list):
        return [composed(item) for item in value]
    return (
        {composed(key): composed(item) for key, item in value.items()}
        if isinstance(value, dict)
        else value
    )


def by_definition(
    turns: list[tuple[str, str, dict[str, Any] | None]], system: str | None, tools: Any
) -> str:
    listed = [{"content": content, "role": role, **(extra or {})} for role, content, extra in turns]
    whole = composed({"messages": listed, "system": system, "tools": tools})
    return json.dumps(whole, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def stored(turns: list[tuple[str, str, dict[str, Any] | None]]) -> list[Message]:
    return [
        (role, content, None if extra is None else json.dumps(extra))
        for role, content, extra in turns
    ]


@settings(max_examples=examples(100))
@given(
    messages,
    st.none() | texts,
    st.none() | st.lists(values, max_size=2) | st.dictionaries(texts, values, max_size=2),
)
def test_the_fast_path_writes_the_bytes_that_the_definition_names(
    turns: Any, system: str | None, tools: Any
) -> None:
    expected = by_definition(turns, system, tools)
    written = None if tools is None else json.dumps(tools)
    assert canonical(stored(turns), system=system, tools=written) == expected
    assert (
        fingerprint(stored(turns), system=system, tools=written)
        == hashlib.sha256(expected.encode()).hexdigest()
    )


def test_the_known_fingerprint_does_not_change() -> None:
    turns: list[Message] = [("user", "Qu'est-ce ?", None), ("assistant", "Ça", '{"weight": 0}')]
    assert (
        fingerprint(turns, system="s", tools="[ ]")
        == "376b74566ff314215ec0b8c1bb65dd7083e9df6c0fdff5e46845b8fd91091622"
    )


def test_composed_and_decomposed_accents_are_the_same_instruction() -> None:
    assert fingerprint([("user", "caf\u00e9", '{"n": "\u00e9"}')], system="\u00e9") == fingerprint(
        [("user", "cafe\u0301", '{"n": "e\u0301"}')], system="e\u0301"
    )


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ([("user", "a", None)], [("user", "a ", None)]),
        ([("user", "a", None)], [("assistant", "a", None)]),
        ([("user", "a", None)], [("user", "a", '{"name": "b"}')]),
        ([("user", "a", None), ("user", "b", None)], [("user", "b", None), ("user", "a", None)]),
        ([("user", "\ufb01", None)], [("user", "fi", None)]),
    ],
)
def test_whatever_a_reader_could_see_makes_another_instruction(
    left: list[Message], right: list[Message]
) -> None:
    assert fingerprint(left) != fingerprint(right)


def test_white_space_and_order_of_keys_in_tools_do_not_matter_and_words_do() -> None:
    turns: list[Message] = [("user", "a", None)]
    assert fingerprint(turns, tools='[{"a":1,"b":2}]') == fingerprint(
        turns, tools='[ {"b": 2, "a": 1} ]'
    )
    assert fingerprint(turns, tools='[{"a":1}]') != fingerprint(turns, tools='[{"a":2}]')
    assert fingerprint(turns, tools="not json") != fingerprint(turns, tools="not  json")


def test_half_of_a_surrogate_pair_has_no_fingerprint() -> None:
    with pytest.raises(UnicodeEncodeError):
        fingerprint([("user", "\ud83d", None)])
    with pytest.raises(UnicodeEncodeError):
        fingerprint([("user", "a", '{"name": "\ud83d"}')])
