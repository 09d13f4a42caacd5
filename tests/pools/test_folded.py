"""Records that fold into a member are kept and counted for what they are."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from catalog import Catalog

Write = Callable[..., Path]


def record(question: str, **metadata: Any) -> dict[str, Any]:
    return {"instruction": question, "output": "a", **metadata}


def kept(catalog: Catalog) -> list[tuple[Any, ...]]:
    return catalog.sql(
        "SELECT version, row_number, metadata FROM folded_records ORDER BY ALL"
    ).rows()


def test_a_folded_record_is_kept_with_what_it_says_beside_the_instruction(
    catalog: Catalog, jsonl: Write
) -> None:
    records = [
        record("q", id=1, n=1),
        record("r"),
        record("q", id=2, n=1),
        record("q", id=1, n=1),
        record("q", n=2),
    ]
    answer = catalog.register(jsonl(records), pool="p")
    assert (answer.n_members, answer.n_folded, answer.n_folded_differing) == (2, 3, 2)
    assert answer.folded_differing_in == ("id", "n")
    assert kept(catalog) == [
        (1, 2, '{"id": 2, "n": 1}'),
        (1, 3, '{"id": 1, "n": 1}'),
        (1, 4, '{"n": 2}'),
    ]
    assert catalog.sql("SELECT DISTINCT source FROM folded_records").item() == "pool"
    assert (
        catalog.sql("SELECT DISTINCT parse_filename(file) FROM folded_records").item()
        == "pool.jsonl"
    )
    assert catalog.doctor() == []


def test_source_labels_and_spelling_differ_but_the_order_of_keys_does_not(
    catalog: Catalog, jsonl: Write
) -> None:
    one = [record("caf\u00e9", topic="x", a=1, b=2), record("caf\u00e9", topic="y", a=1, b=2)]
    other = [record("cafe\u0301", topic="x", a=1, b=2), record("caf\u00e9", b=2, a=1, topic="x")]
    answer = catalog.register(
        [jsonl(one, "one.jsonl"), jsonl(other, "two.jsonl")], pool="p", labels_column="topic"
    )
    assert (answer.n_folded, answer.n_folded_differing) == (3, 3)
    assert set(answer.folded_differing_in) == {"labels", "messages", "source", "topic"}
    answer = catalog.register(jsonl([record("q", a=1, b=2), record("q", b=2, a=1)]), pool="keys")
    assert (answer.n_folded, answer.n_folded_differing) == (1, 0)


def test_appending_folds_into_the_members_there(catalog: Catalog, jsonl: Write) -> None:
    catalog.register(jsonl([record("q", id=1), record("r", id=1)]), pool="p")
    answer = catalog.register(
        jsonl([record("q", id=2), record("r", id=1), record("s"), record("s")]),
        pool="p",
        mode="append",
    )
    assert (answer.n_added, answer.n_folded, answer.n_folded_differing, answer.version) == (
        1,
        3,
        1,
        2,
    )
    assert kept(catalog) == [(2, 2, '{"id": 2}'), (2, 3, '{"id": 1}'), (2, 5, None)]
    assert catalog.doctor() == []


def test_a_load_whose_folded_records_alone_are_new_makes_a_version_once(
    catalog: Catalog, jsonl: Write
) -> None:
    catalog.register(jsonl([record("q", id=1)]), pool="p")
    again = jsonl([record("q", id=1), record("q", id=2)], "more.jsonl")
    answer = catalog.register([jsonl([record("q", id=1)]), again], pool="p")
    assert (answer.is_new_version, answer.n_updated, answer.n_folded) == (True, 0, 2)
    assert catalog.register([jsonl([record("q", id=1)]), again], pool="p").is_new_version is False
    assert catalog.register(again, pool="p", mode="append").is_new_version is False
    assert (
        catalog.register(jsonl([record("q", id=1)]), pool="p", mode="append").is_new_version
        is False
    )


def test_doctor_and_drop_know_the_folded_records(catalog: Catalog, jsonl: Write) -> None:

    catalog.register(jsonl([record("q", id=n) for n in range(3)]), pool="p")
    catalog.register(jsonl([record("q", id=n) for n in range(3)]), pool="other")
    with catalog.store.writing() as connection:
        connection.execute("DELETE FROM folded_records WHERE metadata->>'id' = '1' AND pool_id = 1")
    assert [finding.check for finding in catalog.doctor()] == ["folded_records"]
    catalog.drop("p")
    assert catalog.doctor() == []
    assert catalog.sql("SELECT count(*) FROM folded_records").item() == 2


def test_keys_that_are_not_read_are_counted_for_each_file(catalog: Catalog, jsonl: Write) -> None:
    plain = [record(f"q{n}", input="<No input>", id=n, labels=["x"], none=None) for n in range(4)]
    plain[0]["score"] = 1
    answer = catalog.register(
        [jsonl(plain, "one.jsonl"), jsonl([record("q")], "two.jsonl")],
        pool="p",
        labels_column="labels",
    )
    assert [(file.unread, file.n_unread_keys) for file in answer.files] == [
        ({"id": 4, "input": 4, "score": 1}, 3),
        ({}, 0),
    ]
