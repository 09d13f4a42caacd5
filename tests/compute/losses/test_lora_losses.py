"""Losses of a pretrained model of which low-rank adapters are trained."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from catalog import Catalog
from catalog.compute.proxies import final_folder, proxy_folder
from catalog.errors import OptionError
from tests.copies import made_once

Write = Callable[..., Path]
Records = Callable[[int], list[dict[str, Any]]]
SHORT: dict[str, Any] = {"epochs": 2, "batch": 16, "checkpoints": 2, "learning_rate": 1e-2}


@pytest.fixture
@made_once
def pool(catalog: Catalog, jsonl: Write, records: Records) -> Catalog:
    catalog.register(jsonl(records(24)), pool="p")
    return catalog


def trajectories(catalog: Catalog) -> dict[str, list[float]]:
    sql = "SELECT fingerprint, losses FROM trajectories('p', include_start => true)"
    return dict(catalog.sql(sql).rows())


def plain_trajectories(catalog: Catalog, model: Path) -> dict[str, list[float]]:
    """Train adapters by autograd on whole weights W + 4 B A, one text at a time."""
    import torch
    import torch.nn.functional as F
    from torch.func import functional_call

    from catalog.models.causal_lm import load_causal_lm
    from catalog.models.lora import add_lora
    from catalog.models.lora_shape import LoraShape
    from catalog.models.tokens import tokens_of

    lm, adapted = load_causal_lm(model), load_causal_lm(model)
    lora = add_lora(adapted, LoraShape.parsed("r=2"), seed=0, dropout=0.0)
    names = {id(module): name for name, module in adapted.model.named_modules()}
    places = [f"{names[id(layer)]}.weight" for layer in lora.layers]
    pairs = [
        (each.lora_a.detach().requires_grad_(), each.lora_b.detach().requires_grad_())
        for each in lora.layers
    ]
    weights = dict(lm.model.named_parameters())
    sql = "SELECT * FROM pool('p') ORDER BY fingerprint"
    rows = catalog.sql(sql).to_dicts()
    texts = tokens_of(rows, tokenizer=lm.tokenizer, template=lm.template)

    def nats(each: Any) -> Any:
        whole = {
            place: weights[place].detach() + 4 * b @ a
            for place, (a, b) in zip(places, pairs, strict=True)
        }
        ids = torch.from_numpy(each.ids).long()
        logits = functional_call(lm.model, whole, (ids[None],)).logits[0]
        targets = ids[each.start :]
        return F.cross_entropy(logits[each.start - 1 : -1], targets, reduction="sum")

    def losses() -> list[float]:
        with torch.no_grad():
            return [float(nats(each)) / each.n_response for each in texts]

    optimizer = torch.optim.AdamW([x for pair in pairs for x in pair], weight_decay=0.0)
    recorded = [losses()]
    for step in range(4):
        epoch, part = divmod(step, 2)
        order = np.random.default_rng([0, epoch]).permutation(24)
        group = [texts[i] for i in order[part * 16 : (part + 1) * 16]]
        rate = 1.0 if step == 0 else 0.5 * (1 + np.cos(np.pi * (step - 1) / 3))
        optimizer.param_groups[0]["lr"] = 1e-2 * rate
        loss = sum(nats(each) for each in group) / sum(each.n_response for each in group)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_([x for pair in pairs for x in pair], 1.0)
        optimizer.step()
        if part == 1:
            recorded.append(losses())
    each_row = np.array(recorded).T.tolist()
    return {row["fingerprint"]: found for row, found in zip(rows, each_row, strict=True)}


@pytest.mark.slow
def test_adapters_learn_what_a_plain_loop_learns_and_new_members_are_scored_by_them(
    pool: Catalog, jsonl: Write, records: Records, model: Path
) -> None:
    report = pool.train_losses("p", proxy=str(model), lora="r=2", **SHORT)
    found, wanted = trajectories(pool), plain_trajectories(pool, model)
    assert found.keys() == wanted.keys()
    for name, losses in wanted.items():
        assert found[name] == pytest.approx(losses, abs=1e-4)
    assert max(abs(losses[0] - losses[-1]) for losses in found.values()) > 0.01

    checkpoints = proxy_folder(pool.store, report.signal) / "checkpoints"
    whole = final_folder(pool.store, report.signal) / "model.safetensors"
    sizes = [file.stat().st_size for file in checkpoints.iterdir()]
    assert len(sizes) == 3
    assert max(sizes) < whole.stat().st_size / 2

    pool.register(jsonl(records(30), "more.jsonl"), pool="p", mode="append")
    again = pool.train_losses("p", proxy=str(model), lora="r=2", **SHORT)
    assert (again.signal.signal_id, again.n_computed) == (report.signal.signal_id, 6)
    assert trajectories(pool).items() >= found.items()
    pool.score("p", "response_loss", model=model.name)
    sql = "SELECT fingerprint, value FROM score('p', name => 'response_loss')"
    merged = dict(pool.sql(sql).rows())
    ends = {name: losses[-1] for name, losses in trajectories(pool).items()}
    assert merged == pytest.approx(ends, abs=1e-4)


@pytest.mark.slow
def test_adapters_are_another_signal_than_whole_weights(pool: Catalog, model: Path) -> None:
    plain = pool.train_losses("p", proxy=str(model), **SHORT).signal
    signals = [
        pool.train_losses("p", proxy=str(model), lora=shape, **SHORT).signal
        for shape in ("r=2", "r=2,alpha=8", "r=2,alpha=2")
    ]
    assert [each.identity["lora"] for each in signals] == ["r=2", "r=2", "r=2,alpha=2"]
    assert signals[0].signal_id == signals[1].signal_id
    assert len({plain.signal_id, *(each.signal_id for each in signals)}) == 3


def test_tiny_has_no_adapters_and_a_wrong_shape_is_refused(pool: Catalog) -> None:
    for options in ({"lora": "r=2"}, {"proxy": "any", "lora": "rank"}):
        with pytest.raises(OptionError, match="lora"):
            pool.train_losses("p", **options)
