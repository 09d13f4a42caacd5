"""Which rows share a sequence of a bounded length."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Sequence

PACKED_TOGETHER = 1024
"""Neighbouring rows of a data set that can share sequences."""


def best_fit_decreasing(lengths: Sequence[int], *, capacity: int) -> list[list[int]]:
    """Return which rows share a sequence, by best fit, the longest row first.

    Each row goes into the fullest sequence that still holds it. Ties go to the earlier row and to
    the earlier sequence (Ding et al. 2024, "Fewer Truncations Improve Language Modeling").

    Args:
        lengths: tokens of each row, at most ``capacity``.
        capacity: tokens of a sequence.

    Returns:
        The places of the rows of each sequence, ascending. Sequences come in the order of their
        first rows.

    >>> best_fit_decreasing([2, 6, 3, 5], capacity=8)
    [[0, 1], [2, 3]]
    """
    sequences: list[list[int]] = []
    free: list[tuple[int, int]] = []  # (free tokens, sequence), ascending
    for place in sorted(range(len(lengths)), key=lambda place: -lengths[place]):
        length = lengths[place]
        best = bisect_left(free, (length, -1))
        if best == len(free):
            sequences.append([place])
            insort(free, (capacity - length, len(sequences) - 1))
            continue
        left, sequence = free.pop(best)
        sequences[sequence].append(place)
        insort(free, (left - length, sequence))
    return sorted(sorted(sequence) for sequence in sequences)
