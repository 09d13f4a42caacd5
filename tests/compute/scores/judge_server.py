"""A server that speaks the chat-completion protocol on loopback, with faults."""

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from catalog import Catalog

CALLS = "SELECT * FROM score_calls ORDER BY ALL"
FAULTS = ("limited", "broken", "cut", "malformed", "slow")


@dataclass
class JudgeServer:
    """What the server does, and what it saw.

    Attributes:
        reply: the answer to a body of a request: a text, a whole completion, or a status and text.
        every: which requests meet a fault, the kinds in turn: 5 is every fifth; 0 is none.
        seconds: that an answer takes.
        asked: the user message of every request, in order.
        headers: of every request.
        faults: the number of each fault.
        most: requests that were in flight at once.
    """

    reply: Callable[[dict[str, Any]], Any] = lambda body: '{"score": 3}'
    every: int = 0
    seconds: float = 0.0
    asked: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    faults: dict[str, int] = field(default_factory=dict)
    most: int = 0
    url: str = ""
    _now: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def enter(self, body: dict[str, Any], headers: dict[str, str]) -> str | None:
        """Count a request, and return the fault that it meets."""
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
            self.asked.append(body["messages"][-1]["content"])
            self.headers.append(headers)
            fault = None
            if self.every and len(self.asked) % self.every == 0:
                fault = FAULTS[len(self.asked) // self.every % len(FAULTS)]
                self.faults[fault] = self.faults.get(fault, 0) + 1
            return fault

    def leave(self) -> None:
        with self._lock:
            self._now -= 1


def completion(text: str, **more: Any) -> dict[str, Any]:
    choice = {"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 100, "completion_tokens": 10}
    return {"choices": [choice], "usage": usage} | more


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "_Server"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        fault = self.server.judge.enter(body, dict(self.headers.items()))
        try:
            time.sleep(self.server.judge.seconds + (0.2 if fault == "slow" else 0))
        finally:
            self.server.judge.leave()  # whoever has the answer may ask the next question
        self.answer(body, fault)

    def answer(self, body: dict[str, Any], fault: str | None) -> None:
        if fault == "limited":
            return self.send(429, {"error": {"message": "slow down"}}, retry="0.1")
        if fault == "broken":
            return self.send(500, "<html>")
        if fault == "malformed":
            return self.send(200, '{"choices": [')
        reply = self.server.judge.reply(body)
        if isinstance(reply, tuple):
            return self.send(*reply)
        whole = completion(reply) if isinstance(reply, str) else reply
        return self.send(200, whole, is_cut=fault == "cut")

    def send(
        self, status: int, body: Any, *, retry: str | None = None, is_cut: bool = False
    ) -> None:
        content = (body if isinstance(body, str) else json.dumps(body)).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        if retry:
            self.send_header("Retry-After", retry)
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if is_cut else content)
        self.close_connection = is_cut

    def log_message(self, *arguments: Any) -> None:
        """Print nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256
    judge: JudgeServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print nothing: a killed client breaks its pipes."""


@contextmanager
def running(server: JudgeServer) -> Iterator[JudgeServer]:
    """Serve on a free port."""
    http = _Server(("127.0.0.1", 0), _Handler)
    http.judge = server
    server.url = f"http://127.0.0.1:{http.server_address[1]}/v1"
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        thread.join()
        http.server_close()


def number(body: dict[str, Any]) -> int:
    text = body["messages"][-1]["content"]
    (found,) = re.findall(r"<instruction>\n.*?(\d+)\n</instruction>", text, re.S)
    return int(found)


def by_number(body: dict[str, Any]) -> str:
    return f'{{"score": {1 + number(body) % 6}}}'


def calls(catalog: Catalog) -> list[dict[str, Any]]:
    with catalog.store.reading() as connection:
        rows: list[dict[str, Any]] = connection.sql(CALLS).to_arrow_table().to_pylist()
    return rows


def values(catalog: Catalog, name: str = "deita_quality") -> dict[int, float | None]:
    relation = f"pool('p') LEFT JOIN score('p', name => '{name}') USING (instruction_id)"
    rows = catalog.sql(f"SELECT row_number, value FROM {relation} ORDER BY row_number")
    return dict(rows.rows())
