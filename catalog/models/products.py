"""Float32 products by oneDNN on processors on which MKL, torch's own choice, is slow.

On AMD's processors with AVX-512, MKL keeps to instructions of half that width: 90 to 100 GFLOP/s a
thread on one of them, where oneDNN reaches 205 to 235. Both sum in float32, in another order.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch


def fast_products() -> AbstractContextManager[Any]:
    """Return what linear layers compute in: oneDNN where MKL is slow, else as torch has it.

    The choice follows from the processor alone, so that an interrupted run goes on with it.
    """
    return _onednn_products()() if is_mkl_slow() else nullcontext()


@lru_cache(maxsize=1)
def is_mkl_slow() -> bool:
    """Return whether this processor is AMD's with AVX-512, under Linux."""
    import torch

    if "AVX512" not in torch.backends.cpu.get_cpu_capability():
        return False
    onednn: Any = torch.backends.mkldnn
    if not onednn.is_available():
        return False
    cpuinfo = Path("/proc/cpuinfo")
    return cpuinfo.is_file() and "AuthenticAMD" in cpuinfo.read_text(encoding="utf-8")


@lru_cache(maxsize=1)
def _onednn_products() -> Callable[[], AbstractContextManager[Any]]:
    import torch
    from torch.overrides import TorchFunctionMode

    product = _product()

    class OneDNNProducts(TorchFunctionMode):
        def __torch_function__(
            self, func: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            if func is torch.nn.functional.linear and not kwargs and _is_float32(*args):
                x, weight, bias = (*args, None)[:3]
                return product.apply(x, weight, bias)
            return func(*args, **(kwargs or {}))

    return OneDNNProducts


@lru_cache(maxsize=1)
def _product() -> Any:
    """Return ``x @ weight.T + bias`` with its gradients, all by oneDNN."""
    import torch

    class Product(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: torch.Tensor, weight: torch.Tensor, bias: Any) -> torch.Tensor:
            ctx.save_for_backward(x, weight)
            return _onednn(x, weight, bias)

        @staticmethod
        def backward(ctx: Any, *gradients: torch.Tensor) -> Any:
            x, weight = ctx.saved_tensors
            needs_x, needs_weight, needs_bias = ctx.needs_input_grad
            of_x = of_weight = of_bias = None
            g = gradients[0].flatten(0, -2)  # (N, d_out)
            if needs_x:
                of_x = _onednn(g.contiguous(), weight.t().contiguous()).view_as(x)
            if needs_weight:
                rows = x.flatten(0, -2)  # (N, d_in)
                of_weight = _onednn(g.t().contiguous(), rows.t().contiguous())
            if needs_bias:
                of_bias = g.sum(dim=0)
            return of_x, of_weight, of_bias

    return Product


def _onednn(x: torch.Tensor, weight: torch.Tensor, bias: Any = None) -> torch.Tensor:
    import torch

    y: torch.Tensor = torch.ops.mkldnn._linear_pointwise(x, weight, bias, "none", [], "")
    return y


def _is_float32(x: Any, weight: Any, bias: Any = None) -> bool:
    import torch

    return (
        (x.dtype, weight.dtype, x.device.type) == (torch.float32, torch.float32, "cpu")
        and x.dim() > 1
        and x.numel() > 0
        and not torch.is_autocast_enabled("cpu")
    )
