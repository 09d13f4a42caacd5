"""Default limits of memory, which start-up reads without the modules that run queries."""

from __future__ import annotations

QUERY_MEMORY = "2GB"
"""Memory of one query."""

SELECTION_MEMORY = "4GB"
"""Memory of one selection, or of another verb that selects, its kernels included."""
