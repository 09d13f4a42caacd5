"""Batch files of the OpenAI API: requests written for a batch job, and its answers read."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from catalog.compute.scores.calls import Answer, Keep, Request, stored_answers
from catalog.compute.scores.endpoint import NoCompletionError, answer_of
from catalog.compute.scores.requests import requests_of
from catalog.compute.shard_runner import SHARD_ROWS, read_texts
from catalog.errors import SourceError
from catalog.signals.model_scores import JudgeScore
from catalog.store.atomic import new_file
from catalog.store.store import Store

URL = "/v1/chat/completions"

Cost = Callable[[int | None, int | None], float | None]
"""Gives the cost of the tokens of a request and its answer; see `Endpoint.cost`."""


def write_batch(
    store: Store, definition: JudgeScore, model: str, members: pa.Table, file: Path
) -> int:
    """Write the requests about members that have no stored answer, and return their number.

    Args:
        store: the catalog's files and database.
        definition: of the score.
        model: its name at the endpoint.
        members: ``instruction_id`` of those without a value.
        file: JSON Lines; the hash of a request's body is its ``custom_id``.
    """
    seen: set[str] = set()
    n_written = 0
    with new_file(file, overwrite=False) as draft, draft.open("w", encoding="utf-8") as stream:
        for first in range(0, members.num_rows, SHARD_ROWS):
            texts = read_texts(store, members.slice(first, SHARD_ROWS))
            groups = requests_of(definition, model, texts)
            wanted = {each.sha256: each for group in groups for each in group}
            known = stored_answers(store, wanted).keys() | seen
            seen |= wanted.keys()
            for sha256, request in wanted.items():
                if sha256 not in known:
                    line = {"custom_id": sha256, "method": "POST", "url": URL}
                    stream.write(json.dumps(line | {"body": request.body}) + "\n")
                    n_written += 1
    return n_written


@dataclass
class Batch:
    """Answers of a batch file, read instead of asking an endpoint.

    Attributes:
        answers: by the hash of their request.
        keep: stores answers.
        n_failed: lines without an answer, which the next batch asks again.
    """

    answers: dict[str, Answer]
    keep: Keep
    n_failed: int = 0
    has_answered: bool = True
    is_stopped: bool = False
    _used: set[str] = field(default_factory=set)

    def ask(self, requests: Sequence[Request]) -> None:
        """Store the answers to these requests that the file has."""
        found = [each for each in requests if each.sha256 in self.answers]
        self._used |= {each.sha256 for each in found}
        self.keep([(each, self.answers[each.sha256]) for each in found])

    def notes(self) -> list[str]:
        """Return what the file held that was not used."""
        notes = []
        if self.n_failed:
            notes.append(f"{self.n_failed:,} lines of the batch file hold no answer")
        n_unused = len(self.answers) - len(self._used)
        if n_unused:
            notes.append(
                f"{n_unused:,} answers of the batch file were not needed: their requests are "
                "answered already, or belong to another score, model or pool"
            )
        return notes


def read_batch(
    file: Path,
    keep: Keep,
    cost: Cost,
) -> Batch:
    """Read the answers of a finished batch.

    Raises:
        SourceError: the file cannot be read, or a line is not one of a batch's output.
    """
    batch = Batch({}, keep)
    try:
        with file.open(encoding="utf-8") as stream:
            for number, line in enumerate(stream, start=1):
                if line.strip():
                    _take(batch, line, f"{file}:{number}", cost)
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"{file}: cannot be read: {error}") from None
    return batch


def _take(batch: Batch, line: str, place: str, cost: Cost) -> None:
    try:
        row = json.loads(line)
        sha256, response = row["custom_id"], row.get("response") or {}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise SourceError(
            f"{place}: expected a line of a batch's output, with custom_id and response"
        ) from None
    try:
        answer = answer_of(_body(response))
    except NoCompletionError:
        batch.n_failed += 1
        return
    price = cost(answer.n_prompt_tokens, answer.n_answer_tokens)
    batch.answers[str(sha256)] = replace(answer, cost=price)


def _body(response: Any) -> Any:
    if isinstance(response, dict) and response.get("status_code") == 200:
        return response.get("body")
    return None
