"""Scores of kinds reward and classifier, against a plain loop of transformers."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from catalog import Catalog
from catalog.errors import ModelNotFoundError, OptionError
from tests.copies import made_once
from tests.quick import few_of


@pytest.fixture
@made_once
def pool(catalog: Catalog, jsonl: Callable[..., Path], records: Any) -> Catalog:
    """Thirty-one members, the last one without an answer."""
    call = {"type": "function", "function": {"name": "f", "arguments": "{}"}}
    turns = [{"role": "user", "content": "call f"}, {"role": "assistant", "tool_calls": [call]}]
    pairs = [
        [
            {"role": "user", "content": each["instruction"]},
            {"role": "assistant", "content": each["output"]},
        ]
        for each in records(30)
    ]
    catalog.register(jsonl([{"messages": each} for each in [*pairs, turns]]), pool="p")
    return catalog


@pytest.fixture(scope="module", params=[1, 3])
def classifier(request: Any, tmp_path_factory: pytest.TempPathFactory, model: Path) -> Path:
    """A very small random model with one output, or with three labels."""
    import torch
    from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification

    tokenizer = AutoTokenizer.from_pretrained(str(model))
    torch.manual_seed(request.param)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        num_labels=request.param,
        pad_token_id=0,
        initializer_range=1.0,
    )
    folder = tmp_path_factory.mktemp("classifiers") / f"labels-{request.param}"
    BertForSequenceClassification(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def plain(classifier: Path, texts: list[str], label: int | None) -> list[float]:
    """One text at a time, without padding."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(str(classifier))
    model = AutoModelForSequenceClassification.from_pretrained(str(classifier)).eval()
    values = []
    for text in texts:
        with torch.no_grad():
            logits = model(torch.tensor([tokenizer(text)["input_ids"]])).logits[0]
        values.append(float(logits[0] if label is None else logits.softmax(dim=0)[label]))
    return values


def scores(catalog: Catalog, name: str) -> dict[str, float]:
    relation = f"pool('p') JOIN score('p', name => '{name}') USING (instruction_id)"
    return dict(catalog.sql(f"SELECT response, value FROM {relation}").rows())


def test_a_classifier_agrees_with_a_plain_loop(pool: Catalog, classifier: Path) -> None:
    label = "LABEL_2" if classifier.name == "labels-3" else None
    (report,) = pool.score("p", "classifier", model=classifier, label=label).reports
    assert (report.n_computed, report.reasons) == (31, {"no_response": 1})
    found = {text: value for text, value in scores(pool, "classifier").items() if text}
    expected = plain(classifier, list(found), 2 if label else None)
    assert np.std(expected) > 1e-2
    np.testing.assert_allclose(list(found.values()), expected, atol=1e-5)
    assert pool.score("p", "classifier", model=classifier, label=label).reports[0].n_computed == 0


def test_a_reward_model_reads_the_conversation(pool: Catalog, classifier: Path) -> None:
    if classifier.name == "labels-3":
        with pytest.raises(OptionError, match="LABEL_0, LABEL_1"):
            pool.score("p", "reward", model=classifier)
        assert pool.signals().is_empty()
        return
    (report,) = pool.score("p", "reward", model=classifier).reports
    assert (report.n_computed, report.reasons) == (31, {"no_response": 1})
    with pytest.raises(OptionError, match="one output"):
        pool.score("p", "reward", model=classifier, label="LABEL_0")


@pytest.mark.parametrize("classifier", few_of([1, 3], 1), indirect=True)
def test_a_classifier_without_a_tokenizer_is_named(
    pool: Catalog, classifier: Path, tmp_path: Path
) -> None:
    label = "LABEL_2" if classifier.name == "labels-3" else None
    folder = tmp_path / "bare"
    folder.mkdir()
    for name in ("config.json", "model.safetensors"):
        (folder / name).write_bytes((classifier / name).read_bytes())
    with pytest.raises(ModelNotFoundError, match=r"bare.*tokenizer"):
        pool.score("p", "classifier", model=folder, label=label)


@pytest.mark.parametrize("classifier", few_of([1, 3], 1), indirect=True)
def test_the_time_to_load_a_classifier_is_not_that_of_instructions(
    pool: Catalog, classifier: Path
) -> None:
    label = "LABEL_2" if classifier.name == "labels-3" else None
    (report,) = pool.score("p", "classifier", model=classifier, label=label).reports
    assert 0 < report.seconds_loading < report.seconds


def test_a_language_model_is_no_classifier(pool: Catalog, model: Path) -> None:
    with pytest.raises(ModelNotFoundError, match=r"very-small.*score\.weight"):
        pool.score("p", "reward", model=model)
    with pytest.raises(OptionError, match="model"):
        pool.score("p", "reward")
