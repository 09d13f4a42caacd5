"""Selections in other engines: the same members in the same order."""

from __future__ import annotations

import hashlib
import shlex
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from sqlglot import parse_one

from catalog import Catalog
from catalog.cli import main
from catalog.errors import OptionError, QueryError, SignalError
from catalog.query.meaning.engines.portable import calls_here
from catalog.query.meaning.engines.rewrite import ENGINES, rewritten
from catalog.query.source_text import location
from catalog.selection.definition import Definition, define
from catalog.selection.elsewhere import translation_of
from catalog.selection.run import choose
from catalog.selection.selector import find_selector, read_selector
from tests.quick import one_in

SELECTORS = sorted((Path(__file__).resolve().parents[3] / "selectors").glob("*.sql"))

TIES = """
INSERT INTO signals (signal_id, kind, name, identity_sha256, identity, dimension, lance_table,
    details, created_at)
VALUES (7, 'score', 'coarse', 's7', '{}', NULL, NULL, '{}', TIMESTAMP '2026-01-04');
INSERT INTO shards (signal_id, shard, n_instructions, n_missing, n_tokens, n_truncated,
    lance_version, seconds, committed_at)
VALUES (7, 0, 40, 0, 0, 0, NULL, 1.0, TIMESTAMP '2026-01-04');
INSERT INTO signal_members SELECT 7, i, 0 FROM range(40) AS t(i) WHERE i % 7 <> 0;
INSERT INTO signal_gaps SELECT 7, i, 0, 'empty_response' FROM range(40) AS t(i) WHERE i % 7 = 0;
INSERT INTO scores
SELECT 7, i, CASE WHEN i % 7 <> 0 THEN (i % 3) / 10 END,
    CASE WHEN i % 7 = 0 THEN 'empty_response' END
FROM range(40) AS t(i);
SELECT nextval('subset_ids');
"""

OWN = {
    "shuffled": "SELECT instruction_id, row_number() OVER (PARTITION BY source "
    "ORDER BY shuffle_key(fingerprint, 'mine ' || $seed)) AS \"The Round\" FROM pool($pool) "
    "ORDER BY \"the round\", source = 'math', shuffle_key(fingerprint, $seed) LIMIT $budget",
    "joined": "WITH a AS (SELECT instruction_id, fingerprint, value AS v "
    "FROM score($pool, name => 'coarse')), b AS (SELECT * EXCLUDE (v), "
    "CASE WHEN v > 0.05 THEN v * 2 ELSE -1 END AS w FROM a) "
    "SELECT instruction_id, w, depth FROM b JOIN scores($pool) USING (instruction_id, fingerprint) "
    "WHERE ifd IS NOT NULL ORDER BY w DESC, coalesce(depth, 0), fingerprint LIMIT $budget",
    "nulls_first": "SELECT instruction_id, value FROM score($pool, name => 'coarse') "
    "ORDER BY value NULLS FIRST, fingerprint LIMIT $budget",
    "union": "SELECT instruction_id FROM (SELECT instruction_id, fingerprint FROM pool('few') "
    "UNION ALL SELECT instruction_id, fingerprint FROM pool($pool) "
    "WHERE instruction_id NOT IN (SELECT instruction_id FROM subset('few'))) "
    "ORDER BY uniform_hash(fingerprint, 3) DESC, fingerprint LIMIT $budget",
    "lengths": "SELECT instruction_id, length(prompt) + length(response) AS n FROM pool($pool) "
    "ORDER BY n DESC, fingerprint LIMIT $budget",
}
BUILT_IN = {
    "depth_only": {"depth": "coarse"},
    "ifd": {"score": "ifd", "most": 0.2},
    "middle_perplexity": {"score": "coarse"},
    "random": {},
}


@pytest.fixture(scope="module")
def catalog(filled: Path, tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    home = Path(shutil.copytree(filled, tmp_path_factory.mktemp("engines") / "catalog"))
    catalog = Catalog.open(home, isolated=False)
    with catalog.store.writing() as connection:
        connection.execute(TIES)
    return catalog


@pytest.fixture(scope="module")
def cases(
    catalog: Catalog, tmp_path_factory: pytest.TempPathFactory
) -> list[tuple[Definition, list[str]]]:
    """Each selection, and its members in the catalog."""
    folder = tmp_path_factory.mktemp("own")
    for name, text in OWN.items():
        (folder / f"{name}.sql").write_text(f"-- summary: A test.\n{text}", encoding="utf-8")
    asked: dict[str, dict[str, Any]] = {
        **BUILT_IN,
        **{str(folder / f"{name}.sql"): {} for name in OWN},
    }
    found = []
    for selector, settings in asked.items():
        options: dict[str, Any] = {"budget": 17, "settings": settings, "seed": 5}
        method = find_selector(catalog.store, selector)
        definition = define(catalog.store, method, ref="tiny", **options)
        members = choose(catalog.store, definition).members
        found.append((definition, members["fingerprint"].to_pylist()))
    return found


@pytest.fixture(scope="module")
def written(catalog: Catalog, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Run the command that writes a table, once, and return the file."""
    folder = tmp_path_factory.mktemp("tables")

    def write(command: str) -> Path:
        *words, file = shlex.split(command)[1:]
        path = folder / f"{hashlib.md5(command.encode()).hexdigest()}-{file}"
        if not path.exists():
            answer = CliRunner().invoke(
                main, ["--home", str(catalog.store.path), *words, str(path)]
            )
            assert answer.exit_code == 0, f"{command}\n{answer.output}"
        return path

    return write


Answers = Callable[[dict[str, Path], str], list[str]]


def holds(
    catalog: Catalog, cases: Any, written: Any, dialect: str, answer: Answers, *, without: str = ""
) -> None:
    """Hold an engine's answers against the catalog's."""
    for definition, members in cases:
        if definition.selector.name == without:
            continue
        query = translation_of(catalog.store, definition, dialect)
        name = definition.selector.name
        files = {table.name: written(table.command) for table in query.tables}
        assert len(members) > 3, name
        assert answer(files, query.sql) == members, f"{name}\n{query.text()}"


def test_sqlite_selects_the_same_members_in_the_same_order(
    catalog: Catalog, cases: Any, written: Any
) -> None:
    def answer(files: dict[str, Path], sql: str) -> list[str]:
        connection = sqlite3.connect(":memory:")
        connection.create_function("MD5", 1, lambda text: hashlib.md5(text.encode()).hexdigest())
        for name, file in files.items():
            types = {field.name: field.type for field in pq.read_schema(file)}
            columns = [column for column, type_ in types.items() if not pa.types.is_nested(type_)]
            rows = pq.read_table(file, columns=columns).to_pylist()
            listed = ", ".join(f'"{column}"' for column in columns)
            connection.execute(f'CREATE TABLE "{name}" ({listed})')
            values = [tuple(row[column] for column in columns) for row in rows]
            marks = ", ".join("?" * len(columns))
            connection.executemany(f'INSERT INTO "{name}" VALUES ({marks})', values)
        found = [row[0] for row in connection.execute(sql)]
        connection.close()
        return found

    holds(catalog, cases, written, "sqlite", answer)


def test_datafusion_selects_the_same_members_in_the_same_order(
    catalog: Catalog, cases: Any, written: Any
) -> None:
    datafusion = pytest.importorskip("datafusion", reason="needs the extra `engines`")

    def answer(files: dict[str, Path], sql: str) -> list[str]:
        context = datafusion.SessionContext()
        for name, file in files.items():
            context.register_parquet(name, str(file))
        return list(context.sql(sql).to_pydict()["instruction_id"])

    # DataFusion 55 cannot plan a sort over this union: SanityCheckPlan.
    holds(catalog, cases, written, "postgres", answer, without="union")


def test_clickhouse_selects_the_same_members_in_the_same_order(
    catalog: Catalog, cases: Any, written: Any
) -> None:
    chdb = pytest.importorskip("chdb", reason="needs the extra `engines`")
    from chdb.session import Session

    assert chdb.__version__
    with Session() as session:

        def answer(files: dict[str, Path], sql: str) -> list[str]:
            for name, file in files.items():
                session.query(f'DROP TABLE IF EXISTS "{name}"')
                session.query(
                    f'CREATE TABLE "{name}" ENGINE = Memory AS '
                    f"SELECT * FROM file('{file}', Parquet)"
                )
            text = session.query(f"SELECT instruction_id FROM ({sql})", "CSV").bytes().decode()
            return [line.strip('"') for line in text.split()]

        holds(catalog, cases, written, "clickhouse", answer)


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    pyspark = pytest.importorskip("pyspark", reason="needs pyspark")
    if not shutil.which("java"):
        pytest.skip("needs a Java virtual machine")
    session = (
        pyspark.sql.SparkSession.builder.master("local[1]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", "1")
        .getOrCreate()
    )
    yield session
    session.stop()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # Spark starts its virtual machine by a fork
def test_spark_selects_the_same_members_in_the_same_order(
    catalog: Catalog, cases: Any, written: Any, spark: Any
) -> None:
    def answer(files: dict[str, Path], sql: str) -> list[str]:
        for name, file in files.items():
            spark.read.parquet(str(file)).createOrReplaceTempView(name)
        return [row["instruction_id"] for row in spark.sql(sql).collect()]

    holds(catalog, cases, written, "spark", answer)


@pytest.mark.slow
def test_every_portable_selection_is_written_for_every_engine(catalog: Catalog, cases: Any) -> None:
    with catalog.store.reading() as connection:
        for definition, _ in cases:
            for dialect in ENGINES:
                query = rewritten(connection, definition.planned, dialect)
                assert query.tables, definition.selector.name
                parse_one(query.sql, dialect=dialect)


@pytest.mark.parametrize(
    ("text", "place"),
    one_in(2, [
        ("SELECT instruction_id, value FROM score($pool, name => 'ifd')\nORDER BY sqrt(value), "
         "fingerprint LIMIT $budget", (3, 10)),
        ("SELECT instruction_id FROM pool($pool)\nORDER BY source, fingerprint LIMIT $budget",
         (3, 10)),
        ("SELECT instruction_id FROM pool($pool)\nORDER BY instruction_id LIMIT $budget", (3, 10)),
        ("SELECT instruction_id FROM pool($pool)\nWHERE uniform_hash(fingerprint, 1) < 0.5 "
         "ORDER BY fingerprint LIMIT $budget", (3, 7)),
        ("WITH a AS (SELECT instruction_id, fingerprint, uniform_hash(fingerprint, 1) AS u "
         "FROM pool($pool))\nSELECT instruction_id FROM a WHERE u > 0.5 "
         "ORDER BY fingerprint LIMIT $budget", (3, 36)),
        ("SELECT instruction_id, weighted_sample_key(fingerprint, $seed, 2)\nAS k "
         "FROM pool($pool) ORDER BY k, fingerprint LIMIT $budget", (2, 24)),
        ("SELECT instruction_id FROM pool($pool)\nWHERE len(labels) > 0 "
         "ORDER BY fingerprint LIMIT $budget", (3, 11)),
        ("SELECT instruction_id, CAST(value AS\nBIGINT) AS v FROM score($pool, name => 'ifd') "
         "ORDER BY v, fingerprint LIMIT $budget", (2, 29)),
    ]),
)  # fmt: skip
def test_what_may_differ_elsewhere_is_refused_with_its_place(
    catalog: Catalog, text: str, place: tuple[int, int]
) -> None:
    selector = read_selector(f"-- summary: A test.\n{text}", name="mine")
    with pytest.raises(QueryError) as raised:
        catalog.translate(selector, "tiny", dialect="spark", budget=3)
    assert str(raised.value.location) == f"mine.sql:{place[0]}:{place[1]}"


@pytest.mark.parametrize(
    ("selector", "call"),
    [("s2l", "kmeans"), ("ila", "project"), ("confidence_curriculum", "trajectories")],
)
def test_what_computes_is_named_with_its_place(catalog: Catalog, selector: str, call: str) -> None:
    settings = {} if selector == "ila" else {"proxy": "tiny"}
    with pytest.raises(QueryError) as raised:
        catalog.translate(selector, "tiny", dialect="trino", settings=settings, budget=3)
    assert call in raised.value.problem
    text = find_selector(catalog.store, selector).text
    place = location(text, text.index(f"{call}("), name=f"{selector}.sql")
    assert str(raised.value.location) == place
    assert raised.value.next_step


def test_a_missing_score_is_an_error_of_its_own(catalog: Catalog) -> None:
    with pytest.raises(SignalError):
        catalog.translate("longest", "tiny", dialect="trino", budget=3)


def test_an_engine_that_is_not_known_is_refused(catalog: Catalog) -> None:
    with pytest.raises(OptionError, match="postgres"):
        catalog.translate("random", "tiny", dialect="klingon", budget=3)


def test_the_methods_that_run_elsewhere_are_those_that_only_read_stored_columns() -> None:
    found = {path.stem for path in SELECTORS if not calls_here(path.read_text(encoding="utf-8"))}
    names = (
        "alpagasus davir depth_only grape high_learnability ifd ifd_ppl least_confidence longest"
    )
    assert found == {*names.split(), "middle_perplexity", "random", "slearnllm"}
