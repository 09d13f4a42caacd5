"""Choose the record formats of one file: the one that the options name, or those detected."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from catalog.messages import listed
from catalog.pools.conversation import Instruction, answered
from catalog.pools.formats.detect import detect, exact, fits, with_roles
from catalog.pools.formats.exported import exported, restored
from catalog.pools.formats.mapped import mapped
from catalog.pools.formats.registry import Format, formats, named
from catalog.pools.options import ReadOptions
from catalog.pools.reasons import Rejection, kind_of


class FileFormats:
    """Formats that can read the records of a file, with the roles of the options."""

    def __init__(self, options: ReadOptions) -> None:
        self._options = options
        given = named(options.format)
        if options.fields:
            given = mapped(options.fields)
        self._given = given and self._with_roles(given)
        self._all = tuple(map(self._with_roles, formats()))

    def _with_roles(self, format_: Format) -> Format:
        if self._options.roles:
            return with_roles(format_, self._options.roles)
        return format_

    def is_record(self, value: Any) -> bool:
        """Return whether a value has the shape of a record."""
        if self._given is not None:
            return fits(self._given, value)
        return detect([value], self._all) is not None

    def is_whole(self, value: Any) -> bool:
        """Return whether a value is a record that can be read."""
        format_ = self._given or detect([value], self._all)
        read = exact(format_, value) if format_ else None
        if not isinstance(read, Instruction):
            return False
        read = answered(read, prompts_only=self._options.prompts_only)
        return isinstance(read, Instruction)

    def of_file(self, values: Sequence[Any]) -> Format | None:
        """Return the named format, else the one that fits most of the values."""
        return self._given or detect(values, self._all)

    def lenient(self, format_: Format | None) -> Format | None:
        """Return the format for a whole file; for exports one that also takes edited records."""
        if format_ is None or format_.__name__ != exported.__name__:
            return format_
        return self._with_roles(restored)

    def fits_any(self, format_: Format, values: Sequence[Any]) -> bool:
        """Return whether a format fits any of the values."""
        return any(fits(format_, value) for value in values)

    def read_by_another(
        self, value: Any, *, shape: str | None
    ) -> tuple[Instruction | Rejection, str | None]:
        """Read a record that the file's format does not fit, and return the name of its format."""
        if self._given is None:
            for other in self._all:
                read = other(value)
                if read is not None:
                    return read, other.__name__
        kind = f"it is {kind_of(value)}"
        if isinstance(value, dict):
            kind = f"its keys are {listed(value)}"
        return Rejection("unknown_shape", f"none of the keys of {shape}; {kind}"), None
