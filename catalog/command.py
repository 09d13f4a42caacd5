"""Call of the program as data: printed for a person, run for `--compute`."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Any


@dataclass(frozen=True)
class Command:
    """Call of the program: printed as a shell command, and run through the Python API.

    Attributes:
        words: the command's words, such as ``("losses", "train")``.
        method: the method of `Catalog` that does the same.
        arguments: the positional arguments of both.
        options: the options of both, by the name of the Python argument.
        needs_file: whether the user must replace ``FILE`` or ``ID`` before the command can run.
        leading: the first arguments of the method, which the words of the command stand for.

    >>> str(Command(("embed",), "embed", ("my pool",), (("max_length", 8),)))
    "catalog embed 'my pool' --max-length 8"
    >>> str(Command(("index",), "index", ("p",), (("text", True),)))
    'catalog index p --text'
    """

    words: tuple[str, ...]
    method: str
    arguments: tuple[str, ...] = ()
    options: tuple[tuple[str, Any], ...] = ()
    needs_file: bool = False
    leading: tuple[str, ...] = ()

    @property
    def verb(self) -> str:
        """Return what the command does, for a sentence: ``imports`` or ``computes``."""
        return "imports" if "FILE" in self.arguments else "computes"

    def __str__(self) -> str:
        parts = ["catalog", *self.words, *self.arguments]
        for name, value in self.options:
            flag = f"--{name.replace('_', '-')}"
            parts += [flag] if value is True else [flag, str(value)]
        return shlex.join(parts)

    def fill(self, **values: str) -> Command:
        """Return the command with its ``{placeholders}`` replaced.

        >>> str(Command(("score",), "score", ("{ref}", "{name}")).fill(ref="p", name="ifd"))
        'catalog score p ifd'
        """
        arguments = tuple(argument.format(**values) for argument in self.arguments)
        options = tuple(
            (name, value.format(**values) if isinstance(value, str) else value)
            for name, value in self.options
        )
        return replace(self, arguments=arguments, options=options)

    def with_options(self, options: Iterable[tuple[str, Any]]) -> Command:
        """Return the command with more options after its own."""
        return replace(self, options=(*self.options, *options))

    def run(self, catalog: Any, **options: Any) -> Any:
        """Call the method on a catalog, with more keyword arguments if given."""
        method = attrgetter(self.method)(catalog)
        return method(*self.leading, *self.arguments, **dict(self.options), **options)
