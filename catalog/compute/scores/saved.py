"""Scores that a catalog's users add: add, replace, remove and list them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from catalog.compute.scores.measure import MEASURES
from catalog.errors import HeaderError, NotFoundError, OptionError, QueryError
from catalog.messages import listed
from catalog.notebook import NotebookResult
from catalog.query.tokens import canonical
from catalog.signals.model_score_files import (
    built_in_model_scores,
    model_scores,
    parse_model_score,
)
from catalog.signals.model_scores import ModelScore, ModelScores
from catalog.signals.score_definitions import (
    LABELS,
    LOSSES,
    MEMBERS,
    OF,
    SUMMARIES,
    TEXTS,
    Definitions,
    ScoreDefinition,
    built_in_scores,
    derived_scores,
    made_of,
    package_scores,
    parse_score,
)
from catalog.store.database import Connection
from catalog.store.queries import query
from catalog.store.references import check_name, nearest
from catalog.store.store import Store


@dataclass(frozen=True)
class AddedScore(NotebookResult):
    """Added score, and what it replaced.

    Attributes:
        definition: the score.
        replaced_at: when the replaced score of the same name was added, in UTC; None if none was.
        is_same: whether the replaced score had the same SQL.
    """

    definition: ScoreDefinition | ModelScore
    replaced_at: datetime | None = None
    is_same: bool = False


def add_score(store: Store, file: str | Path) -> AddedScore:
    """Keep a score's file in the catalog, under the file's name.

    A score of that name that was added before is replaced; its values stay until `gc`.

    Args:
        store: the catalog's files and database.
        file: the path of a ``.sql`` file, or of a ``.toml`` file of a score that asks a model.

    Raises:
        NotFoundError: there is no such file.
        HeaderError: its header is wrong, an input is unknown, or ``members`` is missing from the
            inputs of a query with aggregates or windows.
        QueryError: its SQL is not one SELECT.
        OptionError: a score that comes with the catalog has that name.
    """
    path = Path(file)
    language = path.suffix.removeprefix(".")
    if language not in ("sql", "toml"):
        raise OptionError(f"{file}: expected a .sql or .toml file, named after the score")
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise NotFoundError(f"{file}: cannot be read: {error}") from None
    name = path.stem
    check_name(name)
    if _is_built_in(name):
        raise OptionError(f"{name} is a score that comes with the catalog: rename the file")
    definition = _parsed(text, name=name, language=language)
    with store.writing() as connection:
        if isinstance(definition, ScoreDefinition):
            check_definition(connection, definition, derived_scores(connection))
        rows = connection.sql(query("scores/kept_at"), params={"name": name}).fetchall()
        connection.execute(query("scores/remove"), {"name": name})
        kept = {"name": name, "text": text, "language": language}
        connection.execute(query("scores/keep"), kept)
    if not rows:
        return AddedScore(definition)
    ((before, added_at, before_language),) = rows
    is_same = language == before_language and _same(language, before, text)
    return AddedScore(definition, added_at, is_same)


def _parsed(text: str, *, name: str, language: str) -> ScoreDefinition | ModelScore:
    if language == "toml":
        return parse_model_score(text, name=name)
    return parse_score(text, name=name)


def _same(language: str, before: str, text: str) -> bool:
    if language == "toml":
        return before == text
    return canonical(before) == canonical(text)


def remove_score(store: Store, name: str) -> None:
    """Remove a derived score that a user added; its values stay until `gc`.

    Raises:
        NotFoundError: the catalog keeps no score of that name.
        OptionError: the score comes with the catalog, or another score is made of it.
    """
    if _is_built_in(name):
        raise OptionError(f"{name} is a score that comes with the catalog and cannot be removed")
    with store.writing() as connection:
        definitions = derived_scores(connection)
        every: dict[str, ScoreDefinition | ModelScore] = {**definitions, **model_scores(connection)}
        kept = [key for key, each in every.items() if each.origin == "added"]
        if name not in kept:
            raise NotFoundError(f"this catalog keeps no score named {name}{nearest(name, kept)}")
        users = [each.name for each in definitions.values() if name in each.sources]
        if users:
            raise OptionError(f"{name} is an input of {listed(users)}: remove that first")
        connection.execute(query("scores/remove"), {"name": name})


def list_scores(store: Store) -> list[dict[str, Any]]:
    """Return every score that can be computed: name, origin, inputs, summary and paper."""
    definitions: Definitions = {**package_scores(), **built_in_scores()}
    models = built_in_model_scores()
    if store.database.exists():
        with store.reading() as connection:
            definitions, models = derived_scores(connection), model_scores(connection)
    return list(_rows(definitions, models))


def _rows(definitions: Definitions, models: ModelScores) -> Iterator[dict[str, Any]]:
    for name, summary in SUMMARIES.items():
        yield _row(name, "measured", "", summary, None)
    for name in sorted(definitions):
        each = definitions[name]
        inputs = ", ".join(source.lstrip("$") for source, _ in each.inputs)
        yield _row(name, each.origin, inputs, each.summary, each.paper)
    for name in sorted(models):
        asks = models[name]
        yield _row(name, asks.origin, ", ".join(asks.inputs), asks.summary, asks.paper)


def _row(name: str, origin: str, inputs: str, summary: str, paper: str | None) -> dict[str, Any]:
    return {"name": name, "origin": origin, "inputs": inputs, "summary": summary, "paper": paper}


def _is_built_in(name: str) -> bool:
    return name in MEASURES or name in built_in_scores() or name in built_in_model_scores()


def check_definition(
    connection: Connection, definition: ScoreDefinition, known: Definitions
) -> None:
    """Refuse a score that cannot be computed, or whose values would depend on other members.

    Raises:
        HeaderError: an input is unknown, or ``members`` is missing from the inputs of a query with
            aggregates or windows.
        QueryError: the SQL is not one SELECT.
    """
    _require_inputs(definition, known)
    _require_members_where_compared(connection, definition)


def _require_inputs(definition: ScoreDefinition, known: Definitions) -> None:
    """Refuse an unknown input, and one that is made of the score itself."""
    possible = [*MEASURES, *known, LOSSES, LABELS, MEMBERS, TEXTS, OF]
    for source in definition.sources:
        if source not in possible:
            raise HeaderError(
                f"{definition.name}.sql: no input {source}{nearest(source, possible)}: expected "
                f"a score, {LOSSES}, {LABELS}, {MEMBERS} or {TEXTS}"
            )
        if definition.name in made_of(source, known):
            raise HeaderError(f"{definition.name}.sql: its input {source} is made of it")


def _require_members_where_compared(connection: Connection, definition: ScoreDefinition) -> None:
    """Refuse a query that compares members, unless its values depend on all of them.

    Without the input ``members``, a later version computes only its new members.
    """
    parameters = {"sql": definition.text}
    ((tree,),) = connection.sql(query("scores/tree"), params=parameters).fetchall()
    parsed = json.loads(tree)
    if parsed["error"]:
        raise QueryError(f"{definition.name}.sql: {parsed['error_message']}")
    if MEMBERS in definition.sources:
        return
    aggregates = {name for (name,) in connection.sql(query("scores/aggregates")).fetchall()}
    for node in _nodes(parsed):
        is_aggregate = node.get("class") == "FUNCTION" and node["function_name"] in aggregates
        if is_aggregate or node.get("class") == "WINDOW":
            raise HeaderError(
                f"{definition.name}.sql: {node.get('function_name')} compares members with each "
                f"other: add {MEMBERS} to its inputs"
            )


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    """Yield every object of a JSON tree."""
    children = tree
    if isinstance(tree, dict):
        yield tree
        children = tree.values()
    for child in children:
        if isinstance(child, dict | list):
            yield from _nodes(child)
