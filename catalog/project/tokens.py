"""Tokens of a pool or subset as a trainer reads it, and what training on it costs."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from catalog.compute.language_model import LanguageModel
from catalog.errors import OptionError
from catalog.messages import argument
from catalog.models.packing import PACKED_TOGETHER, best_fit_decreasing
from catalog.models.tokenizer import load_tokenizer
from catalog.models.training_turns import turns_of
from catalog.notebook import NotebookResult
from catalog.store.queries import query
from catalog.store.references import Reference, count_members
from catalog.store.store import Store

if TYPE_CHECKING:
    from catalog.models.supervised import Supervised
    from catalog.models.template import Template

QUANTILES = (0.5, 0.9, 0.99, 1.0)


@dataclass(frozen=True)
class TokenCount(NotebookResult):
    """Tokens of a pool or subset, and the cost of training on it.

    Attributes:
        reference: the pool or subset, ``name@version``.
        model: whose tokenizer and template count.
        template: ``alpaca``, or the chat template's hash.
        max_length: tokens of a sequence.
        n_rows: rows.
        n_media: rows with media, whose tokens are not counted.
        n_tokens: all tokens of rows that can be rendered, nothing cut.
        n_response: the trained ones of them, those of the assistant's turns.
        n_cut: rows with tokens beyond ``max_length``.
        n_tokens_cut: tokens beyond it.
        untrained: rows without a trained token, by reason; a trainer leaves them out.
        lengths: tokens of a row at the quantiles 0.5, 0.9, 0.99 and 1.
        n_trained_rows: rows with a trained token.
        n_epoch_tokens: tokens of an epoch: of the rows with a trained token, cut.
        n_sequences: sequences of an epoch, packed or one a row.
        efficiency: share of packed sequences that holds tokens; None without packing.
        epochs: passes over the rows.
        batch: sequences of a step.
        n_steps: steps of the training.
        hours: at the given tokens a second; None without.
        price: of these hours; None without.
    """

    reference: str
    model: str
    template: str
    max_length: int
    n_rows: int
    n_media: int
    n_tokens: int
    n_response: int
    n_cut: int
    n_tokens_cut: int
    untrained: dict[str, int] = field(default_factory=dict)
    lengths: dict[str, int] = field(default_factory=dict)
    n_trained_rows: int = 0
    n_epoch_tokens: int = 0
    n_sequences: int = 0
    efficiency: float | None = None
    epochs: float = 1
    batch: int = 1
    n_steps: int = 0
    hours: float | None = None
    price: float | None = None

    @property
    def n_prompt(self) -> int:
        """Return the tokens that are not trained."""
        return self.n_tokens - self.n_response


class _Counter:
    """What is counted of all rows."""

    def __init__(self, max_length: int) -> None:
        self.max_length = max_length
        self.n_rows = self.n_media = self.n_response = 0
        self.untrained: Counter[str] = Counter()
        self.lengths: list[Any] = []  # int32 arrays, of all rows that can be rendered
        self.kept: list[list[int]] = []  # lengths in the window, of rows with a trained token

    def add(self, rows: list[Supervised], *, n_media: int) -> None:
        """Count one batch; rows are whole, nothing is cut."""
        self.n_rows += len(rows)
        self.n_media += n_media
        lengths = [len(row.input_ids) for row in rows]
        self.lengths.append(np.array([each for each in lengths if each], dtype=np.int32))
        self.n_response += sum(int((row.labels >= 0).sum()) for row in rows)
        reasons = [self._reason(row) for row in rows]
        self.untrained.update(reason for reason in reasons if reason)
        self.kept.append(
            [
                min(length, self.max_length)
                for length, reason in zip(lengths, reasons, strict=True)
                if reason is None
            ]
        )

    @property
    def n_epoch_tokens(self) -> int:
        """Return the tokens of the rows with a trained token, cut."""
        return sum(map(sum, self.kept))

    def n_sequences(self, packing: str | None) -> int:
        """Return the sequences of an epoch."""
        if packing is None:
            return sum(map(len, self.kept))
        return sum(len(best_fit_decreasing(each, capacity=self.max_length)) for each in self.kept)

    def counts(self) -> dict[str, Any]:
        """Return what follows from the rows alone."""
        nothing = np.zeros(0, dtype=np.int32)
        lengths = np.concatenate([nothing, *self.lengths]).astype(np.int64)
        return {
            "n_rows": self.n_rows,
            "n_media": self.n_media,
            "n_tokens": int(lengths.sum()),
            "n_response": self.n_response,
            "n_cut": int((lengths > self.max_length).sum()),
            "n_tokens_cut": int(np.maximum(lengths - self.max_length, 0).sum()),
            "untrained": dict(sorted(self.untrained.items())),
            "lengths": _quantiles(lengths),
            "n_trained_rows": sum(map(len, self.kept)),
            "n_epoch_tokens": self.n_epoch_tokens,
        }

    def _reason(self, row: Supervised) -> str | None:
        if row.reason:
            return row.reason
        if (row.labels[: self.max_length] < 0).all():
            return "nothing_in_window"
        return None


def count_tokens(
    store: Store,
    reference: Reference,
    *,
    model: str,
    max_length: int,
    packing: Literal["bfd"] | None = None,
    batch: int = 128,
    epochs: float = 1,
    tokens_per_second: float | None = None,
    price: float | None = None,
    progress: Callable[[int, int, int], None] | None = None,
) -> TokenCount:
    """Count the tokens that a trainer reads, as `SubsetDataset` makes them.

    Only the tokenizer is loaded. Rows are read batch by batch.

    Args:
        store: the catalog's files and database.
        reference: the pool or subset.
        model: a proxy trained here, a Hugging Face id, or a folder.
        max_length: tokens of a sequence; rows are cut there.
        packing: ``"bfd"`` packs by best fit, 1,024 neighbours at a time; None packs nothing.
        batch: sequences of an optimizer step.
        epochs: passes over the rows.
        tokens_per_second: that the training reads, for the hours.
        price: of an hour.
        progress: called with rows done, rows in all, and new rows.

    Raises:
        OptionError: an option is not above 0, or a price has no tokens per second.
        ModelNotFoundError: there is no such model here.
    """
    _check(max_length=max_length, batch=batch, epochs=epochs, price=price, speed=tokens_per_second)
    tokenizer, template = load_tokenizer(LanguageModel(store, model).source)
    counter = _Counter(max_length)
    for rows, n_media, n_all in _batches(store, reference, tokenizer, template):
        counter.add(rows, n_media=n_media)
        if progress:
            progress(counter.n_rows, n_all, len(rows))
    n_sequences = counter.n_sequences(packing)
    counts: dict[str, Any] = {
        "n_sequences": n_sequences,
        "n_steps": math.ceil(-(-n_sequences // batch) * epochs),
    }
    return TokenCount(
        str(reference),
        model,
        template.identity(),
        max_length,
        epochs=epochs,
        batch=batch,
        efficiency=counter.n_epoch_tokens / max(n_sequences * max_length, 1) if packing else None,
        **counter.counts(),
        **counts,
        **_cost(counter.n_epoch_tokens * epochs, tokens_per_second, price),
    )


def _check(*, speed: float | None, price: float | None, **numbers: float) -> None:
    for name, value in (numbers | {"tokens_per_second": speed, "price": price}).items():
        if value is not None and value <= 0:
            raise OptionError(f"{argument(name, value)} must be above 0")
    if price is not None and speed is None:
        raise OptionError(
            f"{argument('price', price)} is per hour: give {argument('tokens_per_second')} too"
        )


def _cost(n_tokens: float, speed: float | None, price: float | None) -> dict[str, Any]:
    """Return the hours of a training and their price, where they are known."""
    if speed is None:
        return {}
    hours = n_tokens / speed / 3600
    return {"hours": hours} if price is None else {"hours": hours, "price": hours * price}


def _batches(
    store: Store, reference: Reference, tokenizer: Any, template: Template
) -> Iterator[tuple[list[Supervised], int, int]]:
    """Yield whole rows with their number of media, and the number of all rows."""
    from catalog.models.supervised import supervise
    from catalog.models.tokens import NO_LIMIT

    with store.reading() as connection:
        n_all = count_members(connection, reference)
        found = connection.sql(query("training/rows"), params=reference.parameters)
        for batch in found.to_arrow_reader(PACKED_TOGETHER):
            turns = [turns_of(row, template) for row in batch.to_pylist()]
            rows = supervise(turns, tokenizer=tokenizer, template=template, max_length=NO_LIMIT)
            yield rows, batch.column("has_media").true_count, n_all


def _quantiles(lengths: Any) -> dict[str, int]:
    if not len(lengths):
        return {}
    values = np.quantile(lengths, QUANTILES, method="inverted_cdf")
    return {f"{share:g}": int(value) for share, value in zip(QUANTILES, values, strict=True)}
