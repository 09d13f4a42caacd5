"""Texts of a batch in one row without padding, their shared beginning once.

The template's preamble begins every text alike, and a causal model computes the same of it each
time. What lies behind the last predicting position reaches no loss and is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from catalog.models.tokens import Tokens

Integers = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True)
class Packed:
    """B texts as N tokens: the preamble, then what follows it in each text.

    Attributes:
        ids: int64 (N,), token ids.
        positions: int64 (N,), the position of each token in its text.
        n_shared: tokens of the preamble.
        places: int64 (B, T), which token stands at each position of each text; 0 behind its end.
        sources: int64 (N - n_shared,), where in ``places``, flattened, each other token stands.
        predicting: int64 (P,), the tokens after which a response token follows, text by text.
        targets: int64 (P,), the ids of those response tokens.
        rows: int64 (P,), their texts.
    """

    ids: Integers
    positions: Integers
    n_shared: int
    places: Integers
    sources: Integers
    predicting: Integers
    targets: Integers
    rows: Integers


def n_shared_tokens(group: Sequence[Tokens]) -> int:
    """Return how many tokens begin every text alike, before its first predicting position."""
    most = min(each.start for each in group) - 1
    first = group[0].ids[:most]
    for each in group[1:]:
        differs = np.flatnonzero(first != each.ids[: len(first)])
        if len(differs):
            first = first[: differs[0]]
    return len(first)


def pack(group: Sequence[Tokens]) -> Packed:
    """Return texts with response tokens as one row.

    >>> texts = [Tokens(np.array([7, 7, 1, 2]), 3), Tokens(np.array([7, 7, 3, 4, 5]), 3)]
    >>> packed = pack(texts)
    >>> packed.ids.tolist(), packed.places.tolist(), packed.targets.tolist()
    ([7, 7, 1, 3, 4], [[0, 1, 2, 0], [0, 1, 3, 4]], [2, 4, 5])
    """
    n_shared = n_shared_tokens(group)
    lengths = np.array([len(each.ids) - 1 for each in group])  # the last token predicts nothing
    width = int(lengths.max())
    times = np.arange(width)
    is_own = (times >= n_shared) & (times < lengths[:, None])  # (B, T)
    n_own = int(is_own.sum())
    places = np.where(times < n_shared, times, 0) * np.ones((len(group), 1), dtype=np.int64)
    places[is_own] = n_shared + np.arange(n_own)
    is_before = np.zeros(is_own.shape, dtype=bool)
    for row, each in enumerate(group):
        for first, end in each.spans:
            is_before[row, first - 1 : end - 1] = True
    rows, columns = np.nonzero(is_before)  # (P,), (P,)
    return Packed(
        ids=np.concatenate(
            [group[0].ids[:n_shared], *(each.ids[n_shared:-1] for each in group)]
        ).astype(np.int64),
        positions=np.concatenate([times[:n_shared], np.nonzero(is_own)[1]]),
        n_shared=n_shared,
        places=places,
        sources=np.flatnonzero(is_own),
        predicting=places[rows, columns],
        targets=np.concatenate(
            [each.ids[first:end] for each in group for first, end in each.spans]
        ).astype(np.int64),
        rows=rows,
    )
