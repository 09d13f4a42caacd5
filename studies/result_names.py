"""The names of the results on the page, in its order: those that the Makefile runs, and a few."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
BY_HAND = ("ten_million", "pretrained")
"""Benchmarks that `make benchmarks` leaves out: they take hours or other packages."""


def _listed(variable: str) -> list[str]:
    """Return the names in a list of the Makefile."""
    [names] = re.findall(rf"^{variable} := (.*)$", MAKEFILE, flags=re.MULTILINE)
    return names.split()


BENCHMARKS = (*_listed("BENCHMARKS"), *BY_HAND)
STUDIES = tuple(_listed("STUDIES"))
SIZES = ("generated", "large", "million", "slots")


def with_sizes() -> list[str]:
    """Return the names of results: of every script, and of its options of another size."""
    names = []
    for name in BENCHMARKS:
        source = (ROOT / "benchmarks" / f"{name}.py").read_text(encoding="utf-8")
        names += [name, *(f"{name}_{size}" for size in SIZES if f"--{size}" in source)]
    return names
