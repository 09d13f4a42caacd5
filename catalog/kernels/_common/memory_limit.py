"""Check the memory that a kernel needs before it starts."""

from __future__ import annotations

from catalog.errors import MemoryLimitError


def require_memory(needed: int, memory: int | None, *, purpose: str, instead: str) -> None:
    """Refuse a computation that cannot fit.

    Args:
        needed: bytes that the computation holds at its peak, its input left out.
        memory: bytes that it may hold; None means no limit.
        purpose: what needs them, for the message, e.g. ``"kmeans of 1,000,000 x 20"``.
        instead: the next step, for the message, e.g. ``"fit on a sample: sample => 50000"``.

    Raises:
        MemoryLimitError: ``needed`` exceeds ``memory``.

    >>> require_memory(10 * 2**20, 2**30, purpose="a small thing", instead="nothing")
    >>> require_memory(3 * 2**30, 2**30, purpose="k_center of 9 x 9", instead="use fewer")
    Traceback (most recent call last):
    ...
    catalog.errors.MemoryLimitError: k_center of 9 x 9 needs 3.0 GiB and may use 1.0 GiB: use fewer
    """
    if memory is not None and needed > memory:
        raise MemoryLimitError(
            f"{purpose} needs {gib(needed)} and may use {gib(memory)}: {instead}"
        )


def gib(n_bytes: int) -> str:
    """Return bytes as a person reads them.

    >>> gib(1536 * 2**20), gib(5 * 2**20)
    ('1.5 GiB', '5 MiB')
    """
    if n_bytes >= 2**30:
        return f"{n_bytes / 2**30:.1f} GiB"
    return f"{n_bytes / 2**20:.0f} MiB"
