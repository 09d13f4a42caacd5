"""Precision in which an encoder computes: float32, or products in bfloat16."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from catalog.models.products import fast_products


@contextmanager
def computing(dtype: str, model: Any) -> Iterator[None]:
    """Compute without gradients, with products in bfloat16 where that is wanted.

    Entered once a call, since autocast keeps the narrowed weights.
    """
    import torch

    if dtype == "float32":
        with torch.inference_mode(), fast_products():
            yield
        return
    config: Any = getattr(getattr(model[0], "auto_model", None), "config", None)
    attention = getattr(config, "_attn_implementation", None)
    if model.device.type == "cpu" and attention == "sdpa":
        config._attn_implementation = _float32_attention()
    try:
        # Under inference_mode autocast would narrow every weight again for every batch.
        with torch.no_grad(), torch.autocast(model.device.type, dtype=torch.bfloat16):
            yield
    finally:
        if attention is not None:
            config._attn_implementation = attention


@lru_cache(maxsize=1)
def _float32_attention() -> str:
    """Register attention that computes in float32 under autocast.

    On a CPU torch's is faster in float32 than in bfloat16, and more accurate.
    """
    import torch
    from transformers import AttentionInterface
    from transformers.integrations.sdpa_attention import sdpa_attention_forward
    from transformers.masking_utils import AttentionMaskInterface, sdpa_mask

    def attend(module: Any, query: Any, key: Any, value: Any, mask: Any, **options: Any) -> Any:
        with torch.autocast("cpu", enabled=False):
            return sdpa_attention_forward(
                module, query.float(), key.float(), value.float(), mask, **options
            )  # each (B, heads, T, d)

    AttentionInterface.register("float32_sdpa", attend)
    AttentionMaskInterface.register("float32_sdpa", sdpa_mask)
    return "float32_sdpa"
