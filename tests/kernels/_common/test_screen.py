"""Screens of cosines: their errors, and answers with the same bits from either."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.kernels._common import screen
from catalog.kernels._common.screen import BFLOAT16, FLOAT32, Screen, screening
from catalog.kernels._common.similarity import unit_rows
from catalog.kernels.diverse import diverse
from catalog.kernels.nearest_earlier import nearest_earlier
from tests.quick import examples

KINDS = ("normal", "near", "duplicates", "zeros", "integers")


def vectors(kind: str, *, n: int, d: int, seed: int) -> np.ndarray:
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(n, d))
    if kind == "near":  # cosines that bfloat16 cannot tell apart
        x = generator.normal(size=d) + 0.02 * x
    elif kind == "duplicates":
        x = x[generator.integers(0, max(n // 4, 1), n)]
    elif kind == "zeros":
        x *= generator.random((n, 1)) < 0.5
    elif kind == "integers":
        x = np.rint(x)
    return x.astype(np.float32)


def relation(x: np.ndarray) -> pa.Table:
    scores = np.random.default_rng(1).integers(0, 5, len(x))
    column = pa.FixedSizeListArray.from_arrays(pa.array(x.ravel()), x.shape[1])
    fingerprints = [f"{row:06}" for row in range(len(x))]
    return pa.table({"fingerprint": fingerprints, "score": scores, "vector": column})


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("each", [FLOAT32, BFLOAT16], ids=["float32", "bfloat16"])
@settings(max_examples=examples(20))
@given(seed=st.integers(0, 10**6), d=st.integers(1, 700))
def test_a_cosine_is_off_by_less_than_the_slack(kind: str, each: Screen, seed: int, d: int) -> None:
    units = unit_rows(vectors(kind, n=40, d=d, seed=seed))
    rows = each.narrow(units)
    exact = units.astype(np.float64) @ units.astype(np.float64).T
    assert np.abs(each.cosines(rows, rows) - exact).max() < each.slack
    assert rows.dtype == each.dtype


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=examples(10))
@given(seed=st.integers(0, 10**6), threshold=st.sampled_from([0.5, 0.9, 0.999, 1.0]))
def test_answers_have_the_same_bits_with_either_screen(
    kind: str, seed: int, threshold: float
) -> None:
    rows = relation(vectors(kind, n=150, d=24, seed=seed))
    with pytest.MonkeyPatch.context() as patch:
        answers = []
        for has_bfloat16 in (False, True):
            patch.setattr(screen, "has_bfloat16", lambda value=has_bfloat16: value)
            patch.setattr(screen, "_LEAST", 0)
            patch.setattr(screen, "_LEAST_WITHOUT_TORCH", 0)
            with screening(1) as lent:
                assert lent is (BFLOAT16 if has_bfloat16 else FLOAT32)
            chosen = diverse(rows, budget=60, threshold=threshold, rejected=True)
            answers.append((chosen, nearest_earlier(rows, by="score")))
    for one, other in zip(*answers, strict=True):
        assert one.equals(other)


def test_few_products_are_screened_without_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(screen, "has_bfloat16", lambda: True)
    with screening(1_000_000) as lent:
        assert lent is FLOAT32


def test_the_threads_of_torch_are_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(screen, "has_bfloat16", lambda: True)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    with screening(2**40):
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == 2
    torch.set_num_threads(before)
