"""Options of every kind of signal, from which the command line and identities derive."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from catalog.errors import OptionError
from catalog.models.lora_shape import LoraShape
from catalog.models.recipe import TINY_RECIPE, Recipe
from catalog.signals.options import Options, option
from catalog.signals.score_definitions import FORMS

Kind = Literal[
    "embedding",
    "losses",
    "states",
    "gradients",
    "score",
    "labels",
    "label_embedding",
    "full_text",
    "map",
]
Field = Literal["prompt", "conversation"]
Dtype = Literal["float32", "float16"]
Precision = Literal["auto", "float32", "bfloat16"]
Pooling = Literal["auto", "position_weighted"]
Projection = Literal["jl", "pca"]
Layout = Literal["tsne", "umap", "pca"]
Turns = Literal["all", "last"]

LAST = "last"
"""The turns of an identity that records none."""

ENCODER = "all-MiniLM-L6-v2"
"""The encoder that is used when nobody names one."""

WORDS = "words"
"""The name of the full-text index: its tokens are the words of `tokens_of`."""

WARM_UP_RATE = 3e-4
"""The peak rate of a warm-up of a proxy that was trained here from scratch."""

_USUAL = Recipe()


def turns_identity(turns: str) -> dict[str, str]:
    """Return what an identity records of the turns that are measured: nothing for the last.

    >>> turns_identity("all"), turns_identity("last")
    ({'turns': 'all'}, {})
    """
    return {} if turns == LAST else {"turns": turns}


@dataclass(frozen=True, kw_only=True)
class EmbeddingOptions(Options):
    """Options of `catalog embed`."""

    field: Field = option("prompt", choices=("prompt", "conversation"), help="Text to embed.")
    dtype: Dtype = option(
        "float32",
        choices=("float32", "float16"),
        identity="store",
        help="Number type of the stored vectors; float16 needs half the disk space.",
    )
    precision: Precision = option(
        "auto",
        choices=("auto", "float32", "bfloat16"),
        identity="dtype",
        effective="float32",
        help="Precision of the encoder's products; auto continues in the precision of the pool's "
        "existing vectors, else float32.",
    )
    pooling: Pooling = option(
        "auto",
        choices=("auto", "position_weighted"),
        identity=None,
        help="How the vectors of tokens become one; auto is the encoder's own. That of every "
        "causal language model, lm:MODEL, is position_weighted.",
    )


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
    warm_up: float = option(
        0.05,
        min=0,
        max=1,
        is_min_open=True,
        is_max_open=True,
        identity="share",
        help="Share of the pool that the adapters are warmed up on.",
    )
    learning_rate: float | None = option(
        None,
        min=0,
        is_min_open=True,
        effective=_USUAL.learning_rate,
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
class ScoreOptions(ResponseOptions):
    """Options of `catalog score`."""

    warm_up: float = option(
        0.05,
        min=0,
        max=1,
        is_min_open=True,
        is_max_open=True,
        identity="share",
        help="depth: share of the pool that the model is fine-tuned on.",
    )
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


@dataclass(frozen=True, kw_only=True)
class LabelOptions(Options):
    """Options of `catalog label`."""

    threshold: float = option(
        0.3, min=-1, max=1, help="Minimum cosine similarity of a label to an instruction."
    )


@dataclass(frozen=True, kw_only=True)
class MapOptions(Options):
    """Options of `catalog map`."""

    method: Layout = option(
        "tsne",
        choices=("tsne", "umap", "pca"),
        identity=None,  # the name of a map
        help="How members are laid out: tsne, umap (needs catalog[umap]) or pca.",
    )
