"""Gradients and what LESS selects by them, against a plain loop over examples and checkpoints."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from catalog import Catalog
from catalog.errors import OptionError, SignalError
from tests.copies import made_once

Write = Callable[..., Path]
Row = dict[str, Any]
OPTIONS: dict[str, Any] = {"lora": "r=2", "dim": 64, "checkpoints": 2, "warm_up": 0.3}
OPTIONS |= {"learning_rate": 1e-2, "dtype": "float32"}
TURNS = {
    "messages": [
        {"role": "user", "content": "why is the river small"},
        {"role": "assistant", "content": "the stone is large"},
        {"role": "user", "content": "and how"},
        {"role": "assistant", "content": "light of the field"},
    ]
}


def registered(catalog: Catalog, jsonl: Write, records: Callable[[int], list[Row]]) -> Catalog:
    """Register a pool, and a target of two subtasks."""
    catalog.register(jsonl([*records(40), TURNS]), pool="p")
    parts = [f"{name}={jsonl(records(n)[-3:], name)}" for name, n in (("x", 50), ("y", 60))]
    catalog.register(parts, pool="t", purpose="eval")
    return catalog


@pytest.fixture
@made_once
def pool(catalog: Catalog, jsonl: Write, records: Callable[[int], list[Row]]) -> Catalog:
    return registered(catalog, jsonl, records)


@pytest.fixture
@made_once
def computed(
    catalog: Catalog, jsonl: Write, records: Callable[[int], list[Row]], model: Path
) -> Catalog:
    registered(catalog, jsonl, records)
    catalog.gradients("p", model=model, **OPTIONS)
    catalog.gradients("t", model=model, target_of="p", **OPTIONS)
    return catalog


def instructions(catalog: Catalog, reference: str) -> list[Row]:
    return catalog.sql(
        "SELECT fingerprint, source, messages, system, tools FROM pool($ref) ORDER BY fingerprint",
        parameters={"ref": reference},
    ).to_dicts()


def gradient(lm: Any, lora: Any, row: Row) -> np.ndarray[Any, Any]:
    """Return the gradient of one example's mean loss by autograd, from whole logits."""
    import torch

    from catalog.models.tokens import tokens_of

    (each,) = tokens_of([row], tokenizer=lm.tokenizer, template=lm.template, turns="all")
    logs = lm.model(torch.tensor([each.ids.tolist()])).logits[0].log_softmax(-1)
    places = [place for start, end in each.spans for place in range(start, end)]
    loss = -sum(logs[place - 1, int(each.ids[place])] for place in places) / len(places)
    found = torch.autograd.grad(loss, lora.parameters)
    return np.concatenate([part.numpy().reshape(-1) for part in found]).astype(np.float64)


def plain_influence(catalog: Catalog, model: Path) -> dict[str, tuple[float, str]]:
    """Return the influence and the best subtask of each member, one example at a time."""
    import torch
    from safetensors.torch import load_file

    from catalog.models.causal_lm import load_causal_lm
    from catalog.models.lora import add_lora
    from catalog.models.lora_shape import LoraShape
    from catalog.models.rademacher import rademacher

    lm = load_causal_lm(model)
    lora = add_lora(lm, LoraShape.parsed("r=2"), seed=0)
    signs = rademacher(torch.eye(lora.n_parameters), dim=64, seed=0).numpy()
    (folder,) = catalog.store.models.glob("warm-up-lora-*")
    members, targets = instructions(catalog, "p"), instructions(catalog, "t")
    influence = np.zeros((len(members), len(targets)))
    by_checkpoint = []

    def unit(vector: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        projected = vector @ signs
        return np.asarray(projected / np.linalg.norm(projected))

    for file in sorted(folder.glob("*.safetensors")):
        state = load_file(file)
        lora.load(state["weights"])
        mean, square = (state[name].double().numpy() for name in ("exp_avg", "exp_avg_sq"))
        steps = []
        for row in members:
            g = gradient(lm, lora, row)
            first, second = 0.9 * mean + 0.1 * g, 0.999 * square + 0.001 * g**2
            steps.append(unit(first / np.sqrt(second + 1e-8)))
        wanted = [unit(gradient(lm, lora, row)) for row in targets]
        by_checkpoint.append(np.array(steps) @ np.array(wanted).T)
    rates = learning_rates(catalog)
    for rate, cosines in zip(rates, by_checkpoint, strict=True):
        influence += rate / sum(rates) * cosines
    names = sorted({row["source"] for row in targets})
    means = np.stack(
        [influence[:, [row["source"] == name for row in targets]].mean(axis=1) for name in names]
    )
    return {
        row["fingerprint"]: (means[:, i].max(), names[int(means[:, i].argmax())])
        for i, row in enumerate(members)
    }


def learning_rates(catalog: Catalog) -> list[float]:
    """Return the mean learning rate of each epoch, by the schedule of transformers."""
    import torch
    from transformers import get_linear_schedule_with_warmup

    with catalog.store.reading() as connection:
        ((n,),) = connection.sql(
            "SELECT max((details ->> 'n_warm_up')::INTEGER) FROM signals WHERE kind = 'gradients'"
        ).fetchall()
    n_steps = 2 * -(-n // 32)
    weight = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([weight], lr=1e-2)
    schedule = get_linear_schedule_with_warmup(optimizer, int(np.ceil(0.03 * n_steps)), n_steps)
    rates = []
    for _ in range(n_steps):
        rates.append(schedule.get_last_lr()[0])
        optimizer.step()
        schedule.step()
    return [float(np.mean(part)) for part in np.split(np.array(rates), 2)]


def test_less_takes_what_a_plain_loop_takes(computed: Catalog, model: Path) -> None:
    wanted = plain_influence(computed, model)
    computed.select("less", "p", budget=41, name="best", settings={"target": "t"})
    rows = computed.sql("SELECT fingerprint, why FROM subset('best') ORDER BY rank").to_dicts()
    assert len(rows) == 41
    for row in rows:
        why = json.loads(row["why"])
        influence, subtask = wanted[row["fingerprint"]]
        assert why["influence"] == pytest.approx(influence, abs=1e-4)
        assert why["subtask"] == subtask
    order = [wanted[row["fingerprint"]][0] for row in rows]
    assert np.all(np.diff(order) < 1e-4)
    assert computed.verify("best").is_same


@pytest.mark.slow
def test_vectors_have_length_one_and_members_differ_from_targets(computed: Catalog) -> None:
    members = np.array(computed.sql("SELECT vector FROM gradients('p')")["vector"].to_list())
    assert members.shape == (41, 128)
    assert np.linalg.norm(members, axis=1) == pytest.approx(np.ones(41), abs=1e-5)
    sql = "SELECT vector FROM gradients('t', target_of => 'p')"
    assert np.array(computed.sql(sql)["vector"].to_list()).shape == (6, 128)
    assert computed.doctor() == []
    listed = computed.signals("p").filter(kind="gradients")["settings"].to_list()
    assert sorted(text[:26] for text in listed) == [
        "optimizer adam, lora r=2, ",
        "optimizer sgd, lora r=2, p",
    ]


@pytest.mark.slow
def test_a_later_version_costs_only_its_new_members(
    computed: Catalog, jsonl: Write, records: Callable[[int], list[Row]], model: Path
) -> None:
    before = computed.sql("SELECT fingerprint, vector FROM gradients('p')").sort("fingerprint")
    computed.register(jsonl(records(45), "more.jsonl"), pool="p", mode="append")
    with pytest.raises(SignalError, match=r"catalog gradients p@2 .*--dim 64"):
        computed.sql("SELECT vector FROM gradients('p')")
    assert computed.gradients("p", model=model, **OPTIONS).n_computed == 5
    after = computed.sql("SELECT fingerprint, vector FROM gradients('p')").sort("fingerprint")
    kept = after.filter(after["fingerprint"].is_in(before["fingerprint"].to_list()))
    assert kept.equals(before)
    assert computed.gradients("t", model=model, target_of="p", **OPTIONS).n_computed == 0


@pytest.mark.slow
def test_what_is_missing_is_named_with_its_command(pool: Catalog, model: Path) -> None:
    wanted: dict[str, Any] = {"budget": 5, "settings": {"target": "t"}}
    with pytest.raises(SignalError, match="catalog gradients p@1 --model tiny"):
        pool.select("less", "p", name="x", **wanted)
    pool.gradients("p", model=model, **OPTIONS)
    with pytest.raises(SignalError, match=r"catalog gradients t@1 .*--target-of p@1"):
        pool.select("less", "p", name="x", **wanted)
    need = next(n for n in pool.explain("less", "p", **wanted).needs if n.n_missing)
    need.command.run(pool)
    assert pool.select("less", "p", name="x", **wanted).n_members == 5


@pytest.mark.slow
def test_gradients_of_other_checkpoints_are_not_compared(computed: Catalog, model: Path) -> None:
    computed.gradients("p", model=model, **OPTIONS | {"seed": 1})
    with pytest.raises(SignalError, match="at the checkpoints of p@1"):
        computed.select("less", "p", budget=3, name="x", settings={"target": "t"})


@pytest.mark.parametrize("option", [{"lora": "r=0"}, {"dim": 0}, {"warm_up": 0}, {"lora": "8"}])
def test_an_option_out_of_its_range_is_refused(
    pool: Catalog, model: Path, option: dict[str, Any]
) -> None:
    with pytest.raises(OptionError):
        pool.gradients("p", model=model, **OPTIONS | option)


def test_members_without_an_answer_have_a_reason(
    catalog: Catalog, jsonl: Write, records: Callable[[int], list[Row]], model: Path
) -> None:
    turns = [("user", "why"), ("assistant", "the river")]
    odd = {"messages": [{"role": role, "content": text, "weight": 0} for role, text in turns]}
    catalog.register(jsonl([*records(30), odd]), pool="p")
    assert catalog.gradients("p", model=model, **OPTIONS).reasons == {"not_trained": 1}
    (folder,) = catalog.store.models.glob("warm-up-lora-*")
    catalog.drop("p")
    catalog.gc()
    assert not folder.exists()
