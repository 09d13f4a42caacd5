"""Influence that others computed, imported and selected by, as the docs show it."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from catalog import Catalog

Write = Callable[[Sequence[dict[str, Any]], str], Path]
SELECTOR = """\
-- summary: Take the members with the largest imported influence.
-- needs: score influence

SELECT instruction_id, value AS influence
FROM score($pool, name => 'influence')
WHERE value IS NOT NULL
ORDER BY influence DESC, fingerprint
LIMIT $budget
"""


def test_imported_influence_is_selected_by(catalog: Catalog, jsonl: Write, tmp_path: Path) -> None:
    influence = {"a": -0.02, "b": 0.31, "c": 0.07, "d": 0.11}
    records = [{"instruction": name, "output": f"answer {name}", "id": name} for name in influence]
    catalog.register(jsonl(records, "pool.jsonl"), pool="p")
    rows = [{"id": name, "influence": value} for name, value in influence.items()]
    file = jsonl(rows[::-1], "influence.jsonl")
    catalog.import_scores("p", file, name="influence", key="id")
    (tmp_path / "by_influence.sql").write_text(SELECTOR)
    catalog.select(str(tmp_path / "by_influence.sql"), "p", budget=3, name="best")
    taken = catalog.sql("SELECT prompt, why FROM subset('best') ORDER BY rank").rows()
    assert [prompt for prompt, _ in taken] == ["b", "d", "c"]
    assert [json.loads(why)["influence"] for _, why in taken] == pytest.approx([0.31, 0.11, 0.07])
    assert catalog.verify("best").is_same
