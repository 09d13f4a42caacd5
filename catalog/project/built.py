"""Result of a build."""

from __future__ import annotations

from dataclasses import dataclass

from catalog.notebook import NotebookResult


@dataclass(frozen=True)
class Built:
    """Node that a build made.

    Attributes:
        node: its kind and name.
        why: the reasons.
        summary: what it is now, in one line.
        warnings: what a user should know.
        seconds: that it took.
        reference: the pool or subset that it is now, ``name@version``; None of other nodes.
    """

    node: str
    why: tuple[str, ...]
    summary: str
    warnings: tuple[str, ...]
    seconds: float
    reference: str | None = None


@dataclass(frozen=True)
class Build(NotebookResult):
    """Result of a build.

    Attributes:
        file: the project file.
        made: the nodes that were made, in order.
        n_kept: the nodes that were current.
        left: the nodes that are still not current, such as a score without answers.
        differences: from ``catalog.lock``: under ``--locked`` all, else members that differ though
            no input does.
    """

    file: str
    made: tuple[Built, ...]
    n_kept: int
    left: tuple[str, ...] = ()
    differences: tuple[str, ...] = ()
