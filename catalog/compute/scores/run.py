"""Computing scores by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from catalog.compute.scores.model_measure import batch_note
from catalog.compute.scores.scoring import Scoring
from catalog.compute.shard_runner import Progress
from catalog.engine import Engine
from catalog.errors import OptionError
from catalog.signals.ask_options import AskOptions
from catalog.signals.kinds.score import ScoreOptions
from catalog.signals.options import TINY
from catalog.signals.score_definitions import INPUTS, computed_scores
from catalog.store.references import Reference, nearest
from catalog.store.store import Store


def score(
    store: Store,
    reference: Reference,
    names: Sequence[str],
    *,
    model: str | None = None,
    options: Mapping[str, Any] | None = None,
    limit: int | None = None,
    progress: Progress | None = None,
    engine: Engine | None = None,
    is_isolated: bool = False,
) -> Scoring:
    """Compute scores, and their inputs, for all members that do not have them yet.

    Args:
        store: the catalog's files and database.
        reference: whose members.
        names: of the scores.
        model: a proxy that was trained here, such as ``tiny``; else a Hugging Face id or a path.
        options: those of `ScoreOptions` and `AskOptions`.
        limit: the size of the sample to measure; None measures every member.
        progress: called after each shard.
        engine: where a model measures; None is this process, which always asks endpoints.
        is_isolated: whether users' SQL runs in a child process.

    Raises:
        OptionError: there is no such score, an option is out of its range, or a score needs a model
            and none is named.
        SignalError: an input is missing, such as ``tiny`` or a trajectory.
        ModelNotFoundError: there is no such model here.
    """
    chosen, ask = _options(options or {})
    scoring = Scoring(
        *(store, reference, model, chosen, ask),
        limit=limit,
        progress=progress,
        engine=engine,
        is_isolated=is_isolated,
    )
    known = [*computed_scores(scoring.definitions), *scoring.model_scores]
    for name in names:
        if name not in (*known, *INPUTS):
            raise OptionError(
                f"no score named {name}{nearest(name, known)}; "
                "`catalog scores import` imports a published score, `catalog scores add` adds one"
            )
    if ask.batch_out:
        scoring.notes += [batch_note(scoring, name) for name in names]
        return scoring
    for name in names:
        scoring.signal(name)
    is_asked = all(name in scoring.model_scores for name in names)
    if model not in (None, TINY) and not is_asked and scoring.model.is_trained_here:
        scoring.notes.append(
            f"{model} is the proxy of that name that was trained here; "
            f"to use the model that it started from, write a path such as ./{model}"
        )
    return scoring


def _options(given: Mapping[str, Any]) -> tuple[ScoreOptions, AskOptions]:
    asking = [each.name for each in fields(AskOptions)]
    known = [*(each.name for each in fields(ScoreOptions)), *asking]
    unknown = [name for name in given if name not in known]
    if unknown:
        raise OptionError(f"scores have the options {', '.join(known)}, got {', '.join(unknown)}")
    ask = AskOptions(**{name: given[name] for name in given if name in asking})
    return ScoreOptions(**{name: given[name] for name in given if name not in asking}), ask
