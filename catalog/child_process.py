"""Python processes that serve this one: they import this package alone, never the caller's script.

Requests and answers go through their standard input and output, pickled.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from catalog.messages import flags_variable


def start(module: str) -> subprocess.Popen[bytes]:
    """Start a module of this package as a process."""
    package = str(Path(__file__).resolve().parents[1])
    paths = [package, *filter(None, [os.environ.get("PYTHONPATH")])]
    return subprocess.Popen(
        [sys.executable, "-P", "-m", module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | flags_variable() | {"PYTHONPATH": os.pathsep.join(paths)},
        start_new_session=os.name == "posix",  # Ctrl-C is the parent's to hear
    )


def end(process: subprocess.Popen[bytes]) -> None:
    """End a process, whatever it does, and free its pipes."""
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        with suppress(OSError):
            assert pipe
            pipe.close()


def receiver() -> Callable[[], Any]:
    """Return, in a process that serves, a function that waits for the next request.

    The process ends, whatever it does, when its parent is gone.
    """
    from queue import SimpleQueue

    queue: SimpleQueue[Any] = SimpleQueue()
    threading.Thread(target=_listen, args=(queue.put,), daemon=True).start()
    return queue.get


def _listen(put: Callable[[Any], None]) -> None:
    try:
        while True:
            put(pickle.load(sys.stdin.buffer))
    except (EOFError, pickle.UnpicklingError):  # of a request that was cut
        os._exit(0)
