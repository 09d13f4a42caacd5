"""Scores of kind `judge`: a chat model behind an endpoint gives the number."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from catalog.compute.scores.asking import Asking
from catalog.compute.scores.batch_files import Batch, read_batch
from catalog.compute.scores.calls import Answer, Request, store_answers, stored_answers
from catalog.compute.scores.endpoint import Endpoint
from catalog.compute.scores.measure import label_values, score_values
from catalog.compute.scores.parse_answer import parse_answer, parse_labels
from catalog.compute.scores.requests import requests_of
from catalog.compute.shard_writer import Values
from catalog.errors import OptionError
from catalog.signals.ask_options import AskOptions
from catalog.signals.model_scores import JudgeScore
from catalog.store.store import Store

COMBINE: Mapping[str, Callable[[list[float]], Any]] = {
    "mean": np.mean,
    "min": np.min,
    "max": np.max,
    "sum": np.sum,
}
_COST = re.compile(r"\s*(\d+(?:\.\d+)?)\s*[A-Za-z$€]*\s*")


def endpoint_of(options: AskOptions) -> Endpoint:
    """Return the endpoint and the limits that options describe.

    Raises:
        OptionError: the URL or the maximum cost cannot be read, or prices are missing.
    """
    url = (options.endpoint or "").rstrip("/").removesuffix("/chat/completions")
    match = re.match(r"https?://([^/]+)", url)
    if match is None:
        raise OptionError(f"endpoint: expected a URL such as http://localhost:8000/v1, got {url!r}")
    if "@" in match[1]:
        raise OptionError(
            "endpoint: a URL with a password would be shown; put the key into the environment "
            f"variable {options.api_key_env}"
        )
    return Endpoint(
        url,
        key=os.environ.get(options.api_key_env) or None,
        concurrency=options.concurrency,
        timeout=options.timeout,
        price_in=options.price_in,
        price_out=options.price_out,
        max_cost=_max_cost(options),
    )


def _max_cost(options: AskOptions) -> float | None:
    if options.max_cost is None:
        return None
    match = _COST.fullmatch(options.max_cost)
    if match is None:
        raise OptionError(f"max_cost: expected a number such as 20USD, got {options.max_cost!r}")
    if options.price_in is None or options.price_out is None:
        raise OptionError("max_cost: needs price_in and price_out, of a million tokens each")
    return float(match[1])


@dataclass
class Judging:
    """Values of a judge's score, from stored answers and, where these are missing, new ones.

    Attributes:
        store: the catalog's files and database.
        definition: of the score.
        model: its name at the endpoint.
        asking: gives the answers that are not stored, and keeps them.
    """

    store: Store
    definition: JudgeScore
    model: str
    asking: Asking | Batch

    def values(self, texts: pa.Table) -> Values:
        """Return the values of one shard; those without an answer are left for the next run."""
        requests = requests_of(self.definition, self.model, texts)
        answers = self._answers([each for group in requests for each in group])
        groups = [[answers.get(each.sha256) for each in group] for group in requests]
        kept = [place for place, group in enumerate(groups) if None not in group]
        of_kept = [[each for each in groups[place] if each] for place in kept]
        read = self._labels if self.definition.signal_kind == "labels" else self._numbers
        n_tokens = sum(each.n_tokens for each in answers.values())
        values = read(texts.take(pa.array(kept, pa.int64())), of_kept, n_tokens)
        return replace(values, n_left=len(requests) - len(kept), is_last=self.asking.is_stopped)

    def _numbers(self, texts: pa.Table, groups: list[list[Answer]], n_tokens: int) -> Values:
        combined = [self._combined(group) for group in groups]
        numbers = np.array([number for number, _ in combined], dtype=np.float64)
        reasons = [reason for _, reason in combined]
        return score_values(texts, numbers, reasons, n_tokens=n_tokens, n_truncated=0)

    def _labels(self, texts: pa.Table, groups: list[list[Answer]], n_tokens: int) -> Values:
        """Return the labels of all turns, each once; one turn without any gives a reason."""
        parsed = [[parse_labels(self.definition, each) for each in group] for group in groups]
        labels = [
            list(dict.fromkeys(label for of_turn, _ in group for label in of_turn))
            for group in parsed
        ]
        reasons = [
            next((reason for _, reason in group if reason), None) if group else "no_response"
            for group in parsed
        ]
        return label_values(texts, labels, reasons, n_tokens=n_tokens)

    def answers_of(self, texts: pa.Table) -> list[list[Answer | None]]:
        """Return the answers about each member, turn by turn; None for a missing one."""
        requests = requests_of(self.definition, self.model, texts)
        answers = self._answers([each for group in requests for each in group])
        return [[answers.get(each.sha256) for each in group] for group in requests]

    def _answers(self, requests: list[Request]) -> Mapping[str, Answer]:
        by_hash = {each.sha256: each for each in requests}
        answers = stored_answers(self.store, by_hash)
        missing = [each for sha256, each in by_hash.items() if sha256 not in answers]
        if not missing or self.asking.is_stopped:
            return answers
        self.asking.has_answered = self.asking.has_answered or bool(answers)
        self.asking.ask(missing)
        return stored_answers(self.store, by_hash)

    def _combined(self, answers: list[Answer]) -> tuple[float, str | None]:
        """Return the number of an instruction; one turn without a number is enough for a reason."""
        if not answers:
            return math.nan, "no_response"
        parsed = [parse_answer(self.definition, each) for each in answers]
        reason = next((reason for _, reason in parsed if reason), None)
        if reason:
            return math.nan, reason
        return float(COMBINE[self.definition.combine]([number for number, _ in parsed])), None


def judging(store: Store, definition: JudgeScore, model: str, options: AskOptions) -> Judging:
    """Return what computes a judge's score."""

    def keep(answers: Sequence[tuple[Request, Answer]]) -> None:
        store_answers(store, definition.name, model, answers)

    if options.batch_in:
        prices = Endpoint("", price_in=options.price_in, price_out=options.price_out)
        batch = read_batch(Path(options.batch_in), keep, prices.cost)
        return Judging(store, definition, model, batch)
    return Judging(store, definition, model, Asking(endpoint_of(options), keep))
