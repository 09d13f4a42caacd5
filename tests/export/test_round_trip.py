"""An export that is registered again has the same fingerprints, in the same order."""

import json
import os
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.errors import LossyExportError
from catalog.export import export
from catalog.pools.read_batches import ReadOptions, read_batches
from tests.export.conftest import ROW_FORMATS
from tests.quick import examples, few_of

DATA = Path(os.environ.get("CATALOG_TEST_DATA", "../shared/data"))
ENDINGS = {
    "jsonl": "a.jsonl",
    "messages": "a.jsonl",
    "sharegpt": "a.json",
    "alpaca": "a.json",
    "parquet": "a.parquet",
}
LOSSLESS = ("jsonl", "messages", "sharegpt")
ANSWERED = [format for format in ROW_FORMATS if format != "dpo"]

texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
words = texts.filter(lambda text: text.strip())
values = st.recursive(
    st.integers() | st.booleans() | texts | st.floats(allow_nan=False, allow_infinity=False),
    st.lists,
    max_leaves=4,
)
names = st.text("abc_é", min_size=1, max_size=4)
others = st.dictionaries(names, texts, max_size=2)  # of one type each, as a file wants them
calls = st.fixed_dictionaries({"name": words, "arguments": texts}).map(
    lambda call: {"id": "c", "type": "function", "function": call}
)
extras = st.one_of(st.just({}), others, st.fixed_dictionaries({"tool_call_id": words}))
tool_sets = st.one_of(
    st.none(),
    st.lists(st.dictionaries(names, values, min_size=1), min_size=1, max_size=2).map(json.dumps),
)


def message(role, contents, rest=extras):
    return st.fixed_dictionaries({"role": st.just(role), "content": contents, "extra": rest})


answers = st.one_of(
    message("assistant", words),
    message(
        "assistant",
        texts,
        st.fixed_dictionaries({"tool_calls": st.lists(calls, min_size=1, max_size=2)}),
    ),
    message("assistant", words, st.just({"from": "function_call"})),
)
turns = st.one_of(
    message("user", texts),
    answers,
    message("tool", texts),
    message("tool", texts, st.just({"role": "function"})),
    message("system", texts, st.just({"role": "developer"})),
)
conversations = st.builds(
    lambda first, middle, last: [first, *middle, last],
    message("user", words),
    st.lists(turns, max_size=4),
    answers,
)
exchanges = st.builds(
    lambda user, answer: [user, answer],
    message("user", words, st.just({})),
    message("assistant", words, st.just({})),
)
systems = st.one_of(st.none(), words)

many = settings(
    max_examples=examples(20),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(autouse=True)
def _unsynced(monkeypatch):
    """Thousands of files are written here, and none must survive a power cut."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


def fingerprints(rows):
    return [row["fingerprint"] for row in rows]


@pytest.mark.parametrize("format", LOSSLESS)
@many
@given(data=st.lists(st.tuples(conversations, systems, tool_sets), min_size=1, max_size=5))
def test_any_conversation_comes_back_from_a_lossless_format(
    tmp_path, row, batches, read_back, format, data
):
    rows = [row(*messages, system=system, tools=tools) for messages, system, tools in data]
    path = tmp_path / ENDINGS[format]
    exported = export(batches(rows), format=format, path=path, name="a", overwrite=True)
    assert (exported.n_rows, exported.lost) == (len(rows), {})
    assert read_back(path) == fingerprints(rows)


@pytest.mark.parametrize("format", few_of(ANSWERED, *ANSWERED[::3]))
@many
@given(data=st.lists(st.tuples(exchanges, systems), min_size=1, max_size=5))
def test_any_single_exchange_comes_back_from_every_format(
    tmp_path, row, batches, read_back, format, data
):
    rows = [row(*messages, system=system) for messages, system in data]
    path = tmp_path / ENDINGS.get(format, "folder")
    exported = export(batches(rows), format=format, path=path, name="a", overwrite=True)
    assert exported.lost == {}
    assert read_back(exported.files[0]) == fingerprints(rows)


@pytest.mark.parametrize("format", few_of(ANSWERED, *ANSWERED[::3]))
@settings(many, max_examples=8)
@given(data=st.lists(st.tuples(conversations, systems, tool_sets), min_size=1, max_size=3))
def test_what_an_export_does_not_call_lossy_comes_back(
    tmp_path, row, batches, read_back, format, data
):
    check_what_is_not_lossy(tmp_path, row, batches, read_back, format, data)


@pytest.mark.slow
@pytest.mark.parametrize("format", ANSWERED)
@settings(many, max_examples=100)
@given(data=st.lists(st.tuples(conversations, systems, tool_sets), min_size=1, max_size=5))
def test_what_an_export_does_not_call_lossy_comes_back_from_many_conversations(
    tmp_path, row, batches, read_back, format, data
):
    check_what_is_not_lossy(tmp_path, row, batches, read_back, format, data)


def check_what_is_not_lossy(tmp_path, row, batches, read_back, format, data):
    rows = [row(*messages, system=system, tools=tools) for messages, system, tools in data]
    kept = []
    for one in rows:
        try:
            exported = export(
                batches([one]),
                format=format,
                path=tmp_path / ENDINGS.get(format, "folder"),
                name="a",
                overwrite=True,
            )
        except LossyExportError:
            continue
        kept.append(one)
        assert read_back(exported.files[0]) == fingerprints([one])
    assert format in ("alpaca", "llamafactory", "parquet") or kept == rows


@pytest.mark.parametrize("ending", ["", ".gz", ".zst"])
@pytest.mark.parametrize("format", LOSSLESS)
def test_varied_instructions_come_back(tmp_path, varied, batches, read_back, format, ending):
    path = tmp_path / f"a.jsonl{ending}"
    rows = [row for row in varied if format == "jsonl" or row["tools"] != "f(x): squares x"]
    export(
        batches(rows), format=format, path=path, name="a", allow_lossy=True
    )  # of weights of turns, which no trainer reads there
    assert read_back(path) == fingerprints(rows)


def test_varied_instructions_come_back_from_axolotl_without_the_tools_that_it_cannot_read(
    tmp_path, varied, batches, read_back
):
    rows = [row for row in varied if row["tools"] != "f(x): squares x"]
    assert read_back(
        export(batches(rows), format="axolotl", path=tmp_path / "a", name="a").files[0]
    ) == fingerprints(rows)


def test_varied_instructions_come_back_from_parquet(tmp_path, varied, batches, read_back):
    export(batches(varied), format="parquet", path=tmp_path / "a.parquet", name="a")
    assert read_back(tmp_path / "a.parquet") == fingerprints(varied)


def test_parquet_holds_every_column_of_varied_instructions(tmp_path, varied, batches):
    export(batches(varied), format="parquet", path=tmp_path / "a.parquet", name="a")
    found = pq.read_table(tmp_path / "a.parquet").to_pylist()
    for row in varied:
        assert row.pop("rejected") is None
        row["abilities"] = row.pop("labels")
        row["functions"] = row["tools"] if row["tools"] == "f(x): squares x" else None
        row["tools"] = None if row["functions"] else row["tools"]
        if row["system"] is not None:
            row["messages"] = [
                {"role": "system", "content": row["system"], "extra": None},
                *row["messages"],
            ]
        del row["system"]
    assert found == varied


def test_prompts_without_answers_come_back(tmp_path, row, batches, read_back):
    rows = [
        row({"role": "user", "content": "Why?"}),
        row({"role": "user", "content": "How?"}, system="Think."),
    ]
    for format in ("jsonl", "parquet"):
        path = tmp_path / ENDINGS[format]
        export(batches(rows), format=format, path=path, name="a", overwrite=True)
        assert read_back(path, prompts_only=True) == fingerprints(rows)


def pool(file):
    """The batches of a published file, as registering reads them."""
    if not (DATA / file).exists():
        pytest.skip(f"no {DATA / file}: set CATALOG_TEST_DATA to the folder of test data")
    return lambda: (batch.instructions for batch in read_batches([str(DATA / file)], ReadOptions()))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "formats"),
    [
        ("llamafactory_demo/alpaca_en_demo.json", ANSWERED),
        ("llamafactory_demo/alpaca_zh_demo.json", ANSWERED),
        (
            "llamafactory_demo/glaive_toolcall_en_demo.json",
            ("jsonl", "messages", "sharegpt", "llamafactory", "axolotl"),
        ),
        (
            "llamafactory_demo/reason_tool_use_demo_50.jsonl",
            ("jsonl", "messages", "sharegpt", "axolotl"),
        ),
        ("llamafactory_demo/v1_sft_demo.jsonl", ("jsonl", "messages", "sharegpt", "axolotl")),
        (
            "openai_toy_chat/toy_chat_fine_tuning.jsonl",
            ("jsonl", "messages", "sharegpt", "axolotl", "parquet"),
        ),
    ],
)
def test_published_files_come_back(tmp_path, read_back, file, formats):
    expected = [name for batch in pool(file)() for name in batch.column("fingerprint").to_pylist()]
    assert expected
    for format in formats:
        exported = export(
            pool(file),
            format=format,
            path=tmp_path / f"{format}.{ENDINGS.get(format, 'd')}",
            name="a",
        )
        assert exported.n_rows == len(expected)
        assert read_back(exported.files[0]) == expected
