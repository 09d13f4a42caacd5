"""Chances that a rater confuses one class with another, from the ratings of similar rows.

Zhu, Song and Liu, ICML 2021, "Clusterability as an Alternative to Anchor Points When Learning with
Noisy Labels", arXiv 2102.05291 (HOC): a row and its two nearest share one true class, so that how
often three ratings occur together tells how often each class is rated as which.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from catalog.kernels._common.arrays import Numbers, Rows

STEPS, LEARNING_RATE, WARM_UP = 1_501, 0.1, 5  # the authors'
_DECAY_1, _DECAY_2, _EPSILON = 0.9, 0.999, 1e-8  # Adam's


class Consensus(NamedTuple):
    """Shares of rows whose own rating and two nearest ratings are these classes.

    Attributes:
        first: shape (C,).
        second: shape (C, C).
        third: shape (C, C, C).
    """

    first: Numbers
    second: Numbers
    third: Numbers


class Transition(NamedTuple):
    """Shares of the true classes, (C,), and the chances of each rating given each, (C, C)."""

    prior: Numbers
    rated: Numbers


def consensus(triples: Rows, n_classes: int) -> Consensus:
    """Count which classes occur together.

    Args:
        triples: the class of each row, of its nearest and of its second nearest, (n, 3).
        n_classes: C.
    """
    codes = np.ravel_multi_index(tuple(triples.T), (n_classes,) * 3)
    third = np.bincount(codes, minlength=n_classes**3).reshape((n_classes,) * 3) / len(triples)
    second = third.sum(axis=2)
    return Consensus(second.sum(axis=1), second, third)


def transition(observed: Consensus) -> Transition:
    """Return the prior and the chances under which the observed shares are least surprising.

    Adam minimises the sum of the three Frobenius norms of expected minus observed shares, over
    softmax parameters that start near the identity; the best of all steps is kept.
    """
    n = len(observed.first)
    logits = [np.zeros(n), 5 * np.eye(n) - 1]
    mean, square = ([np.zeros_like(each) for each in logits] for _ in range(2))
    best, least = Transition(_softmax(logits[0]), _softmax(logits[1])), np.inf
    for step in range(STEPS):
        current = Transition(_softmax(logits[0]), _softmax(logits[1]))
        loss, gradients = _loss(current, observed)
        if loss < least and step > WARM_UP:
            best, least = current, loss
        for each, gradient in enumerate(gradients):
            mean[each] = _DECAY_1 * mean[each] + (1 - _DECAY_1) * gradient
            square[each] = _DECAY_2 * square[each] + (1 - _DECAY_2) * gradient**2
            moved = mean[each] / (1 - _DECAY_1 ** (step + 1))
            scale = np.sqrt(square[each] / (1 - _DECAY_2 ** (step + 1))) + _EPSILON
            logits[each] = logits[each] - LEARNING_RATE * moved / scale
    return best


def _softmax(logits: Numbers) -> Numbers:
    weights = np.exp(logits - logits.max(axis=-1, keepdims=True))
    shares: Numbers = weights / weights.sum(axis=-1, keepdims=True)
    return shares


def _loss(current: Transition, observed: Consensus) -> tuple[float, list[Numbers]]:
    """Return the sum of the norms, and its gradients by the logits: (C,) and (C, C)."""
    p, t = current
    expected = (
        p @ t,
        np.einsum("i,ia,ib->ab", p, t, t),
        np.einsum("i,ia,ib,ic->abc", p, t, t, t),
    )
    off = [mine - seen for mine, seen in zip(expected, observed, strict=True)]
    norms = [float(np.sqrt((each**2).sum())) for each in off]
    first, second, third = (
        each / norm if norm > 0 else each for each, norm in zip(off, norms, strict=True)
    )
    pairs = np.einsum("abc,ib,ic->ia", third, t, t)  # as the class of the row itself
    by_prior = t @ first + np.einsum("ab,ia,ib->i", second, t, t) + (pairs * t).sum(axis=1)
    by_rated = first + t @ (second + second.T) + pairs
    by_rated += np.einsum("abc,ia,ic->ib", third, t, t) + np.einsum("abc,ia,ib->ic", third, t, t)
    by_rated *= p[:, None]
    return sum(norms), [
        p * (by_prior - p @ by_prior),
        t * (by_rated - (t * by_rated).sum(axis=1, keepdims=True)),
    ]
