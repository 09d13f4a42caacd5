"""Read the files of a load into its staging folder, in this process or in several."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, wait
from pathlib import Path
from threading import get_ident

from catalog.errors import OptionError
from catalog.messages import argument
from catalog.pools.formats.registry import are_importable
from catalog.pools.options import ReadOptions
from catalog.pools.parts import Part, divided
from catalog.pools.sources import Source, total_bytes
from catalog.pools.staging import StagedPart, Staging, TooManyKeysError, stage_part
from catalog.pools.workers import Workers
from catalog.threads import n_processors

AUTOMATIC_BYTES = 64 * 2**20
"""Bytes of a load from which several processes pay for their start."""

_MOST_JOBS = 8
"""Maximum number of processes that are started without a request."""

_LEAST_PART, _LARGEST_PART = 2**20, 2**25
_PARTS_PER_JOB = 8

_POLL_SECONDS = 0.2

# Called after each batch with records so far, bytes so far and total bytes (None if unknown).
Progress = Callable[[int, int, int | None], None]


def load(
    sources: Sequence[Source],
    options: ReadOptions,
    *,
    folder: Path,
    jobs: int | None = None,
    part_bytes: int | None = None,
    progress: Progress | None = None,
) -> Staging:
    """Read sources into a staging folder.

    The staged rows, their order and the reports are the same with any number of processes.

    Args:
        sources: the files.
        options: how to read them.
        folder: the folder, which is empty.
        jobs: number of processes that read; 1 is this process. None is 1 for loads of less than
            `AUTOMATIC_BYTES`, and else the number of processors, at most 8.
        part_bytes: bytes that a process reads at a time; None depends on the load.
        progress: called after each batch.

    Raises:
        SourceError: a source cannot be read as records.
        OptionError: ``jobs`` is less than 1.
        WorkerError: a process ended before its part was read.
    """
    n_bytes = total_bytes(sources)
    jobs = _jobs(jobs, n_bytes=n_bytes or 0)
    if jobs == 1:
        meter = _Meter(n_bytes, progress)
        whole = stage_part(Part(0, tuple(sources)), options, folder=folder, progress=meter.of(0))
        return _gathered([whole], folder)
    size = part_bytes or _part_bytes(n_bytes or 0, jobs=jobs)

    def staged(*, in_spans: bool) -> Staging:
        parts = divided(sources, options, n_bytes=size, in_spans=in_spans)
        with Workers(jobs, options=options, folder=folder) as workers:
            return _gathered(_in_order(workers, parts, _Meter(n_bytes, progress)), folder)

    try:
        return staged(in_spans=True)
    except TooManyKeysError:  # the workers have ended, so that none writes into the second try
        return staged(in_spans=False)


def _jobs(jobs: int | None, *, n_bytes: int) -> int:
    if jobs is not None and jobs < 1:
        raise OptionError(f"{argument('jobs')}: expected at least 1, got {jobs}")
    if not are_importable():
        return 1
    if jobs is not None:
        return jobs
    if n_bytes < AUTOMATIC_BYTES:
        return 1
    return min(n_processors(), _MOST_JOBS)


def _part_bytes(n_bytes: int, *, jobs: int) -> int:
    """Return the bytes of a part: several for each process, so that all of them end together."""
    return min(max(n_bytes // (_PARTS_PER_JOB * jobs), _LEAST_PART), _LARGEST_PART)


def _gathered(parts: Iterable[StagedPart], folder: Path) -> Staging:
    staging = Staging(folder)
    for part in parts:
        staging.add(part)
    staging.refuse_unknown_columns()
    return staging


def _in_order(workers: Workers, parts: Iterable[Part], meter: _Meter) -> Iterator[StagedPart]:
    """Yield the staged parts in their order; few of them are waiting at any time."""
    waiting: deque[Future[StagedPart]] = deque()
    for part in parts:
        waiting.append(workers.submit(part, progress=meter.of(part.number)))
        while len(waiting) > 2 * workers.jobs:
            yield _result(waiting.popleft(), meter)
    while waiting:
        yield _result(waiting.popleft(), meter)


def _result(future: Future[StagedPart], meter: _Meter) -> StagedPart:
    is_read = False
    while not is_read:
        is_read = bool(wait([future], timeout=_POLL_SECONDS).done)
        meter.show()
    return future.result()


class _Meter:
    """Progress of all parts together; parts may count in other threads."""

    def __init__(self, n_bytes: int | None, progress: Progress | None) -> None:
        self._total, self._progress = n_bytes, progress
        self._counts: dict[int, tuple[int, int]] = {}
        self._thread = get_ident()

    def of(self, number: int) -> Callable[[int, int], None]:
        """Return what counts the records and the bytes of a part."""

        def count(n_records: int, n_bytes: int) -> None:
            self._counts[number] = n_records, n_bytes
            if get_ident() == self._thread:
                self.show()

        return count

    def show(self) -> None:
        """Report the sums."""
        if self._progress is not None:
            counts = list(self._counts.values())
            n_bytes = sum(n for _, n in counts)
            self._progress(sum(n for n, _ in counts), n_bytes, self._total)
