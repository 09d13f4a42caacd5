"""The page's server: who may ask, and what an answer may change."""

import http.client
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from catalog import Catalog
from catalog.errors import OptionError, UsageError
from catalog.report.answers import Answers
from catalog.report.page_data import read_page_data
from catalog.report.server import PageServer
from tests.report.conftest import TIMEOUT


def request(
    server: PageServer, method: str, path: str, body: Any = None, **headers: str
) -> tuple[int, bytes, http.client.HTTPMessage]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=TIMEOUT)
    named = {"X-Token": server.token, "Host": f"127.0.0.1:{server.port}"}
    named |= {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, body=json.dumps(body or {}), headers=named)
    answer = connection.getresponse()
    try:
        return answer.status, answer.read(), answer.headers
    finally:
        connection.close()


def ask(server: PageServer, question: str, **options: Any) -> Any:
    status, body, _ = request(server, "POST", f"/ask/{question}", options)
    assert status == 200, body
    return json.loads(body)


@pytest.mark.parametrize(
    "headers",
    [
        {"X_Token": ""},
        {"X_Token": "wrong"},
        {"Host": "evil.example"},
        {"Host": "127.0.0.1:1"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
    ],
)
def test_a_stranger_is_refused(server: PageServer, headers: dict[str, str]) -> None:
    for question in ("page", "rows", "save", "mark"):
        status, body, _ = request(server, "POST", f"/ask/{question}", {"ids": [1]}, **headers)
        assert status == 403
        assert b"answer 1" not in body


def test_files_hold_no_data_and_answers_are_not_read_with_get(server: PageServer) -> None:
    status, body, headers = request(server, "GET", "/", X_Token="")
    assert (status, b"answer" in body) == (200, False)
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self'")
    assert request(server, "GET", "/app.js", X_Token="")[0] == 200
    for path in ("/ask/page", "/ask/rows", "/../server.py", "/%2e%2e/server.py", "/nothing.js"):
        assert request(server, "GET", path)[0] == 404, path
    assert request(server, "GET", "/", Host="evil.example")[0] == 403


def test_the_page_and_its_rows_are_answered(server: PageServer) -> None:
    _, raw, _ = request(server, "POST", "/ask/page")
    length = int.from_bytes(raw[:4], "little")
    header = json.loads(raw[4 : 4 + length])
    assert (header["reference"], header["n"]) == ("p@1", 90)
    names = [column["name"] for column in header["columns"]]
    assert {"x", "y", "source", "drawn@1", "other@1", "quality"} <= set(names)
    first, second = ask(server, "rows", ids=[4, 1])
    assert (first["response"], second["response"]) == ("answer 4", "answer 1")
    assert len(ask(server, "text", text="müsli")) == 86
    assert ask(server, "neighbours", id=7)[0]["id"] % 3 == 7 % 3
    assert ask(server, "why", id=7, subset="drawn@1")


def test_sql_is_limited_as_on_the_command_line(server: PageServer, tmp_path: Path) -> None:
    answer = ask(
        server, "sql", query="SELECT fingerprint, source FROM pool('p') ORDER BY ALL LIMIT 3"
    )
    assert (answer["n"], len(answer["ids"]), answer["columns"]) == (3, 3, ["fingerprint", "source"])
    (tmp_path / "secret.csv").write_text("a\n1\n")
    for query in (
        "DELETE FROM pools",
        "SELECT 1; SELECT 2",
        f"SELECT * FROM read_csv('{tmp_path}/secret.csv')",
        f"COPY (SELECT 1) TO '{tmp_path}/made.csv'",
        "SELECT * FROM nothing",
    ):
        assert request(server, "POST", "/ask/sql", {"query": query})[0] == 400, query
    assert not (tmp_path / "made.csv").exists()


def test_a_cell_of_an_answer_is_cut_and_says_so(server: PageServer) -> None:
    query = "SELECT repeat('x', 1000000) AS text, range(100000) AS list, 9007199254740993 AS large"
    _, body, _ = request(server, "POST", "/ask/sql", {"query": query})
    (text, numbers, large) = json.loads(body)["rows"][0]
    assert len(body) < 1000
    assert text.startswith("xxx")
    assert "999,800" in text
    assert numbers.startswith("[0, 1, 2, ")
    assert large == "9007199254740993"  # a browser's numbers hold 53 bits


def test_a_list_named_fingerprint_means_no_members(server: PageServer) -> None:
    assert ask(server, "sql", query="SELECT [1, 2] AS fingerprint")["ids"] is None


@pytest.mark.parametrize(
    ("question", "options"),
    [
        ("rows", {"ids": [-1]}),
        ("rows", {"ids": [90]}),
        ("rows", {}),
        ("rows", {"others": 1}),
        ("why", {"id": 1, "subset": "nothing"}),
        ("save", {"name": "../up", "sql": "SELECT 1", "budget": 1}),
        ("mark", {"ids": [0], "mark": "fine"}),
        ("mark", {"ids": [], "mark": "good"}),
        ("diff", {"left": "p@1", "right": "nothing"}),
        ("meaning", {"text": "x"}),
    ],
)
def test_a_wrong_question_is_an_error_of_the_asker(
    server: PageServer, question: str, options: dict[str, Any]
) -> None:
    assert request(server, "POST", f"/ask/{question}", options)[0] == 400
    assert request(server, "POST", "/ask/nothing")[0] == 404


SELECTOR = """-- summary: source: maths.
SELECT instruction_id
FROM pool($pool)
WHERE source IN ('maths')
ORDER BY shuffle_key(fingerprint, $seed), fingerprint
LIMIT $budget
"""


def test_a_saved_subset_verifies(server: PageServer, shown: Catalog, folder: Path) -> None:
    saved = ask(server, "save", name="mine", sql=SELECTOR, budget=30)
    assert (saved["reference"], saved["n_members"]) == ("mine@1", 30)
    assert (folder / "mine.sql").read_text() == SELECTOR
    assert shown.verify("mine@1").is_same
    changed = SELECTOR.replace("maths", "code")
    status, body, _ = request(
        server, "POST", "/ask/save", {"name": "mine", "sql": changed, "budget": 30}
    )
    assert status == 400
    assert b"overwrite" not in body  # the page has no such option
    assert (folder / "mine.sql").read_text() == SELECTOR


def test_of_two_that_save_at_once_under_one_name_neither_loses_a_file(
    server: PageServer, folder: Path
) -> None:
    same = {"name": "raced", "sql": SELECTOR, "budget": 30}
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda _: request(server, "POST", "/ask/save", same), range(2)))
    assert [status for status, _, _ in answers] == [200, 200]
    assert (folder / "raced.sql").read_text() == SELECTOR


def test_a_name_of_a_file_that_cannot_be_written_is_an_error_of_the_asker(
    server: PageServer, folder: Path
) -> None:
    (folder / "taken.sql").mkdir()
    wrong = {"name": "taken", "sql": SELECTOR, "budget": 30}
    assert request(server, "POST", "/ask/save", wrong)[0] == 400


def test_a_save_that_fails_leaves_no_file(server: PageServer, folder: Path) -> None:
    wrong = {"name": "failed", "sql": "SELECT 1 FROM nowhere", "budget": 1}
    assert request(server, "POST", "/ask/save", wrong)[0] == 400
    assert not (folder / "failed.sql").exists()
    assert ask(server, "save", name="failed", sql=SELECTOR, budget=30)["n_members"] == 30


def test_without_save_nothing_is_written(server: PageServer, shown: Catalog) -> None:
    answers = Answers(shown.store, server.answers.page)
    before = shown.subsets()
    with pytest.raises(UsageError, match="read-only"):
        answers.save(name="unsaved", sql=SELECTOR, budget=30)
    with pytest.raises(UsageError, match="read-only"):
        answers.mark(ids=[0], mark="good")
    assert shown.subsets().equals(before)
    assert shown.marks("p").is_empty()


def test_a_writer_does_not_wait_for_an_open_page(server: PageServer, shown: Catalog) -> None:
    ask(server, "rows", ids=[1])
    quick = Catalog.open(shown.store.path, wait=5, isolated=False)  # an open page stays for longer
    assert str(quick.tag("p@1", "seen")) == "p@1"


@pytest.mark.parametrize(
    ("question", "options"),
    [("diff", {"left": 5, "right": None}), ("definitions", {"references": [5]})],
)
def test_a_question_of_wrong_types_is_answered(
    server: PageServer, question: str, options: dict[str, Any]
) -> None:
    assert request(server, "POST", f"/ask/{question}", options)[0] == 400


def test_what_the_catalog_cannot_store_is_answered(server: PageServer) -> None:
    assert request(server, "POST", "/ask/mark", {"ids": [0], "note": "\ud800"})[0] == 400
    status, body, _ = request(server, "POST", "/ask/mark", {"ids": [0], "note": ["a list"]})
    assert status == 500
    assert "DuckDB" in json.loads(body)["error"]


def test_a_page_whose_pool_was_dropped_is_answered(
    catalog: Catalog, jsonl: Callable[..., Path]
) -> None:
    catalog.register(jsonl([{"instruction": "a", "output": "b"}]), pool="gone")
    page = read_page_data(catalog.store, "gone", is_saving=True)
    with PageServer(Answers(catalog.store, page)) as opened:
        Thread(target=opened.serve_forever, kwargs={"poll_interval": 0.02}).start()
        catalog.drop("gone")
        for question, options in (("page", {}), ("rows", {"ids": [0]}), ("duplicates", {})):
            status, body, _ = request(opened, "POST", f"/ask/{question}", options)
            assert status == 400
            assert "gone" in json.loads(body)["error"]
        opened.shutdown()


def test_a_query_that_nobody_waits_for_is_stopped(server: PageServer, shown: Catalog) -> None:
    """It holds the database, and a writer waits for it."""
    query = "SELECT count(*) FROM range(1000000000) AS a, range(1000000) AS b"
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=TIMEOUT)
    body, headers = json.dumps({"query": query}), {"X-Token": server.token}
    connection.request("POST", "/ask/sql", body=body, headers=headers)
    time.sleep(0.5)
    connection.close()
    quick = Catalog.open(shown.store.path, wait=20, isolated=False)  # the query may take 60
    assert str(quick.tag("p@1", "unasked")) == "p@1"


def test_a_port_that_is_taken_is_an_error_of_the_option(server: PageServer) -> None:
    with pytest.raises(OptionError, match=str(server.port)):
        PageServer(server.answers, port=server.port)


def test_a_length_that_is_no_number_is_answered(server: PageServer) -> None:
    assert request(server, "POST", "/ask/versions", Content_Length="abc")[0] == 413
