"""What the trainer of each format reads of a record, whatever the shape: what it does not read is a loss."""

from __future__ import annotations

from dataclasses import dataclass

from catalog.errors import OptionError
from catalog.export.media import KINDS, MISSING, path_of
from catalog.export.record import Record, has_answer
from catalog.export.survey import Survey
from catalog.export.weights import changes_training

NO_ANSWER = "no answer"
REJECTED = "rejected answers"
NO_REJECTED = "no rejected answer"
WEIGHTS = "weights of turns"
ORDER = "an order that matters, which the trainer does not keep by itself"


@dataclass(frozen=True, kw_only=True)
class Trainer:
    """What a trainer reads.

    Attributes:
        media: the kinds of media for which it has a column.
        reads_rejected: whether it learns from rejected answers.
        reads_weights: whether a turn may say how much it counts.
        keeps_order: whether the export can tell it to keep the order.
    """

    media: tuple[str, ...] = ()
    reads_rejected: bool = False
    reads_weights: bool = False
    keeps_order: bool = False


TRAINERS: dict[str, Trainer] = {
    "messages": Trainer(media=("image",)),
    "dpo": Trainer(media=("image",), reads_rejected=True),
    "alpaca": Trainer(),
    "sharegpt": Trainer(media=KINDS),
    "llamafactory": Trainer(media=KINDS, reads_rejected=True, keeps_order=True),
    "axolotl": Trainer(media=("image",), reads_weights=True, keeps_order=True),
}
"""By format. The formats that are not here keep everything and have no trainer."""


def check_fits(format: str, survey: Survey) -> None:
    """Refuse an export from which its trainer could learn nothing at all.

    Raises:
        OptionError: no record has what the format is for.
    """
    if format not in TRAINERS or not survey.n_instructions:
        return
    if not survey.n_answered:
        raise OptionError(
            f"none of the {survey.n_instructions:,} instructions has an answer, and {format} trains on answers: "
            "add --format jsonl or parquet, which hold prompts alone"
        )
    if format == "dpo" and not survey.n_rejected:
        raise OptionError(
            f"none of the {survey.n_instructions:,} instructions has a rejected answer, and dpo trains on pairs: "
            "add --format messages, which trains on the answers"
        )


def unread(record: Record, survey: Survey, *, format: str) -> list[str]:
    """What the trainer of a format does not read of a record, whatever the shape."""
    trainer = TRAINERS.get(format)
    if trainer is None:
        return []
    causes = {
        NO_ANSWER: not has_answer(record.messages),
        REJECTED: bool(record.rejected) and not trainer.reads_rejected,
        WEIGHTS: not trainer.reads_weights
        and any(changes_training(message) for message in record.messages),
        ORDER: survey.order_matters and not trainer.keeps_order,
        MISSING: any(
            reference["kind"] in trainer.media and path_of(reference, record, survey) is None
            for reference in record.media or ()
        ),
    }
    causes |= {
        f"{kind}s": any(reference["kind"] == kind for reference in record.media or ())
        for kind in KINDS
        if kind not in trainer.media
    }
    return [cause for cause, holds in causes.items() if holds]
