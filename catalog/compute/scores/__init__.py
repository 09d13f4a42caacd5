"""Scores: one number per instruction.

A score is measured by a model, in one small file here (`Measure`), or derived from stored signals
by one SQL file of ``sql/scores/``. So the loss of a response under a model is computed once,
whichever scores are made of it.
"""

from __future__ import annotations

from catalog.compute.scores.answer_loss import answer_loss
from catalog.compute.scores.form_losses import (
    cherry_answer_loss,
    cherry_response_loss,
    superfiltering_answer_loss,
    superfiltering_response_loss,
)
from catalog.compute.scores.language import language, language_confidence
from catalog.compute.scores.measure import MEASURES, Measure, measured_score
from catalog.compute.scores.n_tokens import n_tokens
from catalog.compute.scores.response_loss import response_loss
from catalog.compute.scores.response_tokens import response_tokens
from catalog.compute.scores.run import score
from catalog.compute.scores.scoring import Scoring
from catalog.compute.scores.total_tokens import total_tokens
from catalog.compute.scores.tuned_loss import tuned_loss

__all__ = [
    "MEASURES",
    "Measure",
    "Scoring",
    "answer_loss",
    "cherry_answer_loss",
    "cherry_response_loss",
    "language",
    "language_confidence",
    "measured_score",
    "n_tokens",
    "response_loss",
    "response_tokens",
    "score",
    "superfiltering_answer_loss",
    "superfiltering_response_loss",
    "total_tokens",
    "tuned_loss",
]
