"""Scores against the plain formulas, one instruction at a time."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from catalog import Catalog
from catalog.compute.scores import MEASURES
from catalog.errors import OptionError, SignalError
from catalog.signals.registry import list_named
from catalog.signals.score_definitions import (
    INPUTS,
    MEASURED,
    SUMMARIES,
    built_in_scores,
    needs_model,
)
from tests.copies import made_once

Write = Callable[..., Path]
Records = Callable[[int], list[dict[str, Any]]]
WINDOW = 400


@pytest.fixture
@made_once
def pool(catalog: Catalog, jsonl: Write, records: Records) -> Catalog:
    """Thirty members, and one of each kind that has no value."""
    odd = [
        {"instruction": "say a", "input": "", "output": "a"},  # one token and its end
        {"instruction": "be long", "input": "", "output": "river " * 900},  # cut by the window
        {
            "instruction": "ask long " * 900,
            "input": "",
            "output": "yes it is",
        },  # the prompt fills the window
    ]
    catalog.register(jsonl([*records(30), *odd]), pool="p")
    return catalog


def stored(catalog: Catalog, name: str) -> dict[str, tuple[float | None, str | None]]:
    """Value and reason by prompt, of the newest score of a name."""
    sql = """
        SELECT prompt_of(messages), value, reason
        FROM scores JOIN instructions USING (instruction_id)
        WHERE signal_id = $signal_id
    """
    with catalog.store.reading() as connection:
        signal = list_named(connection, kind="score", name=name)[0]
        return {
            prompt: (value, reason)
            for prompt, value, reason in connection.sql(
                sql, params={"signal_id": signal.signal_id}
            ).fetchall()
        }


def plain_losses(model: Path, catalog: Catalog) -> dict[str, tuple[float, float, int]]:
    """CE(y | x), CE(y) and response tokens by prompt, from logits, one instruction at a time."""
    import torch
    import torch.nn.functional as F

    from catalog.models.causal_lm import load_causal_lm
    from catalog.models.tokens import tokens_of

    lm = load_causal_lm(model)
    answer = {}

    def mean(ids: list[int], start: int) -> float:
        with torch.inference_mode():
            logits = lm.model(torch.tensor([ids])).logits[0, start - 1 : -1]  # (P, V)
        return float(F.cross_entropy(logits.double(), torch.tensor(ids[start:])))

    with catalog.store.reading() as connection:
        rows = (
            connection.sql(
                "SELECT prompt_of(messages) AS prompt, messages, system, tools FROM instructions"
            )
            .to_arrow_table()
            .to_pylist()
        )
    for row in rows:
        (one,) = tokens_of([row], tokenizer=lm.tokenizer, template=lm.template, max_length=10_000)
        if one.reason is None and len(one.ids) <= WINDOW:
            ids = one.ids.tolist()
            alone = [lm.opening_id, *ids[one.start :]]
            answer[row["prompt"]] = (mean(ids, one.start), mean(alone, 1), one.n_response)
    return answer


FORMULAS: dict[str, Callable[[float, float], float]] = {
    "response_loss": lambda given, alone: given,
    "perplexity": lambda given, alone: math.exp(given),
    "least_confidence": lambda given, alone: math.exp(-given),
    "answer_loss": lambda given, alone: alone,
    "ifd": lambda given, alone: given / alone,
    "ifd_ppl": lambda given, alone: math.exp(given - alone),
    "depth_cheap": lambda given, alone: given * math.log(2),
}


@pytest.mark.parametrize(
    "names",
    [
        pytest.param(list(FORMULAS), id="all"),
        *(pytest.param([name], id=name, marks=pytest.mark.slow) for name in FORMULAS),
    ],
)
def test_a_score_equals_its_formula_on_a_plain_loop(
    pool: Catalog, model: Path, names: list[str]
) -> None:
    pool.score("p", *names, model=str(model), max_length=WINDOW, form="symmetric")
    losses = plain_losses(model, pool)
    for name in names:
        found = stored(pool, name)
        plain = {
            prompt: FORMULAS[name](given, alone) for prompt, (given, alone, _) in losses.items()
        }
        wanted = {prompt: value for prompt, value in plain.items() if found[prompt][1] is None}
        assert len(wanted) >= 30
        assert {prompt: found[prompt][0] for prompt in wanted} == pytest.approx(wanted, rel=1e-5)


@pytest.mark.slow
def test_ifd_of_one_token_truncated_and_windowless_answers_is_null_with_the_reason(
    pool: Catalog, model: Path
) -> None:
    pool.score("p", "ifd", "ifd_ppl", model=str(model), max_length=WINDOW, form="symmetric")
    for name in ("ifd", "ifd_ppl"):
        without = {
            prompt.split()[0]: (value, reason)
            for prompt, (value, reason) in stored(pool, name).items()
            if value is None
        }
        assert without == {
            "say": (None, "one_token_response"),
            "be": (None, "truncated_response"),
            "ask": (None, "prompt_fills_window"),
        }


def test_n_tokens_counts_the_whole_response_whatever_the_window(pool: Catalog, model: Path) -> None:
    pool.score("p", "n_tokens", model=str(model), max_length=10)
    found = stored(pool, "n_tokens")
    wanted = {prompt: float(n) for prompt, (_, _, n) in plain_losses(model, pool).items()}
    assert {prompt: found[prompt][0] for prompt in wanted} == wanted
    assert found["be long"][0] > WINDOW


def test_scores_of_one_command_share_their_measures(pool: Catalog, model: Path) -> None:
    made = pool.score("p", "ifd", "ifd_ppl", "perplexity", model=str(model), form="symmetric")
    assert [report.signal.name for report in made.reports] == [
        "response_loss",
        "answer_loss",
        "ifd",
        "ifd_ppl",
        "perplexity",
    ]
    again = pool.score("p", "perplexity", "ifd", model=str(model), form="symmetric")
    assert [report.n_computed for report in again.reports] == [0, 0, 0, 0]


@pytest.mark.slow
def test_the_next_version_costs_only_what_is_new(
    pool: Catalog, jsonl: Write, records: Records, model: Path
) -> None:
    pool.score("p", "ifd", model=str(model))
    before = stored(pool, "ifd")
    pool.register(jsonl(records(40), "more.jsonl"), pool="p", mode="append")
    made = pool.score("p", "ifd", model=str(model))
    assert [report.n_computed for report in made.reports] == [10, 10, 10]
    assert stored(pool, "ifd").items() >= before.items()


@pytest.mark.slow
def test_a_sample_measures_no_more_and_says_what_is_left(pool: Catalog, model: Path) -> None:
    made = pool.score("p", "ifd", model=str(model), limit=8)
    assert [(report.n_computed, report.n_left) for report in made.reports] == [(8, 25)] * 3
    (counted,) = pool.score("p", "n_tokens", model=str(model), limit=8).reports
    assert 0 < counted.seconds_loading < counted.seconds  # of the tokenizer


def test_learnability_is_the_first_loss_minus_the_last(pool: Catalog, model: Path) -> None:
    with pytest.raises(SignalError, match="catalog losses train"):
        pool.score("p", "learnability", model="tiny")
    losses = np.random.default_rng(0).random((33, 4)).astype(np.float32)
    file = model.parent / "losses.npy"
    np.save(file, losses)
    pool.import_losses("p", file, proxy="mine")
    pool.score("p", "learnability")
    relation = "pool_members JOIN scores USING (instruction_id)"
    with pool.store.reading() as connection:
        rows = connection.sql(
            f"SELECT row_number, value FROM {relation} ORDER BY row_number"
        ).fetchall()
    assert [value for _, value in rows] == pytest.approx(
        (losses[:, 0].astype(float) - losses[:, -1]).tolist()
    )


@pytest.mark.slow
def test_the_score_that_was_asked_for_last_is_read_also_when_it_was_there_before(
    pool: Catalog, tmp_path: Path
) -> None:
    for fall in (1, 2, 1):
        np.save(tmp_path / "losses.npy", np.array([[3.0, 3.0 - fall]] * 33, dtype=np.float32))
        pool.import_losses("p", tmp_path / "losses.npy", proxy=f"falls-{fall}")
        pool.score("p", "learnability", model=f"falls-{fall}")
        assert pool.sql("SELECT DISTINCT value FROM score('p', name => 'learnability')")[
            "value"
        ].to_list() == [fall]


@pytest.mark.slow
def test_a_measured_score_that_was_asked_for_last_is_read_also_when_it_was_there_before(
    pool: Catalog, model: Path
) -> None:
    for window in (WINDOW, WINDOW // 2, WINDOW):
        (asked,) = pool.score("p", "response_loss", model=str(model), max_length=window).reports
        read = pool.signals("p").filter(pl.col("is_read"))["identity"].to_list()
        assert read == [asked.signal.identity_sha256[:12]]


def test_an_unknown_score_is_refused_with_the_nearest_name(pool: Catalog) -> None:
    with pytest.raises(OptionError, match="did you mean perplexity"):
        pool.score("p", "perplexty")


def test_a_measured_score_without_a_model_is_refused(pool: Catalog) -> None:
    with pytest.raises(OptionError, match="`model`"):
        pool.score("p", "ifd")


def test_tiny_before_it_was_trained_names_the_command(pool: Catalog) -> None:
    with pytest.raises(SignalError, match="catalog losses train"):
        pool.score("p", "ifd", model="tiny")


def test_every_measured_score_has_a_computation_and_a_summary() -> None:
    assert set(MEASURES) == {*SUMMARIES, *INPUTS}
    assert all(function.__doc__ for function in MEASURES.values())


def test_a_score_needs_a_model_where_one_of_its_inputs_does() -> None:
    derived = built_in_scores()
    without = {name for name in [*MEASURED, *derived] if not needs_model(name, derived)}
    assert without == {
        *("learnability", "n_labels", "n_tokens", "response_tokens", "total_tokens"),
        *("code_share", "length", "pii", "repetition"),
    }
    assert not set(MEASURED) & set(derived)


@pytest.mark.parametrize(
    ("options", "message"),
    [({"bogus": 1}, "bogus"), ({"seed": -1}, "seed: .* at least 0")],
)
def test_options_that_scores_have_not_are_refused(
    pool: Catalog, options: dict[str, int], message: str
) -> None:
    with pytest.raises(OptionError, match=message):
        pool.score("p", "n_labels", **options)


@pytest.mark.slow
def test_a_note_says_that_a_name_means_the_proxy_trained_here(
    pool: Catalog, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(model.parent)
    assert pool.score("p", "n_tokens", model=model.name).notes == []
    pool.train_losses("p", proxy=model.name, epochs=1, batch=16)
    (note,) = pool.score("p", "n_tokens", model=model.name).notes
    assert note.startswith(f"{model.name} is the proxy")
    assert note.endswith(f"./{model.name}")
    assert pool.score("p", "n_tokens", model=f"./{model.name}").notes == []
