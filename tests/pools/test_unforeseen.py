"""Whatever a record holds costs that record alone, and what is read fits the tables."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog import Catalog
from catalog.json_text import MAX_DEPTH
from catalog.pools.formats.messages import messages
from catalog.pools.formats.registry import REGISTRY, RecordFormat
from tests.quick import examples

Write = Callable[..., Path]

TURNS = [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]


def nested(depth: int) -> str:
    return '[{"a":' * (depth // 2) + "1" + "}]" * (depth // 2)


def test_tools_are_any_text(catalog: Catalog, jsonl: Write) -> None:
    texts = ["f(x): squares x", "<tools>[1]</tools>", "[{'name': 'f'}]", "[1", "\x00", '"\\ud83d"']
    records = [
        {"messages": TURNS, key: f"{key} {text}" if text == "[1" else text}
        for text in texts
        for key in ("tools", "functions")
    ]
    answer = catalog.register(jsonl(records), pool="p")
    assert (answer.n_members, answer.n_folded, answer.n_quarantined) == (7, 5, 0)
    assert set(texts) - set(catalog.sql("SELECT tools FROM pool('p')")["tools"]) == {"[1"}
    assert catalog.sql("SELECT count(*) FROM scores('p')").item() == 7


ASKED, ANSWERED = map(json.dumps, TURNS)
SHAPES = [
    f'{{"messages": [{{"role": "user", "content": "q", "key": %s}}, {ANSWERED}]}}',
    f'{{"messages": [{{"role": "user", "content": [%s, 2]}}, {ANSWERED}]}}',
    '{"instruction": "q", "output": "a", "tree": %s}',
    '{"prompt": "q", "chosen": "a", "rejected": [{"role": "assistant", "key": %s}]}',
    '{"prompt": "q", "response": "a", "images": [{"path": "x.png", "exif": %s}]}',
    f'{{"messages": [{ASKED}, {ANSWERED}], "tools": [%s]}}',
]


def test_a_value_nested_too_deeply_costs_its_record(catalog: Catalog, tmp_path: Path) -> None:
    path = tmp_path / "pool.jsonl"
    depths = (100, MAX_DEPTH + 2, 460, 700, 5000)
    lines = [shape % nested(depth) for shape in SHAPES for depth in depths]
    path.write_text(
        "\n".join([json.dumps({"messages": TURNS, "id": n}) for n in range(30)] + lines)
    )
    answer = catalog.register(path, pool="p")
    assert answer.reasons == {"unreadable": len(SHAPES) * (len(depths) - 1)}
    assert answer.n_members + answer.n_folded == 30 + len(SHAPES)
    expected = [f"line {31 + n}" for n in range(len(lines)) if n % len(depths)]
    assert catalog.quarantine("p")["position"].to_list() == expected


def test_an_error_of_a_format_costs_its_record(
    catalog: Catalog, jsonl: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(record: Any) -> Any:
        if record.get("id") == 1:
            raise ZeroDivisionError("of a format")
        return messages(record)

    item = RecordFormat(name="broken", read=broken, order=0, summary="")
    monkeypatch.setitem(REGISTRY, "broken", item)
    answer = catalog.register(jsonl([{"messages": TURNS, "id": n} for n in (1, 2, 3)]), pool="p")
    assert (answer.n_folded + answer.n_members, answer.reasons) == (2, {"unreadable": 1})
    assert catalog.quarantine("p")["detail"].to_list() == ["ZeroDivisionError: of a format"]


def test_a_tag_of_yaml_that_its_text_is_not_costs_its_item(
    catalog: Catalog, tmp_path: Path
) -> None:
    tags = ["!!bool x", "!!timestamp x", "!!int x", "!!binary 'é'", "!!python/name:os.system"]
    items = [f"- instruction: q{n}\n  output: a\n" for n in range(6)]
    strange = [f"- instruction: q\n  output: a\n  x: {tag}\n" for tag in tags]
    (tmp_path / "pool.yaml").write_text("".join([*items, *strange]))
    answer = catalog.register(tmp_path / "pool.yaml", pool="p")
    assert (answer.n_members, answer.reasons) == (6, {"not_yaml": 5})


def test_a_file_whose_name_is_not_text_is_registered(catalog: Catalog, tmp_path: Path) -> None:
    path = tmp_path / "caf\udce9.jsonl"
    path.write_text(json.dumps({"messages": TURNS}))
    assert catalog.register(path, pool="p").n_members == 1
    assert catalog.sql("SELECT source FROM pool('p')").item() == "caf\\xe9"


def test_a_source_that_is_not_text_costs_its_record(catalog: Catalog, tmp_path: Path) -> None:
    (tmp_path / "pool.jsonl").write_text(
        '{"instruction": "q", "output": "a", "from": ["\\ud83d"]}\n'
        '{"instruction": "r", "output": "a", "from": ["x"]}\n'
    )
    answer = catalog.register(tmp_path / "pool.jsonl", pool="p", source_column="from")
    assert (answer.n_members, answer.reasons) == (1, {"bad_encoding": 1})


TURN = ("role", "content", "from", "value", "text", "weight", "tool_calls", "id")
RECORD = (
    "messages",
    "instruction",
    "input",
    "output",
    "prompt",
    "chosen",
    "system",
    "tools",
    "functions",
    "conversations",
    "history",
)
BESIDE = (
    "rejected",
    "images",
    "video",
    "media",
    "label",
    "instances",
    "path",
    "bytes",
    "kind",
    "url",
    "frames",
)
KEYS = (*TURN, *RECORD, *BESIDE)
texts = st.text(max_size=8) | st.sampled_from(
    ["", " ", "user", "assistant", "[", '[{"role": "user"}]', "\ud83d", "\x00", "e\u0301"]
)
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=10**40, max_value=10**41)
    | st.floats()
    | texts
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(KEYS) | texts, inner, max_size=4)
    ),
    max_leaves=12,
)
wholes = st.fixed_dictionaries(
    {"messages": st.just(TURNS)},
    optional=dict.fromkeys(
        ("tools", "images", "media", "rejected", "system", "id", "audios"), values
    ),
)


records = st.lists(
    values | wholes | st.dictionaries(st.sampled_from(KEYS), values, max_size=5),
    min_size=20,
    max_size=60,
)
several = {"suppress_health_check": list(HealthCheck)}


def register_and_count(records: list[Any], new_home: Path) -> None:
    first = [{"messages": TURNS, "id": n} for n in range(3)]
    with TemporaryDirectory() as folder:
        path = Path(folder) / "pool.jsonl"
        path.write_text("".join(json.dumps(record) + "\n" for record in [*first, *records]))
        home = shutil.copytree(new_home, Path(folder) / "home")
        catalog = Catalog.open(home, isolated=False)
        answer = catalog.register(path, pool="p", force=True)
        assert answer.n_members + answer.n_folded + answer.n_quarantined == answer.n_rows
        if (
            answer.files[0].container == "json lines"
        ):  # else a list is its elements, none of an empty one
            assert answer.n_rows == len(records) + 3
        assert catalog.sql("SELECT count(*) FROM folded_records").item() == answer.n_folded
        assert catalog.register(path, pool="p", force=True).is_new_version is False
        assert catalog.doctor() == []


@settings(max_examples=examples(6), **several)
@given(records)
def test_whatever_json_is_thrown_at_it_is_registered_or_quarantined(
    new_home: Path, records: list[Any]
) -> None:
    register_and_count(records, new_home)


@pytest.mark.slow
@settings(max_examples=150, **several)
@given(records)
def test_a_great_deal_of_json_is_registered_or_quarantined(
    new_home: Path, records: list[Any]
) -> None:
    register_and_count(records, new_home)
