"""Scores that the catalog computes: measured by a model, or derived by a SQL file each.

A derived score is a file of ``sql/scores/``, a file that a user added to the catalog, or a file of
another package. Its header names its inputs, and its query reads each as a table of that name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from catalog.errors import HeaderError
from catalog.messages import listed
from catalog.plugins import Plugin, plugins
from catalog.store.paths import package_data_dir
from catalog.store.queries import query

if TYPE_CHECKING:
    from catalog.store.database import Connection

GROUP = "catalog.scores"
"""The entry points under which other packages offer derived scores."""

MEASURED: Mapping[str, str] = {
    "n_tokens": "Response tokens, end of sequence included.",
    "total_tokens": "All tokens of a row as a trainer reads it, nothing cut.",
    "response_tokens": "Tokens of a row that a trainer takes a loss over, of all turns.",
    "response_loss": "CE(y | x), the mean cross-entropy of the response in nats.",
    "answer_loss": "CE(y), the same without the prompt.",
}
"""The scores that a model measures, each with its summary."""

DETECTED: Mapping[str, str] = {
    "language": "Language of prompt and response, as a label such as en (catalog[language]).",
    "language_confidence": "Confidence in that language, from 0 to 1.",
}
"""What a library finds in the texts without a model, each with its summary."""

SUMMARIES: Mapping[str, str] = {**MEASURED, **DETECTED}
"""The scores and labels that one pass over the texts gives, with or without a model."""

N_TOKENS = "n_tokens"
TOKEN_COUNTS = (N_TOKENS, "total_tokens", "response_tokens")
"""The measured scores that a tokenizer decides, without a model."""

WHOLE = frozenset((*TOKEN_COUNTS, "n_labels", "length"))
"""The computed scores that are counts: SQL reads them as BIGINT."""

TUNED_LOSS = "tuned_loss"
"""A measured input of depth, which is not a score."""

SYMMETRIC = "symmetric"
"""The form of a score over `response_loss` and `answer_loss` themselves."""

FORM_LOSSES: Mapping[str, Mapping[str, str]] = {
    form: {loss: f"{form}_{loss}" for loss in ("response_loss", "answer_loss")}
    for form in ("cherry", "superfiltering")
}
"""The losses that a form of a score reads in place of others; they are inputs, not scores."""

FORMS = (*FORM_LOSSES, SYMMETRIC)
"""The forms of a score whose header names one."""

INPUTS = (TUNED_LOSS, *(name for losses in FORM_LOSSES.values() for name in losses.values()))
"""Everything that a model measures and that is not listed as a score."""

LOSSES, LABELS, MEMBERS, TEXTS = "losses", "labels", "members", "texts"
"""The inputs other than scores."""

OF = "$of"
"""The input that stands for the score that the option ``rank_by`` names."""

_KEY = re.compile(r"--\s*([a-z][a-z-]*)\s*:\s*(.*)")
_INPUT = re.compile(r"(\$of|\w+)(?:\s+AS\s+(\w+))?", re.IGNORECASE)
_EXAMPLE = "write `-- inputs: response_loss, answer_loss`"


class ScoreInput(NamedTuple):
    """Input of a derived score: what it is, and the table that the query reads."""

    source: str
    table: str


@dataclass(frozen=True)
class ScoreDefinition:
    """Derived score.

    Attributes:
        name: of the score, and of its file.
        summary: its first header line.
        inputs: in the order of the header.
        text: the whole file.
        paper: where the score comes from, if the header says so.
        form: the form that is computed when nobody names one; None if the score has one only.
        is_built_in: whether it comes with the catalog.
        package: the distribution that offers it; empty for the catalog's and a user's own.
        package_version: of that distribution.
    """

    name: str
    summary: str
    inputs: tuple[ScoreInput, ...]
    text: str
    paper: str | None = None
    form: str | None = None
    is_built_in: bool = True
    package: str = ""
    package_version: str = ""

    @property
    def origin(self) -> str:
        """Return where the score comes from: ``built-in``, ``added``, or a package."""
        if self.package:
            return f"{self.package} {self.package_version}"
        if self.is_built_in:
            return "built-in"
        return "added"

    @property
    def sources(self) -> frozenset[str]:
        """Return the inputs of the score."""
        return frozenset(each.source for each in self.inputs)


Definitions = Mapping[str, ScoreDefinition]


def parse_score(text: str, *, name: str, is_built_in: bool = False) -> ScoreDefinition:
    """Read a derived score's file.

    Args:
        text: of the file.
        name: of the score.
        is_built_in: whether it comes with the catalog.

    Raises:
        HeaderError: a header line is missing or cannot be read; the message has its place.
    """
    header = _header(text, name=name)
    summary, inputs = header.get("summary"), header.get("inputs")
    if not summary or not summary[1]:
        raise HeaderError(f"{name}.sql:1:1: expected a line `-- summary: TEXT`")
    if inputs is None:
        raise HeaderError(f"{name}.sql:1:1: expected a line `-- inputs: NAMES`: {_EXAMPLE}")
    parsed = _inputs(inputs[1], place=f"{name}.sql:{inputs[0]}:1")
    paper = header.get("paper", (0, ""))[1] or None
    form = header.get("form", (0, ""))
    if form[1] and form[1] not in (SYMMETRIC, *FORM_LOSSES):
        raise HeaderError(f"{name}.sql:{form[0]}:1: no form {form[1]}: expected {listed(FORMS)}")
    return ScoreDefinition(
        name, summary[1], parsed, text, paper, form[1] or None, is_built_in=is_built_in
    )


def _header(text: str, *, name: str) -> dict[str, tuple[int, str]]:
    """Return the number of the line and the value of each key."""
    header: dict[str, tuple[int, str]] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.startswith("--"):
            break
        match = _KEY.fullmatch(line.strip())
        if match:
            if match[1] in header:
                raise HeaderError(f"{name}.sql:{number}:1: a second line `-- {match[1]}:`")
            header[match[1]] = (number, match[2].strip())
    return header


def _inputs(text: str, *, place: str) -> tuple[ScoreInput, ...]:
    inputs = []
    for item in text.split(","):
        match = _INPUT.fullmatch(item.strip())
        if match is None:
            raise HeaderError(f"{place}: cannot read the input {item.strip()!r}: {_EXAMPLE}")
        inputs.append(ScoreInput(match[1], match[2] or match[1].lstrip("$")))
    tables = [each.table.lower() for each in inputs]
    if len(set(tables)) < len(tables):
        raise HeaderError(f"{place}: two inputs have one name")
    return tuple(inputs)


@cache
def built_in_scores() -> Definitions:
    """Return the derived scores that come with the catalog, by name."""
    files = sorted((package_data_dir("sql") / "scores").glob("*.sql"))
    return {
        file.stem: parse_score(file.read_text(encoding="utf-8"), name=file.stem, is_built_in=True)
        for file in files
    }


def package_scores() -> Definitions:
    """Return the derived scores of other packages, by name.

    An entry point ``NAME = PACKAGE`` stands for the file ``NAME.sql`` in the package's folder. The
    file is read without running the package's code.

    Raises:
        OptionError: there is no such file.
        HeaderError: its header is wrong.
    """
    return _package_scores(plugins(GROUP))


@cache
def _package_scores(offered: tuple[Plugin, ...]) -> Definitions:
    return {plugin.name: _package_score(plugin) for plugin in offered}


def _package_score(plugin: Plugin) -> ScoreDefinition:
    text = plugin.file(f"{plugin.name}.sql").read_text(encoding="utf-8")
    definition = parse_score(text, name=plugin.name)
    return replace(definition, package=plugin.package, package_version=plugin.version)


def derived_scores(connection: Connection) -> Definitions:
    """Return every derived score by name: the catalog's, those of users, those of packages.

    A name that several of them define means the first of these.
    """
    rows = connection.sql(query("scores/kept"), params={"language": "sql"}).fetchall()
    kept = {name: parse_score(text, name=name) for name, text in rows}
    return {**package_scores(), **kept, **built_in_scores()}


def computed_scores(definitions: Definitions) -> list[str]:
    """Return the names of all scores that can be computed, the measured ones first."""
    return [*SUMMARIES, *sorted(definitions)]


def needs_model(name: str, definitions: Definitions) -> bool:
    """Return whether a language model is needed to compute a score or what it is made of.

    >>> names = ("ifd", "n_labels", "n_tokens")
    >>> [needs_model(name, built_in_scores()) for name in names]
    [True, False, False]
    """
    return not made_of(name, definitions).isdisjoint({*MEASURED, TUNED_LOSS, OF} - {*TOKEN_COUNTS})


def reads_turns(name: str, definitions: Definitions) -> bool:
    """Return whether a score, or one that it is made of, is measured over turns.

    >>> [reads_turns(name, built_in_scores()) for name in ("ifd", "n_tokens", "n_labels")]
    [True, True, False]
    """
    return not made_of(name, definitions).isdisjoint({*MEASURED, TUNED_LOSS})


def has_forms(name: str, definitions: Definitions) -> bool:
    """Return whether a score, or one that it is made of, has several forms.

    >>> has_forms("ifd", built_in_scores()), has_forms("perplexity", built_in_scores())
    (True, False)
    """
    parts = [definitions[each] for each in made_of(name, definitions) if each in definitions]
    return any(each.form for each in parts)


def made_of(name: str, definitions: Definitions) -> frozenset[str]:
    """Return a score and everything that it is made of, directly or not.

    >>> sorted(made_of("ifd", built_in_scores()))
    ['answer_loss', 'ifd', 'response_loss']
    """
    names: set[str] = set()
    rest = {name}
    while rest:
        names |= rest
        known = [definitions[each] for each in rest if each in definitions]
        rest = {source for each in known for source in each.sources} - names
    return frozenset(names)
