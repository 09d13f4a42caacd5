"""Entries of a project file's section ``signals``: the verb with its pools, and its options.

The options are those of the computation, with the same defaults, ranges and help texts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from catalog.signals.ask_options import AskOptions
from catalog.signals.kind_options import ENCODER, Kind
from catalog.signals.kinds.embedding import EmbeddingOptions
from catalog.signals.kinds.full_text import WORDS
from catalog.signals.kinds.gradients import GradientsOptions
from catalog.signals.kinds.labels import LabelOptions
from catalog.signals.kinds.losses import LossesOptions
from catalog.signals.kinds.map import MapOptions
from catalog.signals.kinds.score import ScoreOptions
from catalog.signals.kinds.states import StatesOptions
from catalog.signals.options import TINY, DeclaredOption, Options, option

POOLS = "Pools or subsets whose members get the signal."


@dataclass(frozen=True, kw_only=True)
class SignalVerb(Options):
    """Base of the entries: the first key of an entry is its verb, whose value are the pools.

    Attributes:
        verb: the key.
        call: the method of `Catalog`.
        kind: the kind of signal.
        files: options that name files, relative to the project file.
        models: options that name models.
        positional: options that the method takes by position.
        required: options without a default.
        has_progress: whether the method reports its progress.
    """

    verb: ClassVar[str]
    call: ClassVar[str]
    kind: ClassVar[Kind]
    files: ClassVar[tuple[str, ...]] = ()
    models: ClassVar[tuple[str, ...]] = ()
    positional: ClassVar[tuple[str, ...]] = ()
    required: ClassVar[tuple[str, ...]] = ()
    has_progress: ClassVar[bool] = True

    @property
    def pools(self) -> tuple[str, ...]:
        """Return the pools and subsets."""
        pools: tuple[str, ...] = tuple(getattr(self, self.verb))
        return pools

    @property
    def others(self) -> tuple[str, ...]:
        """Return the other pools and subsets that are read."""
        return ()

    @property
    def signal_names(self) -> tuple[str, ...]:
        """Return the names of the signals."""
        raise NotImplementedError

    def arguments(self) -> tuple[Any, ...]:
        """Return the arguments of the method after the reference."""
        return tuple(getattr(self, name) for name in self.positional)

    def keywords(self) -> dict[str, Any]:
        """Return the keyword arguments of the method that differ from their defaults."""
        return {
            declared.name: getattr(self, declared.name)
            for declared in self.given()
            if declared.name not in self.positional
        }

    def given(self) -> Iterator[DeclaredOption]:
        """Yield the options that differ from their defaults."""
        for declared in self.declared():
            is_changed = getattr(self, declared.name) != declared.default
            if declared.name != self.verb and is_changed:
                yield declared


@dataclass(frozen=True, kw_only=True)
class EmbedEntry(SignalVerb, EmbeddingOptions):
    """Embeddings."""

    verb, call, kind, models = "embed", "embed", "embedding", ("encoder",)

    embed: list[str] = option((), identity=None, help=POOLS)
    encoder: str = option(ENCODER, identity=None, help="Hugging Face id or folder of an encoder.")

    @property
    def signal_names(self) -> tuple[str, ...]:
        """Return the encoder's name."""
        return (self.encoder,)


@dataclass(frozen=True, kw_only=True)
class LossesEntry(SignalVerb, LossesOptions):
    """Loss trajectories of a proxy that is trained on the pool."""

    verb, call, kind, models = "losses", "train_losses", "losses", ("proxy",)

    losses: list[str] = option((), identity=None, help=POOLS)
    proxy: str = option(TINY, identity=None, help="`tiny`, a Hugging Face id or a folder.")

    @property
    def signal_names(self) -> tuple[str, ...]:
        """Return the proxy's name."""
        return (self.proxy,)


@dataclass(frozen=True, kw_only=True)
class StatesEntry(SignalVerb, StatesOptions):
    """Token states of a language model."""

    verb, call, kind, models = "states", "states", "states", ("model",)

    states: list[str] = option((), identity=None, help=POOLS)
    model: str = option(TINY, identity=None, help="Proxy, Hugging Face id or folder of a model.")

    @property
    def signal_names(self) -> tuple[str, ...]:
        """Return the model's name."""
        return (self.model,)

    def keywords(self) -> dict[str, Any]:
        """Return the keyword arguments; the model is always among them."""
        return super().keywords() | {"model": self.model}


@dataclass(frozen=True, kw_only=True)
class GradientsEntry(SignalVerb, GradientsOptions):
    """Projected gradients of adapters."""

    verb, call, kind, models = "gradients", "gradients", "gradients", ("model",)

    gradients: list[str] = option((), identity=None, help=POOLS)
    model: str = option(TINY, identity=None, help="Proxy, Hugging Face id or folder of a model.")
    target_of: str | None = option(
        None,
        identity=None,
        help="Pool that is selected from, if the members are examples of a target.",
    )

    @property
    def signal_names(self) -> tuple[str, ...]:
        """Return the model's name."""
        return (self.model,)

    @property
    def others(self) -> tuple[str, ...]:
        """Return the pool that a target is for."""
        return (self.target_of,) if self.target_of else ()

    def keywords(self) -> dict[str, Any]:
        """Return the keyword arguments; the model is always among them."""
        return super().keywords() | {"model": self.model}


@dataclass(frozen=True, kw_only=True)
class ScoreEntry(SignalVerb, ScoreOptions, AskOptions):
    """Scores that a model, a formula or a judge computes."""

    verb, call, kind, models = "score", "score", "score", ("model", "tokenizer")
    required = ("names",)

    score: list[str] = option((), identity=None, help=POOLS)
    names: list[str] = option((), identity=None, help="Names of the scores.")
    model: str | None = option(
        None, identity=None, help="Proxy, Hugging Face id or folder of a model; of a judge its id."
    )

    @property
    def signal_names(self) -> tuple[str, ...]:
        """Return the names of the scores."""
        return tuple(self.names)

    def arguments(self) -> tuple[Any, ...]:
        """Return the names of the scores."""
        return self.signal_names

    def keywords(self) -> dict[str, Any]:
        """Return the keyword arguments without the names."""
        return {name: value for name, value in super().keywords().items() if name != "names"}


@dataclass(frozen=True, kw_only=True)
class LabelEntry(SignalVerb, LabelOptions):
    """Labels of a taxonomy."""

    verb, call, kind, models = "label", "label", "labels", ("encoder",)
    files = positional = required = ("taxonomy",)

    label: list[str] = option((), identity=None, help=POOLS)
    taxonomy: str = option("", identity=None, help="File of labels, one a line, or JSON.")
    encoder: str = option(ENCODER, identity=None, help="Encoder of the pool's embeddings.")

    @property
    def signal_names(self) -> tuple[str, ...]:
        """Return the file's name."""
        return (self.taxonomy,)


@dataclass(frozen=True, kw_only=True)
class MapEntry(SignalVerb, MapOptions):
    """Places of the members on a map."""

    verb, call, kind, has_progress = "map", "map", "map", False

    map: list[str] = option((), identity=None, help=POOLS)

    @property
    def signal_names(self) -> tuple[str, ...]:
        """Return the layout's name."""
        return (self.method,)


@dataclass(frozen=True, kw_only=True)
class IndexEntry(SignalVerb):
    """Full-text index."""

    verb, call, kind = "index_text", "index", "full_text"

    index_text: list[str] = option((), identity=None, help=POOLS)

    @property
    def signal_names(self) -> tuple[str, ...]:
        """Return the index's name."""
        return (WORDS,)

    def keywords(self) -> dict[str, Any]:
        """Return the keyword argument of a full-text index."""
        return {"text": True}


@dataclass(frozen=True, kw_only=True)
class ImportScoresEntry(SignalVerb):
    """Published scores of a file."""

    verb, call, kind = "import_scores", "import_score_columns", "score"
    files, positional = ("file",), ("file", "columns")
    required, has_progress = ("file", "columns"), False

    import_scores: list[str] = option((), identity=None, help=POOLS)
    file: str = option("", identity=None, help="Parquet, CSV, JSON Lines or .npy.")
    columns: Mapping[str, str] = option(
        None, identity=None, help="Column of each score by the score's name."
    )
    key: str = option(
        "row", identity=None, help="row, fingerprint, or a column that the records have too."
    )
    missing: list[float] = option((), identity=None, help="Numbers that mean no rating.")
    made_by: str | None = option(None, identity=None, help="Who or what made the numbers.")
    note: str | None = option(None, identity=None, help="Text that is kept with the scores.")
    url: str | None = option(None, identity=None, help="Where the numbers were published.")

    @property
    def signal_names(self) -> tuple[str, ...]:
        """Return the names of the scores."""
        return tuple(self.columns)


@dataclass(frozen=True, kw_only=True)
class ImportLossesEntry(SignalVerb):
    """Loss trajectories of a file."""

    verb, call, kind = "import_losses", "import_losses", "losses"
    files = positional = ("file",)
    required, has_progress = ("file", "proxy"), False

    import_losses: list[str] = option((), identity=None, help=POOLS)
    file: str = option("", identity=None, help="File of one list of losses a row.")
    proxy: str = option("", identity=None, help="Name of the model that the losses belong to.")
    key: str = option(
        "row", identity=None, help="row, fingerprint, or a column that the records have too."
    )
    first_is_start: bool = option(
        False, identity=None, help="The first losses are those before training."
    )

    @property
    def signal_names(self) -> tuple[str, ...]:
        """Return the proxy's name."""
        return (self.proxy,)
