"""Train with PyTorch straight from a subset: rows become tokens while the model trains.

LanceDB's ``StreamingDataset`` does not serve: its splits drop a row where they do not divide them.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import numpy as np
from torch.utils.data import IterableDataset, get_worker_info

from catalog.argument_types import check_arguments
from catalog.catalog import Catalog
from catalog.errors import OptionError, UsageError
from catalog.integrations.collate import Collate
from catalog.integrations.packing import Item, item_of
from catalog.integrations.progress import Progress, SubsetReading
from catalog.integrations.rows import Places, Rows
from catalog.models.packing import PACKED_TOGETHER, best_fit_decreasing
from catalog.models.supervised import IGNORED, Supervised
from catalog.models.template import template_of

Sequences = list[list[Supervised]]
_LOG = logging.getLogger(__name__)
_ROWS_TOGETHER = {None: 64, "bfd": PACKED_TOGETHER}
"""Rows that are tokenised, and packed, together."""


class SubsetDataset(IterableDataset[Item]):
    """The rows of a subset or pool as token ids and labels, in rank order or shuffled.

    An item has ``input_ids`` and ``labels``, int64 arrays (T,). Labels are the ids of the
    assistant's turns, and -100 elsewhere. With ``pack="bfd"`` an item holds several rows, with
    ``position_ids`` that restart at each and ``seq_lengths``. `collate` makes batches in which
    packed rows do not attend to each other.

    The order depends on the subset, the seed and the epoch alone: not on ``world_size``, batches or
    workers. Item i of an epoch belongs to rank i modulo ``world_size``. Of several DataLoader
    workers the first reads all items, since a second one would change their order.

        data = SubsetDataset("best@1", tokenizer=tokenizer, max_length=2048)
        trainer = Trainer(model=model, args=args, train_dataset=data, data_collator=data.collate)

    Args:
        reference: the subset or pool.
        catalog: the catalog or its folder; None opens the default one.
        tokenizer: a fast Hugging Face tokenizer. Without a chat template, texts are Alpaca's.
        max_length: tokens of an item. Rows are cut there, and left out if nothing trained remains.
        pack: ``"bfd"`` packs rows by best fit, 1,024 neighbours at a time; None packs nothing.
        order: ``"rank"`` keeps the subset's order; ``"shuffle"`` draws one for each epoch.
        rank: the number of this process. Leave it out under a Trainer, which shares items itself.
        world_size: the number of processes.
        seed: of the shuffle.

    Raises:
        ReferenceNotFoundError: no such pool or subset.
        OptionError: an option is out of range.
        UsageError: the tokenizer is slow or has no end of sequence, or rows have media.
    """

    @check_arguments
    def __init__(
        self,
        reference: str,
        *,
        tokenizer: Any,
        max_length: int,
        pack: Literal["bfd"] | None = None,
        order: Literal["rank", "shuffle"] = "rank",
        rank: int = 0,
        world_size: int = 1,
        seed: int = 0,
        catalog: Catalog | str | os.PathLike[str] | None = None,
    ) -> None:
        super().__init__()
        _check(max_length=max_length, pack=pack, order=order, rank=rank, world_size=world_size)
        opened = catalog if isinstance(catalog, Catalog) else Catalog.open(catalog)
        self.tokenizer = getattr(tokenizer, "tokenizer", tokenizer)
        if not getattr(self.tokenizer, "is_fast", False):
            raise UsageError("SubsetDataset needs a fast tokenizer: load it with AutoTokenizer")
        self.template = template_of(self.tokenizer)
        self.max_length, self.pack, self.order, self.seed = max_length, pack, order, seed
        self.rank, self.world_size, self.epoch = rank, world_size, 0
        self.rows = Rows(opened.store, opened.find(reference))
        pad = self.tokenizer.pad_token_id
        self._pad = self.tokenizer.eos_token_id if pad is None else pad
        self._progress = Progress()
        self._lengths: Places | None = None
        if world_size > 1:
            self._measure()

    @property
    def collate(self) -> Collate:
        """Return the function that makes a batch of items."""
        return Collate(self._pad, is_packed=self.pack is not None)

    def __len__(self) -> int:
        """Return the number of items of an epoch.

        Without packing and with one process, rows without a trained token count until `reading`
        knows them. Otherwise the first call tokenises all rows once.
        """
        if self._lengths is None and self.pack is None:
            return len(self.rows)
        lengths, order = self._measure(), self._order()
        n_items = sum(len(self._groups(lengths[places])) for _, places in self._windows(order))
        return -(-n_items // self.world_size)

    def __iter__(self) -> Iterator[Item]:
        worker, progress = get_worker_info(), self._progress
        if worker is not None:
            progress["is_read_ahead"] = 1
            if worker.id:
                return
        start = progress["start"]
        progress.clear(items=start)
        for sequence in self._mine(start):
            progress["items"] += self.world_size
            progress["n_items"] += 1
            yield self._item(sequence)
        progress.go_to(0)
        self._finish(start)

    def reading(self) -> SubsetReading:
        """Return the counts of the pass that runs, or else of the last one."""
        return self._progress.reading()

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch that the next pass reads; each has its own shuffle."""
        if epoch != self.epoch:
            self.epoch = epoch
            self._progress.go_to(0)
            self._progress["items"] = 0

    def state_dict(self, n_items: int | None = None) -> dict[str, Any]:
        """Return where the epoch stands, for any number of processes to go on from.

        Args:
            n_items: items of this epoch that this process has trained on. It is needed if
                DataLoader workers read ahead of the training.

        Raises:
            UsageError: workers read ahead, and ``n_items`` is missing.
        """
        if n_items is not None:
            items = self._progress["start"] + n_items * self.world_size
        elif self._progress["is_read_ahead"] and get_worker_info() is None:
            raise UsageError(
                "DataLoader workers read ahead of the training: give state_dict the number of "
                "items that were trained on, such as batches * batch_size"
            )
        else:
            items = self._progress["items"]
        row, before = self._progress["row"], self._progress["before"]
        at = {"row": row, "before": before} if before <= items else {"row": 0, "before": 0}
        return {"version": 1, "epoch": self.epoch, "items": items, **at, **self._identity()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where a run stopped, whatever its number of processes.

        Raises:
            UsageError: the state is of other rows, or of other options.
        """
        for key, value in self._identity().items():
            if state.get(key) != value:
                raise UsageError(
                    f"the state has {key} {state.get(key)!r}, and this dataset {value!r}: "
                    "resume with the subset and the options of the run that saved it"
                )
        self.epoch = int(state["epoch"])
        self._progress.go_to(state["items"], row=state["row"], before=state["before"])
        self._progress["items"] = state["items"]

    def _identity(self) -> dict[str, Any]:
        return {
            "members_sha256": self.rows.sha256(),
            "order": self.order,
            "seed": self.seed,
            "pack": self.pack,
            "max_length": self.max_length,
            "template": self.template.identity(),
        }

    def _order(self) -> Places:
        if self.order == "shuffle":
            return self.rows.shuffled(f"{self.seed}:{self.epoch}")
        return np.arange(len(self.rows), dtype=np.int64)

    def _windows(self, order: Places, first: int = 0) -> Iterator[tuple[int, Places]]:
        step = _ROWS_TOGETHER[self.pack]
        for row in range(first, len(order), step):
            yield row, order[row : row + step]

    def _mine(self, start: int) -> Iterator[list[Supervised]]:
        """Yield the rows of each item of this rank, from an item of the epoch on."""
        first, position = self._progress["start_row"], self._progress["start_before"]
        for row, places in self._windows(self._order(), first):
            self._progress["row"], self._progress["before"] = row, position
            n_items, sequences = self._window(places, start - position)
            yield from sequences
            position += n_items
        missing = (start - position) % self.world_size
        if position > start and self.rank >= self.world_size - missing:
            self._progress["n_padding"] += 1
            nothing = np.array([IGNORED], dtype=np.int64)
            yield [Supervised(np.array([self._pad], dtype=np.int64), nothing)]

    def _window(self, places: Places, start: int) -> tuple[int, Sequences]:
        """Return the number of items of some rows, and the rows of those of this rank."""
        encoded = dict(enumerate(self._encode(places))) if self._lengths is None else {}
        lengths = _lengths(encoded.values()) if self._lengths is None else self._lengths[places]
        groups = self._groups(lengths)
        mine = [
            group
            for number, group in enumerate(groups)
            if number >= start and (number - start) % self.world_size == self.rank
        ]
        if self._lengths is not None:
            needed = [place for group in mine for place in group]
            encoded = dict(zip(needed, self._tokens(places[needed]), strict=True))
        return len(groups), [[encoded[place] for place in group] for group in mine]

    def _groups(self, lengths: Places) -> list[list[int]]:
        """Return which rows are an item together."""
        trained = np.flatnonzero(lengths).tolist()
        if self.pack is None:
            return [[place] for place in trained]
        packed = best_fit_decreasing(lengths[trained].tolist(), capacity=self.max_length)
        return [[trained[place] for place in group] for group in packed]

    def _tokens(self, places: Places) -> list[Supervised]:
        options: dict[str, Any] = {"tokenizer": self.tokenizer, "template": self.template}
        return self.rows.tokens(places, max_length=self.max_length, **options)

    def _encode(self, places: Places) -> list[Supervised]:
        """Return rows as tokens, and count them."""
        encoded = self._tokens(places)
        self._progress["n_rows"] += len(encoded)
        for row in encoded:
            self._progress["n_cut"] += row.is_cut
            if row.reason is not None:
                self._progress[row.reason] += 1
        return encoded

    def _measure(self) -> Places:
        """Return the tokens of every row, 0 without a trained one, by its place in the subset."""
        if self._lengths is None:
            self._progress.clear_rows()
            every = np.arange(len(self.rows), dtype=np.int64)
            parts = [_lengths(self._encode(places)) for _, places in self._windows(every)]
            self._lengths = np.concatenate([every[:0], *parts])
            self._progress.keep_rows = True
        return self._lengths

    def _item(self, rows: Sequence[Supervised]) -> Item:
        item = item_of(rows, is_packed=self.pack is not None)
        self._progress["n_tokens"] += len(item["input_ids"])
        self._progress["n_trained"] += sum(row.n_trained for row in rows)
        return item

    def _finish(self, start: int) -> None:
        """Report rows that were cut or left out.

        Raises:
            UsageError: a whole pass had nothing to train.
        """
        reading = self.reading()
        counts = ", ".join(f"{n:,} {reason}" for reason, n in reading.left_out.items())
        if counts and not start and reading.n_items == reading.n_padding and self.rank == 0:
            raise UsageError(
                f"{self.rows.reference}: nothing is trained of {reading.n_rows:,} rows ({counts}): "
                f"raise max_length, which is {self.max_length:,}, or select rows with answers"
            )
        if counts or reading.n_cut:
            text = "%s: %s are cut at %s tokens, and left out are %s"
            cut, limit = f"{reading.n_cut:,} of {reading.n_rows:,} rows", f"{self.max_length:,}"
            _LOG.warning(text, self.rows.reference, cut, limit, counts or "none")


def _lengths(rows: Any) -> Places:
    return np.array([len(row.input_ids) for row in rows], dtype=np.int64)


def _check(**options: Any) -> None:
    """Refuse options that are out of range."""
    rank, world_size = options["rank"], options["world_size"]
    expected = {
        "max_length": (options["max_length"] >= 1, "a number of tokens from 1"),
        "pack": (options["pack"] in _ROWS_TOGETHER, "None or 'bfd'"),
        "order": (options["order"] in ("rank", "shuffle"), "'rank' or 'shuffle'"),
        "world_size": (world_size >= 1, "a number of processes from 1"),
        "rank": (0 <= rank < world_size, "a number from 0 to world_size - 1"),
    }
    for name, (is_valid, values) in expected.items():
        if not is_valid:
            raise OptionError(f"{name}: expected {values}, got {options[name]!r}")
