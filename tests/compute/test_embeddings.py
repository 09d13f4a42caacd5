"""Embeddings through the catalog: identity, shards, what is not computed twice."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from catalog import Catalog
from catalog.errors import ModelNotFoundError, OptionError, SignalError
from catalog.signals.registry import identity_sha256
from catalog.store import vectors
from tests.copies import made_once

Write = Callable[..., Path]
Records = Callable[[int], list[dict[str, Any]]]


@pytest.fixture
@made_once
def pool(catalog: Catalog, jsonl: Write, records: Records) -> Catalog:
    catalog.register(jsonl(records(12)), pool="p")
    return catalog


def held(catalog: Catalog, table: str | None) -> pa.Table:
    return (
        vectors.read(catalog.store, str(table), columns=["instruction_id", "vector"])
        .read_all()
        .sort_by("instruction_id")
    )


def test_a_vector_is_that_of_the_encoder_for_the_prompt(pool: Catalog) -> None:
    from catalog.models.encoder import load_encoder

    report = pool.embed("p")
    with pool.store.reading() as connection:
        rows = connection.sql(
            "SELECT prompt_of(messages) FROM instructions ORDER BY instruction_id"
        ).fetchall()
    wanted = (
        load_encoder(dtype=report.signal.identity["dtype"]).encode([row[0] for row in rows]).vectors
    )
    found = np.asarray(held(pool, report.signal.lance_table)["vector"].to_pylist())
    assert ((found * wanted).sum(axis=1) > 0.9999).all()


def test_the_next_version_costs_what_is_new_and_another_pool_shares(
    pool: Catalog, jsonl: Write, records: Records
) -> None:
    assert pool.embed("p").n_computed == 12
    assert pool.embed("p").n_computed == 0
    pool.register(jsonl(records(15), "more.jsonl"), pool="p", mode="append")
    assert pool.embed("p").n_computed == 3
    pool.register(jsonl(records(14), "other.jsonl"), pool="other")
    assert pool.embed("other").n_computed == 0


@pytest.mark.slow
def test_field_and_store_make_signals_of_their_own(pool: Catalog) -> None:
    made = [
        pool.embed("p").signal,
        pool.embed("p", field="conversation").signal,
        pool.embed("p", dtype="float16").signal,
    ]
    assert len({signal.signal_id for signal in made}) == 3
    assert held(pool, made[2].lance_table).schema.field("vector").type == pa.list_(
        pa.float16(), 384
    )
    assert (
        held(pool, made[0].lance_table)["vector"][0].as_py()
        != held(pool, made[1].lance_table)["vector"][0].as_py()
    )


@pytest.mark.slow
def test_the_vectors_that_were_asked_for_last_are_read_also_when_they_were_there_before(
    pool: Catalog,
) -> None:
    for dtype in ("float32", "float16", "float32"):
        asked = pool.embed("p", dtype=dtype).signal
        assert pool.signals("p").filter(pl.col("is_read"))["identity"].to_list() == [
            asked.identity_sha256[:12]
        ]


@pytest.mark.slow
def test_a_new_signal_is_float32_on_any_machine_and_an_existing_one_keeps_its_precision(
    pool: Catalog, jsonl: Write, records: Records
) -> None:
    first = pool.embed("p")
    assert first.signal.identity["dtype"] == "float32"
    assert first.notes[0].startswith("precision float32: the default")
    pool.register(jsonl(records(3), "few.jsonl"), pool="few")
    narrow = pool.embed("few", precision="bfloat16")
    assert (narrow.signal.identity["dtype"], narrow.notes) == ("bfloat16", ())
    assert narrow.signal.signal_id != first.signal.signal_id
    pool.register(jsonl(records(30)[-3:], "others.jsonl"), pool="others")
    assert (
        pool.embed("others").signal.signal_id == first.signal.signal_id
    )  # no vector of its members is there in bfloat16
    with pool.store.writing() as connection:
        connection.execute(
            "DELETE FROM signal_members WHERE signal_id = $id", {"id": first.signal.signal_id}
        )
    pool.register(jsonl(records(4), "few.jsonl"), pool="few")
    again = pool.embed("few")
    assert (again.signal.signal_id, again.n_computed) == (narrow.signal.signal_id, 1)
    assert again.notes == ("precision bfloat16: 3 members of few@2 have vectors in it",)


@pytest.mark.slow
def test_the_precision_is_named_in_the_listing_and_by_the_command_that_makes_the_rest(
    pool: Catalog,
) -> None:
    pool.embed("p", precision="bfloat16", limit=2)
    assert pool.signals("p")["settings"].to_list()[0].endswith("store float32, precision bfloat16")
    with pytest.raises(
        SignalError,
        match=r"`catalog embed p@1 --encoder \S+ --precision bfloat16` computes the rest",
    ):
        pool.select("k_center", "p", budget=2, name="x")


@pytest.mark.slow
def test_a_signal_of_an_earlier_batch_order_is_continued(
    pool: Catalog, jsonl: Write, records: Records
) -> None:
    made = pool.embed("p").signal
    assert made.identity["batch_order"] == 2
    older = {key: value for key, value in made.identity.items() if key != "batch_order"}
    with pool.store.writing() as connection:
        connection.execute(
            "UPDATE signals SET identity = $identity, identity_sha256 = $sha256",
            {
                "identity": json.dumps(older),
                "sha256": identity_sha256("embedding", made.name, older),
            },
        )
    pool.register(jsonl(records(15), "more.jsonl"), pool="p", mode="append")
    report = pool.embed("p")
    assert (report.signal.signal_id, report.signal.identity, report.n_computed) == (
        made.signal_id,
        older,
        3,
    )


def test_the_listing_has_coverage_seconds_and_size(pool: Catalog) -> None:
    pool.embed("p", limit=5)
    (row,) = pool.signals("p").to_dicts()
    assert (row["kind"], row["name"], row["n_with_value"], row["n_members"], row["dimension"]) == (
        "embedding",
        "all-MiniLM-L6-v2",
        5,
        12,
        384,
    )
    assert row["seconds"] > 0
    assert row["n_bytes"] > 5 * 384 * 4


def test_what_cannot_be_is_refused_before_anything_is_written(pool: Catalog) -> None:
    with pytest.raises(OptionError, match="field: expected prompt or conversation"):
        pool.embed("p", field="answer")  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="precision: expected"):
        pool.embed("p", precision="int8")  # type: ignore[arg-type]
    with pytest.raises(ModelNotFoundError):
        pool.embed("p", encoder="./no-such-folder")
    assert pool.signals("p").is_empty()
