"""Maps: a place on a plane of every instruction."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal, get_args

from catalog.command import Command
from catalog.signals.options import Options, option
from catalog.signals.signal_kind import SignalKind

Layout = Literal["tsne", "umap", "pca"]


def layouts(names: Collection[str]) -> list[str]:
    """Return the names of maps, first the one that is read where none is named.

    >>> layouts(["pca", "tsne"])
    ['tsne', 'pca']
    """
    return [each for each in get_args(Layout) if each in names]


@dataclass(frozen=True, kw_only=True)
class MapOptions(Options):
    """Options of `catalog map`."""

    method: Layout = option(
        "tsne",
        choices=("tsne", "umap", "pca"),
        identity=None,  # the name of a map
        help="How members are laid out: tsne, umap (needs catalog[umap]) or pca.",
    )


KIND = SignalKind(
    name="map",
    noun="map",
    sql_argument="method",
    example=MapOptions.method,
    options=MapOptions,
    command=Command(("map",), "map", ("{ref}",), (("method", "{name}"),)),
    bytes_per_value=4,
    values_per_instruction=2,
)
