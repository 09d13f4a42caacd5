"""The catalog's own SQL, one statement a file."""

from __future__ import annotations

from functools import cache

from catalog.store.paths import package_data_dir


@cache
def query(name: str) -> str:
    """The text of ``sql/queries/<name>.sql``.

    >>> query("pools/name").splitlines()[-1]
    'WHERE pool_id = $pool_id'
    """
    return (package_data_dir("sql") / "queries" / f"{name}.sql").read_text(encoding="utf-8")


@cache
def macros() -> tuple[str, ...]:
    """Every ``CREATE MACRO`` of ``sql/macros/``: scalars by name, then the tables that use them."""
    texts = [
        path.read_text(encoding="utf-8")
        for path in sorted((package_data_dir("sql") / "macros").glob("*.sql"))
    ]
    return tuple(sorted(texts, key=lambda text: "AS TABLE" in text))
