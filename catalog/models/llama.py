"""Forward pass of a Llama over packed texts, the same numbers as transformers' up to rounding.

Transformers' takes a padded rectangle. This one takes every token once, the preamble that texts
share too (`catalog.models.packed`), and from the last attention on only the positions that predict
a response token. Small operations are joined: the next product takes in the weights of a norm, and
rotary positions (Su et al. 2021, arXiv 2104.09864) are one complex product.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from catalog.models.packed import Packed

if TYPE_CHECKING:
    import torch

    from catalog.models.causal_lm import CausalLM


def is_packable(lm: CausalLM) -> bool:
    """Return whether a model is a plain Llama in float32 on a CPU, as the proxy ``tiny`` is.

    One with adapters is not, whether they are hooks, as ours, which see a padded rectangle, or
    layers of another library.
    """
    import torch

    model, config = lm.model, lm.model.config
    return (
        type(model).__name__ == "LlamaForCausalLM"
        and (lm.dtype, model.dtype, lm.device.type) == ("float32", torch.float32, "cpu")
        and config.hidden_act == "silu"
        and not (config.attention_bias or config.mlp_bias or config.attention_dropout)
        and all(_is_usual(module) for module in model.modules())
    )


def _is_usual(module: Any) -> bool:
    is_known = type(module).__module__.startswith(("torch.nn.", "transformers."))
    return is_known and not (module._forward_hooks or module._forward_pre_hooks)


def packed_states(model: Any, packed: Packed) -> torch.Tensor:
    """Return the states (P, d) before the LM head at the predicting positions of packed texts.

    Args:
        model: a Llama for which :func:`is_packable` holds.
        packed: B texts.
    """
    import torch

    llama = model.model
    places = _Places(packed)
    x = llama.embed_tokens(torch.from_numpy(packed.ids))  # (N, d)
    cos, sin = llama.rotary_emb(x, torch.from_numpy(packed.positions)[None])  # (1, N, h) each
    half = cos.shape[-1] // 2
    turns = torch.complex(cos[0, :, None, :half], sin[0, :, None, :half])  # (N, 1, h/2)
    last = len(llama.layers) - 1
    for number, layer in enumerate(llama.layers):
        y = _attended(layer, x, turns, places)  # (N, H h)
        if number == last:
            predicting = torch.from_numpy(packed.predicting)
            x, y = x.index_select(0, predicting), y.index_select(0, predicting)  # (P, ...)
        x = x + layer.self_attn.o_proj(y)
        x = x + _fed_forward(layer, x)
    weight: torch.Tensor = llama.norm.weight
    return _normalised(x, llama.norm) * weight


def _attended(layer: Any, x: torch.Tensor, turns: torch.Tensor, places: _Places) -> torch.Tensor:
    """Return what every token reads of those before it, (N, H h)."""
    import torch
    import torch.nn.functional as F

    attention = layer.self_attn
    h = attention.head_dim
    n_heads = attention.q_proj.weight.shape[0] // h
    n_keys = attention.k_proj.weight.shape[0] // h
    pairs = torch.cat([attention.q_proj.weight, attention.k_proj.weight])  # (2 H h, d)
    pairs = pairs.view(n_heads + n_keys, 2, h // 2, -1).transpose(1, 2).flatten(0, 2)
    weight = torch.cat([pairs, attention.v_proj.weight]) * layer.input_layernorm.weight
    product: Any = F.linear(_normalised(x, layer.input_layernorm), weight)  # (N, 3 H h)
    qk, v = product.split([len(pairs), len(weight) - len(pairs)], dim=1)
    qk = qk.unflatten(1, (n_heads + n_keys, h // 2, 2))
    qk = torch.view_as_real(torch.view_as_complex(qk) * turns).flatten(1)  # (N, 2 H h)
    q, k = places.spread(qk).unflatten(2, (-1, h)).split([n_heads, n_keys], dim=2)
    v = places.spread(v).unflatten(2, (-1, h))  # each (B, T, H, h)
    y = F.scaled_dot_product_attention(
        q.transpose(1, 2),
        k.transpose(1, 2),
        v.transpose(1, 2),
        is_causal=True,
        scale=attention.scaling,
        enable_gqa=n_heads != n_keys,
    )  # (B, H, T, h)
    return places.gather(y.transpose(1, 2).flatten(2))


def _fed_forward(layer: Any, x: torch.Tensor) -> torch.Tensor:
    import torch.nn.functional as F

    mlp, norm = layer.mlp, layer.post_attention_layernorm
    y = _normalised(x, norm)
    gate = F.linear(y, mlp.gate_proj.weight * norm.weight)
    up = F.linear(y, mlp.up_proj.weight * norm.weight)
    down: torch.Tensor = mlp.down_proj(F.silu(gate) * up)
    return down


def _normalised(x: torch.Tensor, norm: Any) -> torch.Tensor:
    """Return a norm without its weight."""
    y: torch.Tensor = _functions()["normalise"].apply(x, norm.variance_epsilon)
    return y


class _Places:
    """Tokens of packed texts, and the rectangle that attention takes."""

    def __init__(self, packed: Packed) -> None:
        import torch

        self.n_shared = packed.n_shared
        self.shape = packed.places.shape
        self.places = torch.from_numpy(packed.places.reshape(-1))  # (B T,)
        shared = torch.arange(packed.n_shared)
        self.sources = torch.cat([shared, torch.from_numpy(packed.sources)])  # (N,)

    def spread(self, tokens: torch.Tensor) -> Any:
        """Return tokens (N, k) as a rectangle (B, T, k)."""
        return _functions()["spread"].apply(tokens, self)

    def gather(self, rectangle: torch.Tensor) -> torch.Tensor:
        """Return the tokens (N, k) of a rectangle (B, T, k); the preamble is the first text's."""
        y: torch.Tensor = _functions()["gather"].apply(rectangle, self)
        return y


@lru_cache(maxsize=1)
def _functions() -> dict[str, Any]:
    import torch

    class Normalise(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: torch.Tensor, epsilon: float) -> torch.Tensor:
            length = torch.linalg.vector_norm(x, dim=1, keepdim=True)
            scale = torch.rsqrt(length * length / x.shape[1] + epsilon)  # (N, 1)
            y = x * scale
            ctx.save_for_backward(y, scale)
            return y

        @staticmethod
        def backward(ctx: Any, g: torch.Tensor) -> Any:
            y, scale = ctx.saved_tensors
            inner = torch.linalg.vecdot(g, y)[:, None] / -y.shape[1]  # (N, 1)
            return torch.addcmul(g, y, inner).mul_(scale), None

    class Spread(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, tokens: torch.Tensor, places: _Places) -> torch.Tensor:
            ctx.places = places
            return tokens.index_select(0, places.places).view(*places.shape, -1)

        @staticmethod
        def backward(ctx: Any, g: torch.Tensor) -> Any:
            places = ctx.places
            tokens = g.reshape(-1, g.shape[2]).index_select(0, places.sources)
            if len(g) > 1:
                tokens[: places.n_shared] = g[:, : places.n_shared].sum(dim=0)
            return tokens, None

    class Gather(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, rectangle: torch.Tensor, places: _Places) -> torch.Tensor:
            ctx.places = places
            return rectangle.reshape(-1, rectangle.shape[2]).index_select(0, places.sources)

        @staticmethod
        def backward(ctx: Any, g: torch.Tensor) -> Any:
            places = ctx.places
            rectangle = g.new_zeros(len(places.places), g.shape[1])
            rectangle.index_copy_(0, places.sources, g)
            return rectangle.view(*places.shape, -1), None

    return {"normalise": Normalise, "spread": Spread, "gather": Gather}
