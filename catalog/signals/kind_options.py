"""Options that several kinds of signals share; the others stand in `catalog.signals.kinds`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from catalog.signals.options import Options, option

Kind: TypeAlias = str  # the name of a kind, of `catalog.signals.kinds`
Dtype = Literal["float32", "float16"]
Turns = Literal["all", "last"]

LAST = "last"
"""The turns of an identity that records none."""

ENCODER = "all-MiniLM-L6-v2"
"""The encoder that is used when nobody names one."""


def turns_identity(turns: str) -> dict[str, str]:
    """Return what an identity records of the turns that are measured: nothing for the last.

    >>> turns_identity("all"), turns_identity("last")
    ({'turns': 'all'}, {})
    """
    return {} if turns == LAST else {"turns": turns}


MODEL = "A proxy trained in this catalog, such as tiny; else a Hugging Face id or a path."
"""The help text of a model that reads responses."""


@dataclass(frozen=True, kw_only=True)
class ModelInputs(Options):
    """Language model that reads responses."""

    model: str = option(help=MODEL)


@dataclass(frozen=True, kw_only=True)
class ResponseOptions(Options):
    """Options of everything that is measured over responses."""

    max_length: int = option(
        512,
        min=2,
        help="Maximum number of tokens per instruction; longer instructions are truncated.",
    )
    turns: Turns = option(
        "all",
        choices=("all", LAST),
        help="Turns of the assistant to measure: all that a trainer learns from, or the last.",
    )


@dataclass(frozen=True, kw_only=True)
class ProjectedOptions(ResponseOptions):
    """Options of vectors of responses that are projected and stored."""

    seed: int = option(0, min=0, help="Random seed of the projection, and of a warm-up.")
    dtype: Dtype = option(
        "float16",
        choices=("float16", "float32"),
        identity="store",
        help="Number type of the stored vectors.",
    )
