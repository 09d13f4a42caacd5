"""The page of a report inside a notebook."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from catalog.query.executor import Limits
from catalog.report.document import document
from catalog.store.store import Store

N_TEXTS = 500
HEIGHT = 800
"""Pixels."""


@dataclass(frozen=True)
class View:
    """Page that a notebook shows: Jupyter, marimo and others that read ``_repr_html_``.

    Attributes:
        html: the page, a whole document.
        reference: the pool or subset whose members it shows.
        height: pixels.
    """

    html: str
    reference: str
    height: int

    def __repr__(self) -> str:
        return f"View({self.reference!r}, {len(self.html):,} characters)"

    def _repr_html_(self) -> str:
        """Return a frame that holds the page, whose scripts cannot reach the notebook."""
        style = f"width: 100%; height: {self.height}px; border: 0"
        title = escape(self.reference)
        page = escape(self.html)
        frame = f'sandbox="allow-scripts" title="{title}" style="{style}"'
        return f'<iframe {frame} srcdoc="{page}"></iframe>'

    def _repr_mimebundle_(self, **_options: Any) -> dict[str, str]:
        return {"text/html": self._repr_html_(), "text/plain": repr(self)}


def view(
    store: Store,
    references: Sequence[str],
    *,
    n_texts: int = N_TEXTS,
    height: int = HEIGHT,
    limits: Limits | None = None,
) -> View:
    """Return the page of a report for a notebook; the cell holds its data, texts included.

    Args:
        store: the catalog's files and database.
        references: as of `catalog.report.document.report`.
        n_texts: how many members come with their texts.
        height: pixels of the frame.
        limits: memory and time of each query.

    Raises:
        OptionError: no reference is given.
        ReferenceNotFoundError: one of the references is not there.
    """
    made = document(store, references, n_texts=n_texts, limits=limits)
    return View(made.html, made.reference, height)
