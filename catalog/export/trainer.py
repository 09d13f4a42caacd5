"""Parts of a record that a format's trainer reads. Everything else in the record is lost."""

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
    """Parts of a record that a trainer reads.

    Attributes:
        media: the kinds of media for which it has a column.
        reads_rejected: whether it learns from rejected answers.
        needs_rejected: whether it learns from rejected answers only. The format then writes them
            as turns with the keys of messages.
        reads_weights: whether a turn may carry a weight in training.
        keeps_order: whether the export can make it keep the order.
    """

    media: tuple[str, ...] = ()
    reads_rejected: bool = False
    needs_rejected: bool = False
    reads_weights: bool = False
    keeps_order: bool = False


def check_fits(trainer: Trainer | None, survey: Survey, *, format: str) -> None:
    """Refuse an export from which its trainer learns nothing.

    Raises:
        OptionError: no record has what the format is for.
    """
    n = survey.n_instructions
    if trainer is None or not n:
        return
    if not survey.n_answered:
        raise OptionError(
            f"none of the {n:,} instructions has an answer, and {format} trains on answers: "
            "use jsonl or parquet, which also hold prompts alone"
        )
    if trainer.needs_rejected and not survey.n_rejected:
        raise OptionError(
            f"none of the {n:,} instructions has a rejected answer, and {format} trains on pairs: "
            "use messages, which trains on the answers"
        )


def unread(record: Record, survey: Survey, *, trainer: Trainer | None) -> list[str]:
    """Return what a trainer does not read of a record, one cause for each part."""
    if trainer is None:
        return []
    media = record.media or ()
    readable = [reference for reference in media if reference["kind"] in trainer.media]
    kinds = {reference["kind"] for reference in media}
    causes = {
        NO_ANSWER: not has_answer(record.messages),
        REJECTED: bool(record.rejected) and not trainer.reads_rejected,
        WEIGHTS: not trainer.reads_weights and any(map(changes_training, record.messages)),
        ORDER: survey.order_matters and not trainer.keeps_order,
        MISSING: any(path_of(reference, record, survey) is None for reference in readable),
    }
    causes |= {f"{kind}s": kind in kinds for kind in KINDS if kind not in trainer.media}
    return [cause for cause, holds in causes.items() if holds]
