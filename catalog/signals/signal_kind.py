"""What there is to know of one kind of signal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from catalog.command import Command
from catalog.signals.options import Options

if TYPE_CHECKING:
    from catalog.signals.kind_options import Kind


@dataclass(frozen=True)
class SignalKind:
    """Kind of signal.

    Attributes:
        name: as the database has it.
        noun: of its values.
        sql_argument: the argument that names one in SQL; None if SQL names none.
        example: a name that a message suggests.
        options: of its computation.
        command: computes a signal: a template of ``{ref}``, ``{pool}`` and ``{name}``.
        import_command: imports a signal, as a template; None if none can be imported.
        bytes_per_value: on the disk.
        values_per_instruction: where nothing was measured yet.
    """

    name: Kind
    noun: str
    sql_argument: str | None
    example: str
    options: type[Options]
    command: Command | None
    import_command: Command | None
    bytes_per_value: int
    values_per_instruction: int

    def title(self, name: str | None = None) -> str:
        """Return a signal's title for a message."""
        if name is None:
            return self.noun
        if self.name == "score":
            return f"{self.noun} {name}"
        return f"{self.noun} of {name}"
