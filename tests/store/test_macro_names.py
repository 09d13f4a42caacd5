"""The migration that gives macros and columns their new names."""

import hashlib
import json
import re
import tarfile
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from catalog import Catalog
from catalog.query.provenance import macro_sha256
from catalog.selection.definition import definition_sha256
from catalog.store.macro_names import (
    MACROS,
    SHA256,
    WORDS,
    definition_sha256_of,
    definition_with_new_names,
    with_new_names,
)
from catalog.store.migrate import known_migrations, migrate
from catalog.store.paths import package_data_dir

FIXTURES = Path(__file__).parents[1] / "fixtures"
MIGRATION = next(package_data_dir("migrations").glob("*_macro_names.sql"))
SELECTORS = re.findall(r"\('(\w+)', '(\w{64})'\)", MIGRATION.read_text())
OLD_NAMES = {new: old for old, new in WORDS.items()}


def with_old_names(sql: str) -> str:
    return re.sub(r"\w+", lambda match: OLD_NAMES.get(match[0], match[0]), sql)


@pytest.fixture(scope="module")
def old_definitions(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, str]]:
    """Return the selector and the SQL of every subset that 0.1 made."""
    folder = tmp_path_factory.mktemp("old")
    with tarfile.open(FIXTURES / "catalog-0.1.tar.xz") as archive:
        archive.extractall(folder, filter="data")
    with duckdb.connect(str(folder / "catalog-0.1" / "catalog.duckdb"), read_only=True) as database:
        return database.execute("SELECT selector, definition ->> 'sql' FROM subsets").fetchall()


def test_the_catalog_s_own_selectors_get_new_columns(
    old_definitions: list[tuple[str, str]],
) -> None:
    hashed = {(name, hashlib.sha256(sql.encode()).hexdigest()) for name, sql in old_definitions}
    assert set(SELECTORS) <= hashed
    for name, old in old_definitions:
        is_built_in = (name, hashlib.sha256(old.encode()).hexdigest()) in SELECTORS
        new = with_new_names(old, is_built_in)
        assert is_built_in == ({"turn", "drawn", "taken"} & set(old.split()) != set())
        assert not WORDS.keys() & set(new.split())
        assert with_old_names(new) == old


def test_the_hashes_of_the_macros_are_those_of_their_new_texts() -> None:
    new = macro_sha256(*MACROS.values())
    assert set(SHA256.values()) == set(new.values())
    old = {
        old: sha256 for old in MACROS for sha256, now in SHA256.items() if now == new[MACROS[old]]
    }
    content = {"sql": "SELECT lot(a, 1)", "macros": {**old, "prompt_of": "0" * 64}, "signals": []}
    answer = json.loads(definition_with_new_names(json.dumps(content), False))
    assert answer["macros"] == {**new, "prompt_of": "0" * 64}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("SELECT Draw(f, 1), 'draw(f)'", "SELECT uniform_hash(f, 1), 'draw(f)'"),
        (
            "SELECT 'é', drawn_key(lot(f, 1), 2, 3) -- lot(f)",
            "SELECT 'é', weighted_sample_key(shuffle_key(f, 1), 2, 3) -- lot(f)",
        ),
        (
            'WITH lot(a) AS (SELECT 1) SELECT "draw" (a, 1) AS draw FROM lot AS drawn(turn)',
            "WITH lot(a) AS (SELECT 1) SELECT uniform_hash (a, 1) AS draw FROM lot AS drawn(turn)",
        ),
        ("SELECT lot(f).draw(1)", "SELECT shuffle_key(f).uniform_hash(1)"),
        ("SELECT $draw, drawn FROM a.lot WHERE turn = draw /* ( */ (a)", None),
        ("no query: draw(f)", "no query: draw(f)"),
    ],
)
def test_a_user_s_text_keeps_everything_but_calls(old: str, new: str | None) -> None:
    expected = old.replace("draw /*", "uniform_hash /*") if new is None else new
    assert with_new_names(old, False) == expected
    assert with_new_names(expected, False) == expected


def test_a_catalog_from_before_selects_the_same_subsets(
    catalog: Catalog, jsonl: Callable[..., Path], tmp_path: Path
) -> None:
    catalog.register(
        jsonl([{"instruction": f"q {i}", "output": f"a {i}"} for i in range(9)]), pool="p"
    )
    mine = tmp_path / "mine.sql"
    mine.write_text(
        "-- summary: Draw.\nSELECT instruction_id, 1 AS turn FROM pool($pool)\n"
        "ORDER BY shuffle_key(fingerprint, $seed) LIMIT $budget"
    )
    catalog.add_selector(mine)
    for name in ("random", "mine"):
        catalog.select(name, "p", budget=4, name=f"of_{name}")
    before = rows(catalog)
    age(catalog)
    assert rows(catalog) != before
    known = known_migrations()[:11]
    with duckdb.connect(str(catalog.store.database)) as connection:
        later = connection.sql("FROM migrations WHERE number > 11").fetchall()
        connection.execute("DELETE FROM migrations WHERE number >= 11")
        assert [each.path for each in migrate(connection, known)] == [MIGRATION.name]
        connection.executemany(
            f"INSERT INTO migrations VALUES ({', '.join('?' * len(later[0]))})", later
        )
    assert rows(catalog) == before
    for name in ("random", "mine"):
        assert catalog.verify(f"of_{name}").is_same
        assert not catalog.select(name, "p", budget=4, name=f"of_{name}").is_new


def rows(catalog: Catalog) -> list[tuple[object, ...]]:
    """Return everything that the migration may change."""
    with catalog.store.reading() as connection:
        return connection.sql(
            "SELECT name, definition, definition_sha256, selector_text, list(why ORDER BY rank) "
            "FROM subsets JOIN subset_members USING (subset_id) GROUP BY ALL "
            "UNION ALL SELECT name, NULL, NULL, text, NULL FROM selectors ORDER BY ALL"
        ).fetchall()


def age(catalog: Catalog) -> None:
    """Put the old names into a catalog, as the code before the migration wrote them."""
    with catalog.store.writing() as connection:
        for subset_id, definition, text in connection.sql(
            "SELECT subset_id, definition, selector_text FROM subsets"
        ).fetchall():
            content = json.loads(definition)
            content["sql"] = with_old_names(content["sql"])
            old_hash = {new: old for old, new in SHA256.items()}
            content["macros"] = {
                OLD_NAMES.get(name, name): old_hash.get(sha256, sha256)
                for name, sha256 in content["macros"].items()
            }
            values = {
                "id": subset_id,
                "definition": json.dumps(content, sort_keys=True, ensure_ascii=False),
                "sha256": definition_sha256(content),
                "text": with_old_names(text),
            }
            connection.execute(
                "UPDATE subsets SET definition = $definition, definition_sha256 = $sha256, "
                "selector_text = $text WHERE subset_id = $id",
                values,
            )
        for name, text in connection.sql("SELECT name, text FROM selectors").fetchall():
            values = {"name": name, "text": with_old_names(text)}
            connection.execute("UPDATE selectors SET text = $text WHERE name = $name", values)
        connection.execute(
            "UPDATE subset_members SET why = replace(why::VARCHAR, '\"sampled\"', '\"drawn\"')"
        )


def test_the_hash_of_a_definition_is_that_of_the_catalog() -> None:
    signal = {"name": "a", "precision": None, "lance_version": 3}
    content = {"sql": "é", "budget": 1e-7, "budget_asked": "1", "signals": [signal]}
    assert definition_sha256_of(json.dumps(content)) == definition_sha256(content)
