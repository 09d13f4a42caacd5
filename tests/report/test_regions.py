"""Regions of a map, by the words that tell them from the rest."""

import base64
import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from catalog import Catalog
from catalog.cli import main
from catalog.errors import SignalError
from catalog.query.executor import Limits
from catalog.report.document import document
from catalog.report.places import places
from tests.copies import made_once
from tests.report.conftest import BLOCK, add_vectors

TOPICS = ("boil the eggs", "sort a list", "name the planets")


@pytest.fixture
@made_once
def topics(catalog: Catalog, jsonl: Callable[..., Path]) -> Catalog:
    """Three groups of vectors, each with a topic of its own."""
    records = [
        {"instruction": f"please {TOPICS[i % 3]} now", "output": f"answer {i}"} for i in range(60)
    ]
    catalog.register(jsonl(records), pool="p")
    add_vectors(catalog)
    return catalog


def test_each_region_is_named_by_its_own_words(topics: Catalog) -> None:
    found = topics.regions("p", k=3, n_words=2).to_dicts()
    assert [row["n_members"] for row in found] == [20, 20, 20]
    words = {tuple(row["words"]) for row in found}
    assert words == {("boil", "eggs"), ("list", "sort"), ("name", "planets")}
    assert topics.regions("p", k=3, n_words=2).to_dicts() == found


def test_a_report_without_texts_has_regions_without_words(topics: Catalog) -> None:
    for n_texts, has_words in ((0, False), (1, True)):
        data = BLOCK.findall(document(topics.store, ["p"], n_texts=n_texts).html)[0][1]
        assert (b'"words": ["' in gzip.decompress(base64.b64decode(data))) == has_words


@pytest.mark.slow
def test_of_several_maps_the_page_shows_that_of_the_default_method(topics: Catalog) -> None:
    for method in ("pca", "tsne"):
        topics.map("p", method=method)
    notes: list[str] = []
    placed, shown = places(topics.store, topics.find("p"), Limits(), notes)
    assert placed is not None
    assert placed.num_rows == 60
    assert shown == {"name": "map of tsne", "relation": "map($pool, method => 'tsne')"}
    assert len(notes) == 1


@pytest.mark.slow
def test_the_command_prints_the_regions(topics: Catalog) -> None:
    command = ["--home", str(topics.store.path), "regions", "p", "-k", "3"]
    answer = CliRunner().invoke(main, [*command, "--json"])
    assert answer.exit_code == 0, answer.output
    assert {row["region"] for row in json.loads(answer.stdout)} == {0, 1, 2}


def test_sql_names_any_clusters(topics: Catalog) -> None:
    rows = topics.sql(
        "SELECT DISTINCT words FROM cluster_words((SELECT fingerprint, cluster, prompt AS text "
        "FROM kmeans((SELECT instruction_id, fingerprint, vector FROM embeddings('p')), k => 3) "
        "JOIN pool('p') USING (instruction_id, fingerprint)), n => 1)"
    )
    assert sorted(words[0] for words in rows["words"]) == ["boil", "list", "name"]


def test_without_a_map_and_embeddings_there_are_no_regions(
    catalog: Catalog, jsonl: Callable[..., Path]
) -> None:
    catalog.register(jsonl([{"instruction": "a", "output": "b"}]), pool="p")
    with pytest.raises(SignalError):
        catalog.regions("p")
