"""Identities."""

import pytest

from catalog import Catalog
from catalog.signals.registry import (
    ensure_signal,
    find_signal,
    identity_sha256,
    list_named,
    renew_signal,
)


def test_the_same_identity_is_the_same_signal(catalog: Catalog) -> None:
    with catalog.store.writing() as connection:
        first = ensure_signal(
            connection,
            kind="embedding",
            name="e",
            identity={"a": 1, "b": [2]},
            dimension=3,
            has_vectors=True,
        )
        again = ensure_signal(connection, kind="embedding", name="e", identity={"b": [2], "a": 1})
        other = ensure_signal(
            connection, kind="embedding", name="e", identity={"a": 2, "b": [2]}, has_vectors=True
        )
    assert again == first
    assert other.signal_id != first.signal_id
    assert other.lance_table != first.lance_table
    with catalog.store.reading() as connection:
        assert (
            find_signal(connection, kind="embedding", name="e", identity={"a": 1, "b": [2]})
            == first
        )
        assert [
            signal.signal_id for signal in list_named(connection, kind="embedding", name="e")
        ] == [other.signal_id, first.signal_id]
        assert list_named(connection, kind="score") == []


@pytest.mark.parametrize("change", [{"kind": "score"}, {"name": "f"}, {"identity": {"a": "1"}}])
def test_kind_name_and_every_value_tell_signals_apart(change: dict[str, object]) -> None:
    base = {"kind": "embedding", "name": "e", "identity": {"a": 1}}
    assert identity_sha256(**base) != identity_sha256(**(base | change))  # type: ignore[arg-type]


def test_a_renewed_signal_is_the_newest_though_the_clock_was_set_back(catalog: Catalog) -> None:
    with catalog.store.writing() as connection:
        signals = [
            ensure_signal(connection, kind="score", name="s", identity={"a": i}) for i in range(3)
        ]
        connection.execute("UPDATE signals SET created_at = created_at + INTERVAL 1 DAY")
        renew_signal(connection, signals[1])
        signals.append(ensure_signal(connection, kind="score", name="s", identity={"a": 3}))
        assert list_named(connection, kind="score") == [signals[i] for i in (3, 1, 2, 0)]


def test_a_score_has_no_vector_table(catalog: Catalog) -> None:
    with catalog.store.writing() as connection:
        assert ensure_signal(connection, kind="score", name="s", identity={}).lance_table is None


def test_signals_of_one_name_are_told_apart(catalog: Catalog) -> None:
    with catalog.store.writing() as connection:
        for field in ("prompt", "conversation"):
            ensure_signal(
                connection, kind="embedding", name="mini", identity={"field": field, "version": 1}
            )
        for dim in (32, 128):
            projection = {"kind": "jl", "dim": dim, "seed": 0, "matrix": "ab"}
            ensure_signal(
                connection,
                kind="states",
                name="tiny",
                identity={"max_tokens": 128, "projection": projection, "weights": "d07628167e50"},
            )
        recipe = {"epochs": 3, "checkpoints": 12, "seed": 1, "learning_rate": 0.003}
        ensure_signal(
            connection,
            kind="losses",
            name="tiny",
            identity={"recipe": recipe, "start": {"dtype": "float32", "seed": 0}},
        )
    assert catalog.signals()["settings"].to_list() == [
        "field prompt",
        "field conversation",
        "epochs 3, checkpoints 12, seed 1, learning_rate 0.003, precision float32",
        "project_to 32, projection jl, seed 0, max_tokens 128, weights d0762816",
        "project_to 128, projection jl, seed 0, max_tokens 128, weights d0762816",
    ]
    assert catalog.signals()["n_with_value"].to_list() == [0] * 5
