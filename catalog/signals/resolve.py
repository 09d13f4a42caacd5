"""Find the signal that a source means, or the command that computes or imports it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from typing import Any

from catalog.command import Command
from catalog.errors import AmbiguousSignalError, SignalError
from catalog.signals.coverage import Coverage, PinnedSignals, most_complete
from catalog.signals.kind_options import LAST, Kind, ResponseOptions
from catalog.signals.kinds import KINDS
from catalog.signals.options import TINY
from catalog.signals.score_definitions import (
    DETECTED,
    MEASURED,
    SUMMARIES,
    SYMMETRIC,
    TOKEN_COUNTS,
    TUNED_LOSS,
    Definitions,
    built_in_scores,
    has_forms,
    needs_model,
    reads_turns,
)
from catalog.store.references import Reference, nearest

_COMPUTED = frozenset(("sql", "judge", "label", "detector"))
"""Keys of the identities of scores that users add, and of labels that `catalog score` makes."""


def resolve_signal(
    reference: Reference,
    candidates: list[Coverage],
    *,
    kind: Kind,
    name: str | None,
    pins: PinnedSignals | None = None,
    scores: Callable[[], Definitions] = built_in_scores,
) -> Coverage | SignalError:
    """Return the signal that a source means, or the error that says why there is none to read.

    Args:
        reference: whose members.
        candidates: signals of the kind.
        kind: the kind.
        name: the name in the query; None if it names none.
        pins: the signals that a stored definition reads.
        scores: gives the derived scores that can be computed.

    Raises:
        AmbiguousSignalError: several signals fit.
    """
    wanted = None if name is None else name.rstrip("/").rsplit("/", 1)[-1].lower()
    named = [each for each in candidates if wanted in (None, each.name.lower())]
    named = pins.kept(named) if pins else named
    covering = [each for each in named if each.n_with_value] or named
    names = sorted({each.name for each in covering})
    if len(names) > 1 and all(each.n_missing == each.n_members for each in covering):
        names = []  # signals of other pools
    if not names:
        known = sorted({each.name for each in candidates})
        return _not_found(reference, known, kind=kind, name=name, wanted=wanted, scores=scores())
    if len(names) > 1:
        described = f"{reference} has {KINDS[kind].noun} of {' and '.join(names)}"
        raise AmbiguousSignalError(
            described, argument=KINDS[kind].sql_argument or "name", names=tuple(names)
        )
    return most_complete(covering)


def _not_found(
    reference: Reference,
    known: list[str],
    *,
    kind: Kind,
    name: str | None,
    wanted: str | None,
    scores: Definitions,
) -> SignalError:
    command = command_for(kind, reference, name or KINDS[kind].example, scores=scores)
    suggestion = ""
    if wanted and known:
        suggestion = nearest(wanted, known)
    problem = f"{reference} has no {KINDS[kind].title(name)}{suggestion}"
    pronoun = "it" if kind in ("score", "map") else "them"
    steps = f"`{command}` {command.verb} {pronoun}"
    if kind == "losses" and known and name and not is_model(name):
        # The name is more likely misspelt, or that of a user's run, than a model's.
        imports = _template(kind, reference, name, is_import=True)
        steps = f"`{imports}` imports them; if it is a model, {steps}"
    return SignalError(f"{problem}: {steps}", command=command)


def missing_error(reference: Reference, coverage: Coverage) -> SignalError | None:
    """Return the error that a signal lacks members; None if it lacks none."""
    if not coverage.n_missing:
        return None
    command = command_for(coverage.kind, reference, coverage.name, coverage)
    title = KINDS[coverage.kind].title(coverage.name)
    n_covered = coverage.n_members - coverage.n_missing
    verb = "covers" if coverage.kind in ("score", "map") else "cover"
    step = f"`{command}` {command.verb} the rest"
    return SignalError(
        f"{title} {verb} {n_covered:,} of {coverage.n_members:,} members of {reference}: {step}",
        command=command,
    )


def command_for(
    kind: Kind,
    reference: Reference | str,
    name: str,
    coverage: Coverage | None = None,
    *,
    scores: Definitions | None = None,
) -> Command:
    """Return the command that computes or imports a signal, or continues it with the same options.

    Args:
        kind: of the signal.
        reference: whose members need it.
        name: of the encoder, proxy, model or score.
        coverage: the part of the signal that exists.
        scores: the derived scores that can be computed; those of the catalog if None.

    >>> print(command_for("score", "alpaca@2", "ifd"))
    catalog score alpaca@2 ifd --model tiny
    >>> print(command_for("score", "alpaca@2", "n_tokens"))
    catalog score alpaca@2 n_tokens --tokenizer ID
    >>> print(command_for("score", "alpaca@2", "my score"))
    catalog scores import alpaca@2 FILE --name 'my score'
    >>> print(command_for("score", "alpaca@2", "tuned_loss"))
    catalog score alpaca@2 depth --model tiny
    """
    if kind == "score" and name == TUNED_LOSS and not (coverage and coverage.is_external):
        name, coverage = "depth", None  # which computes it on the way
    if kind == "labels" and _are_scored(name, coverage):
        kind = "score"  # whose command makes these labels
    if not is_computed(kind, name, coverage, scores=scores):
        return _template(kind, reference, name, is_import=True)
    model = model_of(kind, name, coverage, scores=scores)
    if kind in ("embedding", "losses", "gradients") and coverage:
        name = coverage.details.get("model") or coverage.settings.get("model", name)
    options: list[tuple[str, Any]] = []
    if kind == "score" and model:
        options.append(("model", model))
    tokenizer = _tokenizer(coverage)
    if kind == "score" and name in TOKEN_COUNTS:
        options.append(("tokenizer", tokenizer or "ID"))
    if coverage:
        options += KINDS[kind].options.changed(coverage.settings)
        options += _unrecorded(kind, name, coverage, _derived(scores))
    command = _template(kind, reference, name, is_import=False).with_options(options)
    is_open = kind == "score" and name in TOKEN_COUNTS and not tokenizer
    return replace(command, needs_file=command.needs_file or is_open)


def _tokenizer(coverage: Coverage | None) -> str | None:
    """Return the tokenizer that a score was counted with, or the model that has it."""
    return coverage.details.get("tokenizer") if coverage else None


def _unrecorded(
    kind: Kind, name: str, coverage: Coverage, definitions: Definitions
) -> Iterator[tuple[str, Any]]:
    """Yield the options that an identity keeps by their absence."""
    if kind == "score" and "form" not in coverage.settings and has_forms(name, definitions):
        yield "form", SYMMETRIC
    is_measured = not {"max_length", "tokenizer"}.isdisjoint(coverage.settings)
    has_turns = issubclass(KINDS[kind].options, ResponseOptions)
    if kind == "score":
        has_turns = reads_turns(name, definitions)
    if is_measured and has_turns and "turns" not in coverage.settings:
        yield "turns", LAST


def _are_scored(name: str, coverage: Coverage | None) -> bool:
    """Return whether `catalog score` makes these labels, as it does those of judges."""
    if coverage is not None:
        return not _COMPUTED.isdisjoint(coverage.identity)
    return name in DETECTED or name in _model_scores()


def _template(kind: Kind, reference: Reference | str, name: str, *, is_import: bool) -> Command:
    """Return the kind's command; the import where nothing computes it, and the other way round."""
    signal_kind = KINDS[kind]
    computes, imports = signal_kind.command, signal_kind.import_command
    template = (imports or computes) if is_import else (computes or imports)
    assert template is not None  # every kind has one of both
    pool = str(reference).partition("@")[0]
    return template.fill(ref=str(reference), name=name, pool=pool)


def is_computed(
    kind: Kind,
    name: str,
    coverage: Coverage | None = None,
    *,
    scores: Definitions | None = None,
) -> bool:
    """Return whether a command computes a signal; if not, it is imported.

    >>> is_computed("score", "depth"), is_computed("score", "deita"), is_computed("losses", "tiny")
    (True, False, True)
    """
    if coverage is not None and coverage.is_external:
        return False
    if kind != "score":
        return KINDS[kind].command is not None
    if coverage is not None and not _COMPUTED.isdisjoint(coverage.identity):
        return True
    return name in SUMMARIES or name in _derived(scores) or name in _model_scores()


def is_model(name: str) -> bool:
    """Return whether a name is a model's: ``tiny``, a Hugging Face id with its owner, or a path.

    >>> is_model("tiny"), is_model("EleutherAI/pythia-70m"), is_model("my_run")
    (True, True, False)
    """
    return name == TINY or "/" in name


def model_of(
    kind: Kind,
    name: str,
    coverage: Coverage | None = None,
    *,
    scores: Definitions | None = None,
) -> str | None:
    """Return the model that computes a signal; None if none does, or where its name is one."""
    if kind in ("states", "gradients"):
        return name
    if kind == "losses":
        return None
    recorded = coverage.settings.get("model") if coverage else None
    if kind != "score":
        return recorded
    definitions = _derived(scores)
    is_known = name in MEASURED or name in definitions
    is_needed = needs_model(name, definitions) if is_known else recorded is not None
    if is_needed:
        return recorded or TINY
    return None


def _derived(scores: Definitions | None) -> Definitions:
    if scores is None:
        return built_in_scores()
    return scores


def _model_scores() -> Collection[str]:
    # Reading files is imported where it is needed: every query imports this module.
    from catalog.signals.model_score_files import built_in_model_scores

    return built_in_model_scores()
