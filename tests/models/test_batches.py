from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.models.batches import padded, token_batches


@given(st.lists(st.integers(0, 60)), st.integers(1, 200))
def test_batches_hold_every_text_once_and_keep_the_budget(lengths: list[int], budget: int) -> None:
    batches = token_batches(lengths, budget=budget)
    assert sorted(i for batch in batches for i in batch) == list(range(len(lengths)))
    for batch in batches:
        longest = max(1, max(lengths[i] for i in batch))
        assert len(batch) == 1 or longest * len(batch) <= budget
    in_order = [lengths[i] for batch in batches for i in batch]
    assert in_order == sorted(lengths, reverse=True)


@pytest.mark.parametrize("side", ["left", "right"])
def test_padding_goes_to_its_side(side: str) -> None:
    ids, mask = padded([[5, 6, 7], [8], []], fill=0, side=side)
    expected = (
        [[5, 6, 7], [0, 0, 8], [0, 0, 0]] if side == "left" else [[5, 6, 7], [8, 0, 0], [0, 0, 0]]
    )
    assert ids.tolist() == expected
    np.testing.assert_array_equal(mask.numpy(), np.array(expected) > 0)


def test_only_empty_rows_still_make_a_rectangle() -> None:
    assert padded([[], []], fill=0)[0].shape == (2, 1)
