"""Budgets in tokens: the score that counts them, and the members that fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from catalog.errors import OptionError, SignalError
from catalog.kernels._common.sizes import read_tokens
from catalog.signals.coverage import Coverage, coverages
from catalog.signals.resolve import missing_error
from catalog.store.database import Connection
from catalog.store.queries import query
from catalog.store.references import Reference, listed_references, source_parameters

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class TokenScore:
    """Score that counts the tokens of members.

    Attributes:
        name: of the score, such as ``total_tokens``.
        identity_sha256: of its signal.
    """

    name: str
    identity_sha256: str


@dataclass(frozen=True)
class TokenBudget:
    """Budget in tokens.

    Attributes:
        n_tokens: most tokens of all members.
        score: that counts them.
        signal: its signal.
        n_members: most members that fit, those of the fewest tokens.
    """

    n_tokens: int
    score: TokenScore
    signal: Coverage
    n_members: int

    def as_content(self) -> dict[str, Any]:
        """Return what a definition keeps of it."""
        return {
            "n_tokens": self.n_tokens,
            "score": self.score.name,
            "identity_sha256": self.score.identity_sha256,
        }


def stored_score(content: Mapping[str, Any]) -> TokenScore | None:
    """Return the score that counts the budget of a stored definition; None without one."""
    kept = content.get("tokens")
    return kept and TokenScore(kept["score"], kept["identity_sha256"])


def token_budget(
    connection: Connection,
    references: Sequence[Reference],
    text: str,
    score: TokenScore | None,
) -> TokenBudget | None:
    """Return a budget such as ``2Mtok``; None if it is not in tokens.

    Raises:
        OptionError: no score is given, not even one member fits, or all members have fewer tokens.
        SignalError: the score is gone, or lacks members.
    """
    n_tokens = read_tokens(text)
    if n_tokens is None:
        return None
    source = listed_references(references)
    if score is None:
        raise OptionError(
            f"budget {text} is in tokens: give the model whose tokenizer counts them, such as "
            "--model tiny"
        )
    signal = _signal(connection, references, score)
    parameters = source_parameters(references) | {
        "identity_sha256": score.identity_sha256,
        "n_tokens": n_tokens,
    }
    found = connection.sql(query("selection/n_fitting"), params=parameters).fetchall()
    ((n_members, total, _),) = found
    if not n_members:
        raise OptionError(f"budget {text} is less than the tokens of any member of {source}")
    if n_tokens > total:
        raise OptionError(
            f"budget {text} is more than the {total:,} tokens of {source}: give at most that, "
            "or all"
        )
    return TokenBudget(n_tokens, score, signal, n_members)


def sum_of_tokens(
    connection: Connection, reference: Reference, score: TokenScore
) -> tuple[int, int]:
    """Return the tokens of all members of a pool or subset, and the most of one."""
    parameters = source_parameters([reference]) | {
        "identity_sha256": score.identity_sha256,
        "n_tokens": 0,
    }
    found = connection.sql(query("selection/n_fitting"), params=parameters).fetchall()
    ((_, total, most),) = found
    return int(total), int(most)


def n_within(connection: Connection, ids: pa.Array, budget: TokenBudget) -> tuple[int, pa.Array]:
    """Return how many members fit into a budget in their order, and which of all have tokens.

    Returns:
        the number of members with tokens whose running total is at most the budget, and a mask of
        the members with tokens.
    """
    import numpy as np
    import pyarrow as pa

    connection.register("chosen_ids", pa.table({"instruction_id": ids}))
    found = connection.sql(
        query("selection/tokens"), params={"identity_sha256": budget.score.identity_sha256}
    ).fetchall()
    connection.unregister("chosen_ids")
    tokens = dict(found)
    counts = [tokens.get(each) for each in ids.to_pylist()]
    has_tokens = [each is not None for each in counts]
    totals = np.cumsum([each for each in counts if each is not None])
    n = int(np.searchsorted(totals, budget.n_tokens, side="right"))
    return n, pa.array(has_tokens)


def _signal(connection: Connection, references: Sequence[Reference], score: TokenScore) -> Coverage:
    """Return the signal of a score, which must cover every member.

    Raises:
        SignalError: it does not.
    """
    signals = []
    for reference in references:
        found = [
            each
            for each in coverages(connection, reference, kind="score")
            if each.identity_sha256 == score.identity_sha256
        ]
        if not found:
            raise SignalError(f"the score {score.name} that counts the tokens of {reference}: gone")
        error = missing_error(reference, found[0])
        if error:
            raise error
        signals.append(found[0])
    return signals[0]
