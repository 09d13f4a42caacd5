"""Unwanted answers are part of the instruction, whatever shape they have."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from catalog import Catalog
from catalog.pools.conversation import Instruction
from catalog.pools.formats.preference import preference
from catalog.pools.rejected import unwanted_answers

Write = Callable[..., Path]


def turn(role: str, text: str, **extra: Any) -> dict[str, Any]:
    return {"role": role, "content": text, **extra}


def human(text: str) -> dict[str, str]:
    return {"from": "human", "value": text}


def gpt(text: str) -> dict[str, str]:
    return {"from": "gpt", "value": text}


Q, A, B = turn("user", "q"), turn("assistant", "a"), turn("assistant", "b")
CALL, RESULT = turn("assistant", "", tool_calls=[1]), turn("tool", "20 C")


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"prompt": "q", "chosen": "a", "rejected": "b"}, [[B]]),
        ({"prompt": "q", "chosen": "a", "rejected": ["b", "c"]}, [[B], [turn("assistant", "c")]]),
        ({"prompt": "q", "chosen": "a", "rejected": ""}, [[turn("assistant", "")]]),
        (
            {"prompt": "q", "chosen": "a", "rejected": "[see below]"},
            [[turn("assistant", "[see below]")]],
        ),
        ({"prompt": "q", "chosen": [Q, A], "rejected": [Q, B]}, [[B]]),
        ({"prompt": "q", "chosen": [Q, A], "rejected": [[Q, B], [Q, A]]}, [[B], [A]]),
        ({"prompt": "q", "chosen": json.dumps([Q, A]), "rejected": json.dumps([Q, B])}, [[B]]),
        ({"prompt": [Q], "chosen": [A], "rejected": [B]}, [[B]]),
        ({"prompt": [Q], "chosen": [A], "rejected": [B, A]}, [[B], [A]]),
        ({"prompt": [Q], "chosen": [CALL, RESULT, A], "rejected": [B]}, [[Q, B]]),
        ({"prompt": [Q], "chosen": [CALL, RESULT, A], "rejected": [CALL, RESULT, B]}, [[B]]),
        ({"conversations": [human("q")], "chosen": gpt("a"), "rejected": gpt("b")}, [[B]]),
        (
            {"conversations": [human("q")], "chosen": gpt("a"), "rejected": [gpt("b"), gpt("a")]},
            [[B], [A]],
        ),
        ({"chosen_messages": [Q, A], "rejected_messages": [Q, B]}, [[B]]),
        (
            {
                "chosen_conversations": [human("q"), gpt("a")],
                "rejected_conversations": [human("q"), gpt("b")],
            },
            [[B]],
        ),
        (
            {"chosen": "\n\nHuman: q\n\nAssistant: a", "rejected": "\n\nHuman: q\n\nAssistant: b"},
            [[B]],
        ),
        ({"chosen": [Q, A], "rejected": [turn("user", "other"), B]}, [[turn("user", "other"), B]]),
        (
            {"chosen": [Q, A], "rejected": [turn("system", "s"), Q, B]},
            [[turn("system", "s"), Q, B]],
        ),
        (
            {"chosen": [Q, A], "rejected": [Q, turn("assistant", "b", weight=0)]},
            [[turn("assistant", "b", weight=0)]],
        ),
    ],
)
def test_every_shape_of_a_preference_is_read_with_its_unwanted_answers(
    record: dict[str, Any], expected: Any
) -> None:
    read = preference(record)
    assert isinstance(read, Instruction)
    found = unwanted_answers(read)
    assert found
    assert json.loads(found[1]) == expected


@pytest.mark.parametrize(
    "value", [None, [], True, 3, {}, [1], [turn("alien", "b")], [turn("assistant", "b"), 4]]
)
def test_values_other_than_answers_stay_in_the_metadata(value: Any) -> None:
    read = preference({"prompt": "q", "chosen": "a", "rejected": value})
    assert isinstance(read, Instruction)
    assert unwanted_answers(read) is None
    assert read.rest == {"rejected": value}


def test_records_that_differ_in_the_rejected_answer_are_two_members(
    catalog: Catalog, jsonl: Write
) -> None:
    answer = catalog.register(
        jsonl([{"prompt": "Q", "chosen": "A", "rejected": f"B{n}"} for n in (1, 2)]), pool="p"
    )
    assert (answer.n_members, answer.n_folded) == (2, 0)
    rows = catalog.sql("SELECT rejected, metadata FROM pool('p') ORDER BY row_number").rows()
    assert [(json.loads(rejected)[0][0]["content"], metadata) for rejected, metadata in rows] == [
        ("B1", None),
        ("B2", None),
    ]
    assert catalog.show("p").examples["rejected"].null_count() == 0


def test_a_rejected_answer_beside_any_answer_is_read(catalog: Catalog, jsonl: Write) -> None:
    records = [
        {"instruction": "q", "output": "a", "rejected": "b"},
        {"messages": [Q, A], "rejected": [[B]]},
    ]
    assert catalog.register(jsonl(records), pool="p").n_members == 1
    mapped = catalog.register(
        jsonl([{"x": "q", "y": "a", "rejected": "b"}]),
        pool="m",
        fields={"prompt": "x", "response": "y"},
    )
    assert mapped.n_members == 1
    assert catalog.diff("p", "m").n_kept == 1


def test_members_that_get_their_rejected_messages_are_counted(
    catalog: Catalog, jsonl: Write
) -> None:
    plain = [{"prompt": f"q{n}", "response": "a"} for n in range(4)]
    catalog.register(jsonl(plain), pool="p")
    with_rejected = [{"prompt": f"q{n}", "chosen": "a", "rejected": "b"} for n in range(3)]
    answer = catalog.register(jsonl([*with_rejected, plain[3]]), pool="p", mode="replace")
    assert (answer.n_added, answer.n_removed, answer.n_kept, answer.n_identity_changed) == (
        3,
        3,
        1,
        3,
    )
    assert catalog.register(jsonl([*with_rejected, plain[3]]), pool="p").n_identity_changed == 0


def test_an_empty_cell_is_not_a_rejected_answer(catalog: Catalog, tmp_path: Path) -> None:
    path = tmp_path / "pairs.csv"
    path.write_text("prompt,chosen,rejected,images\nc,N,,\nd,M,worse,\n", encoding="utf-8")
    catalog.register(path, pool="p")
    found = catalog.sql("SELECT prompt, rejected IS NULL AS none FROM pool('p') ORDER BY prompt")
    assert found["none"].to_list() == [True, False]
