"""A child process that runs other people's SQL and can be ended at any moment.

The Python API answers through a child: memory is bounded there and not in the caller's process, and
a query that outlives its limits ends with the child. A child serves one call at a time and is kept
for the next one, which takes the one that served last: what it has read is still warm. Requests and
answers are pickled; tables travel as Arrow IPC. The command line, whose process is expendable
itself, runs queries without a child.
"""

from __future__ import annotations

import atexit
import os
import pickle
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from catalog import child_process
from catalog.errors import InterruptedQueryError, QueryError, picklable
from catalog.query.runner import GRACE

if TYPE_CHECKING:
    import pyarrow as pa

    from catalog.query.executor import Limits

Answer = TypeVar("Answer")

_idle: list[Child] = []
_lock = threading.Lock()


def call(function: Callable[..., Answer], *args: Any, limits: Limits, **kwargs: Any) -> Answer:
    """Call a module's function in a child with ``limits``, and return its answer.

    Raises:
        InterruptedQueryError: the child did not stop within the limits, or the system ended it.
        CatalogError: what the function raises.
    """
    with _child(limits) as child:
        child.send(_request(function, args, kwargs, limits))
        answer: Answer = child.answer(limits)
        child.is_idle = True
        return answer


@contextmanager
def stream(
    function: Callable[..., Any], *args: Any, limits: Limits, **kwargs: Any
) -> Iterator[pa.RecordBatchReader]:
    """Call a context manager that yields a reader in a child, and yield its batches on demand."""
    import pyarrow as pa

    with _child(limits) as child:
        child.send(_request(function, args, kwargs, limits))
        schema = pa.ipc.read_schema(pa.py_buffer(child.answer(limits)))
        is_open = True  # whether the child waits to be asked for a batch

        def batches() -> Iterator[pa.RecordBatch]:
            nonlocal is_open
            while True:
                if not is_open:  # the child may serve another call by now
                    raise QueryError("the stream is closed: read it inside of its block")
                is_open = False
                child.send(True)
                packed = child.answer(limits)
                if packed is None:
                    child.is_idle = True
                    return
                is_open = True
                yield pa.ipc.read_record_batch(pa.py_buffer(packed), schema)

        try:
            yield pa.RecordBatchReader.from_batches(schema, batches())
        finally:
            was_open, is_open = is_open, False
        if was_open:
            child.send(False)  # enough
            child.answer(limits)
            child.is_idle = True


class Child:
    """The child process, seen from its parent.

    Attributes:
        owner: the process that started it.
        is_idle: whether it waits for a request; one that does not is ended, not kept.
        is_killed: whether its time was over.
    """

    def __init__(self) -> None:
        self.owner = os.getpid()
        self.is_idle = True
        self.is_killed = False
        self.process = child_process.start("catalog.query.worker")

    def send(self, message: Any) -> None:
        """Send one message; whoever has its last answer says that the child is idle."""
        self.is_idle = False
        assert self.process.stdin
        pickle.dump(message, self.process.stdin, protocol=pickle.HIGHEST_PROTOCOL)
        self.process.stdin.flush()

    def answer(self, limits: Limits) -> Any:
        """Wait for the answer, and pass the progress on meanwhile.

        Raises:
            InterruptedQueryError: the child is gone.
        """
        assert self.process.stdout
        with self._ended_in_time(limits.seconds):
            while True:
                try:
                    kind, value = pickle.load(self.process.stdout)
                except (EOFError, pickle.UnpicklingError):
                    code = self.process.wait()
                    message = f"the process that ran the query ended (exit status {code})"
                    raise InterruptedQueryError(f"{message}: ask for less") from None
                if kind == "error":
                    self.is_idle = not isinstance(value, InterruptedQueryError)
                    raise value
                if kind == "answer":
                    return value
                if limits.progress is not None:
                    limits.progress(value)

    @contextmanager
    def _ended_in_time(self, seconds: float | None) -> Iterator[None]:
        """Kill the child when it has not even ended itself in time."""
        if seconds is None:
            yield
            return
        timer = threading.Timer(seconds + 3 * GRACE, self._kill)
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()  # it may be killing the process, which has just answered

    def _kill(self) -> None:
        self.is_killed = True
        self.process.kill()

    def end(self) -> None:
        """End it and free its pipes."""
        child_process.end(self.process)


@contextmanager
def _child(limits: Limits) -> Iterator[Child]:
    """Take a child that waits, else a new one; keep it when it is ready for another call."""
    _ = limits.n_bytes  # an impossible limit needs no child
    with _lock:
        own = next((child for child in reversed(_idle) if child.owner == os.getpid()), None)
        if own:
            _idle.remove(own)
    if own and own.process.poll() is not None:
        own.end()
        own = None
    child = own or Child()
    try:
        yield child
    finally:
        if child.is_idle and not child.is_killed:
            with _lock:
                _idle.append(child)
        else:
            child.end()


@atexit.register
def _end_all() -> None:
    while _idle:
        child = _idle.pop()
        if child.owner == os.getpid():
            child.end()


def _request(function: Callable[..., Any], args: Any, kwargs: Any, limits: Limits) -> bytes:
    """Return what a child serves, with the folders from which its parent imports now.

    It is pickled apart: what fails to pickle leaves no piece in the pipe, and what fails to
    unpickle is an error of that call alone.
    """
    plain = replace(limits, progress=None)
    request = tuple(sys.path), function, args, kwargs, plain, limits.progress is not None
    return pickle.dumps(request, protocol=pickle.HIGHEST_PROTOCOL)


def main() -> None:
    """Serve requests until the parent closes the pipe."""
    from catalog.query.runner import end_stuck_process_with

    with os.fdopen(os.dup(1), "wb") as answers:
        os.dup2(2, 1)  # a library that prints must not write into the answers
        channel = _Channel(answers)
        end_stuck_process_with(channel.fail_and_exit)
        receive = child_process.receiver()
        while True:
            _serve(channel, receive)


class _Channel:
    """Answers, from any thread."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self._lock = threading.Lock()

    def send(self, kind: str, value: Any) -> None:
        packed = pickle.dumps((kind, value), protocol=pickle.HIGHEST_PROTOCOL)
        with self._lock:
            self._file.write(packed)
            self._file.flush()

    def fail_and_exit(self, error: BaseException) -> Any:
        self.send("error", error)
        os._exit(1)


def _serve(channel: _Channel, receive: Callable[[], Any]) -> None:
    import contextlib

    request = receive()
    try:
        paths, function, args, kwargs, limits, has_progress = pickle.loads(request)
        sys.path += [path for path in paths if path and path not in sys.path]  # of other kernels
        if has_progress:
            limits = replace(limits, progress=lambda percent: channel.send("progress", percent))
        answer = function(*args, limits=limits, **kwargs)
        if isinstance(answer, contextlib.AbstractContextManager):
            with answer as reader:
                _serve_batches(channel, reader, receive)
            answer = None
        channel.send("answer", answer)
    except BaseException as error:
        channel.send("error", picklable(error))


def _serve_batches(channel: _Channel, reader: Any, receive: Callable[[], Any]) -> None:
    channel.send("answer", reader.schema.serialize().to_pybytes())
    batches = iter(reader)
    while receive():
        batch = next(batches, None)
        if batch is None:
            return
        channel.send("answer", batch.serialize().to_pybytes())


if __name__ == "__main__":
    from catalog.query.worker import main as serve  # under its own name, for what is pickled

    serve()
