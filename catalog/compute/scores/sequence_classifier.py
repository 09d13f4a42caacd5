"""Scores of kinds `reward` and `classifier`: a sequence-classification model gives the number."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from catalog.compute.loading import loading
from catalog.compute.scores.measure import Measure, score_values
from catalog.compute.shard_writer import Values
from catalog.errors import ModelNotFoundError, OptionError
from catalog.messages import listed, one_line
from catalog.models.travel import Travelling
from catalog.signals.model_scores import ClassifierScore, conversation_text, fill

if TYPE_CHECKING:
    from catalog.models.template import Template

BATCH_TOKENS = 2048


def classifier_measure(
    definition: ClassifierScore, *, model: str | None = None, label: str | None = None
) -> Measure:
    """Return what computes the score: the output of a scalar head, or a label's probability.

    Args:
        definition: of the score.
        model: a Hugging Face id or a path; None for the definition's.
        label: the label whose probability is the score; None for the definition's.

    Raises:
        OptionError: no model is named.
        ModelNotFoundError: there is no such model here.
    """
    from catalog.models.causal_lm import template_identity
    from catalog.models.weights import files_identity, model_folder

    name = model or definition.model
    if name is None:
        raise OptionError(f"{definition.name} needs `model`: a Hugging Face id or a path")
    folder = model_folder(name)
    text = template_identity(folder)
    if definition.template is not None:
        text = hashlib.sha256(definition.template.encode()).hexdigest()
    identity = files_identity(name) | {
        "text": text,
        "label": label or definition.label,
        "max_length": definition.max_length,
    }
    classifier = Classifier(definition, name, folder, label or definition.label)
    return Measure(identity, classifier.values, needs_precision=False)


class Classifier(Travelling):
    """Sequence-classification model, loaded when first needed."""

    def __init__(
        self, definition: ClassifierScore, name: str, folder: Path, label: str | None
    ) -> None:
        self.definition, self.name, self.folder, self.label = definition, name, folder, label

    def __getstate__(self) -> dict[str, Any]:
        """Return the attributes; what is loaded when needed is loaded now."""
        return {"tokenizer": self.tokenizer, **super().__getstate__()}

    @cached_property
    def tokenizer(self) -> Any:
        """Return the tokenizer.

        Raises:
            ModelNotFoundError: its files cannot be read.
        """
        with loading():
            from catalog.models.tokenizer import read_tokenizer

            return read_tokenizer(self.name)

    @cached_property
    def template(self) -> Template:
        """Return the template of conversations."""
        from catalog.models.template import template_of

        return template_of(self.tokenizer)

    @cached_property
    def model(self) -> Any:
        """Return the model in float32.

        Raises:
            ModelNotFoundError: it is not a sequence-classification model.
        """
        with loading():
            return self._load()

    def _load(self) -> Any:
        import torch
        from transformers import AutoModelForSequenceClassification

        from catalog.models.device import best_device, silence_libraries

        silence_libraries()
        try:
            model, details = AutoModelForSequenceClassification.from_pretrained(
                str(self.folder),
                dtype=torch.float32,
                local_files_only=True,
                output_loading_info=True,
            )
        except (OSError, ValueError, KeyError, ImportError) as error:
            raise self._not_one(one_line(error)) from error
        if details["missing_keys"]:
            raise self._not_one(f"it has no weights {listed(sorted(details['missing_keys']))}")
        return model.to(best_device()).eval()

    def _not_one(self, problem: str) -> ModelNotFoundError:
        return ModelNotFoundError(
            f"{self.name}: cannot be loaded as a sequence-classification model: {problem}"
        )

    @cached_property
    def output(self) -> int | None:
        """Return the number of the output whose probability is the score; None of a scalar head.

        Raises:
            OptionError: there is no such label, or one must be named.
        """
        config = self.model.config
        labels = [str(config.id2label[place]) for place in range(config.num_labels)]
        if config.num_labels == 1 and self.label is None:
            return None
        if self.label in labels and config.num_labels > 1:
            return labels.index(self.label)
        problem = f"label: {self.name} has the labels {listed(labels)}"
        if config.num_labels == 1:
            problem = f"label: {self.name} has one output, and no labels"
        raise OptionError(problem, next_step="use --label LABEL with one of several labels")

    def values(self, texts: pa.Table) -> Values:
        """Return one shard's values; an instruction without an answer has none."""
        rows = texts.select(["prompt", "response", "messages", "system", "tools"]).to_pylist()
        ids = [self._tokens(row) for row in rows]
        cut = [each[: self.definition.max_length] for each in ids]
        numbers = self.scores(cut)
        return score_values(
            texts,
            numbers,
            [None if each else "no_response" for each in ids],
            n_tokens=sum(map(len, cut)),
            n_truncated=sum(len(each) > self.definition.max_length for each in ids),
        )

    def _tokens(self, row: Mapping[str, Any]) -> list[int]:
        """Return the token ids of an instruction; none if it has no answer."""
        if not row["response"]:
            return []
        if self.definition.template is None:
            return self._conversation(row)
        values = {key: row[key] or "" for key in ("prompt", "response", "system")}
        text = fill(
            self.definition.template, values | {"turns": conversation_text(row["messages"])}
        )
        return list(self.tokenizer(text, truncation=False, verbose=False)["input_ids"])

    def _conversation(self, row: Mapping[str, Any]) -> list[int]:
        from catalog.models.tokens import NO_LIMIT, tokens_of

        instruction = {key: row[key] for key in ("messages", "system", "tools")}
        (tokens,) = tokens_of(
            [instruction], tokenizer=self.tokenizer, template=self.template, max_length=NO_LIMIT
        )
        if tokens.reason:
            return []
        ids: list[int] = tokens.ids.tolist()
        return ids

    def scores(self, rows: Sequence[Sequence[int]]) -> np.ndarray[Any, Any]:
        """Return the score of each text, shape (n,); NaN of an empty one.

        Batches hold texts of similar length, as those of the losses do.
        """
        from catalog.models.batches import token_batches

        numbers = np.full(len(rows), math.nan)
        kept = np.array([place for place, row in enumerate(rows) if row], dtype=np.int64)
        for batch in token_batches([len(rows[place]) for place in kept], budget=BATCH_TOKENS):
            places = kept[batch]
            fill_id = self.model.config.pad_token_id
            if fill_id is None:  # a model without padding reads one text at a time
                numbers[places] = [self._logits([rows[place]], 0)[0] for place in places]
                continue
            numbers[places] = self._logits([rows[place] for place in places], fill_id)
        return numbers

    def _logits(self, rows: Sequence[Sequence[int]], fill_id: int) -> np.ndarray[Any, Any]:
        import torch

        from catalog.models.batches import padded

        ids, mask = padded(rows, fill=fill_id)  # (B, T), (B, T)
        device = self.model.device
        with torch.inference_mode():
            logits = self.model(input_ids=ids.to(device), attention_mask=mask.to(device)).logits
        if self.output is None:
            return np.asarray(logits[:, 0].double().cpu())  # (B, 1)
        return np.asarray(logits.double().softmax(dim=1)[:, self.output].cpu())  # (B, n_labels)
