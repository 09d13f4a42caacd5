"""Train with TRL's SFTTrainer straight from a subset."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from datasets import Features, IterableDataset, List, Value

from catalog.integrations.packing import Item
from catalog.integrations.torch import SubsetDataset


class SFTDataset(IterableDataset):  # type: ignore[misc]
    """A subset as the Hugging Face dataset that SFTTrainer wants, with tokens made already.

    The trainer must neither tokenise nor cut again, and packed items need its padding-free batches,
    in which rows do not attend to each other::

        data = SubsetDataset("best@1", tokenizer=tokenizer, max_length=2048, pack="bfd")
        args = SFTConfig(..., max_length=None, padding_free=data.pack is not None,
                         dataset_kwargs={"skip_prepare_dataset": True})
        SFTTrainer(model=model, args=args, processing_class=tokenizer,
                   train_dataset=SFTDataset(data)).train()

    Args:
        data: the subset's items.
    """

    def __init__(self, data: SubsetDataset) -> None:
        source = IterableDataset.from_generator(_items, gen_kwargs={"data": data})
        super().__init__(source._ex_iterable, info=source._info, split=source._split)
        self._info.features = _features(data)
        self.data = data

    def __len__(self) -> int:
        return len(self.data)

    def __iter__(self) -> Iterator[Item]:
        return iter(self.data)

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch that the next pass reads."""
        self.data.set_epoch(epoch)

    def state_dict(self) -> dict[str, Any]:
        """Return where the epoch stands."""
        return self.data.state_dict()

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on where a run stopped."""
        self.data.load_state_dict(state_dict)


def _items(data: SubsetDataset) -> Iterator[Item]:
    yield from data


def _features(data: SubsetDataset) -> Features:
    names = ["input_ids", "labels"]
    if data.pack is not None:
        names += ["position_ids", "seq_lengths"]
    return Features({name: List(Value("int64")) for name in names})
