"""Everything that can go wrong, as one tree.

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
    ├── LossyExportError          an export would drop something
    ├── SignalError               a signal is missing, stale, incomplete or mixed
    │   └── AmbiguousSignalError  several signals fit, and the caller must name one
    ├── SelectionError            a selection cannot be made
    │   └── HeaderError           a selector file's header is wrong
    ├── QueryError                a SQL text is wrong
    │   ├── ForbiddenQueryError   a SQL text asks for what is locked
    │   ├── EngineError           DuckDB itself failed at a SQL text
    │   └── InterruptedQueryError a query ran out of time, memory or patience
    ├── MemoryLimitError          a computation needs more memory than it was given
    ├── LockedError               another process holds the catalog
    ├── MigrationError            the schema's history does not fit
    └── DamageError               something on the disk is not as it should be
        ├── StorageError          the disk is full, read-only, or refuses otherwise
        └── CorruptError          what is stored is damaged, or the two stores disagree

Every message names what is wrong, where, and the next step.
"""

from __future__ import annotations

import copy
import shlex
from collections.abc import Iterable
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Any, Self

MOST_LISTED = 10
"""Names of one kind that a message lists before it counts the rest."""

_LONGEST_NAME = 60
_LONGEST_ERROR = 300


def listed(names: Iterable[object], *, most: int = MOST_LISTED) -> str:
    """Return names for a message: ten at most, each cut where it is long, and how many more there are.

    >>> listed(["a", "b"]), listed(range(100), most=2)
    ('a, b', '0, 1 and 98 more')
    """
    texts = [str(name) for name in names]
    shown = ", ".join(_cut(text) for text in texts[:most])
    return shown if len(texts) <= most else f"{shown} and {len(texts) - most:,} more"


def one_line(error: BaseException) -> str:
    """Return what an error of a library says, for a message: one line, cut where it is long; else its type.

    >>> one_line(ValueError("bad\\n  page")), one_line(EOFError())
    ('bad page', 'EOFError')
    """
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= _LONGEST_ERROR else f"{text[:_LONGEST_ERROR]}..."


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_NAME else f"{text[:_LONGEST_NAME]}..."


@dataclass(frozen=True)
class Command:
    """One call of the program: printed as a shell command, and run through the Python API.

    Attributes:
        words: the command's words, such as ``("losses", "train")``.
        method: the method of `Catalog` that does the same.
        arguments: the positional arguments of both.
        options: the options of both, by the name of the Python argument.
        needs_file: whether the user must replace ``FILE`` before the command can run.

    >>> str(Command(("embed",), "embed", ("my pool",), (("max_length", 8),)))
    "catalog embed 'my pool' --max-length 8"
    """

    words: tuple[str, ...]
    method: str
    arguments: tuple[str, ...] = ()
    options: tuple[tuple[str, Any], ...] = ()
    needs_file: bool = False

    def __str__(self) -> str:
        parts = ["catalog", *self.words, *self.arguments]
        for name, value in self.options:
            parts += [f"--{name.replace('_', '-')}", str(value)]
        return shlex.join(parts)

    def fill(self, **values: str) -> Command:
        """Return the command with its ``{placeholders}`` replaced.

        >>> str(Command(("score",), "score", ("{ref}", "{name}")).fill(ref="p", name="ifd"))
        'catalog score p ifd'
        """
        arguments = tuple(argument.format(**values) for argument in self.arguments)
        options = tuple((name, str(value).format(**values)) for name, value in self.options)
        return replace(self, arguments=arguments, options=options)

    def with_options(self, options: Iterable[tuple[str, Any]]) -> Command:
        """Return the command with more options after its own."""
        return replace(self, options=(*self.options, *options))

    def run(self, catalog: Any, **options: Any) -> Any:
        """Call the method on a catalog, with more keyword arguments if given."""
        return attrgetter(self.method)(catalog)(*self.arguments, **dict(self.options), **options)


class CatalogError(Exception):
    """The base of every error that this package raises on purpose.

    Attributes:
        location: ``file:line:column`` of what the error is about; None where it has no place.
    """

    location: str | None = None
    _message: str | None = None

    @property
    def message(self) -> str:
        """The text without its location."""
        return str(self) if self._message is None else self._message

    def at(self, location: str, message: str | None = None) -> Self:
        """Return the same error, with the same data, at a location.

        >>> error = SignalError("no losses").at("s2l.sql:3:6")
        >>> str(error), error.location, error.message
        ('s2l.sql:3:6: no losses', 's2l.sql:3:6', 'no losses')
        """
        text = str(self) if message is None else message
        located = copy.copy(self)
        located.args = (f"{location}: {text}",)
        located.location = location
        located._message = text
        return located


class UsageError(CatalogError):
    """What was asked for makes no sense."""


class OptionError(UsageError):
    """One option or argument is out of its range."""


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
    """A file or URL cannot be read as records."""

    def __init__(self, message: str, *, reason: str = "unreadable") -> None:
        super().__init__(message)
        self.reason = reason


class MostlyUnreadableError(SourceError):
    """Most records of a load failed, and nothing was written."""


class MostlyRemovedError(CatalogError):
    """A load would remove more than half of a pool, and nothing was written.

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
            f"the load removes {n_removed:,} of the {n_before:,} members of {pool}, and nothing was written: "
            f"keep them with {append}, or remove them with {replace}"
        )
        self.pool, self.n_removed, self.n_before = pool, n_removed, n_before


class LossyExportError(CatalogError):
    """An export would drop something that the pool holds."""


class SignalError(CatalogError):
    """A signal is missing, stale, incomplete or mixed.

    Attributes:
        command: computes or imports what is missing; None where no command does.
    """

    def __init__(self, message: str, *, command: Command | None = None) -> None:
        super().__init__(message)
        self.command = command


class AmbiguousSignalError(SignalError):
    """Several signals fit, and the caller must name one.

    Attributes:
        problem: which signals fit, as text.
        argument: the argument that names one.
        names: its possible values.
    """

    def __init__(self, problem: str, *, argument: str = "", names: tuple[str, ...] = ()) -> None:
        example = f": name one, as {argument} => '{names[0]}'" if names else ""
        super().__init__(f"{problem}{example}")
        self.problem, self.argument, self.names = problem, argument, names


class SelectionError(CatalogError):
    """A selection cannot be made."""


class HeaderError(SelectionError):
    """A selector file's header is wrong."""


class QueryError(CatalogError):
    """A SQL text is wrong."""


class ForbiddenQueryError(QueryError):
    """A SQL text asks for what is locked."""


class EngineError(QueryError):
    """DuckDB itself failed at a SQL text."""


class InterruptedQueryError(QueryError):
    """A query ran out of time, memory or patience."""


class MemoryLimitError(CatalogError):
    """A computation needs more memory than it was given."""


class LockedError(CatalogError):
    """Another process holds the catalog."""


class MigrationError(CatalogError):
    """The schema's history does not fit."""


class DamageError(CatalogError):
    """Something on the disk is not as it should be; the message ends with the next step."""

    def __init__(self, problem: str, *, next_step: str = "") -> None:
        super().__init__(f"{problem}: {next_step}" if next_step else problem)
        self.problem = problem
        self.next_step = next_step


class StorageError(DamageError):
    """The disk is full, read-only, or refuses otherwise."""


class CorruptError(DamageError):
    """What is stored is damaged, or the two stores disagree."""
