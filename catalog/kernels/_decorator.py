"""Decorator that makes a function a kernel, and what it records."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from catalog.errors import QueryError

Function = TypeVar("Function", bound=Callable[..., Any])
Columns = Mapping[str, str]

VECTORS = "vectors"
_VECTOR = re.compile(
    r"(FLOAT|DOUBLE|U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?)\[\d*\]|STRUCT\(\"\(opaque.*"
)
_ATTRIBUTE = "__catalog_kernel__"


@dataclass(frozen=True)
class Origin:
    """Package that another author's kernel comes from.

    Attributes:
        package: the distribution that offers it as an entry point; empty for a file.
        version: of that distribution.
        sha256: of the file that a user added to a catalog; empty for a distribution.
    """

    package: str = ""
    version: str = ""
    sha256: str = ""


@dataclass(frozen=True)
class Kernel:
    """Table function, and how its answer follows from its relations.

    Attributes:
        function: takes Arrow tables first, then options by name, and returns an Arrow table.
        version: counted by hand; a new number says that the same input gives another answer.
        adds: new columns with their DuckDB types, which replace given columns of the same name.
        drops: the given columns that the answer leaves out: ``"vectors"``, one column, or none.
        is_ranked: each row has its own ``rank``.
        cached: the answer does not depend on a budget, so the catalog keeps it.
        pair_prefix: the answer also has the second relation's columns, under this prefix.
        reads: the columns of the first relation that decide the answer, ``"vectors"`` or names,
            besides the keys of members and the columns that an option names; None if unknown.
        explain: says why a row was not selected, as `catalog.kernels.explain` describes; the
            package's own kernels leave it to the module of their name there.
        notes: what is known of an option's value beside the docstring, by option and value, such
            as the guarantee of an optimizer; ``explain`` prints it where a query has the value.
        origin: where another author's kernel comes from; None for this package's.
    """

    function: Callable[..., Any]
    version: int
    adds: Columns
    drops: str | None = VECTORS
    is_ranked: bool = False
    cached: bool = False
    pair_prefix: str | None = None
    reads: str | tuple[str, ...] | None = None
    explain: Callable[..., Any] | None = None
    notes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    origin: Origin | None = None

    @property
    def name(self) -> str:
        """Return the name that SQL calls."""
        return self.function.__name__

    def made_by(self, origin: Origin) -> Kernel:
        """Return the kernel with the place that it comes from."""
        return replace(self, origin=origin)

    def answer_columns(self, given: Sequence[Columns]) -> dict[str, str]:
        """Return the answer's columns with their DuckDB types.

        Args:
            given: the columns of each relation, with their types.

        >>> clustered = Kernel(print, version=1, adds={"cluster": "INTEGER"})
        >>> clustered.answer_columns([{"fingerprint": "VARCHAR", "losses": "FLOAT[]"}])
        {'fingerprint': 'VARCHAR', 'cluster': 'INTEGER'}
        """
        first, *others = (self._kept(columns) for columns in given)
        if self.pair_prefix is not None:
            pairs = {f"{self.pair_prefix}{name}": type_ for name, type_ in others[0].items()}
            return pairs | first | dict(self.adds)
        kept = {name: type_ for name, type_ in first.items() if name not in self.adds}
        return kept | dict(self.adds)

    def answer_name(self, column: str, *, is_first: bool) -> str | None:
        """Return what a relation's column is called in the answer; None if it is not there.

        Args:
            column: a column that the kernel keeps.
            is_first: the column is the first relation's.
        """
        if is_first:
            return column
        if self.pair_prefix is None:
            return None
        return f"{self.pair_prefix}{column}"

    def is_read(self, column: str, type_: str | None, named: Collection[str]) -> bool:
        """Return whether a column of the first relation decides the answer, as far as is declared.

        Args:
            column: its name.
            type_: its DuckDB type; None if it is unknown.
            named: the columns that the call's options name, in lower case.

        >>> clustered = Kernel(print, version=1, adds={"cluster": "INTEGER"}, reads="vectors")
        >>> [clustered.is_read(name, "FLOAT[]", ["x"]) for name in ("v", "X")]
        [True, True]
        """
        if column.lower() in named:
            return True
        if self.reads is None or isinstance(self.reads, str):
            return is_vector_type(type_ or "")
        return column.lower() in self.reads

    def _kept(self, columns: Columns) -> dict[str, str]:
        if self.drops == VECTORS:
            return {name: type_ for name, type_ in columns.items() if not is_vector_type(type_)}
        return {name: type_ for name, type_ in columns.items() if name != self.drops}


def is_vector_type(type_: str) -> bool:
    """Return whether a DuckDB type holds one numeric vector a row.

    >>> is_vector_type("FLOAT[384]"), is_vector_type("VARCHAR[]")
    (True, False)
    """
    return _VECTOR.fullmatch(type_) is not None


def kernel(
    *,
    version: int,
    adds: Columns,
    drops: str | None = VECTORS,
    is_ranked: bool = False,
    cached: bool = False,
    pair_prefix: str | None = None,
    reads: str | tuple[str, ...] | None = None,
    explain: Callable[..., Any] | None = None,
    notes: Mapping[str, Mapping[str, str]] | None = None,
) -> Callable[[Function], Function]:
    """Make a function of Arrow tables a table function of SQL; the arguments are `Kernel`'s.

    The function's name is the name in SQL and must be the name of its file. Parameters annotated
    ``pa.Table`` take relations and come first; the others are keyword-only options.

    >>> @kernel(version=1, adds={"length": "BIGINT"})
    ... def lengths(rows): ...
    >>> kernel_of(lengths).version
    1
    """

    def mark(function: Function) -> Function:
        record = Kernel(
            *(function, version, adds, drops, is_ranked, cached, pair_prefix, reads, explain),
            notes=notes or {},
        )
        setattr(function, _ATTRIBUTE, record)
        return function

    return mark


def kernel_of(function: Any) -> Kernel | None:
    """Return what `kernel` recorded about a function; None if it has not been applied."""
    record = getattr(function, _ATTRIBUTE, None)
    if not isinstance(record, Kernel):
        return None
    return record


def require_kernel(module: Any, name: str, *, place: str) -> Kernel:
    """Return the kernel of that name in a module.

    Args:
        module: the module, or another object with attributes.
        name: of the function and of the kernel.
        place: where the user can find the module, for the message.

    Raises:
        QueryError: there is no such function, or it is not a kernel.
    """
    found = kernel_of(getattr(module, name, None))
    if found is None or found.name != name:
        raise QueryError(f"{place}: expected a function {name} decorated with @kernel(...)")
    return found
