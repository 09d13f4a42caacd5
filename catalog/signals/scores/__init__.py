"""Scores: one number about an instruction, one small file each.

A score is either measured, by one pass of a model (`Measure`), or derived, by one SQL query over what is stored (`Formula`). So the
loss of a response under a model is computed once, whichever scores are made of it.
"""

from __future__ import annotations

from catalog.signals.scores.answer_loss import answer_loss
from catalog.signals.scores.depth import depth
from catalog.signals.scores.depth_cheap import depth_cheap
from catalog.signals.scores.ifd import ifd
from catalog.signals.scores.ifd_ppl import ifd_ppl
from catalog.signals.scores.learnability import learnability
from catalog.signals.scores.least_confidence import least_confidence
from catalog.signals.scores.n_labels import n_labels
from catalog.signals.scores.n_tokens import n_tokens
from catalog.signals.scores.perplexity import perplexity
from catalog.signals.scores.response_loss import response_loss
from catalog.signals.scores.rid import rid
from catalog.signals.scores.scoring import Scoring, score

# In the order in which a person meets them.
SCORES = (
    *(n_tokens, response_loss, answer_loss),
    *(perplexity, least_confidence, learnability),
    *(ifd, ifd_ppl),
    *(n_labels, depth, depth_cheap, rid),
)

__all__ = ["SCORES", "Scoring", "score"]
