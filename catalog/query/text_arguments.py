"""Text in place of a kernel's relation: its vector, by the encoder of the embeddings beside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from catalog.errors import QueryError
from catalog.query.calls import Argument, Call
from catalog.query.plan import Load, Step
from catalog.query.resolved import Resolved
from catalog.query.source_text import SourceText
from catalog.query.tokens import tokens
from catalog.store.quoting import literal


def is_text(argument: Argument) -> bool:
    """Return whether an argument is one text, written or a ``$parameter``."""
    return [token.kind for token in argument.tokens] in (["string"], ["parameter"])


def _sources_of(texts: Iterable[SourceText], steps: Iterable[Step]) -> list[Resolved]:
    """Return the sources that queries read into memory, directly or through kernels.

    Args:
        texts: queries that name the answers of steps.
        steps: of the plan.
    """
    by_table = {step.table: step for step in steps}
    found: dict[str, Resolved] = {}
    todo = list(texts)
    while todo:
        names = {token.text for token in tokens(str(todo.pop()))}
        for step in (by_table.pop(name) for name in names & by_table.keys()):
            if isinstance(step, Load):
                found[step.table] = step.resolved
            else:
                todo += step.relations.values()
    return [found[table] for table in sorted(found)]


def embedded_text(
    call: Call, argument: Argument, relations: Mapping[str, SourceText], steps: Iterable[Step]
) -> SourceText:
    """Return the query that reads a text's vector.

    Args:
        call: of the kernel.
        argument: the text.
        relations: the call's other relations.
        steps: of the plan so far.

    Raises:
        QueryError: these read no embeddings, or several.
    """
    sources = _sources_of(relations.values(), steps)
    found = [source for source in sources if source.kind == "embedding"]
    calls = {_options(source) for source in found}
    if len(calls) != 1:
        n = "none" if not calls else len(calls)
        raise QueryError(
            f"{call.location_of(argument)}: {call.name} encodes a text by the encoder of one "
            f"embeddings(...) in its first relation, which has {n}: write "
            "(FROM text_embeddings(REF, text => ..., encoder => ...))"
        )
    (options,) = calls
    reference = literal(found[0].written)
    start = call.text.empty() + f"SELECT * FROM text_embeddings({reference}, text => "
    return start + argument.value + f"{options})"


def _options(source: Resolved) -> str:
    """Return the options that name a source's embedding."""
    if not source.signals:
        return "" if source.name is None else f", encoder => {literal(source.name)}"
    (signal,) = source.signals
    options = f", encoder => {literal(signal.name)}"
    field = signal.identity.get("field")
    return options if field is None else f"{options}, field => {literal(field)}"
