"""Gradients: the direction in which training on an instruction moves a model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from catalog.command import Command
from catalog.models.lora_shape import LoraShape
from catalog.models.recipe import Recipe
from catalog.signals.kind_options import ModelInputs, ProjectedOptions, turns_identity
from catalog.signals.options import TINY, option, tuned_share
from catalog.signals.signal_kind import Computation, SignalKind

WARM_UP_RATE = 3e-4
"""The peak rate of a warm-up of a proxy that was trained here from scratch."""


@dataclass(frozen=True, kw_only=True)
class GradientsOptions(ProjectedOptions):
    """Options of `catalog gradients`."""

    lora: str = option("r=8", help="Rank of the adapters; r=8,alpha=16 scales them: 4 r if not.")
    dim: int = option(
        8192, min=1, identity="project_to", help="Number of dimensions to project a gradient to."
    )
    checkpoints: int = option(
        4, min=1, help="Number of epochs of the warm-up; gradients are taken after each."
    )
    warm_up: float = tuned_share("Share of the pool that the adapters are warmed up on.")
    learning_rate: float | None = option(
        None,
        min=0,
        is_min_open=True,
        effective=Recipe().learning_rate,
        tiny=WARM_UP_RATE,
        help="Peak learning rate of the warm-up.",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        LoraShape.parsed(self.lora)

    def identity(self) -> dict[str, Any]:
        """Return what changes the values, without the rate, which the warm-up's recipe has."""
        flat = super().identity() | {"lora": LoraShape.parsed(self.lora).text}
        del flat["learning_rate"]
        return flat | turns_identity(flat.pop("turns"))


@dataclass(frozen=True, kw_only=True)
class GradientsInputs(ModelInputs):
    """Language model of gradients, and the pool that a target is for."""

    target_of: str | None = option(
        None,
        metavar="POOL",
        help="Pool that is selected from, if the members are examples of a target.",
    )


KIND = SignalKind(
    name="gradients",
    noun="gradients",
    sql_argument="model",
    example=TINY,
    options=GradientsOptions,
    computation=Computation(
        "catalog.compute.gradients:compute_gradients",
        "Compute projected gradients of adapters for every member. Required by `less`.\n\n"
        "Adapters are first warmed up on a random share of the pool. The gradients of a target are "
        "taken at the checkpoints of that pool: name it with --target-of.",
        inputs=GradientsInputs,
        unit="tokens",
    ),
    command=Command(("gradients",), "gradients", ("{ref}",), (("model", "{name}"),)),
    bytes_per_value=2,
    values_per_instruction=GradientsOptions.dim * GradientsOptions.checkpoints,
)
