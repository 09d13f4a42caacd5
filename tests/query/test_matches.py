"""Source matches: against BM25 written out by hand, and in selections."""

import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog import Catalog

Write = Callable[..., Path]
TEXTS = [
    ("How do I cook rice?", "Boil the rice in water."),
    ("Boil an egg", "Cook the egg for six minutes; an egg is an egg."),
    ("今日はいい天気ですね。", "はい"),
    ("Café in Paris 🎉", "C++ is a language"),
    ("don't stop", "x_y foo-bar rice"),
    ("same", "rice"),
    ("Same!", "rice"),
]
ALONE = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff🎉]|[^\W_]+")


def words(text: str) -> list[str]:
    runs = ALONE.findall(text.lower())
    return [part for run in runs for part in re.findall(r"[\u3040-\u9fff]|[^\u3040-\u9fff]+", run)]


def by_hand(query: str) -> dict[str, float]:
    """BM25 of the prompt and of the response, added, by prompt."""
    scores: dict[str, float] = {}
    n = len(TEXTS)
    for field in (0, 1):
        mean = sum(len(row[field]) for row in TEXTS) / n
        for word in set(words(query)):
            counts = [words(row[field]).count(word) for row in TEXTS]
            df = sum(count > 0 for count in counts)
            idf = math.log(1 + (n - df + 0.5) / (df + 0.5))
            for row, tf in zip(TEXTS, counts, strict=True):
                if tf:
                    part = idf * tf * 2.2 / (tf + 1.2 * (0.25 + 0.75 * len(row[field]) / mean))
                    scores[row[0]] = scores.get(row[0], 0) + part
    return scores


@pytest.fixture
def pool(catalog: Catalog, jsonl: Write) -> Catalog:
    made = [{"instruction": prompt, "input": "", "output": answer} for prompt, answer in TEXTS]
    catalog.register(jsonl(made), pool="p")
    return catalog


def found(catalog: Catalog, text: str) -> list[dict[str, Any]]:
    sql = (
        "SELECT prompt, score, rank, fingerprint FROM matches('p', text => $text) "
        "JOIN pool('p') USING (instruction_id, fingerprint) ORDER BY rank"
    )
    return catalog.sql(sql, parameters={"text": text}).to_dicts()


def test_scores_are_bm25_by_hand_whatever_the_query_is(pool: Catalog) -> None:
    vocabulary = sorted({word for row in TEXTS for text in row for word in words(text)})
    pieces = st.sampled_from([*vocabulary, "absent", "'", '"', "$1", ");--", "🙂", "ÉGG"])

    @given(st.lists(pieces, min_size=1, max_size=5).map(" ".join))
    @settings(max_examples=12, suppress_health_check=list(HealthCheck))
    def check(query: str) -> None:
        expected = by_hand(query)
        rows = found(pool, query)
        assert {row["prompt"] for row in rows} == expected.keys()
        assert [row["rank"] for row in rows] == list(range(1, len(rows) + 1))
        assert all(row["score"] == pytest.approx(expected[row["prompt"]]) for row in rows)
        keys = [(-row["score"], row["fingerprint"]) for row in rows]
        assert keys == sorted(keys)

    check()


@pytest.mark.slow
def test_an_index_changes_nothing_and_a_selection_verifies(pool: Catalog, tmp_path: Path) -> None:
    before = found(pool, "rice egg")
    selector = tmp_path / "about.sql"
    selector.write_text(
        "-- summary: Members that hold words.\n"
        "-- param: about text = rice   the words\n"
        "SELECT instruction_id FROM matches($pool, text => $about) ORDER BY rank LIMIT $budget\n"
    )
    pool.select(str(selector), "p", budget=3, name="few")
    pool.index("p", text=True)
    assert found(pool, "rice egg") == before
    assert pool.verify("few").is_same
    definition = pool.sql("SELECT definition FROM subsets")["definition"].item()
    assert "word_matches_at" in definition
    assert "tokens_of" in definition
    answer = pool.search("p", "rice egg", mode="text")
    assert set(answer.rows["prompt"]) == {row["prompt"] for row in before}


def test_matches_of_a_subset_are_its_members(pool: Catalog) -> None:
    pool.select("random", "p", budget=3, name="few")
    rows = pool.sql("SELECT count(*) AS n FROM matches('few', text => 'rice egg the boil same')")
    assert 0 < rows["n"].item() <= 3
