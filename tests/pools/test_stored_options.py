"""Options of loads that an earlier version stored under another name."""

import json
from collections.abc import Callable
from pathlib import Path

from catalog import Catalog
from catalog.store.migrate import known_migrations


def test_a_stored_map_becomes_fields(catalog: Catalog, jsonl: Callable[..., Path]) -> None:
    fields = {"prompt": "ask", "response": '"map":{'}
    catalog.register(jsonl([{"ask": "q", '"map":{': "a"}]), pool="p", fields=fields)
    (migration,) = [item for item in known_migrations() if item.name == "fields"]
    with catalog.store.writing() as connection:
        ((text,),) = connection.sql("SELECT options FROM pool_versions").fetchall()
        stored = json.loads(text)
        stored = {"format": stored["format"], "map": stored["fields"]}
        connection.execute("UPDATE pool_versions SET options = ?", [json.dumps(stored)])
        connection.execute(migration.text)
        ((text,),) = connection.sql("SELECT options FROM pool_versions").fetchall()
    assert json.loads(text) == {"format": "auto", "fields": fields}
