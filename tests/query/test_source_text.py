from __future__ import annotations

import re

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.query.ctes import with_visible
from catalog.query.source_text import SourceText, location, offset_of_byte
from catalog.query.tokens import canonical, tokens

PARTS = st.sampled_from(
    [
        "SELECT",
        "a",
        "'it''s ) -- no'",
        "-- ) comment\n",
        "/* ( nested /* deep */ ) */",
        '"quoted "" name"',
        "$$dollar ( $$",
        "$tag$ ) $tag$",
        "$name",
        "e'back\\'slash'",
        "1.5e-3",
        ".5",
        "::",
        "=>",
        "->>",
        "(",
        ")",
        "[1, 2]",
        "größe",
        "'😀'",
        ",",
        ";",
        "\n",
        "x'ab'",
    ]
)


@given(st.lists(PARTS, max_size=20))
def test_tokens_cover_all_but_space_and_comments(parts: list[str]) -> None:
    sql = " ".join(parts)
    found = list(tokens(sql))
    assert all(sql[token.start : token.end] == token.text for token in found)
    between = [
        sql[a:b]
        for a, b in zip(
            [0, *(t.end for t in found)], [*(t.start for t in found), len(sql)], strict=True
        )
    ]
    assert all(
        re.fullmatch(r"(\s|--[^\n]*(\n|$)|/\*.*\*/)*", gap, flags=re.DOTALL) for gap in between
    )


@given(st.lists(PARTS, max_size=20))
def test_what_is_a_string_and_what_is_a_comment_is_as_duckdb_has_it(parts: list[str]) -> None:
    sql = " ".join(parts)
    theirs = {
        offset_of_byte(sql, at)
        for at, kind in duckdb.tokenize(sql)
        if kind == duckdb.token_type.string_const
    }
    ours = {token.start for token in tokens(sql) if token.kind == "string"}
    assert ours == theirs


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("a<->b", ["a", "<->", "b"]),
        ("1 AS a$b, $c", ["1", "AS", "a$b", ",", "$c"]),
        ("x<-1", ["x", "<", "-", "1"]),
        ("SELECT\u00a01,\u00a0größe", ["SELECT", "1", ",", "größe"]),
        ("'😀' || $größe", ["'😀'", "||", "$größe"]),
        ("'open", ["'open"]),
        ("", []),
    ],
)
def test_tokens_are_those_of_the_parser(sql: str, expected: list[str]) -> None:
    found = tokens(sql)
    assert [token.text for token in found] == expected
    assert [sql[token.start : token.end] for token in found] == expected


@given(st.text(alphabet="ab(é\n ", max_size=30), st.data())
def test_every_offset_of_a_spliced_text_points_at_what_was_there(
    source: str, data: st.DataObject
) -> None:
    text = SourceText.of(source, name="mine.sql")
    for _ in range(data.draw(st.integers(0, 3))):
        length = len(str(text))
        start = data.draw(st.integers(0, length))
        end = data.draw(st.integers(start, length))
        text = text.replace(
            start, end, data.draw(st.sampled_from(["", "__fn0", "pool_at(1, 2) AS pool"]))
        )
    rebuilt = str(text)
    at = 0
    for piece in text.fragments:
        for offset in range(at, at + len(piece.text)):
            if piece.start is not None:
                assert source[text.origin(offset)] == rebuilt[offset]
        at += len(piece.text)


@given(st.text(alphabet="ab(\n ", max_size=30), st.data())
def test_a_cut_is_a_slice(source: str, data: st.DataObject) -> None:
    text = SourceText.of(source).replace(0, min(2, len(source)), "WORDS")
    start = data.draw(st.integers(0, len(str(text))))
    end = data.draw(st.integers(start, len(str(text))))
    assert str(text.cut(start, end)) == str(text)[start:end]
    assert str(text.cut(0, start) + text.cut(start, len(str(text)))) == str(text)


def test_places_count_lines_and_characters_from_one() -> None:
    assert [location("ab\n\ncd", at, name="f") for at in (0, 2, 3, 4, 6)] == [
        "f:1:1",
        "f:1:3",
        "f:2:1",
        "f:3:1",
        "f:3:3",
    ]


@given(st.text(max_size=20), st.text(max_size=5))
def test_bytes_are_counted_as_characters(before: str, after: str) -> None:
    assert offset_of_byte(before + after, len(before.encode(errors="ignore"))) == len(
        before.encode(errors="ignore").decode()
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("SELECT a FROM t", "select  A\n-- why\nFROM /* x */ t ;"),
        ("SELECT a->>'$.b', x::INT, -1.5e-3", "select a ->> '$.b', x :: int, -1.5e-3"),
        ("SELECT\u00a0a<->b", "select a <-> b"),
    ],
)
def test_texts_that_mean_the_same_have_one_canonical_form(one: str, other: str) -> None:
    assert canonical(one) == canonical(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("SELECT 'A'", "SELECT 'a'"),
        ('SELECT "A"', 'SELECT "a"'),
        ("SELECT $K", "SELECT $k"),
        ("a b", "ab"),
    ],
)
def test_texts_that_differ_in_more_have_two(one: str, other: str) -> None:
    assert canonical(one) != canonical(other)


@pytest.mark.parametrize(
    "sql",
    [
        (
            "SELECT 1.5e-3 + .5 - x'AB'::BLOB::VARCHAR::INT FROM (SELECT 1) WHERE 1 <> 2 AND "
            "3 >= 2 AND 'a' || 'b' != 'c' AND 7 // 2 = 3"
        ),
        "SELECT [1.0]::FLOAT[1]<->[2]::FLOAT[1], a$b, 3!, 0xFF FROM (SELECT 1 AS a$b)",
        (
            "WITH a AS (SELECT {'x': [1, 2, 3]} AS s) SELECT s.x[1:2], list_transform(s.x, "
            "lambda v: v + 1), e'\\n', $$a$$ FROM a"
        ),
    ],
)
def test_a_canonical_form_parses_as_the_text_does(sql: str) -> None:
    parsed = [
        duckdb.sql("SELECT json_serialize_sql($t::VARCHAR)", params={"t": text}).fetchall()[0][0]
        for text in (sql, canonical(sql))
    ]
    plain = [re.sub(r'"query_location(_length)?":\d+,?', "", text) for text in parsed]
    assert '"error":false' in plain[0]
    assert plain[0].lower() == plain[1].lower()


def seen_from(sql: str, name: str) -> str:
    return str(with_visible(SourceText.of(sql), sql.index(name), SourceText.of("SELECT 0")))


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT HERE", "SELECT 0"),
        ("WITH a AS (SELECT 1) SELECT HERE", "WITH a AS (SELECT 1) SELECT 0"),
        ("WITH a AS (HERE), b AS (SELECT 1) SELECT 2", "SELECT 0"),
        (
            "WITH a AS (SELECT 1), b AS (HERE), c AS (SELECT 3) SELECT 2",
            "WITH a AS (SELECT 1) SELECT 0",
        ),
        ("SELECT (WITH a AS (SELECT 1) SELECT 2), HERE", "SELECT 0"),
        (
            "WITH a AS (SELECT ')') SELECT * FROM (WITH b(x) AS (SELECT 1), c AS (HERE) SELECT 2)",
            "WITH a AS (SELECT ')') SELECT * FROM (WITH b(x) AS (SELECT 1) SELECT 0)",
        ),
        (
            "WITH RECURSIVE a USING KEY (x) AS (SELECT 1) SELECT HERE",
            "WITH RECURSIVE a USING KEY (x) AS (SELECT 1) SELECT 0",
        ),
        (
            "WITH a AS NOT MATERIALIZED (SELECT 1) SELECT [HERE]",
            "WITH a AS NOT MATERIALIZED (SELECT 1) SELECT 0",
        ),
        ("SELECT CAST(x AS TIMESTAMP WITH TIME ZONE), HERE", "SELECT 0"),
    ],
)
def test_a_place_sees_the_ctes_before_it_in_every_clause_around_it(sql: str, expected: str) -> None:
    assert seen_from(sql, "HERE") == expected
