"""Processes that read the parts of a load, and write them into its staging folder.

A worker is a new Python process that imports this package alone, never the caller's script. It
serves one part at a time, and ends with its parent. Requests and answers are pickled.
"""

from __future__ import annotations

import os
import pickle
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from catalog import child_process
from catalog.arrow import postpone_pandas
from catalog.errors import WorkerError, picklable
from catalog.messages import argument
from catalog.pools.options import ReadOptions
from catalog.pools.parts import Part
from catalog.pools.staging import StagedPart, stage_part

Count = Callable[[int, int], object]


class Workers:
    """Worker processes of a load, which start when there is work and end with the block.

    Attributes:
        jobs: number of parts that are read at the same time.
    """

    def __init__(self, jobs: int, *, options: ReadOptions, folder: Path) -> None:
        self.jobs = jobs
        self._options, self._folder = options, folder
        self._threads = ThreadPoolExecutor(jobs)  # one for each worker
        self._own = threading.local()
        self._lock = threading.Lock()
        self._workers: list[_Worker] = []
        self._is_open = True

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._is_open = False
        for worker in self._workers:
            worker.end()
        self._threads.shutdown(wait=True, cancel_futures=True)

    def submit(self, part: Part, *, progress: Count) -> Future[StagedPart]:
        """Read a part in a worker, or here if only this process can read it.

        Args:
            part: the part.
            progress: called after each batch with the part's records and bytes so far.
        """
        if part.is_portable:
            return self._threads.submit(self._staged, part, progress)
        future: Future[StagedPart] = Future()
        try:
            future.set_result(
                stage_part(part, self._options, folder=self._folder, progress=progress)
            )
        except Exception as error:  # raised in the order of the parts
            future.set_exception(error)
        return future

    def _staged(self, part: Part, progress: Count) -> StagedPart:
        return self._worker().staged(part, self._options, self._folder, progress)

    def _worker(self) -> _Worker:
        """Return the worker of this thread.

        Raises:
            CancelledError: the block has ended.
        """
        worker: _Worker | None = getattr(self._own, "worker", None)
        if worker is None:
            with self._lock:
                if not self._is_open:
                    raise CancelledError
                worker = self._own.worker = _Worker()
                self._workers.append(worker)
        return worker


class _Worker:
    """Worker process, seen from its parent."""

    def __init__(self) -> None:
        self.process = child_process.start("catalog.pools.workers")

    def staged(self, part: Part, options: ReadOptions, folder: Path, progress: Count) -> StagedPart:
        """Read a part in the process.

        Raises:
            WorkerError: the process is gone.
        """
        request = tuple(sys.path), replace(part, whole=None), options, folder.absolute()
        answers = self._answers(request, name=part.name)
        for kind, value in answers:
            if kind == "error":
                raise value
            if kind == "staged":
                staged: StagedPart = replace(value, part=part)
                return staged
            progress(*value)
        raise AssertionError("answers end with the part or an error")

    def _answers(self, request: Any, *, name: str) -> Iterator[tuple[str, Any]]:
        """Send a request, and yield its answers."""
        assert self.process.stdin
        assert self.process.stdout
        try:
            pickle.dump(request, self.process.stdin)
            self.process.stdin.flush()
            while True:
                yield pickle.load(self.process.stdout)
        except (OSError, EOFError, pickle.UnpicklingError) as error:
            raise WorkerError(
                f"the process that read {name} ended (exit status {self.process.wait()})",
                next_step=f"run the command again, with {argument('jobs', 1)} if memory is short",
            ) from error

    def end(self) -> None:
        """End it, whatever it does, and free its pipes."""
        child_process.end(self.process)


def main() -> None:
    """Serve requests until the parent closes the pipe."""
    postpone_pandas()
    with os.fdopen(os.dup(1), "wb") as answers:
        os.dup2(2, 1)  # a library that prints must not write into the answers

        def send(kind: str, value: Any) -> None:
            pickle.dump((kind, value), answers)
            answers.flush()

        receive = child_process.receiver()
        while True:
            _serve(receive(), send)


def _serve(request: Any, send: Callable[[str, Any], None]) -> None:
    paths, part, options, folder = request
    sys.path += [path for path in paths if path and path not in sys.path]  # other formats' packages

    def count(n_records: int, n_bytes: int) -> None:
        send("progress", (n_records, n_bytes))

    try:
        send("staged", stage_part(part, options, folder=folder, progress=count))
    except Exception as error:
        send("error", picklable(error))


if __name__ == "__main__":
    from catalog.pools.workers import main as serve  # under its own name, for what is pickled

    serve()
