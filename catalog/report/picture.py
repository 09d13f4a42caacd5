"""Pictures that commands write: matplotlib figures as PNG or SVG, or in an HTML page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from catalog.errors import OptionError
from catalog.messages import listed
from catalog.store.atomic import new_file, require_writable

PICTURES = (".png", ".svg")
BLUE, GREY, PALE = "#1f5fa8", "#d5d8dc", "#eceef0"


def require_picture(path: Path, endings: Sequence[str] = PICTURES) -> None:
    """Refuse a path at which no picture can be made.

    Raises:
        OptionError: another ending than these, or no such folder.
    """
    if path.suffix.lower() not in endings:
        raise OptionError(f"{path}: a picture ends in {listed(endings)}")
    require_writable(path, overwrite=True)


@contextmanager
def grid_of_axes(n_rows: int, n_columns: int, size: tuple[float, float]) -> Iterator[Any]:
    """Lend a figure and its axes, (n_rows, n_columns), and close the figure.

    Args:
        n_rows: rows of axes.
        n_columns: columns of axes.
        size: inches across and down.
    """
    import matplotlib

    matplotlib.use("agg")
    matplotlib.rcParams["svg.hashsalt"] = "catalog"  # the same picture is the same file
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(
        n_rows, n_columns, figsize=size, squeeze=False, layout="constrained"
    )
    try:
        yield figure, axes
    finally:
        pyplot.close(figure)


def save_picture(figure: Any, path: Path) -> None:
    """Write a figure; the path's ending decides the format."""
    kind = path.suffix.lower().lstrip(".")
    with new_file(path, overwrite=True) as unfinished:
        write_figure(figure, unfinished, kind)


def write_figure(figure: Any, target: Any, kind: str) -> None:
    """Write a figure into a file or a stream as ``png`` or ``svg``, without a date."""
    metadata = {"Date": None} if kind == "svg" else None
    figure.savefig(target, format=kind, dpi=150, metadata=metadata)
