"""A run to be killed: indexes the words of a pool in small steps, and prints each.

Run: python run_index.py HOME
"""

# ruff: noqa: T201 -- what it prints is what it is for
from __future__ import annotations

import sys
from pathlib import Path

from catalog import Catalog
from catalog.compute import full_text

if __name__ == "__main__":
    full_text.SHARD_ROWS = 8
    catalog = Catalog.open(Path(sys.argv[1]))
    catalog.index("p", text=True, progress=lambda *_: print(flush=True))
