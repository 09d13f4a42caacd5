"""Low-rank adapters (Hu et al. 2021, arXiv 2106.09685), and the gradient of each example for them.

An adapter adds ``alpha / r * B A x`` to what a linear layer gives for x. A is drawn and B starts at
zero, so that the model starts as it was.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from catalog.errors import SignalError
from catalog.models.causal_lm import CausalLM
from catalog.models.lora_shape import LoraShape
from catalog.models.losses import evaluating, response_nats
from catalog.models.tokens import Tokens

if TYPE_CHECKING:
    import torch

ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj")
"""The layers that get an adapter, as in the code of LESS; every linear layer where none exists."""

DROPOUT = 0.1  # of an adapter's input in training, as in the code of LESS

Traces = dict[Any, "tuple[torch.Tensor, torch.Tensor]"]
"""The input (B, T, d_in) and the output (B, T, d_out) of each adapted layer."""


@dataclass
class Lora:
    """Adapters of a model; made by :func:`add_lora`.

    Attributes:
        layers: the adapted layers in the model's order.
        shape: of each adapter.
        dropout: share of an adapter's input that training drops.
    """

    layers: list[Any]
    shape: LoraShape
    dropout: float = DROPOUT
    _hooks: list[Any] = field(default_factory=list, repr=False)
    _traces: Traces | None = field(default=None, repr=False)

    @property
    def parameters(self) -> list[torch.nn.Parameter]:
        """Return A (r, d_in) and B (d_out, r) of every layer in turn."""
        return [matrix for layer in self.layers for matrix in (layer.lora_a, layer.lora_b)]

    @property
    def n_parameters(self) -> int:
        """Return D, the numbers of all adapters."""
        return sum(matrix.numel() for matrix in self.parameters)

    def weights(self) -> torch.Tensor:
        """Return the numbers of all adapters: float32 (D,)."""
        import torch

        return torch.cat([matrix.detach().reshape(-1) for matrix in self.parameters])

    def load(self, weights: torch.Tensor) -> None:
        """Take the numbers (D,) of all adapters."""
        import torch

        parts = torch.split(weights, [matrix.numel() for matrix in self.parameters])
        with torch.no_grad():
            for matrix, part in zip(self.parameters, parts, strict=True):
                matrix.copy_(part.reshape(matrix.shape))

    def adapted(self, layer: Any, inputs: Any, output: torch.Tensor) -> torch.Tensor:
        """Return what a layer and its adapter give together: a forward hook."""
        import torch.nn.functional as F

        x = F.dropout(inputs[0], self.dropout, training=layer.training).to(layer.lora_a.dtype)
        whole = output + self.shape.scale * F.linear(F.linear(x, layer.lora_a), layer.lora_b)
        if self._traces is not None:
            if layer in self._traces:
                raise SignalError("a layer with an adapter runs twice: it has no gradients here")
            self._traces[layer] = x.detach(), whole
        return whole

    def merge(self) -> None:
        """Add the adapters to the weights of their layers, and remove them."""
        import torch

        with torch.no_grad():
            for layer in self.layers:
                change = self.shape.scale * layer.lora_b @ layer.lora_a  # (d_out, d_in)
                layer.weight += change if hasattr(layer, "in_features") else change.T
                del layer.lora_a, layer.lora_b
        for hook in self._hooks:
            hook.remove()
        self.layers, self._hooks = [], []

    @contextmanager
    def tracing(self) -> Iterator[Traces]:
        """Yield what receives each layer's input and output in the forward pass."""
        self._traces = {}
        try:
            yield self._traces
        finally:
            self._traces = None


def add_lora(lm: CausalLM, shape: LoraShape, *, seed: int, dropout: float = DROPOUT) -> Lora:
    """Add adapters to a model, and let only them be trained.

    Args:
        lm: the model, changed in place.
        shape: of each adapter.
        seed: of the matrices A.
        dropout: share of an adapter's input that training drops.

    Raises:
        SignalError: the model has no linear layer.
    """
    import torch

    layers = _layers(lm)
    if not layers:
        raise SignalError(f"{lm.name} has no linear layer that an adapter could be added to")
    lm.lora = lora = Lora(layers, shape, dropout)
    generator = torch.Generator().manual_seed(seed)
    for parameter in lm.model.parameters():
        parameter.requires_grad_(False)
    for layer in layers:
        d_in, d_out = _sizes(layer)
        bound = 1 / math.sqrt(d_in)
        a = (torch.rand(shape.r, d_in, generator=generator) * 2 - 1) * bound
        layer.lora_a = torch.nn.Parameter(a.to(lm.device))
        layer.lora_b = torch.nn.Parameter(torch.zeros(d_out, shape.r, device=lm.device))
        lora._hooks.append(layer.register_forward_hook(lora.adapted))
    return lora


def example_gradients(lm: CausalLM, lora: Lora, group: Sequence[Tokens]) -> torch.Tensor:
    """Return the gradient of each text's mean loss for all adapters, (B, D) float32.

    One backward pass gives those of the layers' outputs; an adapter's is a product of them with the
    layers' inputs, summed over the tokens of one text. Dropout is off.

    Args:
        lm: the model.
        lora: its adapters.
        group: B texts with response tokens.
    """
    import torch

    n_texts = len(group)
    with evaluating(lm.model), torch.enable_grad(), lora.tracing() as traces:
        nats, rows = response_nats(lm, group)  # (P,), (P,)
        counts = torch.tensor([each.n_response for each in group], device=nats.device)
        total = (nats.float() / counts[rows]).sum()
        outputs = [traces[layer][1] for layer in lora.layers]
        outer = torch.autograd.grad(total, outputs)
    parts, scale = [], lora.shape.scale
    for layer, g in zip(lora.layers, outer, strict=True):
        x, g = traces[layer][0].float(), scale * g.float()  # (B, T, d_in), (B, T, d_out)
        inner = x @ layer.lora_a.detach().float().T  # (B, T, r)
        back = g @ layer.lora_b.detach().float()  # (B, T, r)
        parts.append(torch.einsum("btr,bti->bri", back, x).reshape(n_texts, -1))
        parts.append(torch.einsum("bto,btr->bor", g, inner).reshape(n_texts, -1))
    return torch.cat(parts, dim=1)


def _layers(lm: CausalLM) -> list[Any]:
    from torch.nn import Linear
    from transformers.pytorch_utils import Conv1D

    named = [
        (name, module)
        for name, module in lm.model.named_modules()
        if isinstance(module, Linear | Conv1D) and module is not lm.model.get_output_embeddings()
    ]
    attention = [module for name, module in named if name.rsplit(".", 1)[-1] in ATTENTION]
    return attention or [module for _, module in named]


def _sizes(layer: Any) -> tuple[int, int]:
    """Return d_in and d_out: GPT-2's layers hold their weights transposed."""
    if hasattr(layer, "in_features"):
        return layer.in_features, layer.out_features
    return tuple(layer.weight.shape)
