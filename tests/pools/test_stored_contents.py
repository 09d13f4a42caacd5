"""Contents in parts that an earlier version stored as JSON become texts."""

import json
from typing import Any

import duckdb
import pytest

from catalog.pools.conversation import message
from catalog.pools.fingerprint import fingerprint
from catalog.pools.reasons import Rejection
from catalog.store.migrate import known_migrations, migrate

TEXTS: list[Any] = [
    *(
        {"type": kind, "text": "é\n\"'"}
        for kind in ("text", "input_text", "output_text", "summary_text", "refusal", "tool_result")
    ),
    *({"type": kind, kind: "b"} for kind in ("reasoning", "thinking", "refusal", "text")),
    *(
        {"type": "text", key: "c", "x": None}
        for key in ("value", "content", "reasoning", "thinking")
    ),
    *(
        {"text": "d"},
        {"type": None, "value": ""},
        "plain",
        "",
        '"quoted"',
        {"type": "text", "text": 3, "value": "e"},
    ),
]
MARKS: list[Any] = [
    *(
        {"type": kind}
        for kind in (
            "image",
            "image_url",
            "INPUT_IMAGE",
            "video_url",
            "input_audio",
            "tool_use",
            "a b",
            "",
            "x" * 41,
            "é",
        )
    ),
    *(
        {"type": "image", "text": "alt"},
        {"type": 3, "text": "t"},
        {"type": "tool_call", "value": "{}"},
        {"type": "text", "text": None},
    ),
    *(
        {"image": "x.png"},
        {"$.type": 1},
        {"a.b": 1},
        {},
        None,
        3,
        2.5,
        True,
        ["a"],
        {"type": ["text"]},
        {"inline_data": {"text": "x"}},
    ),
]
CONTENTS: list[Any] = [
    *([part, {"type": "image"}] for part in TEXTS + MARKS),
    *([part] for part in MARKS),
    *([{"type": "text", "text": "a"}, part] for part in TEXTS),
    *(
        TEXTS,
        MARKS,
        [{"celsius": 20}],
        [1, 2],
        [[1]],
        [{"type": 3}],
        ["a", {"b": 1}],
        [{"type": "text", "text": "a\u0001"}, "\U0001f600"],
    ),
]


def stored_before(content: list[Any]) -> str:
    """What an earlier version stored as the content."""
    texts = [
        part.get("text", part.get("value"))
        if isinstance(part, dict) and part.get("type") == "text" and len(part) == 2
        else None
        for part in content
    ]
    return (
        "\n".join(map(str, texts))
        if all(isinstance(text, str) for text in texts)
        else json.dumps(content, ensure_ascii=False)
    )


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(str(tmp_path_factory.mktemp("old") / "catalog.duckdb"))
    known = known_migrations()
    migrate(connection, known[:3])
    rows: list[dict[str, Any]] = []
    for role in ("user", "tool"):
        for content in CONTENTS:
            extra = json.dumps({"content": content, "name": "n"}, ensure_ascii=False)
            rows.append({"role": role, "content": stored_before(content), "extra": extra})
    rows += [
        {"role": "user", "content": '["a"]', "extra": None},
        {"role": "user", "content": "[]", "extra": '{"content_type": ["a"]}'},
    ]
    connection.begin()
    for n, row in enumerate(rows):
        connection.execute(
            "INSERT INTO instructions SELECT $n, 'f' || $n, "
            "[{'role': 'user', 'content': 'before', 'extra': NULL}, "
            "{'role': $role, 'content': $content, 'extra': $extra}], NULL, NULL",
            {"n": n, **row},
        )
    signals = [
        ("embedding", "{}"),
        ("score", '{"imported": "x"}'),
        ("losses", '{"run": "x"}'),
        ("losses", "{}"),
        ("score", "{}"),
    ]
    for n, (kind, identity) in enumerate(signals):
        values = {"n": n, "kind": kind, "identity": identity}
        connection.execute(
            "INSERT INTO signals VALUES "
            "($n, $kind, 's' || $n, 'i' || $n, $identity, NULL, NULL, NULL, now())",
            values,
        )
        connection.execute(
            "INSERT INTO signal_members VALUES ($n, $at, 0)",
            {"n": n, "at": 0 if n < 4 else len(rows) - 1},
        )
    connection.commit()
    migrate(connection, known)
    return connection


def test_the_migration_makes_the_same_texts_as_reading_does(
    migrated: duckdb.DuckDBPyConnection,
) -> None:
    rows = migrated.sql(
        "SELECT unnest(messages[2]) FROM instructions ORDER BY instruction_id"
    ).fetchall()
    for role, content, extra in rows[: 2 * len(CONTENTS)]:
        read = message({"role": role, "content": json.loads(extra)["content"], "name": "n"})
        assert not isinstance(read, Rejection)
        assert read[:2] == (role, content), extra
        assert json.loads(read[2] or "")["name"] == "n"


def test_the_migration_changes_nothing_else(migrated: duckdb.DuckDBPyConnection) -> None:
    rows = migrated.sql(
        "SELECT unnest(messages[2]) FROM instructions ORDER BY instruction_id DESC LIMIT 2"
    ).fetchall()
    assert rows == [("user", "[]", '{"content_type": ["a"]}'), ("user", '["a"]', None)]
    assert migrated.sql("SELECT DISTINCT messages[1].content FROM instructions").fetchall() == [
        ("before",)
    ]
    assert (
        migrated.sql("SELECT 1 FROM duckdb_functions() WHERE function_name LIKE '%0004'").fetchall()
        == []
    )


def test_what_was_computed_here_from_such_contents_is_stale(
    migrated: duckdb.DuckDBPyConnection,
) -> None:
    stale = migrated.sql(
        "SELECT signal_id FROM signals WHERE stale IS NOT NULL ORDER BY 1"
    ).fetchall()
    assert stale == [(0,), (3,)]


@pytest.mark.parametrize("content", CONTENTS)
def test_a_text_for_parts_is_not_part_of_the_fingerprint(content: list[Any]) -> None:
    read = message({"role": "user", "content": content})
    assert not isinstance(read, Rejection)
    role, text, extra = read
    if extra is not None:
        assert fingerprint([(role, text, extra)]) == fingerprint(
            [(role, stored_before(content), extra)]
        )
    assert not text.startswith(("[{", "{"))
