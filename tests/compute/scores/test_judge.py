"""Scores that a judge gives, against a server that speaks the protocol."""

import json
import logging
import re
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from catalog import Catalog
from catalog.cli import main
from catalog.errors import OptionError, SignalError
from tests.compute.scores.judge_server import JudgeServer, by_number, calls, number, running, values
from tests.copies import made_once

N = 24


@pytest.fixture
@made_once
def pool(catalog: Catalog, jsonl: Callable[..., Path], records: Callable[..., Any]) -> Catalog:
    """Members whose number in the question is their row."""
    catalog.register(jsonl(records(N)), pool="p")
    return catalog


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[JudgeServer]:
    """A server whose score follows from the number in the question."""
    monkeypatch.setattr("catalog.compute.scores.asking._FIRST_PAUSE", 0.05)
    with running(JudgeServer(reply=by_number)) as started:
        yield started


class _Listed(logging.Handler):
    def __init__(self, lines: list[str]) -> None:
        super().__init__()
        self.lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


def judge(
    catalog: Catalog, server: JudgeServer, name: str = "deita_quality", **options: Any
) -> Any:
    """Return the report of one score."""
    options = {"endpoint": server.url, "model": "m", "concurrency": 8} | options
    (report,) = catalog.score("p", name, **options).reports
    return report


def add(catalog: Catalog, folder: Path, text: str, name: str = "mine") -> None:
    (folder / f"{name}.toml").write_text('kind = "judge"\nsummary = "s"\n' + text)
    catalog.add_score(folder / f"{name}.toml")


def test_a_judge_scores_a_pool_through_faults(pool: Catalog, server: JudgeServer) -> None:
    server.every, server.seconds = 5, 0.01
    report = judge(pool, server)
    assert (report.n_computed, report.n_left, report.reasons) == (N, 0, {})
    assert list(values(pool).values()) == [1 + row % 6 for row in range(N)]
    assert 1 < server.most <= 8
    assert set(server.faults) == {"limited", "broken", "cut", "malformed", "slow"}
    n_retried = sum(server.faults.values()) - server.faults["slow"]
    assert len(server.asked) == N + n_retried
    rows = calls(pool)
    assert (len(rows), sum(row["n_attempts"] for row in rows)) == (N, N + n_retried)
    assert {row["n_prompt_tokens"] for row in rows} == {100}


def test_a_wait_for_the_endpoint_is_reported_once_in_a_while(
    pool: Catalog, server: JudgeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[str] = []
    log = logging.getLogger("catalog.compute.scores.asking")
    monkeypatch.setattr(log, "handlers", [_Listed(lines)])
    monkeypatch.setattr("catalog.compute.scores.asking._REPORTED_PAUSE", 0.0)
    monkeypatch.setattr("catalog.compute.scores.asking._REPORT_SECONDS", 600.0)
    server.every = 2
    judge(pool, server, limit=10)
    assert sum(server.faults.values()) > 5
    (line,) = lines
    assert server.url in line
    assert re.search(r"(HTTP \d+|Error|completion).*: waiting \d+ s$", line)


@pytest.mark.slow
def test_a_sample_goes_on_where_it_stopped(pool: Catalog, server: JudgeServer) -> None:
    assert judge(pool, server, limit=10).n_left == N - 10
    assert len(server.asked) == 10
    assert judge(pool, server).n_before == 10
    assert len(set(server.asked)) == len(server.asked) == N


def test_counts_that_are_no_numbers_are_unknown(pool: Catalog, server: JudgeServer) -> None:
    choice = {"message": {"content": '{"score": 3}'}, "finish_reason": ["stop"]}
    usage = {"prompt_tokens": -5, "completion_tokens": "many"}
    server.reply = lambda body: {"choices": [choice], "usage": usage}
    assert (judge(pool, server, limit=3).reasons, len(calls(pool))) == ({}, 3)
    counts = {(row["n_prompt_tokens"], row["n_answer_tokens"]) for row in calls(pool)}
    assert counts == {(None, None)}


@pytest.mark.slow
def test_another_parser_asks_nothing_again(
    pool: Catalog, server: JudgeServer, tmp_path: Path
) -> None:
    template = 'template = "<instruction>\\n{prompt}\\n</instruction>"\n'
    add(pool, tmp_path, template)
    judge(pool, server, "mine")
    add(pool, tmp_path, template + 'parser = "regex"\npattern = ": (.)"\nscale = [1, 5]')
    report = judge(pool, server, "mine")
    assert (len(server.asked), report.n_computed, report.reasons) == (N, N, {"off_scale": N // 6})


def test_an_answer_that_cannot_be_read_is_a_gap_with_its_reason(
    pool: Catalog, server: JudgeServer
) -> None:
    replies = {
        0: "no number here",
        1: "",
        2: '{"score": 9}',
        3: (400, {"error": {"message": "context length"}}),
        4: "x" * 2**20,
        5: {"choices": [{"message": {"content": None}, "finish_reason": "content_filter"}]},
        6: {"choices": [{"message": {"content": "I thi"}, "finish_reason": "length"}]},
        7: "[" * 10_000 + '{"score": NaN} {"score": 3',
    }
    server.reply = lambda body: replies.get(number(body), '{"score": 2}')
    report = judge(pool, server)
    assert report.reasons == {
        "unparsable_answer": 3,
        "empty_answer": 1,
        "off_scale": 1,
        "rejected_request": 1,
        "refused_answer": 1,
        "cut_answer": 1,
    }
    assert max(len(row["answer"] or "") for row in calls(pool)) == 65_536
    n_asked = len(server.asked)
    assert judge(pool, server).n_computed == 0
    assert len(server.asked) == n_asked


@pytest.mark.parametrize(
    ("status", "word"),
    [(401, "--api-key-env"), (404, "--model"), (400, "rejects")],
)
def test_an_endpoint_that_refuses_all_stops_at_once(
    pool: Catalog, server: JudgeServer, status: int, word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    server.reply = lambda body: (status, {"error": {"message": "no, sk-secret, no"}})
    with pytest.raises(SignalError) as raised:
        judge(pool, server)
    assert word in str(raised.value)
    assert "sk-secret" not in str(raised.value)
    assert len(server.asked) <= 16
    assert server.headers[0]["Authorization"] == "Bearer sk-secret"
    assert pool.signals().is_empty()
    assert not calls(pool)
    assert b"sk-secret" not in pool.store.database.read_bytes()


@pytest.mark.slow
def test_an_endpoint_that_is_down_is_named(pool: Catalog) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(SignalError, match=f"127.0.0.1:{port}"):
        pool.score("p", "deita_quality", endpoint=f"http://127.0.0.1:{port}/v1", model="m")


def test_the_maximum_cost_holds(pool: Catalog, server: JudgeServer) -> None:
    prices: dict[str, Any] = {"price_in": 10.0, "price_out": 20.0}
    report = judge(pool, server, max_cost="0.03USD", **prices)
    spent = sum(row["cost"] for row in calls(pool))
    assert 0 < spent <= 0.03
    assert 0 < report.n_computed < N
    assert report.n_computed + report.n_left == N
    assert judge(pool, server, max_cost="9", **prices).n_left == 0
    assert len(server.asked) == N


def test_a_cost_without_counted_tokens_is_refused_and_no_answer_is_lost(
    pool: Catalog, server: JudgeServer
) -> None:
    prices: dict[str, Any] = {"price_in": 1.0, "price_out": 1.0}
    server.reply = lambda body: {"choices": [{"message": {"content": by_number(body)}}]}
    with pytest.raises(SignalError, match="tokens"):
        judge(pool, server, max_cost="5", **prices)
    n_asked = len(server.asked)
    assert len(calls(pool)) == n_asked <= 8
    report = judge(pool, server, **prices)
    assert report.n_computed == N
    assert len(server.asked) == N
    assert any("no cost" in note for note in report.notes)


@pytest.mark.parametrize(
    "options",
    [
        {"max_cost": "5"},
        {"max_cost": "much", "price_in": 1.0, "price_out": 1.0},
        {"endpoint": "localhost:8000"},
        {"endpoint": "http://me:password@localhost/v1"},
        {"endpoint": None},
        {"model": None},
        {"concurrency": 0},
    ],
)
def test_options_that_make_no_sense_are_refused(
    pool: Catalog, server: JudgeServer, options: dict[str, Any]
) -> None:
    with pytest.raises(OptionError) as raised:
        judge(pool, server, **options)
    assert "password@" not in str(raised.value)
    assert not server.asked


def test_a_batch_gives_what_the_endpoint_gives(
    pool: Catalog, server: JudgeServer, tmp_path: Path
) -> None:
    judge(pool, server, limit=10)
    out, done = tmp_path / "out.jsonl", tmp_path / "in.jsonl"
    pool.score("p", "deita_quality", model="m", batch_out=str(out))
    requests = [json.loads(line) for line in out.read_text().splitlines()]
    assert len(requests) == N - 10
    lines = [
        {
            "custom_id": each["custom_id"],
            "response": {"status_code": 200, "body": server_body(each["body"])},
        }
        for each in requests[:-1]
    ]
    lines.append({"custom_id": requests[-1]["custom_id"], "response": None, "error": {}})
    lines.append(lines[0] | {"custom_id": "unknown"})
    done.write_text("".join(json.dumps(line) + "\n" for line in reversed(lines)))
    (report,) = pool.score("p", "deita_quality", model="m", batch_in=str(done)).reports
    assert (report.n_computed, report.n_left, len(report.notes)) == (N - 11, 1, 2)
    judge(pool, server)
    assert list(values(pool).values()) == [1 + row % 6 for row in range(N)]
    assert len(server.asked) == 11


def server_body(body: dict[str, Any]) -> Any:
    return {"choices": [{"message": {"content": by_number(body)}, "finish_reason": "stop"}]}


def test_a_judge_of_turns_asks_about_each_turn(
    catalog: Catalog, jsonl: Callable[..., Path], tmp_path: Path
) -> None:
    turns = [("user", "a"), ("assistant", "2"), ("user", "b"), ("assistant", "5")]
    records = [
        {"messages": [{"role": role, "content": text} for role, text in turns[:n]]} for n in (2, 4)
    ]
    catalog.register(jsonl(records), pool="p")
    shared = 'template = "{turns} / {prompt} / {response}"\nparser = "regex"\npattern = "(.+)"\n'
    for combine, expected in {"mean": 3.5, "sum": 7.0}.items():
        add(catalog, tmp_path, shared + f'per = "turn"\ncombine = "{combine}"\n')
        with running(JudgeServer(reply=lambda body: body["messages"][0]["content"][-1])) as asked:
            judge(catalog, asked, "mine")
        assert list(values(catalog, "mine").values()) == [2.0, expected]
    assert [row["turn"] for row in calls(catalog)] == [0, 1]  # the first turns are one request


def test_a_choice_can_be_weighted_by_the_probabilities_of_its_token(
    pool: Catalog, server: JudgeServer, tmp_path: Path
) -> None:
    text = 'template = "{prompt}"\nparser = "choice"\nexpected = true\n'
    add(pool, tmp_path, text + "[choices]\nyes = 1\nno = 0\n")
    top = [{"token": " Yes", "logprob": -1.0}, {"token": "no", "logprob": -2.0}]
    choice = {"message": {"content": "Yes"}, "logprobs": {"content": [{"top_logprobs": top}]}}
    server.reply = lambda body: {"choices": [choice if body["logprobs"] else {}]}
    judge(pool, server, "mine", limit=1)
    with pool.store.reading() as connection:
        ((value,),) = connection.sql("SELECT value FROM scores").fetchall()
    assert value == pytest.approx(2.718281828**-1 / (2.718281828**-1 + 2.718281828**-2))


def test_a_judge_from_the_command_line(pool: Catalog, server: JudgeServer) -> None:
    command = ["--home", str(pool.store.path), "score", "p", "deita_quality"]
    options = ["--endpoint", server.url, "--model", "m", "--concurrency", "4", "--sample", "20"]
    result = CliRunner().invoke(main, [*command, *options, "--json"])
    assert result.exit_code == 0
    assert json.loads(result.stdout)[0]["n_computed"] == 20


def test_a_batch_from_the_command_line(pool: Catalog, tmp_path: Path) -> None:
    out, wrong = tmp_path / "out.jsonl", tmp_path / "wrong.jsonl"
    command = ["--home", str(pool.store.path), "score", "p", "deita_quality", "--model", "m"]
    result = CliRunner().invoke(main, [*command, "--batch-out", str(out)])
    assert (result.exit_code, len(out.read_text().splitlines())) == (0, N)
    wrong.write_text('{"custom_id": "a"}\n{"x": 1}\n')
    result = CliRunner().invoke(main, [*command, "--batch-in", str(wrong)])
    assert (result.exit_code, "wrong.jsonl:2" in result.stderr) == (1, True)
