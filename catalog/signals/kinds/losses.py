"""Losses: those of every instruction at the checkpoints of a training."""

from __future__ import annotations

from dataclasses import dataclass

from catalog.command import Command
from catalog.models.lora_shape import LoraShape
from catalog.models.recipe import TINY_RECIPE, Recipe
from catalog.signals.kind_options import ResponseOptions
from catalog.signals.options import TINY, option
from catalog.signals.signal_kind import SignalKind

_USUAL = Recipe()


@dataclass(frozen=True, kw_only=True)
class LossesOptions(ResponseOptions):
    """Options of `catalog losses train`; None leaves one to the proxy's recipe."""

    epochs: int | None = option(
        None, min=1, effective=_USUAL.epochs, tiny=TINY_RECIPE.epochs, help="Passes over the pool."
    )
    checkpoints: int | None = option(
        None,
        min=1,
        effective=_USUAL.checkpoints,
        tiny=TINY_RECIPE.checkpoints,
        help="Number of times that the losses are recorded, at most one per step.",
    )
    learning_rate: float | None = option(
        None,
        min=0,
        is_min_open=True,
        effective=_USUAL.learning_rate,
        tiny=TINY_RECIPE.learning_rate,
        help="Peak learning rate.",
    )
    batch: int | None = option(
        None, min=1, effective=_USUAL.batch, tiny=TINY_RECIPE.batch, help="Instructions per step."
    )
    warmup: float | None = option(
        None,
        min=0,
        max=1,
        is_max_open=True,
        effective=_USUAL.warmup,
        tiny=TINY_RECIPE.warmup,
        help="Share of the steps in which the learning rate rises.",
    )
    seed: int | None = option(
        None,
        min=0,
        effective=_USUAL.seed,
        tiny=TINY_RECIPE.seed,
        help="Random seed of the order of instructions and of the first weights of tiny and of "
        "adapters.",
    )
    lora: str | None = option(
        None,
        help="Train low-rank adapters of a pretrained model instead of its weights; r=8 is their "
        "rank, and r=8,alpha=16 scales them: 4 r if not.",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.lora:
            LoraShape.parsed(self.lora)


KIND = SignalKind(
    name="losses",
    noun="losses",
    sql_argument="proxy",
    example=TINY,
    options=LossesOptions,
    command=Command(("losses", "train"), "train_losses", ("{ref}",), (("proxy", "{name}"),)),
    import_command=Command(
        ("losses", "import"),
        "import_losses",
        ("{ref}", "FILE"),
        (("proxy", "{name}"),),
        needs_file=True,
    ),
    bytes_per_value=4,
    values_per_instruction=12,
)
