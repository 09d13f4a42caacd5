import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.pools.readers import json_lines as module
from catalog.pools.readers.json_lines import json_lines
from catalog.pools.reasons import Rejection
from tests.quick import examples

texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=10)
rows_of = st.lists(
    st.dictionaries(texts, texts | st.integers() | st.lists(texts, max_size=2), max_size=3),
    max_size=6,
)


@settings(max_examples=examples(100))
@given(
    rows_of, st.sampled_from(["\n", "\r\n", "\n\n", "\n \t\n"]), st.booleans(), st.integers(1, 30)
)
def test_lines_are_read_whatever_ends_them_and_however_the_blocks_fall(
    rows: list[object], end: str, is_ended: bool, step: int
) -> None:
    text = end.join(json.dumps(row, ensure_ascii=False) for row in rows) + end * is_ended
    found = list(json_lines(text[start : start + step] for start in range(0, len(text), step)))
    assert [value for _, value, _ in found] == rows
    lines = text.split("\n")
    assert all(json.loads(lines[int(position) - 1]) == value for position, value, _ in found)


@pytest.mark.parametrize(
    "line",
    [
        '{"a": 1',
        "{'a': b}",
        '{"a": nan}',
        '{"a": 1} {"b": 2}',
        '{"a": "x\ty"}',
        "nonsense",
        '{"a": 1,}',
        "[" * 100_000,
        "-infinity",
    ],
)
def test_a_line_that_is_not_json_loses_itself_alone(line: str) -> None:
    found = list(json_lines(['{"a": 0}\n' + line + '\n{"a": 2}']))
    assert [position for position, _, _ in found] == [1, 2, 3]
    assert [value for _, value, _ in found][::2] == [{"a": 0}, {"a": 2}]
    rejection, raw = found[1][1:]
    assert isinstance(rejection, Rejection)
    assert rejection.reason == ("unreadable" if line.startswith("[[") else "not_json")
    assert raw == line


def test_separators_of_unicode_are_not_ends_of_lines() -> None:
    assert [value for _, value, _ in json_lines(['{"a": "x\u2028y\x85z"}'])] == [
        {"a": "x\u2028y\x85z"}
    ]


def test_large_integers_stay_whole() -> None:
    assert [value for _, value, _ in json_lines(['{"a": 123456789012345678901234567890}'])] == [
        {"a": 123456789012345678901234567890}
    ]


def test_a_line_beyond_the_limit_is_given_up_and_the_next_one_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MAX_RECORD", 1000)
    text = '{"a": "' + "x" * 5000 + '"}\n{"a": 2}\n'
    found = list(json_lines(text[start : start + 100] for start in range(0, len(text), 100)))
    assert [value.reason if isinstance(value, Rejection) else value for _, value, _ in found] == [
        "too_large",
        {"a": 2},
    ]
