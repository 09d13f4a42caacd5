"""Counts of response tokens, and the tokenizer that a message names."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from catalog import Catalog
from catalog.errors import OptionError, SignalError
from tests.compute.scores.test_scores import Records, Write, plain_losses, stored
from tests.copies import made_once


@pytest.fixture
@made_once
def pool(catalog: Catalog, jsonl: Write, records: Records) -> Catalog:
    catalog.register(jsonl(records(30)), pool="p")
    return catalog


def test_n_tokens_counts_with_a_tokenizer_alone(pool: Catalog, model: Path, tmp_path: Path) -> None:
    from transformers import AutoTokenizer

    AutoTokenizer.from_pretrained(model).save_pretrained(tmp_path / "tokenizer")
    (report,) = pool.score("p", "n_tokens", tokenizer=str(tmp_path / "tokenizer")).reports
    found = stored(pool, "n_tokens")
    wanted = {prompt: float(n) for prompt, (_, _, n) in plain_losses(model, pool).items()}
    assert {prompt: found[prompt][0] for prompt in wanted} == wanted
    assert str(tmp_path / "tokenizer") in pool.signals("p")["origin"].item()
    (again,) = pool.score("p", "n_tokens", model=str(model)).reports
    assert (again.signal.signal_id, again.n_computed) == (report.signal.signal_id, 0)


def test_n_tokens_is_a_whole_number_and_is_asked_for_with_its_tokenizer(
    pool: Catalog, model: Path, jsonl: Write, records: Records
) -> None:
    query = "SELECT value FROM score('p', name => 'n_tokens')"
    with pytest.raises(SignalError, match="`catalog score p@1 n_tokens --tokenizer ID` computes"):
        pool.sql(query)
    (need,) = pool.explain("longest", "p", budget=2).needs
    assert (str(need.command), need.model) == ("catalog score p@1 n_tokens --tokenizer ID", None)
    with pytest.raises(OptionError, match="tokenizer"):
        pool.score("p", "n_tokens")
    pool.score("p", "n_tokens", model=str(model))
    assert pool.sql(query)["value"].dtype == pl.Int64
    assert pool.scores("p")["n_tokens"].dtype == pl.Int64
    pool.register(jsonl(records(31)[30:], "more.jsonl"), pool="p", mode="append")
    with pytest.raises(SignalError, match=rf"n_tokens --tokenizer {model}` computes the rest") as e:
        pool.sql(query)
    assert e.value.command is not None
    e.value.command.run(pool)
    assert pool.sql(query)["value"].null_count() == 0


def test_an_imported_count_stays_as_it_was_imported(pool: Catalog, tmp_path: Path) -> None:
    np.save(tmp_path / "n.npy", np.arange(30) + 0.5)
    pool.import_scores("p", tmp_path / "n.npy", name="n_tokens")
    assert pool.scores("p")["n_tokens"].dtype == pl.Float64
