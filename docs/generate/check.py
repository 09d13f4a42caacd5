"""Check a built site: no page loads a script, style, font or picture from another host.

Run: python docs/generate/check.py SITE
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

LOADED = re.compile(
    r"""<(?:script|img|iframe|source|video|audio|embed)\b[^>]*\bsrc=["']?((?:https?:)?//[^"'\s>]+)"""
    r"""|<link\b(?![^>]*rel=["']?canonical)[^>]*\bhref=["']?((?:https?:)?//[^"'\s>]+)"""
)
STYLED = re.compile(r"""(?:url\(\s*["']?|@import\s+["'])((?:https?:)?//[^"')\s]+)""")


def foreign(site: Path) -> dict[str, list[str]]:
    """Return the addresses on other hosts that pages and styles load, by file."""
    by_file: dict[str, list[str]] = {}
    for path in site.rglob("*"):
        pattern = {".html": LOADED, ".css": STYLED}.get(path.suffix)
        matches = pattern.findall(path.read_text(encoding="utf-8")) if pattern else []
        if matches:
            by_file[str(path.relative_to(site))] = ["".join(match) for match in matches]
    return by_file


if __name__ == "__main__":
    loaded = foreign(Path(sys.argv[1]))
    sys.exit("\n".join(f"{name} loads {', '.join(loaded[name])}" for name in loaded) or None)
