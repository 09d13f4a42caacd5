"""Token states: the hidden states that predict a response."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from catalog.command import Command
from catalog.errors import OptionError
from catalog.signals.kind_options import ModelInputs, ProjectedOptions, turns_identity
from catalog.signals.options import TINY, option
from catalog.signals.signal_kind import Computation, SignalKind

Projection = Literal["jl", "pca"]


@dataclass(frozen=True, kw_only=True)
class StatesOptions(ProjectedOptions):
    """Options of `catalog states`."""

    max_tokens: int = option(128, min=1, help="Maximum number of response tokens per instruction.")
    project_to: int | None = option(
        None, min=1, identity="dim", help="Number of dimensions to project to, such as 128."
    )
    projection: Projection = option(
        "jl",
        choices=("jl", "pca"),
        identity="kind",
        help="Projection: jl is a random matrix, pca is fitted on a sample.",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.max_tokens > self.max_length:
            raise OptionError(
                f"max_tokens: expected at most max_length, which is {self.max_length}, "
                f"got {self.max_tokens}"
            )

    def identity(self) -> dict[str, Any]:
        """Return what changes the values, without the projection's matrix."""
        flat = super().identity()
        projection = {name: flat.pop(name) for name in ("kind", "dim", "seed")}
        turns = turns_identity(flat.pop("turns"))
        return flat | turns | {"projection": projection if self.project_to else None}


KIND = SignalKind(
    name="states",
    noun="token states",
    sql_argument="model",
    example=TINY,
    options=StatesOptions,
    computation=Computation(
        "catalog.compute.states:compute_states",
        "Extract the last-layer hidden states of response tokens. Required by `fisher_sft`.",
        inputs=ModelInputs,
        unit="tokens",
    ),
    command=Command(("states",), "states", ("{ref}",), (("model", "{name}"),)),
    bytes_per_value=2,
    values_per_instruction=64 * 128,
    vectors_per_instruction=64,
)
