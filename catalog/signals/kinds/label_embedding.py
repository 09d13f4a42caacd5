"""Label embeddings: a vector of every distinct label, which a query embeds."""

from __future__ import annotations

from catalog.command import Command
from catalog.signals.kind_options import ENCODER
from catalog.signals.signal_kind import SignalKind

KIND = SignalKind(
    name="label_embedding",
    noun="label embeddings",
    sql_argument="encoder",
    example=ENCODER,
    import_command=Command(
        ("register",),
        "register",
        ("FILE",),
        (("pool", "{pool}"), ("labels_column", "COLUMN")),
        needs_file=True,
    ),
    bytes_per_value=4,
    values_per_instruction=0,
)
