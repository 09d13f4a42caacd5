"""Token counts: against the rows that `SubsetDataset` trains on, and a count by hand."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from catalog import Catalog
from catalog.cli import main
from catalog.errors import ModelNotFoundError, OptionError
from tests.copies import made_once

WORDS = "river give word night stone sum large the"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A very small random language model as Hugging Face files."""
    from catalog.models.causal_lm import save_causal_lm
    from catalog.models.tiny import TinyShape, build_tiny

    folder = tmp_path_factory.mktemp("models") / "very-small"
    shape = TinyShape(vocabulary=300, width=16, layers=1, heads=2, inner=16)
    save_causal_lm(build_tiny(WORDS.split(), shape=shape), folder)
    return folder


@pytest.fixture
@made_once
def filled(catalog: Catalog, jsonl: Callable[..., Path]) -> Catalog:
    """Answers of 1 to 40 words, a prompt that fills a window of 200 tokens, and a long answer."""
    records = [
        {"instruction": f"{WORDS} {i}", "output": " ".join(WORDS.split() * (i % 5 + 1))}
        for i in range(40)
    ]
    records.append({"instruction": "word " * 300, "output": "stone"})
    records.append({"instruction": "word", "output": "stone " * 300})
    catalog.register(jsonl(records), pool="p")
    return catalog


def test_counts_equal_those_of_the_rows_that_are_trained(filled: Catalog, model: Path) -> None:
    from transformers import AutoTokenizer

    from catalog.integrations.torch import SubsetDataset

    counted = filled.project.tokens("p", model=model, max_length=200, packing="bfd", epochs=3)
    tokenizer = AutoTokenizer.from_pretrained(model)
    options: dict[str, Any] = {"tokenizer": tokenizer, "catalog": filled}
    whole = [*SubsetDataset("p", max_length=10_000, **options)]
    cut = [*SubsetDataset("p", max_length=200, **options)]
    packed = [*SubsetDataset("p", max_length=200, pack="bfd", **options)]
    lengths = sorted(len(item["input_ids"]) for item in whole)
    assert counted.n_rows == len(whole) == 42
    assert counted.n_tokens == sum(lengths)
    assert counted.n_response == sum(int((item["labels"] >= 0).sum()) for item in whole)
    assert counted.n_prompt == counted.n_tokens - counted.n_response
    assert counted.n_cut == sum(length > 200 for length in lengths) > 2
    assert counted.untrained == {"nothing_in_window": 1}
    assert counted.n_tokens_cut == sum(length - 200 for length in lengths if length > 200)
    assert counted.lengths["1"] == lengths[-1]
    assert counted.lengths["0.5"] == lengths[20]
    assert counted.n_trained_rows == len(cut) == 41
    assert counted.n_epoch_tokens == sum(len(item["input_ids"]) for item in cut)
    assert counted.n_sequences == len(packed)
    assert counted.efficiency == counted.n_epoch_tokens / (len(packed) * 200)


def test_steps_hours_and_price_follow_from_the_counts(filled: Catalog, model: Path) -> None:
    options: dict[str, Any] = {"batch": 8, "epochs": 3, "tokens_per_second": 100, "price": 2.5}
    counted = filled.project.tokens("p", model=model, max_length=10_000, **options)
    assert (counted.n_sequences, counted.n_steps) == (42, 18)  # 6 steps an epoch
    assert counted.hours == pytest.approx(counted.n_tokens * 3 / 100 / 3600)
    assert counted.price == pytest.approx(counted.hours * 2.5)
    assert counted.efficiency is None


def test_the_command_prints_the_counts(filled: Catalog, model: Path) -> None:
    command = ["--home", str(filled.store.path), "tokens", "p", "--model", str(model)]
    options = ["--max-length", "200", "--packing", "bfd"]
    answer = CliRunner().invoke(main, [*command, *options])
    assert answer.exit_code == 0, answer.stderr
    assert "packing efficiency" in answer.stdout
    assert "nothing_in_window" in answer.stderr
    document = json.loads(CliRunner().invoke(main, [*command, *options, "--json"]).stdout)
    assert document["n_prompt"] + document["n_response"] == document["n_tokens"]


@pytest.mark.parametrize(
    "wrong", [{"max_length": 0}, {"epochs": -1}, {"price": 2.0}, {"tokens_per_second": 0}]
)
def test_a_number_out_of_its_range_is_refused(
    filled: Catalog, model: Path, wrong: dict[str, Any]
) -> None:
    with pytest.raises(OptionError):
        filled.project.tokens("p", model=model, **({"max_length": 200} | wrong))


def test_a_model_that_is_not_there_is_named(filled: Catalog) -> None:
    with pytest.raises(ModelNotFoundError):
        filled.project.tokens("p", model="no/such-model", max_length=200)
