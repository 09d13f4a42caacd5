"""Labels: those of a taxonomy or a judge."""

from __future__ import annotations

from dataclasses import dataclass

from catalog.command import Command
from catalog.signals.options import Options, option
from catalog.signals.signal_kind import SignalKind


@dataclass(frozen=True, kw_only=True)
class LabelOptions(Options):
    """Options of `catalog label`."""

    threshold: float = option(
        0.3, min=-1, max=1, help="Minimum cosine similarity of a label to an instruction."
    )


KIND = SignalKind(
    name="labels",
    noun="labels",
    sql_argument="name",
    example="taxonomy",
    options=LabelOptions,
    command=Command(("label",), "label", ("{ref}",), (("taxonomy", "FILE"),), needs_file=True),
    bytes_per_value=16,
    values_per_instruction=1,
)
