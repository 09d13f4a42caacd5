"""Account of a row that is not in a subset, as data and as text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from catalog.why.failures import Failure
from catalog.why.lookup import Row
from catalog.why.rank import Place

if TYPE_CHECKING:
    import pyarrow as pa

SHOWN = 12  # digits of a fingerprint in a sentence
# The roles of other rows, as a table calls them.
TITLES = {
    "last": "last selected",
    "nearest": "nearest selected",
    "most": "reduced its gain most",
    "brought": "has its tags",
}


@dataclass(frozen=True)
class LeftOut:
    """Reason why a row is not in a subset.

    Attributes:
        cause: ``place`` (it came after the last selected row), ``signal`` (it has no value of one),
            ``source`` (it is not in what was selected from), ``changed`` (it would be selected
            now), ``unknown``, or the kind of the first of `failures`.
        sentences: the explanation.
        failures: the places of the query that it does not pass, in the order of evaluation.
        place: its place among all eligible rows, from 1; None without such an order.
        n_eligible: the number of these rows.
        n_taken: how many of them were selected.
        numbers: a kernel's measure of the row.
        beside: the row and the others that matter: role, fingerprint, rank, the selector's columns,
            prompt.
        is_as_stored: whether the definition gave the stored members again.
    """

    cause: str
    sentences: tuple[str, ...]
    failures: tuple[Failure, ...] = ()
    place: int | None = None
    n_eligible: int | None = None
    n_taken: int | None = None
    numbers: dict[str, Any] = field(default_factory=dict)
    beside: tuple[dict[str, Any], ...] = ()
    is_as_stored: bool = True

    def as_dict(self) -> dict[str, Any]:
        """Return the reason as JSON shows it."""
        return vars(self) | {"failures": [failure.as_dict() for failure in self.failures]}


@dataclass(frozen=True)
class Account:
    """Account of a row; rows are named by instruction id."""

    cause: str
    sentences: tuple[str, ...]
    others: dict[str, int] = field(default_factory=dict)  # by role
    columns: Mapping[int, Mapping[str, Any]] = field(
        default_factory=dict
    )  # of the row and the others
    place: Place | None = None
    numbers: dict[str, Any] = field(default_factory=dict)
    failures: tuple[Failure, ...] = ()


def readable(
    row: Row,
    account: Account,
    answer: pa.Table,
    described: Mapping[int, tuple[str, str]],
    *,
    is_as_stored: bool,
) -> LeftOut:
    """Return an account with fingerprints and ranks in place of instruction ids."""
    members = answer["instruction_id"].to_pylist()
    ranks = {member: rank for rank, member in enumerate(members, start=1)}
    names = {role: _name(each, described, ranks) for role, each in account.others.items()}
    sentences = [_filled(sentence, names) for sentence in account.sentences]
    if not is_as_stored:
        sentences.append(
            "run again now, the definition gives other members than the stored ones: "
            "`catalog verify` names what has changed"
        )
    left_out = LeftOut(
        account.cause,
        tuple(sentences),
        account.failures,
        numbers=account.numbers,
        beside=tuple(_beside(row, account, answer, described, ranks)),
        is_as_stored=is_as_stored,
    )
    place = account.place
    if place is None:
        return left_out
    return replace(left_out, place=place.place, n_eligible=place.n_eligible, n_taken=place.n_taken)


def _name(
    instruction_id: int, described: Mapping[int, tuple[str, str]], ranks: Mapping[int, int]
) -> str:
    fingerprint, _ = described[instruction_id]
    rank = ranks.get(instruction_id)
    return fingerprint[:SHOWN] + (f" (rank {rank:,})" if rank is not None else "")


def _beside(
    row: Row,
    account: Account,
    answer: pa.Table,
    described: Mapping[int, tuple[str, str]],
    ranks: Mapping[int, int],
) -> Iterator[dict[str, Any]]:
    """Yield the row and the others that matter, with the selector's columns."""
    for role, instruction_id in ({"this row": row.instruction_id} | account.others).items():
        fingerprint, prompt = described[instruction_id]
        rank = ranks.get(instruction_id)
        columns = account.columns.get(instruction_id, {})
        if not account.columns:
            columns = _measured(answer, account) if rank is None else _columns(answer, rank - 1)
        first = {"who": TITLES.get(role, role), "fingerprint": fingerprint, "rank": rank}
        yield first | dict(columns) | {"prompt": prompt}


def _measured(answer: pa.Table, account: Account) -> dict[str, Any]:
    """Return what was measured of a row that was not selected, by the selector's columns."""
    return {name: value for name, value in account.numbers.items() if name in answer.column_names}


def _columns(answer: pa.Table, place: int) -> dict[str, Any]:
    return {
        name: value
        for name, value in answer.slice(place, 1).to_pylist()[0].items()
        if name != "instruction_id"
    }


def _filled(sentence: str, names: Mapping[str, str]) -> str:
    for role, name in names.items():
        sentence = sentence.replace(f"{{{role}}}", name)
    return sentence
