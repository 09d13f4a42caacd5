from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.errors import OptionError
from catalog.models.recipe import Recipe


@given(st.integers(1, 5000), st.integers(1, 5), st.integers(1, 200), st.integers(1, 20))
def test_checkpoints_rise_evenly_to_the_last_step(
    n: int, epochs: int, batch: int, checkpoints: int
) -> None:
    recipe = Recipe(epochs=epochs, batch=batch, checkpoints=checkpoints)
    n_steps = recipe.n_steps(n)
    if n_steps < checkpoints:
        with pytest.raises(OptionError, match=f"at most {n_steps} checkpoints"):
            recipe.marks(n)
        return
    marks = recipe.marks(n)
    gaps = [b - a for a, b in zip([0, *marks], marks, strict=False)]
    assert len(marks) == checkpoints
    assert marks[-1] == n_steps
    assert min(gaps) >= 1
    assert max(gaps) - min(gaps) <= 1


def test_the_rate_rises_to_its_peak_and_falls_to_nothing() -> None:
    recipe = Recipe(learning_rate=2e-5)
    rates = [recipe.rate(step, 1000) for step in range(1001)]
    assert max(rates) == rates[29] == pytest.approx(2e-5)
    assert rates[:30] == sorted(rates[:30])
    assert rates[30:] == sorted(rates[30:], reverse=True)
    assert rates[1000] == pytest.approx(0, abs=1e-12)
    assert min(rates[:1000]) > 0


def test_the_micro_batch_is_not_part_of_the_identity() -> None:
    assert Recipe(budget=1).identity() == Recipe(budget=999).identity()
    assert Recipe(seed=1).identity() != Recipe(seed=2).identity()


@pytest.mark.parametrize(
    "wrong",
    [{"epochs": 0}, {"batch": 0}, {"checkpoints": 0}, {"warmup": 1.0}, {"learning_rate": 0.0}],
)
def test_an_impossible_recipe_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(OptionError):
        Recipe(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("n_steps", [1, 2, 40, 1000])
def test_the_linear_schedule_is_that_of_transformers(n_steps: int) -> None:
    import torch
    from transformers import get_linear_schedule_with_warmup

    recipe = Recipe(learning_rate=2e-5, schedule="linear")
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=2e-5)
    schedule = get_linear_schedule_with_warmup(optimizer, -(-3 * n_steps // 100), n_steps)
    for step in range(n_steps):
        assert recipe.rate(step, n_steps) == pytest.approx(schedule.get_last_lr()[0], abs=1e-18)
        optimizer.step()
        schedule.step()


def test_a_cosine_is_not_recorded_and_a_line_is() -> None:
    assert "schedule" not in Recipe().identity()
    assert Recipe(schedule="linear").identity()["schedule"] == "linear"
