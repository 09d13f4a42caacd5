"""Values of options that choose how records are read, apart from the code that reads them."""

from __future__ import annotations

TREE_MODES = ("paths", "best")
"""How a tree of messages is read: every path from the root to a leaf, or the best-ranked one."""
