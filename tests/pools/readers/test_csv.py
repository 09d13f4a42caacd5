import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.pools.readers.csv import delimited, dialect_of
from catalog.pools.reasons import Rejection
from tests.quick import examples

cells = st.text(st.sampled_from('ab",;\t\n\r |é'), max_size=8)
tables = st.lists(st.tuples(cells, cells, cells).filter(any), max_size=6)


def written(rows: list[tuple[str, ...]], delimiter: str = ",", end: str = "\n") -> str:
    target = io.StringIO(newline="")
    csv.writer(target, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL).writerows(
        rows
    )
    return target.getvalue()


def read(text: str, step: int = 10**6) -> list[object]:
    dialect = dialect_of(text, names=("prompt",))
    assert dialect is not None
    blocks = [text[start : start + step] for start in range(0, len(text), step)]
    return [
        value.reason if isinstance(value, Rejection) else tuple(value.values())
        for _, value, _ in delimited(blocks, dialect=dialect)
    ]


@settings(max_examples=examples(100))
@given(
    tables,
    st.sampled_from([",", "\t", ";", "|"]),
    st.sampled_from(["\n", "\r\n"]),
    st.integers(1, 20),
)
def test_what_a_writer_writes_is_read_back(
    rows: list[tuple[str, ...]], delimiter: str, end: str, step: int
) -> None:
    text = written([("prompt", "response", "n"), *rows], delimiter, end)
    dialect = dialect_of(text, names=("prompt",))
    assert dialect is not None
    assert (dialect.delimiter, dialect.has_header) == (delimiter, True)
    assert read(text, step) == rows


def test_a_position_is_the_first_line_of_its_row() -> None:
    dialect = dialect_of("prompt,response\n", names=())
    assert dialect is not None
    found = delimited(['prompt,response\n"a\nb",c\n\nd,e\n'], dialect=dialect)
    assert [(position, raw) for position, _, raw in found] == [(2, '"a\nb",c\n'), (5, "d,e\n")]


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ('"a,b', "not_csv"),
        ('"a"b,c', "not_csv"),
        ("a,b,c", "wrong_columns"),
        ("a", "wrong_columns"),
        ('"a\nb"', "wrong_columns"),
    ],
)
def test_a_broken_row_loses_itself_alone(broken: str, reason: str) -> None:
    rows = [("q1", "a1"), ("q2", "a2"), ("q,3", "a\n3"), ("q4", "a4")]
    for place in range(5):
        texts = [written([row]) for row in rows]
        texts.insert(place, broken + "\n")
        expected: list[object] = [*rows]
        expected.insert(place, reason)
        assert read("prompt,response\n" + "".join(texts)) == expected


def test_a_quote_left_open_does_not_swallow_the_rows_after_it() -> None:
    text = 'prompt,response\na,"b\n' + "c,d\n" * 1000
    assert read(text) == ["not_csv", *[("c", "d")] * 1000]


def test_a_first_row_of_sentences_is_not_a_header() -> None:
    dialect = dialect_of(
        "What is the capital of France, and why is it not Lyon?,Paris\nAnd of Spain?,Madrid\n",
        names=("prompt",),
    )
    assert dialect is not None
    assert not dialect.has_header


def test_prose_is_not_a_table() -> None:
    text = "It was late, and cold.\nNobody came, nobody called, nobody wrote.\nSo they left.\n" * 3
    dialect = dialect_of(text, names=("prompt",))
    assert dialect is None or not dialect.is_regular


def test_a_byte_order_mark_is_not_part_of_the_first_name() -> None:
    dialect = dialect_of("\ufeffprompt,response\na,b\n", names=("prompt",))
    assert dialect is not None
    assert [
        value for _, value, _ in delimited(["\ufeffprompt,response\na,b\n"], dialect=dialect)
    ] == [{"prompt": "a", "response": "b"}]
