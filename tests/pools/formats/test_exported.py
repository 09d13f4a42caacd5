"""The catalog's own exports, read again."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog import Catalog
from catalog.pools.fingerprint import fingerprint
from catalog.pools.formats.exported import exported
from tests.copies import made_once
from tests.quick import examples, one_in

Write = Callable[..., Path]
MEMBERS = "SELECT fingerprint, source, labels, metadata FROM pool($ref) ORDER BY fingerprint"
TEXTS = st.text(st.characters(codec="utf-8"), max_size=8)
VALUES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS
)
NESTED = VALUES | st.lists(VALUES, max_size=3) | st.dictionaries(TEXTS, VALUES, max_size=3)
RECORDS: list[dict[str, Any]] = [
    {
        "instruction": "q1",
        "output": "a1",
        "from": "gsm8k",
        "ability": ["math", "easy"],
        "id": 7,
        "source": "not the source",
    },
    {
        "instruction": "q2",
        "output": "a2",
        "from": "alpaca",
        "ability": None,
        "nested": {"score": 0.5, "tags": [None, "é"]},
    },
    {"instruction": "q3", "output": "a3", "system": "Be kind.", "from": "alpaca"},
]


def rows(catalog: Catalog, ref: str) -> list[dict[str, Any]]:
    return catalog.sql(MEMBERS, parameters={"ref": ref}).to_dicts()


@pytest.fixture
@made_once
def filled(catalog: Catalog, jsonl: Write) -> Catalog:
    catalog.register(jsonl(RECORDS), pool="p", source_column="from", labels_column="ability")
    return catalog


@pytest.mark.parametrize("name", one_in(3, ["out.jsonl", "out.jsonl.gz", "out.parquet"]))
def test_an_export_registers_with_its_sources_labels_and_metadata(
    filled: Catalog, tmp_path: Path, name: str
) -> None:
    filled.export("p", tmp_path / name)
    answer = filled.register(tmp_path / name, pool="again")
    assert [file.shape for file in answer.files] == ["exported"]
    assert rows(filled, "again") == rows(filled, "p")
    assert {row["source"] for row in rows(filled, "again")} == {"gsm8k", "alpaca"}
    assert not filled.register(tmp_path / name, pool="p", mode="replace").n_updated


@pytest.mark.parametrize("column", ["labels", "abilities"])
def test_labels_are_read_under_both_of_their_names(column: str) -> None:
    turns = [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]
    name = fingerprint([("user", "q", None), ("assistant", "a", None)])
    record = {
        "fingerprint": name,
        "messages": turns,
        "tools": None,
        "source": "s",
        column: ["x"],
        "metadata": None,
    }
    read = exported(record)
    assert read is not None
    assert (read.source, read.labels) == ("s", ["x"])  # type: ignore[union-attr]


def test_rejected_answers_and_media_come_back() -> None:
    rejected, media = (
        '[[{"role": "assistant", "content": "no"}]]',
        '[{"kind": "image", "path": "a.png"}]',
    )
    name = fingerprint(
        [("user", "q", None), ("assistant", "a", None)], rejected=rejected, media=media
    )
    turns = [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]
    for stored in ((rejected, media), (json.loads(rejected), json.loads(media))):
        read = exported(
            {
                "fingerprint": name,
                "messages": turns,
                "source": "s",
                "rejected": stored[0],
                "media": stored[1],
            }
        )
        assert (read.rejected, read.media) == (rejected, media)  # type: ignore[union-attr]


def test_options_win_over_what_an_export_says(filled: Catalog, tmp_path: Path) -> None:
    filled.export("p", tmp_path / "out.jsonl")
    filled.register(
        tmp_path / "out.jsonl", pool="again", source_column="metadata.id", labels_column="source"
    )
    assert {row["source"] for row in rows(filled, "again")} == {"7", "alpaca"}
    assert {tuple(row["labels"]) for row in rows(filled, "again")} == {("gsm8k",), ("alpaca",)}
    filled.register(f"mine={tmp_path / 'out.jsonl'}", pool="mine")
    assert {row["source"] for row in rows(filled, "mine")} == {"mine"}


def test_a_source_column_takes_nothing_out_of_an_exports_metadata(
    filled: Catalog, tmp_path: Path
) -> None:
    filled.export("p", tmp_path / "out.jsonl")
    filled.register(tmp_path / "out.jsonl", pool="again", source_column="source")
    assert rows(filled, "again") == rows(filled, "p")


def test_records_that_were_edited_since_keep_their_source(
    filled: Catalog, jsonl: Write, tmp_path: Path
) -> None:
    filled.export("p", tmp_path / "out.jsonl")
    records = [
        json.loads(line)
        for line in (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    records[0]["messages"][-1]["content"] += ", corrected"
    filled.register(jsonl(records, name="edited.jsonl"), pool="again")
    assert sorted(row["source"] for row in rows(filled, "again")) == sorted(
        row["source"] for row in rows(filled, "p")
    )


@pytest.mark.parametrize(
    "change",
    one_in(
        3,
        [
            {"fingerprint": "0" * 64},
            {"id": 1},
            {"source": 3},
            {"labels": "x"},
            {"metadata": "not json"},
            {"metadata": [1]},
            {"labels": [1]},
        ],
    ),
)
def test_a_record_of_somebody_elses_is_not_taken_for_an_export(
    change: dict[str, Any], catalog: Catalog, jsonl: Write
) -> None:
    turns = [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]
    name = fingerprint([("user", "q", None), ("assistant", "a", None)])
    record = {
        "fingerprint": name,
        "messages": turns,
        "tools": None,
        "source": "s",
        "labels": None,
        "metadata": None,
    } | change
    assert exported(record) is None
    catalog.register(jsonl([record], name="theirs.jsonl"), pool="p")
    ((row,),) = (rows(catalog, "p"),)
    assert row["source"] == "theirs"
    assert set(json.loads(row["metadata"])) >= {"fingerprint", "source"}


@settings(max_examples=examples(50))
@given(st.dictionaries(TEXTS, NESTED, min_size=1, max_size=3))
def test_any_metadata_comes_back(metadata: dict[str, Any]) -> None:
    turns = [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]
    name = fingerprint([("user", "q", None), ("assistant", "a", None)])
    for stored in (metadata, json.dumps(metadata)):
        read = exported({"fingerprint": name, "messages": turns, "source": "s", "metadata": stored})
        assert read is not None
        assert read.rest == metadata  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("form", "name"),
    one_in(
        4,
        [
            ("messages", "a.jsonl"),
            ("sharegpt", "a.json"),
            ("alpaca", "a.json"),
            ("axolotl", "a"),
            ("llamafactory", "a"),
        ],
    ),
)
def test_every_trainers_file_comes_back_with_its_sources(
    filled: Catalog, tmp_path: Path, form: str, name: str
) -> None:
    before = filled.sql("SELECT fingerprint, source FROM pool('p') ORDER BY ALL")
    filled.export("p", format=form, path=tmp_path / name, allow_lossy=True)
    back = filled.register(tmp_path / name, pool="back")
    assert {file.shape for file in back.files} == {"exported"}
    after = filled.sql("SELECT fingerprint, source FROM pool('back') ORDER BY ALL")
    assert after.join(before, on=["fingerprint", "source"], how="anti").is_empty()
    assert len(after) > 1
