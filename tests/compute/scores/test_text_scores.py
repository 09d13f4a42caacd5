"""Scores of texts that need no model: length, repetition, code share and personal data."""

from collections.abc import Callable
from pathlib import Path

import pytest

from catalog import Catalog

RESPONSES = {
    "word": (4, 0, 0),
    "a b c a b c": (11, 0.25, 0),
    "A b\na B a b": (11, 0.5, 0),
    "```x```": (7, 0, 1),
    "ab\n```\nc\n```\nd": (14, 0, 9 / 14),
    "ab```c": (6, 0, 4 / 6),
    "``` a ``` b ``` c": (17, 0, 14 / 17),
}
PERSONAL = {
    "nothing here": 0,
    "write to a.b+c@mail.example.org, or x@y.de": 2,
    "call +49 30 1234567 or (212) 555-0100": 2,
    "host 192.168.0.1, version 1.2.3 and 999.1.1.1": 1,
    "card 4111 1111 1111 1111, IBAN DE89 3704 0044 0532 0130 00": 2,
    "id 123-45-6789; 12 + 345 = 357, in 2024": 1,
}


def scored(catalog: Catalog, file: Path, *names: str) -> list[dict[str, float]]:
    catalog.register(file, pool="p")
    catalog.score("p", *names)
    columns = ", ".join(f"{name}.value AS {name}" for name in names)
    joins = " ".join(
        f"JOIN score('p', name => '{name}') AS {name} USING (instruction_id)" for name in names
    )
    query = f"SELECT {columns} FROM pool('p') {joins} ORDER BY row_number"
    return catalog.sql(query).to_dicts()


def test_length_repetition_and_code_share(catalog: Catalog, jsonl: Callable[..., Path]) -> None:
    file = jsonl([{"instruction": f"q{i}", "output": text} for i, text in enumerate(RESPONSES)])
    rows = scored(catalog, file, "length", "repetition", "code_share")
    for row, expected in zip(rows, RESPONSES.values(), strict=True):
        assert list(row.values()) == pytest.approx(expected)


def test_personal_data_in_prompt_and_response(catalog: Catalog, jsonl: Callable[..., Path]) -> None:
    texts = list(PERSONAL)
    records = [{"instruction": f"{i} {text}", "output": "ok"} for i, text in enumerate(texts)]
    records += [{"instruction": f"q {i}", "output": text} for i, text in enumerate(texts)]
    rows = scored(catalog, jsonl(records), "pii")
    assert [row["pii"] for row in rows] == [*PERSONAL.values(), *PERSONAL.values()]


@pytest.mark.slow
def test_a_new_version_computes_its_new_members_only(
    catalog: Catalog, jsonl: Callable[..., Path]
) -> None:
    records = [{"instruction": f"q{i}", "output": "a b"} for i in range(5)]
    catalog.register(jsonl(records[:3]), pool="p")
    assert catalog.score("p", "length").reports[0].n_computed == 3
    catalog.register(jsonl(records), pool="p")
    assert catalog.score("p", "length").reports[0].n_computed == 2
