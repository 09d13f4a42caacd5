"""Record the machine and the packages that computed a subset; not part of its definition."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
from functools import cache
from pathlib import Path
from typing import Any

RECORDED = (
    "catalog",
    "duckdb",
    "numpy",
    "polars",
    "pyarrow",
    "pylance",
    "scikit-learn",
    "scipy",
    "torch",
)


_VERSION = re.compile(r"^Version: *(.*\S)", re.MULTILINE)


def environment() -> dict[str, Any]:
    """Return the Python version, the machine, and the versions of the packages that compute."""
    return {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "processor": _processor(),
        "n_cpus": os.cpu_count(),
        "memory_gib": _memory_gib(),
        "packages": dict(_packages()),
    }


@cache
def _packages() -> tuple[tuple[str, str], ...]:
    versions = []
    for package in RECORDED:
        try:
            metadata = importlib.metadata.distribution(package).read_text("METADATA") or ""
        except importlib.metadata.PackageNotFoundError:
            continue
        # `importlib.metadata.version` parses the whole file, which takes ten times as long.
        versions += [(package, version) for version in _VERSION.findall(metadata)[:1]]
    return tuple(versions)


def _memory_gib() -> float | None:
    """Return the machine's memory, or None on a system that does not tell, such as Windows."""
    try:
        n_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return None
    return round(n_bytes / 2**30, 1)


@cache
def _processor() -> str | None:
    """Return the processor's name; Linux keeps it apart from what `platform` asks."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    names = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or None)
