"""Files of the page: ES modules that a browser loads, or one document that holds all of them."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "static"
FIRST = "app.js"
MEDIA_TYPES = {
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "css": "text/css; charset=utf-8",
}
IMPORT = re.compile(r"^import \{[^}]*\} from '\./(\w+\.js)';\n", re.MULTILINE)
EXPORT = re.compile(r"^export (?=const|let|function|async|class)", re.MULTILINE)
STYLE = '<link rel="stylesheet" href="style.css">'
SCRIPT = f'<script type="module" src="{FIRST}"></script>'


def policy(scripts: str, *, styles: str = "'self'", connects: str = "'none'") -> str:
    """Return the Content-Security-Policy of the page: nothing but what is named.

    >>> policy("'self'").partition(";")[0]
    "default-src 'none'"
    """
    rules = {
        "default-src": "'none'",
        "script-src": scripts,
        "style-src": styles,
        "connect-src": connects,
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def page_file(path: str) -> tuple[str, bytes] | None:
    """Return the name and content of the file at a path of the server; None if there is none."""
    name = path.lstrip("/") or "index.html"
    files = {file.name: file for file in FOLDER.iterdir()}
    if name in files:
        return name, files[name].read_bytes()
    return None


def one_document(blocks: dict[str, bytes]) -> str:
    """Return the page as one document, which needs no other file.

    Args:
        blocks: data by the id of the element that holds them, which are written as base64.
    """
    style, script = _read("style.css"), linked_script()
    rules = policy(_hash(script), styles=_hash(style))
    data = "\n".join(
        f'<script type="application/octet-stream" id="{name}">{_base64(content)}</script>'
        for name, content in blocks.items()
    )
    meta = f'<meta http-equiv="Content-Security-Policy" content="{rules}">'
    html = _read("index.html")
    html = html.replace('<meta charset="utf-8">', f'<meta charset="utf-8">\n{meta}')
    html = html.replace(STYLE, f"<style>{style}</style>")
    return html.replace(SCRIPT, f'{data}\n<script type="module">{script}</script>')


@cache
def linked_script() -> str:
    """Return all modules as one, each after those that it imports.

    Names at the top of a module are unique among all modules, so that none needs a scope of its
    own.
    """
    return "\n".join(EXPORT.sub("", IMPORT.sub("", _read(name))) for name in module_order())


def module_order() -> list[str]:
    """Return the names of the modules, each after those that it imports."""
    order: list[str] = []

    def visit(name: str) -> None:
        for imported in IMPORT.findall(_read(name)):
            visit(imported)
        if name not in order:
            order.append(name)

    visit(FIRST)
    return order


def _read(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"'sha256-{_base64(hashlib.sha256(text.encode()).digest())}'"


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
