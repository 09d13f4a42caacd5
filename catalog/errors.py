"""Errors of this package, as one tree.

::

    CatalogError
    ├── UsageError                what was asked for makes no sense (exit code 2)
    │   └── OptionError           one option or argument is out of its range
    ├── NotFoundError             no such thing
    │   ├── HomeNotFoundError     no catalog in that folder
    │   ├── ReferenceNotFoundError  no pool or subset of that name, version or tag
    │   ├── SelectorNotFoundError no selector of that name
    │   └── ModelNotFoundError    no model or encoder of that name
    ├── SourceError               a file or URL cannot be read as records
    │   └── MostlyUnreadableError most records of a load failed
    ├── MostlyRemovedError        a load would remove most of a pool
    ├── ProjectError              a project file is wrong
    ├── LossyExportError          an export would drop something
    ├── SignalError               a signal is missing, stale, incomplete or mixed
    │   └── AmbiguousSignalError  several signals fit, and one must be named
    ├── SelectionError            a selection cannot be made
    │   └── HeaderError           a selector file's header is wrong
    ├── QueryError                a SQL text is wrong
    │   ├── ForbiddenQueryError   a SQL text asks for what is locked
    │   ├── EngineError           DuckDB itself failed at a SQL text
    │   └── InterruptedQueryError a query ran out of time, memory or patience
    ├── MemoryLimitError          a computation needs more memory than it was given
    ├── WorkerError               a process of a job ended before its work was done
    ├── LockedError               another process holds the catalog
    ├── MigrationError            the schema's history does not fit
    └── DamageError               something on the disk is not as it should be
        ├── StorageError          the disk is full, read-only, or refuses otherwise
        └── CorruptError          what is stored is damaged, or the two stores disagree

Every error carries what is wrong, where, and the next step; its text is made of the three.
"""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from typing import Any, Self

from catalog.command import Command


@dataclass(frozen=True)
class Location:
    """Place in a text that a user wrote.

    >>> str(Location("mine.sql", 2, 3)), str(Location("mine.sql"))
    ('mine.sql:2:3', 'mine.sql')
    """

    file: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        parts = (self.file, self.line, self.column)
        return ":".join(str(part) for part in parts if part is not None)


class CatalogError(Exception):
    """Base of every error that this package raises on purpose.

    Attributes:
        problem: what is wrong.
        location: where in a text of the user it is wrong, such as ``mine.sql:2:3``; None elsewhere.
        next_step: what to do about it; "" where the problem says it.
    """

    def __init__(
        self, problem: str = "", *, location: Location | str | None = None, next_step: str = ""
    ) -> None:
        super().__init__(problem)
        self.problem = problem
        self.location = location
        self.next_step = next_step

    def __str__(self) -> str:
        parts = (self.location, self.message)
        return ": ".join(str(part) for part in parts if part)

    @property
    def message(self) -> str:
        """Return the text without its location."""
        return ": ".join(part for part in (self.problem, self.next_step) if part)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle any subclass by its attributes, whatever its constructor takes."""
        return _restored, (type(self), self.args, self.__dict__)

    def at(self, location: Location | str) -> Self:
        """Return this error with its place; a place that it has already stays in the text."""
        if self.location is None:
            return self._changed(problem=self.problem, location=location)
        return self._changed(problem=str(self), location=location, next_step="")

    def saying(self, problem: str) -> Self:
        """Return an error of this type with another text."""
        return self._changed(problem=problem, location=None, next_step="")

    def _changed(self, **attributes: Any) -> Self:
        problem = (attributes["problem"],)
        error: Self = _restored(type(self), problem, self.__dict__ | attributes)
        return error


def _restored(
    error_type: type[CatalogError], args: tuple[Any, ...], attributes: dict[str, Any]
) -> Any:
    error = error_type.__new__(error_type, *args)
    error.args = args
    error.__dict__.update(attributes)
    return error


def picklable(error: BaseException) -> BaseException:
    """Return the error, or one with its text where it cannot be sent to another process."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # whatever an exception of another package does when it is pickled
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error


class UsageError(CatalogError):
    """Raised if a request makes no sense."""


class OptionError(UsageError):
    """Raised if an option or argument is out of its range."""


class NotFoundError(CatalogError):
    """No such thing."""


class HomeNotFoundError(NotFoundError):
    """No catalog in that folder."""


class ReferenceNotFoundError(NotFoundError):
    """No pool or subset of that name, version or tag."""


class SelectorNotFoundError(NotFoundError):
    """No selector of that name."""


class ModelNotFoundError(NotFoundError):
    """No model or encoder of that name."""


class SourceError(CatalogError):
    """Raised if a file or URL cannot be read as records."""

    def __init__(self, problem: str, *, reason: str = "unreadable", next_step: str = "") -> None:
        super().__init__(problem, next_step=next_step)
        self.reason = reason


class MostlyUnreadableError(SourceError):
    """Most records of a load failed, and nothing was written."""


class ProjectError(CatalogError):
    """Raised if a project file is wrong."""


class MostlyRemovedError(CatalogError):
    """Raised if a load would remove more than half of a pool; nothing was written.

    Attributes:
        pool: the pool's name.
        n_removed: how many members would be removed.
        n_before: how many members the pool has.
    """

    def __init__(
        self,
        pool: str,
        *,
        n_removed: int,
        n_before: int,
        append: str = 'mode="append"',
        replace: str = 'mode="replace"',
    ) -> None:
        super().__init__(
            f"the load removes {n_removed:,} of the {n_before:,} members of {pool}, and nothing "
            "was written",
            next_step=f"keep them with {append}, or remove them with {replace}",
        )
        self.pool, self.n_removed, self.n_before = pool, n_removed, n_before


class LossyExportError(CatalogError):
    """Raised if an export would drop something that the pool holds."""


class SignalError(CatalogError):
    """Raised if a signal is missing, stale, incomplete or mixed.

    Attributes:
        command: computes or imports the missing signal; None if no command does.
    """

    def __init__(
        self, problem: str = "", *, next_step: str = "", command: Command | None = None
    ) -> None:
        super().__init__(problem, next_step=next_step)
        self.command = command


class AmbiguousSignalError(SignalError):
    """Several signals fit, and the caller must name one.

    Attributes:
        argument: the argument that names one.
        names: its possible values.
    """

    def __init__(self, problem: str, *, argument: str = "", names: tuple[str, ...] = ()) -> None:
        next_step = f"name one, as {argument} => '{names[0]}'" if names else ""
        super().__init__(problem, next_step=next_step)
        self.argument, self.names = argument, names


class SelectionError(CatalogError):
    """Raised if a selection cannot be made."""


class HeaderError(SelectionError):
    """Raised if the header of a selector file is wrong."""


class QueryError(CatalogError):
    """Raised if a SQL text is wrong."""


class ForbiddenQueryError(QueryError):
    """Raised if a SQL text asks for what is locked."""


class EngineError(QueryError):
    """DuckDB itself failed at a SQL text."""


class InterruptedQueryError(QueryError):
    """Raised if a query ran out of time or memory, or was stopped."""


class MemoryLimitError(CatalogError):
    """Raised if a computation needs more memory than it was given."""


class WorkerError(CatalogError):
    """Raised if a process of a job ended before its work was done."""


class LockedError(CatalogError):
    """Another process holds the catalog."""


class MigrationError(CatalogError):
    """Raised if the history of the schema does not fit."""


class DamageError(CatalogError):
    """Something on the disk is damaged or refused; the message ends with the next step."""


class StorageError(DamageError):
    """Raised if the disk is full, read-only, or refuses otherwise."""


class CorruptError(DamageError):
    """Raised if stored data is damaged, or the two stores disagree."""
