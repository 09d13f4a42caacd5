"""Files whose records need more than a format: trees, tables, Python, NaN, repeated keys."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from catalog.errors import OptionError, SourceError
from catalog.pools.read_batches import FileReport, ReadOptions, read_batches

USER = {"role": "user", "content": "q"}
ANSWER = {"role": "assistant", "content": "a"}
Read = Callable[..., tuple[list[tuple[str, ...]], FileReport, list[dict[str, Any]]]]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Read a text; return each instruction's contents, the report, and all rows."""

    def reads(
        text: str, **options: Any
    ) -> tuple[list[tuple[str, ...]], FileReport, list[dict[str, Any]]]:
        path = tmp_path / "data.json"
        path.write_text(text, encoding="utf-8")
        files: list[FileReport] = []
        contents, rows = [], []
        for batch in read_batches([str(path)], ReadOptions(**options), report=files.append):
            found = batch.instructions.to_pylist()
            contents += [tuple(turn["content"] for turn in row["messages"]) for row in found]
            rows += [*found, *batch.quarantine.to_pylist()]
        return contents, files[0], rows

    return reads


def node(
    text: str, *replies: Any, rank: int | None = None, role: str = "assistant"
) -> dict[str, Any]:
    return {"message_id": text, "role": role, "text": text, "rank": rank, "replies": list(replies)}


SECOND = node("c", node("d", rank=1), node("e", rank=0), role="prompter")
TREE = {
    "message_tree_id": "t",
    "prompt": node("q", node("a", rank=1), node("b", SECOND, rank=0), role="prompter"),
}


def test_every_path_of_a_tree_is_a_conversation_at_the_position_of_the_tree(read: Read) -> None:
    lines = (
        json.dumps(TREE)
        + "\n"
        + json.dumps({"messages": [USER, {"role": "assistant", "content": ""}]})
        + "\n"
    )
    contents, file, rows = read(lines + json.dumps(TREE), tree="paths")
    assert contents == [("q", "a"), ("q", "b", "c", "d"), ("q", "b", "c", "e")] * 2
    assert (file.n_records, file.n_quarantined) == (7, {"empty_response": 1})
    assert [row["position"] for row in rows if "position" in row] == ["line 2"]
    assert [row["row_number"] for row in rows] == [0, 1, 2, 4, 5, 6, 3]
    metadata = json.loads(rows[0]["metadata"])
    assert (metadata["message_tree_id"], [one["message_id"] for one in metadata["tree_path"]]) == (
        "t",
        ["q", "a"],
    )


def test_the_best_ranked_path_of_a_tree_is_read(read: Read) -> None:
    contents, _, _ = read(json.dumps(TREE) + "\n" + json.dumps(TREE["prompt"]), tree="best")
    assert contents == [("q", "b", "c", "e")] * 2


def test_a_tree_is_refused_with_the_option_that_reads_it(read: Read) -> None:
    _, file, _ = read(json.dumps(TREE) + "\n" + json.dumps(TREE))
    assert file.n_quarantined == {"wrong_type": 2}
    assert file.first_rejection is not None
    assert "tree='paths'" in str(file.first_rejection["advice"])


def test_a_deep_tree_is_read_without_recursion(read: Read) -> None:
    deep = node("a0")
    for n in range(1, 300):
        deep = node(f"a{n}", deep, role="prompter" if n % 2 else "assistant")
    contents, _, _ = read(json.dumps([deep, deep]), tree="paths")
    assert [len(texts) for texts in contents] == [300, 300]


ROWS = [("q0", "a0"), ("q1", "a1"), ("q2", "a2")]
COLUMNS = {"instruction": [q for q, _ in ROWS], "output": [a for _, a in ROWS]}


@pytest.mark.parametrize(
    ("table", "container"),
    [
        ({"columns": ["instruction", "output"], "index": [0, 1, 2], "data": ROWS}, "json table"),
        ({"index": [0, 1, 2], "data": ROWS, "columns": ["instruction", "output"]}, "json table"),
        ([["instruction", "output"], *ROWS], "json array with a header"),
        (
            {name: dict(enumerate(cells)) for name, cells in COLUMNS.items()},
            "json objects of columns",
        ),
        (COLUMNS, "json objects of columns"),
        (
            {
                "messages": [
                    [{"role": "user", "content": q}, {"role": "assistant", "content": a}]
                    for q, a in ROWS
                ]
            },
            "json objects of columns",
        ),
    ],
)
def test_a_table_is_read_as_its_rows(read: Read, table: Any, container: str) -> None:
    contents, file, _ = read(json.dumps(table))
    assert contents == ROWS
    assert file.container == container


def test_a_large_table_that_pandas_split_is_read_as_its_rows(read: Read) -> None:
    rows = [(f"q{n} " + "x" * 200, "a") for n in range(20_000)]
    contents, file, _ = read(
        json.dumps(
            {"columns": ["instruction", "output"], "index": list(range(20_000)), "data": rows}
        )
    )
    assert (contents, file.container) == (rows, "json table")


def test_rows_of_lines_under_a_header_are_records(read: Read) -> None:
    contents, file, rows = read(
        "\n".join(json.dumps(row) for row in [["instruction", "output"], *ROWS, ["q"]])
    )
    assert contents == ROWS
    assert (file.n_quarantined, rows[-1]["position"]) == ({"wrong_columns": 1}, "line 5")


def test_a_row_of_columns_has_the_position_of_its_object(read: Read) -> None:
    _, _, rows = read(
        json.dumps({"instruction": ["q", "r"], "output": ["a", ""]}) + "\n" + json.dumps(COLUMNS)
    )
    assert [row["position"] for row in rows if "position" in row] == ["line 1 row 1"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            [["What is it?", "A list."], ["And this?", "Another."]],
            [("What is it?", "A list."), ("And this?", "Another.")],
        ),
        ([{"prompt": [USER], "completion": [ANSWER]}], [("q", "a")]),
        ([{"conversations": ["q", "a"]}], [("q", "a")]),
    ],
)
def test_what_only_looks_like_a_table_is_read_as_before(
    read: Read, text: Any, expected: list[tuple[str, ...]]
) -> None:
    assert read(json.dumps(text))[0] == expected


@pytest.mark.parametrize("text", ["{}\n{}", "[{}, {}]", "[{},\n {}]"])
def test_python_literals_are_read_and_said(read: Read, text: str) -> None:
    first = {"instruction": 'it\'s {a} "q"', "output": "a", "id": None}
    second = {"instruction": "r", "output": "b", "ok": True}
    contents, file, _ = read(text.format(first, second))
    assert contents == [('it\'s {a} "q"', "a"), ("r", "b")]
    assert [note.startswith("2 ") and "Python" in note for note in file.notes] == [True]


def test_python_other_than_a_literal_is_reported_and_never_evaluated(
    read: Read, tmp_path: Path
) -> None:
    call = f"{{'instruction': 'q', 'output': open('{tmp_path}/made', 'w').write('x')}}"
    text = f"{{'instruction': 'q', 'output': 'a'}}\n{call}\n{{'instruction': 'q', 'output': nan}}"
    contents, file, rows = read(text)
    assert contents == [("q", "a")]
    assert file.n_quarantined == {"not_json": 2}
    assert not (tmp_path / "made").exists()
    assert ["2 lines look like Python" in note for note in file.notes] == [False, True]
    assert "json.dumps" in str(file.first_rejection)
    assert rows[1]["position"] == "line 2"


def test_nan_in_metadata_is_null_and_counted_and_in_a_message_costs_the_record(read: Read) -> None:
    text = '{"prompt": "q", "response": "a", "score": NaN, "more": {"x": [-Infinity, 1]}}\n'
    text += '{"prompt": "q", "response": NaN}\n'
    text += '{"messages": [{"role": "user", "content": "q", "weight": NaN}, '
    text += '{"role": "assistant", "content": "a"}]}\n'
    text += '{"prompt": "q", "response": "b", "score": 1e999}'
    contents, file, rows = read(text)
    assert contents == [("q", "a"), ("q", "b")]
    assert [json.loads(row["metadata"]) for row in rows[:2]] == [
        {"score": None, "more": {"x": [None, 1]}},
        {"score": None},
    ]
    assert file.n_quarantined == {"wrong_type": 1, "not_json": 1}
    assert any(note.startswith("2 records have NaN") for note in file.notes)


@pytest.mark.parametrize("form", ["{0}\n{1}", "[{0}, {1}]"])
def test_a_repeated_key_is_noted_wherever_it_stands(read: Read, form: str) -> None:
    flat = '{"prompt": "p", "prompt": "a \\": b", "response": "a"}'
    nested = '{"messages": [{"role": "user", "content": "x", "content": "q"}, '
    nested += '{"role": "assistant", "content": "a"}]}'
    contents, file, _ = read(form.format(flat, nested))
    assert contents == [('a ": b', "a"), ("q", "a")]
    assert [
        ("prompt, content" in note, note.split()[0]) for note in file.notes if "repeat" in note
    ] == [(True, "2")]
    _, file, _ = read(
        form.format(
            '{"prompt" : "a\\":", "response": "a"}', '{"prompt": "\\":\\":", "response": "a"}'
        )
    )
    assert file.notes == []


def test_reasoning_that_is_not_read_is_named_with_what_takes_it(read: Read) -> None:
    record = {"question": "q", "answer": "a", "thinking_trajectories": ["t"], "reasoning": None}
    _, file, _ = read(json.dumps([record, record]))
    assert ["thinking_trajectories" in note and "reasoning=" in note for note in file.notes] == [
        True
    ]
    options = {
        "fields": {"prompt": "question", "response": "answer", "reasoning": "thinking_trajectories"}
    }
    _, file, rows = read(json.dumps([record, record]), **options)
    assert file.notes == []
    assert rows[0]["messages"][1]["extra"] == '{"reasoning_content": "t"}'


def test_what_formats_say_of_records_is_counted(read: Read) -> None:
    record = {"instruction": "i", "question": "q", "answer": "a"}
    python = {"messages": str([USER, ANSWER])}
    _, file, _ = read(json.dumps([record, record, python]))
    assert [note.split()[0] for note in file.notes] == [
        "1",
        "2",
        "1",
    ]  # another shape, joined, Python's repr


def test_a_role_that_an_option_names_is_read(read: Read) -> None:
    text = json.dumps(
        [{"messages": [{"role": "Alice", "content": "q"}, {"role": "BOB", "content": "a"}]}] * 2
    )
    assert read(text, roles={"alice": "user", "Bob": "assistant"})[0] == [("q", "a")] * 2
    assert read(text)[1].n_quarantined == {"unknown_role": 2}


@pytest.mark.parametrize(
    "options", [{"roles": {"bob": "speaker"}}, {"roles": {"User": "assistant"}}, {"tree": "all"}]
)
def test_an_impossible_role_or_tree_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(OptionError):
        ReadOptions(**options)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"a": 1}\n{"a": 2}', "line 1 has the keys a"),
        ("[[1, 2], [3]]", "element 0 is a list that begins with a number"),
        (
            json.dumps({"message_id": "m", "parent_id": None, "text": "q", "role": "prompter"}),
            "tree='paths'",
        ),
        (json.dumps({f"k{n}": n for n in range(100)}), "k9 and 90 more"),
    ],
)
def test_a_file_of_no_known_shape_is_refused_with_what_its_first_record_is(
    read: Read, text: str, found: str
) -> None:
    with pytest.raises(SourceError, match=found) as caught:
        read(text)
    assert caught.value.reason == "unknown_shape"
