"""Labels by vector search."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from catalog import Catalog
from catalog.compute.labels import read_taxonomy
from catalog.compute.similarity import unit
from catalog.errors import OptionError, SignalError, SourceError
from tests.copies import made_once

Write = Callable[..., Path]
NAMES = ["cooking", "programming", "geography", "mathematics"]
TEXTS = [
    "How do I cook rice?",
    "What is the capital of France?",
    "Write a sorting function in Python.",
    "zzz",
]


@pytest.fixture
@made_once
def pool(catalog: Catalog, jsonl: Write) -> Catalog:
    made = [{"instruction": text, "input": "", "output": "yes", "mine": []} for text in TEXTS]
    made[0]["mine"] = ["own"]
    catalog.register(jsonl(made), pool="p", labels_column="mine")
    return catalog


def labelled(catalog: Catalog, signal_id: int) -> dict[str, list[str]]:
    sql = """
        SELECT prompt_of(messages), labels
        FROM signal_labels JOIN instructions USING (instruction_id)
        WHERE signal_id = $signal_id
    """
    with catalog.store.reading() as connection:
        return dict(connection.sql(sql, params={"signal_id": signal_id}).fetchall())


def test_labels_are_the_names_within_the_threshold_nearest_first(
    pool: Catalog, tmp_path: Path
) -> None:
    from catalog.models.encoder import load_encoder

    file = tmp_path / "abilities.txt"
    file.write_text("\n".join(NAMES))
    with pytest.raises(SignalError, match="catalog embed"):
        pool.label("p", file)
    dtype = pool.embed("p").signal.identity["dtype"]
    report = pool.label("p", file, threshold=0.2)
    encoder = load_encoder(dtype=dtype)
    cosines = unit(encoder.encode(TEXTS).vectors) @ unit(encoder.encode(NAMES).vectors).T
    wanted = {
        text: [NAMES[j] for j in np.argsort(-row) if row[j] >= 0.2]
        for text, row in zip(TEXTS, cosines, strict=True)
    }
    assert labelled(pool, report.signal.signal_id) == wanted
    assert wanted[TEXTS[0]][0] == "cooking"
    assert pool.label("p", file, threshold=0.2).n_computed == 0
    assert pool.label("p", file, threshold=0.99).n_computed == 4


@pytest.mark.slow
def test_k_is_the_pools_own_labels_first_and_else_the_taxonomys(
    pool: Catalog, tmp_path: Path
) -> None:
    file = tmp_path / "abilities.txt"
    file.write_text("\n".join(NAMES))
    pool.embed("p")
    report = pool.label("p", file, threshold=0.2)
    pool.score("p", "n_labels")
    with pool.store.reading() as connection:
        found = dict(
            connection.sql(
                "SELECT prompt_of(messages), value "
                "FROM scores JOIN instructions USING (instruction_id)"
            ).fetchall()
        )
    wanted = {
        text: float(len(labels)) or None
        for text, labels in labelled(pool, report.signal.signal_id).items()
    }
    assert found == wanted | {TEXTS[0]: 1.0}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a\n\n b \na\n", ["a", "b"]),
        ('["a", "b", "a"]', ["a", "b"]),
        ('{"math": ["algebra", {"deep": "b"}], "code": null}', None),
    ],
)
def test_a_taxonomy_is_lines_or_json(tmp_path: Path, text: str, names: list[str] | None) -> None:
    file = tmp_path / "t"
    file.write_text(text)
    assert read_taxonomy(file) == (names or ["math", "algebra", "deep", "b", "code"])


def test_a_file_without_names_and_a_threshold_out_of_range_are_refused(
    pool: Catalog, tmp_path: Path
) -> None:
    file = tmp_path / "t"
    file.write_text("\n \n")
    with pytest.raises(SourceError, match="holds no names"):
        read_taxonomy(file)
    with pytest.raises(OptionError, match="threshold"):
        pool.label("p", file, threshold=2)
