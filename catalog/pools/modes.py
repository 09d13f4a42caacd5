"""Values of options of pools, apart from the code that they are for."""

from __future__ import annotations

from typing import Literal

TREE_MODES = ("paths", "best")
"""How a tree of messages is read: every path from the root to a leaf, or the best-ranked one."""

Mark = Literal["good", "bad", "none"]
MARKS: tuple[Mark, ...] = ("good", "bad", "none")
"""What a member can be marked as; none removes the mark."""
