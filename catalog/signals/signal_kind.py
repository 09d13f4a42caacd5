"""What there is to know of one kind of signal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal

from catalog.command import Command
from catalog.signals.options import Options

if TYPE_CHECKING:
    from catalog.signals.kind_options import Kind


@dataclass(frozen=True)
class Computation:
    """Computation whose command, and whose call by `Catalog.compute`, derive from this.

    Attributes:
        function: its module and name, such as ``catalog.compute.states:compute_states``. It takes a
            store and a reference, then by name the inputs and options, ``limit``, ``progress`` and
            ``engine``, and returns a `ComputeReport`.
        help: of the command.
        inputs: what a signal is computed by, such as a model; the command has them first.
        unit: what the bar of the progress counts.
    """

    function: str
    help: str
    inputs: type[Options] = Options
    unit: Literal["instructions", "tokens"] = "instructions"

    def load(self) -> Callable[..., Any]:
        """Import the function."""
        module, _, name = self.function.partition(":")
        function: Callable[..., Any] = getattr(import_module(module), name)
        return function


@dataclass(frozen=True, kw_only=True)
class SignalKind:
    """Kind of signal.

    Attributes:
        name: as the database has it.
        noun: of its values.
        sql_argument: the argument that names one in SQL; None if SQL names none.
        example: a name that a message suggests.
        options: of its computation.
        computation: from which the command derives; None if the command is written by hand.
        command: computes a signal: a template of ``{ref}``, ``{pool}`` and ``{name}``.
        import_command: imports a signal, as a template; None if none can be imported.
        bytes_per_value: on the disk.
        values_per_instruction: where nothing was measured yet.
        vectors_per_instruction: on average; of states, one for each response token.
    """

    name: Kind
    noun: str
    sql_argument: str | None = None
    example: str
    options: type[Options] = Options
    computation: Computation | None = None
    command: Command | None = None
    import_command: Command | None = None
    bytes_per_value: int
    values_per_instruction: int
    vectors_per_instruction: int = 1

    def title(self, name: str | None = None) -> str:
        """Return a signal's title for a message."""
        if name is None:
            return self.noun
        if self.name == "score":
            return f"{self.noun} {name}"
        return f"{self.noun} of {name}"
