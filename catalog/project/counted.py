"""Token counts of members as scores, for budgets in tokens."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any, Literal

from catalog.compute.proxies import trained_proxy
from catalog.compute.scores import score
from catalog.errors import CatalogError, ModelNotFoundError
from catalog.models.tokenizer import tokenizer_identity
from catalog.selection.token_score import TokenScore
from catalog.signals.coverage import coverages
from catalog.signals.registry import list_named
from catalog.store.references import bare_names, resolve, resolve_all
from catalog.store.store import Store
from catalog.subsets.keep import selection_record

NAMES = ("total_tokens", "response_tokens")
"""The scores that count tokens."""


def recount(store: Store, subset: str) -> None:
    """Count the tokens of new members of the pools that a subset's token budget counts.

    Nothing is counted for a subset without such a budget, or whose tokenizer is gone.

    Args:
        store: the catalog's files and database.
        subset: its reference.

    Raises:
        ReferenceNotFoundError: no such subset, or its pool is gone.
    """
    with store.reading() as connection:
        reference = resolve(connection, subset, kind="subset")
        content = selection_record(connection, reference)["definition"]
        identities = [each["identity_sha256"] for each in content.get("signals", ())]
        signals = [
            signal
            for name in NAMES
            for signal in list_named(connection, kind="score", name=name)
            if signal.identity_sha256 in identities
        ]
        references = resolve_all(connection, bare_names(content["pool"]))
    for signal in signals:
        for each in references:
            with suppress(ModelNotFoundError):
                score(store, each, (signal.name,), model=signal.details["tokenizer"])


def counted(store: Store, references: str, *, of: str, model: str) -> TokenScore | None:
    """Return the score that a model's tokenizer counted of all members; None if there is none.

    Args:
        store: the catalog's files and database.
        references: pools and subsets, with commas.
        of: ``response`` or ``total``.
        model: a proxy trained here, a Hugging Face id, or a folder.

    Raises:
        ReferenceNotFoundError: no such pool or subset.
    """
    identity = tokenizer_of(store, model)
    if identity is None:
        return None
    name = f"{of}_tokens"
    with store.reading() as connection:
        found = [
            {
                each.identity_sha256
                for each in coverages(connection, reference, kind="score")
                if each.name == name
                and not each.n_missing
                and identity.items() <= each.identity.items()
            }
            for reference in resolve_all(connection, references)
        ]
    common = set.intersection(*found)
    return TokenScore(name, min(common)) if common else None


def tokenizer_of(store: Store, model: str) -> dict[str, Any] | None:
    """Return the hashes of a model's tokenizer and template; None if they are not here."""
    try:
        return tokenizer_identity(trained_proxy(store, model))
    except CatalogError:
        return None


def count(
    store: Store,
    references: str,
    *,
    of: Literal["response", "total"],
    model: str,
    progress: Callable[[int, int, int], None] | None = None,
) -> TokenScore:
    """Count the tokens of the members that have no count yet under a model's template.

    Only the tokenizer is loaded.

    Args:
        store: the catalog's files and database.
        references: pools and subsets, with commas.
        of: all tokens of a row, or those that a trainer takes a loss over.
        model: a proxy trained here, a Hugging Face id, or a folder.
        progress: called after each shard.

    Raises:
        ReferenceNotFoundError: no such pool or subset.
        ModelNotFoundError: there is no such model here.
    """
    name = f"{of}_tokens"
    with store.reading() as connection:
        found = dict.fromkeys(resolve_all(connection, references))
    reports = [
        score(store, each, (name,), model=model, options={}, progress=progress).reports[-1]
        for each in found
    ]
    return TokenScore(name, reports[-1].signal.identity_sha256)
