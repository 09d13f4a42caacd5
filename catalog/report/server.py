"""Server of the page: the standard library's, on the loopback address, with a token.

Files of the page hold no data and are read with GET. Data are asked for with POST, whose answers
need the token, this server's Host and, where a browser names one, its Origin; so that no other page
that the browser shows, and no other user of the machine, can ask.
"""

from __future__ import annotations

import json
import secrets
import selectors
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import duckdb

from catalog.errors import CatalogError, OptionError
from catalog.json_text import json_text
from catalog.report.answers import QUESTIONS, Answers
from catalog.report.page import MEDIA_TYPES, page_file, policy
from catalog.store.storage_errors import explain

ADDRESS = "127.0.0.1"
NAMES = (ADDRESS, "localhost")
LONGEST_QUESTION = 4_000_000
"""Bytes of one question."""

JSON = "application/json"
HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Content-Security-Policy": policy("'self'", connects="'self'"),
}


class PageServer(ThreadingHTTPServer):
    """Server of one page; `url` opens it."""

    daemon_threads = True
    request_queue_size = 128  # a page asks for all of its files at once

    def __init__(self, answers: Answers, *, port: int = 0) -> None:
        """Listen on a port of the loopback address; 0 takes a free one.

        Raises:
            OptionError: the port is taken, or not for this user.
        """
        try:
            super().__init__((ADDRESS, port), _Handler)
        except OSError as error:
            problem = f"cannot listen on port {port}: {error.strerror}"
            raise OptionError(
                problem, next_step="choose another port, or 0 for a free one"
            ) from None
        self.answers = answers
        self.token = secrets.token_urlsafe(24)

    @property
    def port(self) -> int:
        """Return the port that the server listens on."""
        return int(self.server_address[1])

    @property
    def url(self) -> str:
        """Return the page's address with the token, which browsers keep to themselves."""
        return f"http://{ADDRESS}:{self.port}/#token={self.token}"

    @property
    def hosts(self) -> frozenset[str]:
        """Return the values of the header Host that mean this server."""
        return frozenset(f"{name}:{self.port}" for name in NAMES)


class _Handler(BaseHTTPRequestHandler):
    """One request on a connection of its own."""

    server: PageServer

    def log_message(self, *arguments: Any) -> None:
        """Print nothing: the terminal belongs to the command."""

    def do_GET(self) -> None:
        if not self._is_our_host():
            return self._refuse("expected this server's Host")
        found = page_file(self.path.partition("?")[0])
        if found is None:
            return self._send(404, {"error": f"no file {self.path}"})
        name, content = found
        return self._send_bytes(200, content, MEDIA_TYPES[name.rpartition(".")[2]])

    def do_POST(self) -> None:
        refusal = self._refusal()
        if refusal:
            return self._refuse(refusal)
        body = self._body()
        if body is None:
            return self._send(413, {"error": f"expected at most {LONGEST_QUESTION:,} bytes"})
        name = self.path.removeprefix("/ask/")
        if name not in QUESTIONS:
            return self._send(404, {"error": f"no question {name}"})
        return self._answer(QUESTIONS[name], body)

    def _answer(self, question: Callable[..., Any], body: bytes) -> None:
        try:
            options = json.loads(body or b"{}")
            json_text(options).encode()  # half of a surrogate pair is no text
            answers = replace(self.server.answers, watch=self._require_asker)
            answer = question(answers, **options)
        except ConnectionAbortedError:
            return
        except CatalogError as error:
            self._send(400, {"error": str(error)})
        except (TypeError, ValueError, KeyError, AttributeError, RecursionError) as error:
            self._send(400, {"error": f"expected a JSON object of options: {error}"})
        except (OSError, MemoryError, duckdb.Error) as error:
            self._send(500, {"error": str(explain(error, self.server.answers.store))})
        except Exception as error:
            self._send(500, {"error": f"{type(error).__name__}: {error}"})
            raise  # with its traceback, to the terminal
        else:
            if isinstance(answer, bytes):
                self._send_bytes(200, answer, "application/octet-stream")
            else:
                self._send(200, answer)

    def _require_asker(self, _percent: float) -> None:
        """Check that somebody waits for the answer, and so that no query runs for nobody.

        Raises:
            ConnectionAbortedError: the page was closed, or has stopped the query.
        """
        with selectors.DefaultSelector() as selector, suppress(ConnectionResetError):
            selector.register(self.connection, selectors.EVENT_READ)
            if not selector.select(0) or self.connection.recv(1, socket.MSG_PEEK):
                return
        raise ConnectionAbortedError

    def _body(self) -> bytes | None:
        length = self.headers.get("Content-Length") or "0"
        if length.isdecimal() and int(length) <= LONGEST_QUESTION:
            return self.rfile.read(int(length))
        return None

    def _is_our_host(self) -> bool:
        return self.headers.get("Host", "") in self.server.hosts

    def _refusal(self) -> str | None:
        if not self._is_our_host():
            return "expected this server's Host"
        origin = self.headers.get("Origin")
        if origin is not None and origin.removeprefix("http://") not in self.server.hosts:
            return "expected this server's Origin"
        token = self.headers.get("X-Token", "")
        if not secrets.compare_digest(token.encode(), self.server.token.encode()):
            return "expected the token of this server: open the address that the command prints"
        return None

    def _refuse(self, reason: str) -> None:
        self._send(403, {"error": reason})

    def _send(self, status: int, value: Any) -> None:
        self._send_bytes(status, json_text(value).encode(), JSON)

    def _send_bytes(self, status: int, content: bytes, media_type: str) -> None:
        self.send_response(status)
        named = {"Content-Type": media_type, "Content-Length": str(len(content))}
        for name, value in (HEADERS | named).items():
            self.send_header(name, value)
        with suppress(ConnectionError):  # the page was closed or has asked something else since
            self.end_headers()
            self.wfile.write(content)
