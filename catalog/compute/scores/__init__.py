"""Scores: one number about an instruction, one small file each.

A score is either measured, by one pass of a model (`Measure`), or derived, by one SQL query over
what is stored (`Formula`). So the loss of a response under a model is computed once, whichever
scores are made of it.
"""

from __future__ import annotations

from catalog.compute.scores.answer_loss import answer_loss
from catalog.compute.scores.depth import depth
from catalog.compute.scores.depth_cheap import depth_cheap
from catalog.compute.scores.ifd import ifd
from catalog.compute.scores.ifd_ppl import ifd_ppl
from catalog.compute.scores.learnability import learnability
from catalog.compute.scores.least_confidence import least_confidence
from catalog.compute.scores.n_labels import n_labels
from catalog.compute.scores.n_tokens import n_tokens
from catalog.compute.scores.perplexity import perplexity
from catalog.compute.scores.response_loss import response_loss
from catalog.compute.scores.rid import rid
from catalog.compute.scores.scoring import Scoring, score

# In the order in which a person meets them.
SCORES = (
    *(n_tokens, response_loss, answer_loss),
    *(perplexity, least_confidence, learnability),
    *(ifd, ifd_ppl),
    *(n_labels, depth, depth_cheap, rid),
)

__all__ = ["SCORES", "Scoring", "score"]
