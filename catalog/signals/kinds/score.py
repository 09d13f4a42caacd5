"""Scores: one number of every instruction."""

from __future__ import annotations

from dataclasses import dataclass

from catalog.command import Command
from catalog.signals.kind_options import ResponseOptions
from catalog.signals.options import option, tuned_share
from catalog.signals.score_definitions import FORMS
from catalog.signals.signal_kind import SignalKind


@dataclass(frozen=True, kw_only=True)
class ScoreOptions(ResponseOptions):
    """Options of `catalog score`."""

    warm_up: float = tuned_share("depth: share of the pool that the model is fine-tuned on.")
    seed: int = option(0, min=0, help="depth: random seed of that share.")
    rank_by: str = option("depth", identity=None, help="rid: score to rank.")
    tokenizer: str | None = option(
        None,
        identity=None,
        help="n_tokens: tokenizer that counts, a Hugging Face id, a folder or a proxy trained "
        "here; it needs no model. Default: the model's.",
    )
    form: str | None = option(
        None,
        choices=FORMS,
        help="ifd, ifd_ppl: cherry and superfiltering compute what the code of these papers does; "
        "symmetric scores the same tokens with the prompt and without. Default: cherry for ifd, "
        "superfiltering for ifd_ppl.",
    )


KIND = SignalKind(
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
)
