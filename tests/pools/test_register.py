"""Registering pools."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from catalog import Catalog
from catalog.errors import MostlyUnreadableError, OptionError, SourceError
from catalog.pools.reasons import ADVICE, RECORD_REASONS

Write = Callable[..., Path]


def pairs(n: int, *, first: int = 0) -> list[dict[str, str]]:
    return [
        {"instruction": f"question {i}", "input": "", "output": f"answer {i}"}
        for i in range(first, first + n)
    ]


def said(role: str, text: str, *, turns: bool) -> Any:
    return [{"role": role, "content": text}] if turns else text


def test_registering_makes_version_one(catalog: Catalog, jsonl: Write) -> None:
    answer = catalog.register(jsonl(pairs(5)), pool="p")
    assert (answer.version, answer.is_new_version, answer.n_members, answer.n_added) == (
        1,
        True,
        5,
        5,
    )
    assert answer.files[0].shape == "alpaca"
    assert catalog.sql("SELECT prompt, response FROM pool('p') ORDER BY row_number").rows()[4] == (
        "question 4",
        "answer 4",
    )


def test_registering_twice_adds_no_version(catalog: Catalog, jsonl: Write) -> None:
    path = jsonl(pairs(5))
    catalog.register(path, pool="p")
    again = catalog.register(path, pool="p")
    assert (again.version, again.is_new_version, again.n_members, again.n_kept) == (1, False, 5, 5)
    assert catalog.history("p").height == 1


def test_a_changed_file_makes_the_next_version_and_the_old_one_answers_as_before(
    catalog: Catalog, jsonl: Write
) -> None:
    catalog.register(jsonl(pairs(5)), pool="p")
    answer = catalog.register(jsonl(pairs(6, first=2)), pool="p")
    assert (answer.version, answer.n_added, answer.n_removed, answer.n_kept, answer.n_members) == (
        2,
        3,
        2,
        3,
        6,
    )
    assert catalog.sql("SELECT count(*) FROM pool('p@1')").item() == 5
    assert catalog.sql("SELECT min(prompt) FROM pool('p@2')").item() == "question 2"
    assert catalog.doctor() == []


def test_appending_adds_only_and_numbers_rows_onwards(catalog: Catalog, jsonl: Write) -> None:
    catalog.register(jsonl(pairs(5)), pool="p")
    answer = catalog.register(jsonl(pairs(4, first=3)), pool="p", mode="append")
    assert (answer.n_added, answer.n_removed, answer.n_kept, answer.n_members, answer.n_rows) == (
        2,
        0,
        5,
        7,
        9,
    )
    assert catalog.sql("SELECT row_number FROM pool('p') ORDER BY 1")["row_number"].to_list() == [
        0,
        1,
        2,
        3,
        4,
        7,
        8,
    ]


def test_exact_duplicates_fold_into_the_first(catalog: Catalog, jsonl: Write) -> None:
    answer = catalog.register(jsonl(pairs(3) + pairs(2)), pool="p")
    assert (answer.n_members, answer.n_folded, answer.n_rows) == (3, 2, 5)
    assert catalog.sql("SELECT max(row_number) FROM pool('p')").item() == 2


def test_two_pools_share_an_instruction(catalog: Catalog, jsonl: Write) -> None:
    catalog.register(jsonl(pairs(3)), pool="one")
    catalog.register(jsonl(pairs(3, first=1)), pool="other")
    assert catalog.sql("SELECT count(*) FROM instructions").item() == 4
    assert catalog.diff("one", "other").n_kept == 2


def test_a_changed_label_is_a_new_version_that_keeps_every_member(
    catalog: Catalog, jsonl: Write
) -> None:
    records = [record | {"topic": "maths"} for record in pairs(3)]
    catalog.register(jsonl(records), pool="p", labels_column="topic")
    records[1]["topic"] = "history"
    answer = catalog.register(jsonl(records), pool="p", labels_column="topic")
    assert (answer.version, answer.n_added, answer.n_removed, answer.n_kept, answer.n_updated) == (
        2,
        0,
        0,
        3,
        1,
    )
    assert [
        row[0] for row in catalog.sql("SELECT labels FROM pool('p@1') ORDER BY row_number").rows()
    ] == [["maths"]] * 3
    assert catalog.sql(
        "SELECT labels FROM pool('p@2') WHERE prompt = 'question 1'"
    ).item().to_list() == ["history"]
    assert catalog.diff("p@1", "p@2").n_kept == 3


def test_a_bad_record_goes_to_quarantine_and_the_rest_is_registered(
    catalog: Catalog, jsonl: Write
) -> None:
    answer = catalog.register(
        jsonl([*pairs(3), {"instruction": "why?", "output": ""}, ["what", 1]]), pool="p"
    )
    assert (answer.n_members, answer.n_quarantined) == (3, 2)
    quarantined = catalog.quarantine("p")
    assert quarantined["reason"].to_list()[0] == "empty_response"
    assert '"why?"' in quarantined["raw"][0]
    assert catalog.quarantine("p", reason="empty_response").height == 1


@pytest.mark.usefixtures("empty_folder")
def test_a_load_that_mostly_fails_writes_nothing_unless_forced(
    catalog: Catalog, jsonl: Write
) -> None:
    path = jsonl([*pairs(1), *({"instruction": f"why {i}?", "output": ""} for i in range(3))])
    with pytest.raises(
        MostlyUnreadableError, match=r"3 of 4 records could not be read .*3 empty_response.*force"
    ):
        catalog.register(path, pool="p")
    assert not catalog.store.database.exists()
    assert catalog.register(path, pool="p", force=True).n_members == 1


@pytest.mark.parametrize(
    ("record", "advice"),
    [
        (
            b'{"prompt": "caf\xe9 %d", "response": "a"}',
            "3 bad_encoding.*UTF-8.*`iconv -f WINDOWS-1252 -t UTF-8 FILE > NEW`",
        ),
        (
            b'{"prompt": {"text": "%d"}, "response": "a"}',
            "3 wrong_type.*question.text.*messages.*KEY",
        ),
        (
            b'{"prompt": "%d", "answers": "a"}',
            "3 no_response.*prompt.*KEY.*response.*KEY.*prompts_only=True",
        ),
        (
            b'{"messages": [{"role": "alien", "content": "%d"}]}',
            "3 unknown_role.* line 1: unknown_role, turn 1: the role 'alien';.*NAME.*assistant",
        ),
    ],
)
def test_a_refusal_says_what_helps_for_its_commonest_reason(
    catalog: Catalog, tmp_path: Path, record: bytes, advice: str
) -> None:
    path = tmp_path / "pool.jsonl"
    path.write_bytes(b"".join(record % i + b"\n" for i in range(3)))
    with pytest.raises(MostlyUnreadableError, match=advice) as caught:
        catalog.register(path, pool="p")
    assert ("KEY" in str(caught.value)) == ("KEY" in advice)


def test_there_is_advice_for_every_reason() -> None:
    assert set(ADVICE) == set(RECORD_REASONS)


def test_prompts_only_pools_take_no_answers_later(catalog: Catalog, jsonl: Write) -> None:
    catalog.register(
        jsonl([{"prompt": "a?"}, {"prompt": "b?"}]), pool="questions", prompts_only=True
    )
    assert catalog.sql("SELECT prompt, response FROM pool('questions') ORDER BY 1").rows() == [
        ("a?", None),
        ("b?", None),
    ]
    with pytest.raises(OptionError, match="prompts only"):
        catalog.register(jsonl(pairs(2)), pool="questions")


@pytest.mark.parametrize("turns", [True, False])
def test_unwanted_answers_are_noted_and_left_out_as_the_note_says(
    catalog: Catalog, jsonl: Write, turns: bool
) -> None:
    answers = {"completion": said("assistant", "a", turns=turns)}
    rows = [
        {"prompt": said("user", f"q{i}", turns=turns), **answers, "label": i % 3 == 0}
        for i in range(6)
    ]
    answer = catalog.register(jsonl([*rows, {"prompt": "q", "completion": "a"}]), pool="p")
    (note,) = answer.files[0].notes
    assert note.startswith("4 of 7 records have label false, ")
    kept = catalog.sql(
        f"SELECT prompt FROM pool('p') {note[note.index('WHERE') :]} ORDER BY row_number"
    )
    assert kept["prompt"].to_list() == ["q0", "q3", "q"]


@pytest.mark.parametrize("turns", [True, False])
def test_preferences_say_which_answer_was_read_and_where_the_other_is(
    catalog: Catalog, jsonl: Write, turns: bool
) -> None:
    record = {
        key: said(role, key, turns=turns)
        for key, role in (("prompt", "user"), ("chosen", "assistant"), ("rejected", "assistant"))
    }
    answer = catalog.register(jsonl([record]), pool="p")
    (note,) = answer.files[0].notes
    assert "the column rejected" in note
    response, rejected, metadata = catalog.sql(
        "SELECT response, rejected, metadata FROM pool('p')"
    ).row(0)
    assert (response, json.loads(rejected), metadata) == (
        "chosen",
        [[{"role": "assistant", "content": "rejected"}]],
        None,
    )


def test_a_missing_file_is_named_and_nothing_is_left(catalog: Catalog, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"nowhere\.jsonl"):
        catalog.register(tmp_path / "nowhere.jsonl", pool="p")
    assert list(catalog.store.scratch.iterdir()) == []


@pytest.mark.parametrize("name", ["", "a b", "p@2", "../p"])
def test_a_bad_name_is_refused(catalog: Catalog, jsonl: Write, name: str) -> None:
    with pytest.raises(OptionError, match="invalid name"):
        catalog.register(jsonl(pairs(1)), pool=name)


def test_progress_reports_records_and_bytes(catalog: Catalog, jsonl: Write) -> None:
    told: list[tuple[int, int, int | None]] = []
    path = jsonl(pairs(25))
    catalog.register(path, pool="p", progress=lambda *numbers: told.append(numbers))
    assert told[-1] == (25, path.stat().st_size, path.stat().st_size)


def test_the_seconds_of_a_registration_are_those_of_writing_too(
    catalog: Catalog, jsonl: Write
) -> None:
    started = time.monotonic()
    registration = catalog.register(jsonl([{"prompt": "q", "response": "a"}]), pool="p")
    elapsed = time.monotonic() - started
    before_the_commit = catalog.sql("SELECT seconds FROM pool_versions").item()
    assert 0 < before_the_commit < registration.seconds <= elapsed
