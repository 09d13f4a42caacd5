from __future__ import annotations

import copy
import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from catalog.errors import CorruptError, OptionError, SignalError
from catalog.models.causal_lm import CausalLM
from catalog.models.losses import response_losses
from catalog.models.recipe import Recipe
from catalog.models.token_file import write_tokens
from catalog.models.tokens import tokens_of
from catalog.models.training import train
from tests.models import run_training

Fork = Callable[..., Any]  # see conftest.py

SCRIPT = Path(__file__).with_name("run_training.py")
RECIPE = Recipe(learning_rate=1e-2, batch=10, checkpoints=4)


@pytest.fixture
def lm(tiny: CausalLM) -> CausalLM:
    return CausalLM(copy.deepcopy(tiny.model), tiny.tokenizer, "tiny")


@pytest.fixture
def encoded(tiny: CausalLM, instructions: list[dict[str, Any]]) -> Any:
    return tokens_of(
        [{"messages": []}, *instructions], tokenizer=tiny.tokenizer, template=tiny.template
    )


def all_losses(
    lm: CausalLM, encoded: Any, recipe: Recipe, folder: Path
) -> list[np.ndarray[Any, Any]]:
    return [
        response_losses(lm, encoded).mean for _ in train(lm, encoded, recipe=recipe, folder=folder)
    ]


def test_the_loss_falls_from_checkpoint_to_checkpoint(
    lm: CausalLM, encoded: Any, tmp_path: Path
) -> None:
    before = np.nanmean(response_losses(lm, encoded).mean)
    means = [float(np.nanmean(one)) for one in all_losses(lm, encoded, RECIPE, tmp_path)]
    assert len(means) == 4
    assert [before, *means] == sorted([before, *means], reverse=True)


@pytest.mark.slow
def test_micro_batches_change_rounding_only(tiny: CausalLM, encoded: Any, tmp_path: Path) -> None:
    answers = []
    for budget in (1, 300, 8192):
        lm = CausalLM(copy.deepcopy(tiny.model), tiny.tokenizer, "tiny")
        recipe = Recipe(learning_rate=1e-3, batch=10, epochs=1, checkpoints=1, budget=budget)
        answers.append(all_losses(lm, encoded, recipe, tmp_path / str(budget))[0])
    np.testing.assert_allclose(answers[0], answers[1], atol=2e-3)
    np.testing.assert_allclose(answers[1], answers[2], atol=2e-3)


def test_one_step_is_adamw_on_the_mean_over_all_response_tokens(
    tiny: CausalLM, encoded: Any, tmp_path: Path
) -> None:
    usable = [one for one in encoded if one.reason is None]
    recipe = Recipe(learning_rate=1e-3, batch=64, epochs=1, checkpoints=1, warmup=0.0)
    lm = CausalLM(copy.deepcopy(tiny.model), tiny.tokenizer, "tiny")
    list(train(lm, encoded, recipe=recipe, folder=tmp_path))

    model = copy.deepcopy(tiny.model)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.0)
    nats = []
    for one in usable:
        logits = model(input_ids=torch.from_numpy(one.ids).long()[None]).logits[
            0, one.start - 1 : -1
        ]
        nats.append(
            torch.nn.functional.cross_entropy(
                logits, torch.from_numpy(one.ids[one.start :]).long(), reduction="none"
            )
        )
    torch.cat(nats).mean().backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    for (name, ours), theirs in zip(lm.model.named_parameters(), model.parameters(), strict=True):
        moved = (ours - theirs).abs()
        # AdamW's first step is the sign of a gradient: where that is rounding noise, either sign is
        # right.
        assert (moved > 1e-5).float().mean() < 0.01, name


def test_every_instruction_is_seen_once_an_epoch(
    lm: CausalLM, encoded: Any, tmp_path: Path
) -> None:
    told: list[tuple[int, int]] = []
    list(
        train(
            lm, encoded, recipe=RECIPE, folder=tmp_path, progress=lambda n, t: told.append((n, t))
        )
    )
    assert sum(n for n, _ in told) == 3 * 40
    assert sum(t for _, t in told) == 3 * sum(len(one.ids) for one in encoded)


@pytest.mark.slow
def test_tokens_from_disk_train_the_same(tiny: CausalLM, encoded: Any, tmp_path: Path) -> None:
    answers = []
    for i, source in enumerate((encoded, write_tokens(tmp_path / "tokens", [encoded]))):
        lm = CausalLM(copy.deepcopy(tiny.model), tiny.tokenizer, "tiny")
        answers.append(all_losses(lm, source, RECIPE, tmp_path / str(i)))
    np.testing.assert_array_equal(answers[0], answers[1])


@pytest.mark.slow
def test_a_finished_run_gives_out_its_last_checkpoint_again(
    tiny: CausalLM, encoded: Any, tmp_path: Path
) -> None:
    first = all_losses(
        CausalLM(copy.deepcopy(tiny.model), tiny.tokenizer, "tiny"), encoded, RECIPE, tmp_path
    )
    again = all_losses(
        CausalLM(copy.deepcopy(tiny.model), tiny.tokenizer, "tiny"), encoded, RECIPE, tmp_path
    )
    np.testing.assert_array_equal(again, first[-1:])


def test_the_state_of_another_run_is_refused(lm: CausalLM, encoded: Any, tmp_path: Path) -> None:
    start = copy.deepcopy(lm.model)
    next(iter(train(lm, encoded, recipe=RECIPE, folder=tmp_path)))
    for model, data, recipe in [
        (start, encoded, Recipe(learning_rate=2e-2, batch=10, checkpoints=4)),
        (start, encoded[:-1], RECIPE),
        (start, [*encoded[:-1], replace(encoded[-1], ids=encoded[-1].ids[::-1].copy())], RECIPE),
        (lm.model, encoded, RECIPE),
    ]:
        with pytest.raises(SignalError, match="another run"):
            next(
                iter(
                    train(
                        CausalLM(model, lm.tokenizer, "tiny"), data, recipe=recipe, folder=tmp_path
                    )
                )
            )
    (tmp_path / "state.pt").write_bytes(b"half a state")
    with pytest.raises(CorruptError, match="delete it"):
        next(
            iter(
                train(
                    CausalLM(start, lm.tokenizer, "tiny"), encoded, recipe=RECIPE, folder=tmp_path
                )
            )
        )


def test_what_cannot_be_trained_is_refused(lm: CausalLM, encoded: Any, tmp_path: Path) -> None:
    with pytest.raises(SignalError, match="none of 1 instructions"):
        next(iter(train(lm, encoded[:1], recipe=RECIPE, folder=tmp_path)))
    with pytest.raises(OptionError, match="at most 3 checkpoints"):
        next(iter(train(lm, encoded[:5], recipe=RECIPE, folder=tmp_path)))
    lm.model.bfloat16()
    with pytest.raises(OptionError, match="to_train"):
        next(iter(train(lm, encoded, recipe=RECIPE, folder=tmp_path)))


def test_dropout_draws_anew_each_step_and_leaves_the_callers_draws_alone(
    tiny: CausalLM, encoded: Any, tmp_path: Path
) -> None:
    from transformers import GPT2Config, GPT2LMHeadModel

    model: Any = GPT2LMHeadModel(
        GPT2Config(vocab_size=400, n_embd=32, n_layer=1, n_head=2, use_cache=False)
    )
    before = torch.get_rng_state()
    draws = []
    for _ in train(
        CausalLM(model, tiny.tokenizer, "gpt2"), encoded, recipe=RECIPE, folder=tmp_path
    ):
        draws.append(
            torch.load(tmp_path / "state.pt", weights_only=True)["random"][0].numpy().tobytes()
        )
    assert len(set(draws)) == 4
    assert torch.equal(before, torch.get_rng_state())


def finish_forked(fork: Fork, folder: Path, n_records: int) -> dict[str, str]:
    run = fork(SCRIPT, str(folder), str(n_records))
    output = run.lines.read()
    assert run.wait() == 0
    return read(output)


def read(output: str) -> dict[str, str]:
    return {
        line.split()[0]: line.split()[1] for line in output.splitlines() if line.count(" ") == 2
    }


class Waiting(StringIO):
    """Output of a process that is about to be killed: after so many lines it stands still."""

    def __init__(self, file: int, *, n_lines: int) -> None:
        super().__init__()
        self._file, self._n_left = file, n_lines

    def write(self, text: str) -> int:
        os.write(self._file, text.encode())
        self._n_left -= text.count("\n")
        if self._n_left <= 0:
            time.sleep(60)
        return len(text)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:lance is not fork-safe")  # the child opens no table
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # nor starts a thread
def test_a_run_that_was_killed_goes_on_here_to_the_same_numbers(tmp_path: Path) -> None:
    def finish(folder: Path) -> dict[str, str]:
        with redirect_stdout(StringIO()) as output, torch.random.fork_rng():
            run_training.main(folder, 48)
        return read(output.getvalue())

    readable, writable = os.pipe()
    process = os.fork()
    if not process:
        try:
            with redirect_stdout(Waiting(writable, n_lines=4)):
                run_training.main(tmp_path / "broken", 48)
        finally:
            os._exit(1)  # skip the parent's clean-up
    os.close(writable)
    with os.fdopen(readable) as output:
        lines = [output.readline() for _ in range(2)]
        os.kill(process, signal.SIGKILL)
        lines += output.readlines()
    os.waitpid(process, 0)
    before = read("".join(lines))
    assert 2 <= len(before) < 6
    assert before | finish(tmp_path / "broken") == finish(tmp_path / "unbroken")


@pytest.mark.slow
@pytest.mark.parametrize("kills", [1, 2, 12])
def test_a_killed_run_goes_on_to_the_same_numbers(fork: Fork, tmp_path: Path, kills: int) -> None:
    n_records = 48 if kills == 1 else 90
    unbroken = finish_forked(fork, tmp_path / "unbroken", n_records)
    assert list(unbroken) == ["1", "2", "3", "4", "5", "6"]
    rng = random.Random(kills)
    seen: dict[str, str] = {}
    for _ in range(kills):
        run = fork(SCRIPT, str(tmp_path / "broken"), str(n_records))
        first = run.lines.readline()  # it has started
        time.sleep(rng.uniform(0, 0.3))
        run.kill()
        rest = run.lines.read()
        run.wait()
        seen |= read(first + rest)
    assert len(seen) < 6 or kills > 2
    seen |= finish_forked(fork, tmp_path / "broken", n_records)
    assert seen == unbroken
