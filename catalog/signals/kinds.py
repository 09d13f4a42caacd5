"""Kinds of signals: one value for each, from which commands, messages and options derive."""

from __future__ import annotations

from collections.abc import Mapping

from catalog.command import Command
from catalog.signals.kind_options import (
    ENCODER,
    WORDS,
    EmbeddingOptions,
    GradientsOptions,
    LabelOptions,
    LossesOptions,
    MapOptions,
    ScoreOptions,
    StatesOptions,
)
from catalog.signals.options import TINY, Options
from catalog.signals.signal_kind import SignalKind

KINDS: Mapping[str, SignalKind] = {
    kind.name: kind
    for kind in (
        SignalKind(
            name="embedding",
            noun="embeddings",
            sql_argument="encoder",
            example=ENCODER,
            options=EmbeddingOptions,
            command=Command(("embed",), "embed", ("{ref}",), (("encoder", "{name}"),)),
            import_command=None,
            bytes_per_value=4,
            values_per_instruction=384,
        ),
        SignalKind(
            name="losses",
            noun="losses",
            sql_argument="proxy",
            example=TINY,
            options=LossesOptions,
            command=Command(
                ("losses", "train"), "train_losses", ("{ref}",), (("proxy", "{name}"),)
            ),
            import_command=Command(
                ("losses", "import"),
                "import_losses",
                ("{ref}", "FILE"),
                (("proxy", "{name}"),),
                needs_file=True,
            ),
            bytes_per_value=4,
            values_per_instruction=12,
        ),
        SignalKind(
            name="states",
            noun="token states",
            sql_argument="model",
            example=TINY,
            options=StatesOptions,
            command=Command(("states",), "states", ("{ref}",), (("model", "{name}"),)),
            import_command=None,
            bytes_per_value=2,
            values_per_instruction=64 * 128,
        ),
        SignalKind(
            name="gradients",
            noun="gradients",
            sql_argument="model",
            example=TINY,
            options=GradientsOptions,
            command=Command(("gradients",), "gradients", ("{ref}",), (("model", "{name}"),)),
            import_command=None,
            bytes_per_value=2,
            values_per_instruction=GradientsOptions.dim * GradientsOptions.checkpoints,
        ),
        SignalKind(
            name="score",
            noun="score",
            sql_argument="name",
            example="ifd",
            options=ScoreOptions,
            command=Command(("score",), "score", ("{ref}", "{name}")),
            import_command=Command(
                ("scores", "import"),
                "import_scores",
                ("{ref}", "FILE"),
                (("name", "{name}"),),
                needs_file=True,
            ),
            bytes_per_value=8,
            values_per_instruction=1,
        ),
        SignalKind(
            name="labels",
            noun="labels",
            sql_argument="name",
            example="taxonomy",
            options=LabelOptions,
            command=Command(
                ("label",), "label", ("{ref}",), (("taxonomy", "FILE"),), needs_file=True
            ),
            import_command=None,
            bytes_per_value=16,
            values_per_instruction=1,
        ),
        SignalKind(
            name="label_embedding",
            noun="label embeddings",
            sql_argument="encoder",
            example=ENCODER,
            options=Options,
            command=None,
            import_command=Command(
                ("register",),
                "register",
                ("FILE",),
                (("pool", "{pool}"), ("labels_column", "COLUMN")),
                needs_file=True,
            ),
            bytes_per_value=4,
            values_per_instruction=0,
        ),
        SignalKind(
            name="full_text",
            noun="full-text index",
            sql_argument=None,
            example=WORDS,
            options=Options,
            command=Command(("index",), "index", ("{ref}",), (("text", True),)),
            import_command=None,
            bytes_per_value=1,
            values_per_instruction=600,
        ),
        SignalKind(
            name="map",
            noun="map",
            sql_argument="method",
            example=MapOptions.method,
            options=MapOptions,
            command=Command(("map",), "map", ("{ref}",), (("method", "{name}"),)),
            import_command=None,
            bytes_per_value=4,
            values_per_instruction=2,
        ),
    )
}
