"""Check the arguments of a kernel before it starts."""

from __future__ import annotations

from catalog.errors import OptionError


def require_arguments(*checks: tuple[bool, str], function: str) -> None:
    """Refuse arguments that are out of their range.

    Args:
        checks: whether each argument is in its range, and the message if it is not.
        function: the kernel, for the message.

    Raises:
        OptionError: a check does not hold; the message is that of the first.

    >>> require_arguments((True, "k => 1 must be 1 or more"), function="kmeans")
    """
    for holds, message in checks:
        if not holds:
            raise OptionError(f"{function}: {message}")
