"""A server of S3's protocol on this machine, and a catalog whose vectors it keeps."""

import os
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from catalog import Catalog

BUCKET = "vectors"


@pytest.fixture(scope="session")
def s3() -> Iterator[str]:
    """The URL of an empty bucket; the environment names the server and its credentials."""
    server = shutil.which("moto_server")
    if not server:
        pytest.skip("no server of S3's protocol is at hand: pip install 'moto[server]' elsewhere")
    port = _free_port()
    environment = {
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ALLOW_HTTP": "true",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    command = [server, "-H", "127.0.0.1", "-p", str(port)]
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, **quiet) as process, pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        try:
            _create_bucket(environment["AWS_ENDPOINT_URL"], process)
            yield f"s3://{BUCKET}"
        finally:
            process.terminate()


def _free_port() -> int:
    """Return a port that nobody has, below those that systems give to whoever asks for any."""
    for port in range(20_000 + os.getpid() % 10_000, 32_000):
        with suppress(OSError), socket.socket() as free:
            free.bind(("127.0.0.1", port))
            return port
    raise OSError("no port is free")


def _create_bucket(endpoint: str, server: "subprocess.Popen[bytes]") -> None:
    request = urllib.request.Request(f"{endpoint}/{BUCKET}", method="PUT")
    until = time.monotonic() + 300
    while time.monotonic() < until and server.poll() is None:
        try:
            with urllib.request.urlopen(request):
                return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError("the server of S3's protocol does not answer")


@pytest.fixture
def remote(s3: str, tmp_path: Path) -> Catalog:
    """An empty catalog whose vectors are in the bucket."""
    catalog = Catalog.open(tmp_path / "remote", wait=10, isolated=False)
    catalog.init(vectors=f"{s3}/{os.urandom(4).hex()}")
    return catalog
