"""Vectors of the labels that a pool's members have."""

from __future__ import annotations

import numpy as np
import pytest

from catalog.errors import InterruptedQueryError, ModelNotFoundError, SignalError
from catalog.query.executor import Limits
from catalog.query.session import session
from catalog.query.source_text import SourceText
from catalog.query.sources.label_embeddings import label_embeddings
from catalog.query.stream import run
from catalog.selection.definition import define
from catalog.selection.explain import explain
from catalog.selection.selector import find_selector, read_selector
from catalog.store.store import Store

LABELS = ["number 0", "number 1", "sum"]
MINE = (
    "-- summary: A test.\nSELECT instruction_id FROM pool($pool), label_embeddings($pool) "
    "ORDER BY ALL LIMIT $budget"
)


def test_each_distinct_label_has_the_vector_that_the_encoder_gives_it(store: Store) -> None:
    from catalog.models.encoder import load_encoder

    answer = run(store, "FROM label_embeddings('tiny')")
    assert answer.column_names == ["label", "vector"]
    assert answer["label"].to_pylist() == LABELS
    np.testing.assert_array_equal(
        np.array(answer["vector"].to_pylist()), load_encoder(dtype="float32").encode(LABELS).vectors
    )


def test_labels_are_embedded_once_and_only_when_their_vectors_are_asked_for(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    from catalog.models import encoder

    assert run(store, "SELECT label FROM label_embeddings('tiny')")["label"].to_pylist() == LABELS
    assert not store.cache.exists()
    first = run(store, "FROM label_embeddings('tiny')")
    assert len(list(store.cache.glob("label_embeddings-*"))) == 1
    monkeypatch.setattr(
        encoder, "load_encoder", lambda *_, **__: pytest.fail("it was embedded again")
    )
    assert (
        run(
            store,
            "FROM label_embeddings('tiny', encoder => 'sentence-transformers/all-MiniLM-L6-v2')",
        )
        == first
    )
    with pytest.raises(pytest.fail.Exception, match="embedded again"):
        run(store, "FROM label_embeddings('tiny')", limits=Limits(use_cache=False))
    with store.writing() as connection:
        connection.execute("UPDATE pool_members SET labels = ['new'] WHERE instruction_id = 39")
    with pytest.raises(pytest.fail.Exception, match="embedded again"):
        run(store, "FROM label_embeddings('tiny')")


def test_the_labels_of_a_subset_are_those_of_its_members(store: Store) -> None:
    with store.writing() as connection:
        connection.execute(
            "UPDATE pool_members SET labels = ['only ' || instruction_id] WHERE "
            "instruction_id IN (10, 13, 30)"
        )
    assert run(store, "SELECT label FROM label_embeddings('few')")["label"].to_pylist() == [
        "only 10",
        "only 13",
    ]


def test_the_error_for_a_pool_without_labels_says_how_to_register_them(store: Store) -> None:
    with store.writing() as connection:
        connection.execute("UPDATE pool_members SET labels = NULL")
    message = (
        "no member of tiny@2 has labels: `catalog register FILE --pool tiny --labels-column "
        "COLUMN` imports them"
    )
    with pytest.raises(SignalError, match=message):
        run(store, "FROM label_embeddings('tiny')")
    (need,) = explain(store, SourceText.of("FROM label_embeddings('tiny')"), {}).needs
    assert (need.n_missing, need.is_computed) == (35, False)


def test_an_encoder_that_is_not_there_is_named(store: Store) -> None:
    with pytest.raises(ModelNotFoundError, match=r"query:1:6: \./nothing: no such folder"):
        run(store, "FROM label_embeddings('tiny', encoder => './nothing')")


def test_a_plan_says_that_the_selection_embeds_the_labels(store: Store) -> None:
    told = explain(store, SourceText.of("FROM label_embeddings('tiny')"), {})
    assert told.functions == ("label_embeddings('tiny@2')",)
    assert told.is_ready
    line = "label embeddings of all-MiniLM-L6-v2: 12 of 35 members"
    assert line in "\n".join(told.lines())


def test_another_encoder_is_another_definition(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    from catalog.models import encoder_identity

    before = define(store, read_selector(MINE, name="mine"), ref="tiny", budget=3)
    assert [signal["kind"] for signal in before.content["signals"]] == ["label_embedding"]
    assert (
        define(store, read_selector(MINE, name="mine"), ref="tiny", budget=3).sha256
        == before.sha256
    )
    real = encoder_identity.encoder_identity
    monkeypatch.setattr(
        encoder_identity, "encoder_identity", lambda name: real(name) | {"weights": "others"}
    )
    assert (
        define(store, read_selector(MINE, name="mine"), ref="tiny", budget=3).sha256
        != before.sha256
    )


def test_mig_reads_labels_and_any_score(store: Store) -> None:
    definition = define(
        store, find_selector(store, "mig"), ref="tiny", budget=3, settings={"score": "ifd"}
    )
    assert {signal["name"] for signal in definition.content["signals"]} == {
        "all-MiniLM-L6-v2",
        "ifd",
    }
    assert set(definition.content["functions"]) == {"mig"}


def test_embedding_labels_stops_on_request_and_keeps_nothing(store: Store) -> None:
    with session(store) as opened:
        source = label_embeddings(opened.connection, "tiny")
        assert source.load is not None
        opened.stopped.set()
        with pytest.raises(InterruptedQueryError, match="stopped while labels were embedded"):
            source.load(opened, None)
    assert not store.cache.exists()
