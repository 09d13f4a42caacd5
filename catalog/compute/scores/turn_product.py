"""Scores that multiply what judges say of each turn, and combine the products of the turns."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from catalog.compute.scores.calls import Answer
from catalog.compute.scores.judge import COMBINE, Judging
from catalog.compute.scores.measure import Measure, score_values
from catalog.compute.scores.parse_answer import parse_answer
from catalog.compute.scores.requests import judge_identity
from catalog.compute.shard_writer import Values
from catalog.signals.model_scores import JudgeScore


@dataclass
class TurnProduct:
    """Values of a score whose factors are judges' numbers of the same turn.

    Attributes:
        judges: give the factors, and ask together.
        combine: how the products of turns become one number.
    """

    judges: Sequence[Judging]
    combine: Callable[[list[float]], Any]

    def values(self, texts: pa.Table) -> Values:
        """Return the values of one shard; those without an answer are left for the next run."""
        answered = [judge.answers_of(texts) for judge in self.judges]
        members = list(zip(*answered, strict=True))  # of each member, the answers of every judge
        kept = [place for place, groups in enumerate(members) if not any(map(_lacks, groups))]
        combined = [self._combined(members[place]) for place in kept]
        values = score_values(
            texts.take(pa.array(kept, pa.int64())),
            np.array([number for number, _ in combined], dtype=np.float64),
            [reason for _, reason in combined],
            n_tokens=sum(_n_tokens(group) for groups in members for group in groups),
            n_truncated=0,
        )
        is_last = self.judges[0].asking.is_stopped
        return replace(values, n_left=len(members) - len(kept), is_last=is_last)

    def _combined(self, groups: Sequence[Sequence[Answer | None]]) -> tuple[float, str | None]:
        """Return the number of a member; one turn without a number is enough for a reason."""
        if not groups[0]:
            return math.nan, "no_response"
        products = np.ones(len(groups[0]))
        for judge, group in zip(self.judges, groups, strict=True):
            for turn, answer in enumerate(group):
                assert answer is not None  # of a member that lacks none
                number, reason = parse_answer(judge.definition, answer)
                if reason:
                    return math.nan, reason
                products[turn] *= number
        return float(self.combine(products.tolist())), None


def product_measure(judge: Judging, factors: Sequence[JudgeScore]) -> Measure:
    """Return what computes a score of factors, which share one run and its maximum cost.

    Args:
        judge: of the score itself, which asks for the answers.
        factors: judges of single turns.
    """
    identity = {
        "model": judge.model,
        "judge": [judge_identity(each, judge.model) for each in factors],
        "combine": judge.definition.combine,
    }
    judges = [replace(judge, definition=each) for each in factors]
    values = TurnProduct(judges, COMBINE[judge.definition.combine]).values
    notes = judge.asking.notes
    return Measure(identity, values, needs_precision=False, notes=notes, is_asked=True)


def _lacks(group: Sequence[Answer | None]) -> bool:
    return None in group


def _n_tokens(group: Sequence[Answer | None]) -> int:
    return sum(answer.n_tokens for answer in group if answer)
