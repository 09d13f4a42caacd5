from __future__ import annotations

import inspect
import textwrap
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from catalog.errors import CatalogError, MemoryLimitError, OptionError, QueryError
from catalog.kernels.kmeans import kmeans
from catalog.query.added_kernels import add_kernel
from catalog.query.arguments import parameters_of
from catalog.query.executor import Limits
from catalog.query.kernels import kernel, kernel_names
from catalog.query.parse import parameters, tree
from catalog.query.planner import plan
from catalog.query.session import session
from catalog.query.source_text import SourceText
from catalog.query.sources import SOURCES
from catalog.query.stream import run
from catalog.selection.explain import script
from catalog.store.store import Store
from tests.query.conftest import read_cases
from tests.quick import few_of, one_in

GIVEN = {"pool": "tiny@1", "seed": 5}
PLANS = dict(read_cases("plans"))
RUN = (
    "a pool is a macro over stored tables, under its own name",
    "trajectories are read by a step",
    "a kernel over a CTE by name alone",
    "a kernel directly in a kernel",
    "names and columns of CTEs, materialised and recursive ones",
    "scores have a column a name",
    "in a pivot",
    "a source by name alone gives a kernel every column",
    "a kernel over two relations",
)


def test_a_text_becomes_what_its_pair_says(store: Store, pair: str) -> None:
    written, becomes = pair.split("\n-- becomes\n")
    with session(store) as opened:
        planned = plan(opened.connection, SourceText.of(written), GIVEN)
    assert script(planned) == becomes


def test_a_text_is_read_once(store: Store) -> None:
    text = SourceText.of("SELECT n FROM kmeans((FROM pool($pool)), k => 2), range($n) AS t(n)")
    with session(store) as opened:
        assert tree(opened.connection, text) is tree(opened.connection, text)
        assert parameters(opened.connection, text) == {"pool", "n"}


def test_an_error_after_a_call_that_was_replaced_points_at_what_was_written(store: Store) -> None:
    sql = (
        "SELECT *\nFROM pool('tiny') AS a, score('tiny', name => 'ifd') AS b,\n  kmeans(a, j => 2)"
    )
    with pytest.raises(QueryError, match=r"query:3:13: .* no argument j"):
        run(store, sql)
    with pytest.raises(QueryError, match=r"query:1:38: score\(\.\.\.\) returns a relation"):
        run(store, "SELECT * FROM pool('tiny') WHERE 1 < score('tiny')")


@pytest.mark.parametrize("title", few_of(list(PLANS), *RUN))
def test_what_a_text_becomes_runs(store: Store, title: str) -> None:
    written, _ = PLANS[title].split("\n-- becomes\n")
    assert run(store, written, parameters=GIVEN).num_columns > 0


def test_a_kernel_in_sql_is_the_python_function(store: Store) -> None:
    points = run(
        store,
        "SELECT instruction_id, fingerprint, losses FROM trajectories('tiny', proxy => 'tiny')",
    )
    expected = kmeans(points, k=4, iterations=7, seed=3)
    sql = """
    WITH points AS (
        SELECT instruction_id, fingerprint, losses FROM trajectories($pool, proxy => 'tiny')
    )
    SELECT * FROM kmeans(points, k => $k, iterations => 3 + 4, seed => $seed)
    """
    answer = run(store, sql, parameters={"pool": "tiny", "k": 4, "seed": 3})
    assert answer.sort_by("fingerprint").to_pylist() == expected.sort_by("fingerprint").to_pylist()


def test_a_kernel_draws_with_the_seed_that_is_given_when_the_text_names_none(store: Store) -> None:
    sql = (
        "SELECT fingerprint, cluster FROM kmeans((FROM embeddings('tiny')), k => 5{seed}) "
        "ORDER BY 1"
    )
    anew = Limits(use_cache=False)
    told = [run(store, sql.format(seed=f", seed => {seed}"), limits=anew) for seed in (0, 1)]
    assert run(store, sql.format(seed=""), parameters={"seed": 1}, limits=anew) == told[1]
    assert run(store, sql.format(seed=""), limits=anew) == told[0]


def test_token_states_reach_a_kernel_as_they_were_stored(store: Store) -> None:
    sql = (
        "SELECT * FROM log_det((SELECT instruction_id, fingerprint, states FROM "
        "token_states('tiny')), budget => 3) ORDER BY rank"
    )
    answer = run(store, sql)
    ids = np.arange(5, 40)
    gains = [
        np.linalg.slogdet(np.eye(2) + sum(np.outer([i, t], [i, t]) for t in range(i % 4 + 1)))[1]
        for i in ids
    ]
    assert answer["instruction_id"].to_pylist()[0] == ids[int(np.argmax(gains))]
    assert answer["gain"].to_pylist()[0] == pytest.approx(max(gains), rel=1e-6)


@pytest.mark.parametrize(
    ("sql", "message"),
    one_in(
        2,
        [
            (
                "SELECT *\nFROM kmeans((SELECT 1), k => 3, itertions => 4)",
                "2:33: kmeans has no argument itertions; did you mean iterations?",
            ),
            (
                "SELECT *\nFROM kmean((SELECT 1), k => 3)",
                "2:6: there is no table function kmean; did you mean kmeans?",
            ),
            ("SELECT * FROM kmeans(k => 3)", "1:15: kmeans needs points: kmeans((SELECT ...)"),
            (
                "SELECT * FROM kmeans((SELECT 1), (SELECT 2))",
                "1:34: kmeans takes 1 argument(s) without a name",
            ),
            ("SELECT * FROM kmeans(3, k => 3)", "1:22: kmeans expects a relation here"),
            ("SELECT * FROM kmeans('few', k => 3)", "1:22: kmeans expects a relation here"),
            (
                "SELECT * FROM kmeans((FROM embeddings('tiny')), k => 'many')",
                "1:15: kmeans: k expects an integer, not 'many'",
            ),
            (
                "SELECT * FROM kmeans((FROM embeddings('tiny')), k => 2.5)",
                "1:15: kmeans: k expects an integer",
            ),
            (
                "SELECT * FROM kmeans((FROM embeddings('tiny')), start => 'anywhere')",
                "1:15: kmeans: start expects 'k-means++' or 'random'",
            ),
            ("SELECT * FROM kmeans((FROM embeddings('tiny')), k => 0)", "1:15: "),
            (
                "SELECT * FROM log_det((FROM embeddings('tiny')))",
                "1:15: log_det needs budget: log_det((SELECT ...), budget => an integer",
            ),
            ("SELECT * FROM\n kmeans((SELECT nothing FROM embeddings('tiny')), k => 2)", "2:17: "),
            ("SELECT * FROM kmeans((FROM embeddings('tiny')), k => nothing)", "1:54: "),
            (
                "SELECT * FROM pool('tiny') AS p, kmeans((SELECT p.prompt), k => 2)",
                '1:49: Referenced table "p" not found',
            ),
            ("SELECT * FROM main.kmeans((FROM embeddings('tiny')), k => 2)", "1:15: kmeans"),
            (
                "SELECT * FROM kmeans((FROM embeddings('tiny')), k => 2) WITH ORDINALITY",
                "1:15: kmeans",
            ),
            ("SELECT kmeans(1)", "1:8: kmeans(...)"),
            (
                (
                    "WITH RECURSIVE r AS (SELECT 1 UNION ALL SELECT cluster FROM kmeans((FROM "
                    "r), k => 1)) FROM r"
                ),
                "Table with name r does not exist",
            ),
            (
                "SELECT * FROM kmeans((SELECT * FROM kmeans((SELECT frob(1)), k => 1)), k => 2)",
                "1:52: Scalar Function with name frob",
            ),
        ],
    ),
)
def test_the_error_for_a_wrong_call_has_its_location_and_a_next_step(
    store: Store, sql: str, message: str
) -> None:
    with pytest.raises(CatalogError) as caught:
        run(store, sql)
    assert f"query:{message}" in str(caught.value) or (
        not message[0].isdigit() and message in str(caught.value)
    )
    assert "\n" not in str(caught.value)
    assert "__fn" not in str(caught.value)


def test_a_kernels_own_error_keeps_its_class_and_gets_the_place(store: Store) -> None:
    with pytest.raises(OptionError, match=r"^query:2:6: .*k"):
        run(store, "SELECT *\nFROM kmeans((FROM embeddings('tiny')), k => -1)")


def test_memory_reaches_the_kernel(store: Store) -> None:
    sql = (
        "SELECT * FROM near_duplicates((SELECT instruction_id, fingerprint, prompt FROM "
        "pool('tiny')))"
    )
    with pytest.raises(
        MemoryLimitError, match=r"^query:1:15: near_duplicates of 35 texts .* may use 95 MiB"
    ):
        run(store, sql, limits=Limits(memory="100MB"))


def test_every_function_has_a_signature_that_sql_can_be_checked_against() -> None:
    assert {"kmeans", "log_det", "near_duplicates"} <= kernel_names()
    for name in kernel_names():
        parameters = parameters_of(kernel(name).function)
        first = next(iter(parameters.values()))
        assert first.annotation is pa.Table
        assert all(
            p.kind is inspect.Parameter.KEYWORD_ONLY
            for p in parameters.values()
            if p.annotation is not pa.Table
        ), name
    for name, source in SOURCES.items():
        assert [*parameters_of(source)][1] == "ref", name


def test_no_kernel_has_the_name_of_a_function_of_duckdbs(store: Store) -> None:
    taken = set(
        run(store, "SELECT DISTINCT function_name FROM duckdb_functions()")[
            "function_name"
        ].to_pylist()
    )
    # The scalar function map stays DuckDB's: only a call in FROM reads a map of members.
    assert (kernel_names() | SOURCES.keys()) & taken == {"map"}


def test_a_kernel_keeps_no_writer_waiting(store: Store, tmp_path: Path) -> None:
    slow = """
    from pathlib import Path
    import pyarrow as pa
    from catalog.kernels import kernel
    from catalog.store.store import Store

    @kernel(version=1, adds={})
    def writes_meanwhile(rows: pa.Table, *, folder: str) -> pa.Table:
        with Store(Path(folder), wait=1).writing() as connection:
            connection.execute(
                "INSERT INTO tags VALUES ('tiny', 'meanwhile', 1, TIMESTAMP '2026-01-03')"
            )
        return rows
    """
    (tmp_path / "writes_meanwhile.py").write_text(textwrap.dedent(slow))
    add_kernel(store, str(tmp_path / "writes_meanwhile.py"))
    sql = "SELECT count(*) AS n FROM writes_meanwhile((SELECT 1 AS x), folder => $folder), tags"
    assert run(store, sql, parameters={"folder": str(store.path)}).to_pylist() == [{"n": 2}]


def test_an_unknown_table_that_is_not_ours_is_duckdbs_to_tell(store: Store) -> None:
    with pytest.raises(
        QueryError, match=r"^query:1:15: Table with name poools does not exist; Did you mean"
    ):
        run(store, "SELECT * FROM poools")
