"""Loops over a pretrained model as a short script has them: what `pretrained.py` compares with."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pairs import Array

WINDOW = 512


class Plain:
    """The model as a script uses it: transformers alone, one text at a time."""

    def __init__(self, folder: Path) -> None:
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer

        self.torch = torch
        self.model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
        self.tokenizer = AutoTokenizer.from_pretrained(folder)

    def loss(self, text: str, target: str) -> float:
        """Return the mean loss of a target at the end of a text, as the authors of IFD take it."""
        ids = self.tokenizer.encode(text, return_tensors="pt", truncation=True, max_length=WINDOW)
        labels = ids.clone()
        labels[0, : len(self.tokenizer.encode(text[: text.rfind(target)]))] = -100
        with self.torch.inference_mode():
            return float(self.model(ids, labels=labels).loss)

    def states(self, ids: Any) -> Array:
        """Return the last hidden states of a text, (T, d)."""
        with self.torch.inference_mode():
            answer = self.model.model(self.torch.tensor([list(ids)])).last_hidden_state[0]
        found: Array = answer.numpy()
        return found


def plain_training(
    texts: Sequence[Any], model: Path, start: Path, *, batch: int, learning_rate: float
) -> Array:
    """Train peft's adapters for one epoch by the recipe; return the losses before and after.

    Args:
        texts: n texts as token ids, with a response each.
        model: the folder of the model.
        start: the adapters before training, whose random matrices peft's start from.
        batch: texts a step.
        learning_rate: its peak.

    Returns:
        float64 (n, 2).
    """
    import torch
    from peft import LoraConfig, get_peft_model
    from safetensors.torch import load_file

    layers = ["q_proj", "k_proj", "v_proj", "o_proj"]
    config = LoraConfig(r=8, lora_alpha=32, target_modules=layers, task_type="CAUSAL_LM")
    adapted: Any = get_peft_model(Plain(model).model, config)
    for name, matrix in load_file(start).items():
        if name.endswith("lora_a"):
            layer = adapted.get_submodule(f"base_model.model.{name.removesuffix('.lora_a')}")
            layer.lora_A["default"].weight.data.copy_(matrix)
    weights = [each for each in adapted.parameters() if each.requires_grad]
    optimizer = torch.optim.AdamW(weights, weight_decay=0.0)

    def nats(each: Any) -> Any:
        ids = torch.from_numpy(each.ids).long()
        logits = adapted(ids[None]).logits[0, each.start - 1 : -1]
        return torch.nn.functional.cross_entropy(logits, ids[each.start :], reduction="sum")

    def losses() -> list[float]:
        with torch.inference_mode():
            return [float(nats(each)) / each.n_response for each in texts]

    before = losses()
    order = np.random.default_rng([0, 0]).permutation(len(texts))
    n_steps = -(-len(texts) // batch)
    for step in range(n_steps):
        group = [texts[i] for i in order[step * batch : (step + 1) * batch]]
        share = 1.0 if step == 0 else 0.5 * (1 + np.cos(np.pi * (step - 1) / (n_steps - 1)))
        optimizer.param_groups[0]["lr"] = learning_rate * share
        n_response = sum(each.n_response for each in group)
        for each in group:
            (nats(each) / n_response).backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        optimizer.zero_grad()
    return np.array([before, losses()]).T
