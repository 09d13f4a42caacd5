"""The locked connection that runs other people's SQL, with the catalog attached read-only.

The file's lock holds while a session is open, so a writer waits for readers and readers for a
writer.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any

import duckdb

from catalog.errors import HomeNotFoundError, InterruptedQueryError, MigrationError, OptionError
from catalog.query.locked_connection import Access, LockedConnection, give_back, take
from catalog.store.connection import Connection
from catalog.store.database import sharing
from catalog.store.migrate import pending
from catalog.store.opening import open_to_read
from catalog.store.quoting import quoted
from catalog.store.storage_errors import explaining
from catalog.store.store import Store

SPILL = "50GB"  # what a query may put on the disk when it does not fit in memory


class Session:
    """A locked-down connection that can be given back while something else computes.

    Relations that were registered or defined come back when it opens again, so that a job of
    minutes between two queries keeps no writer waiting.
    """

    def __init__(
        self,
        store: Store,
        *,
        memory: str | None = None,
        spill: str = SPILL,
        use_cache: bool = True,
    ) -> None:
        self.store = store
        self.memory = memory
        self.spill = spill
        self.use_cache = use_cache  # whether answers of cached kernels are stored and reused
        self.stopped = threading.Event()
        self._locked: LockedConnection | None = None
        self.relations: dict[str, Any] = {}
        self._opaque: dict[str, Any] = {}

    @property
    def connection(self) -> Connection:
        """Return the connection; open it if needed.

        Raises:
            HomeNotFoundError: no catalog in that folder.
            LockedError: another process held the file for the whole wait.
            MigrationError: the schema is older or newer than the code.
        """
        locked = self._locked
        if locked is None:
            self._locked = locked = _open(self)
            for name, relation in self.relations.items():
                _register(locked.connection, name, relation)
        return locked.connection

    def register(self, name: str, relation: Any) -> None:
        """Make an Arrow table, or a dataset, readable as a table of that name."""
        self.relations[name] = relation
        if self._locked is not None:
            _register(self._locked.connection, name, relation)

    def wrap_opaque(self, values: Any, order: Any) -> Any:
        """Return a column of handles for values that DuckDB cannot read or should not copy.

        Args:
            values: an Arrow array, chunked or not.
            order: which of them each row has.
        """
        import pyarrow as pa

        name = f"(opaque {len(self._opaque)})"
        self._opaque[name] = values
        return pa.StructArray.from_arrays([pa.array(order, pa.int64())], [name])

    def unwrap(self, answer: Any) -> Any:
        """Return a table, or a batch, with the values in place of their handles."""
        for index, field in enumerate(answer.schema):
            values = self._opaque.get(field.type[0].name) if _is_handle(field.type) else None
            if values is not None:
                answer = answer.set_column(index, field.name, _taken(values, answer.column(index)))
        return answer

    def release(self, *, is_reusable: bool = True) -> None:
        """Give the connection back, or close it; the next use opens one again."""
        # First the attribute: another thread may ask for the progress meanwhile.
        locked, self._locked = self._locked, None
        if locked is None:
            return
        if is_reusable and not self.stopped.is_set():
            give_back(locked)
        else:
            locked.close()

    def interrupt(self) -> None:
        """Stop what runs, or waits for a writer, from another thread; the session is then over."""
        self.stopped.set()
        locked = self._locked
        if locked is not None:
            with suppress(duckdb.ConnectionException):  # closed since that line: nothing runs
                locked.connection.interrupt()

    def progress(self) -> float:
        """Return the progress of the running query in percent; -1 if DuckDB does not know it."""
        locked = self._locked
        if locked is not None:
            with suppress(duckdb.ConnectionException):  # closed since that line
                return float(locked.connection.query_progress())
        return -1.0


_SHARED: ContextVar[Session | None] = ContextVar("shared_session", default=None)


@contextmanager
def shared_session(
    store: Store,
    *,
    memory: str | None = None,
    spill: str = SPILL,
    use_cache: bool = True,
) -> Iterator[Session]:
    """Yield a session that every `session` and `Store.reading` inside the block uses again.

    Nothing may stream inside the block; see `catalog.store.database.sharing`.
    """
    own = session(store, memory=memory, spill=spill, use_cache=use_cache)
    with own as opened, sharing(store, lambda: opened.connection):
        token = _SHARED.set(opened)
        try:
            yield opened
        finally:
            _SHARED.reset(token)


@contextmanager
def session(
    store: Store,
    *,
    memory: str | None = None,
    spill: str = SPILL,
    use_cache: bool = True,
) -> Iterator[Session]:
    """Open a `Session` that is closed when the block ends, or yield an enclosing `shared_session`.

    An enclosing session serves where its catalog and its limits are the same.

    Raises:
        InterruptedQueryError: the memory is too little to open the catalog, or to look things up.
    """
    shared = _SHARED.get()
    wanted = (store, memory, spill, use_cache)
    if shared and wanted == (shared.store, shared.memory, shared.spill, shared.use_cache):
        yield shared
        return
    opened = Session(store, memory=memory, spill=spill, use_cache=use_cache)
    try:
        with explaining(store):
            yield opened
        opened.release()
    except duckdb.OutOfMemoryException:  # of a query of ours: those of others are `reported`
        limit = f"its limit of {memory} is" if memory else "the memory of this machine is"
        raise InterruptedQueryError(
            f"{store.path}: {limit} too little to read the catalog: give it more with --memory"
        ) from None
    finally:
        opened.release(is_reusable=False)


def _register(connection: Connection, name: str, relation: Any) -> None:
    """Register a relation; SQL reads its fingerprints as texts, whichever form they have."""
    from catalog.fingerprints import BYTES

    columns = [quoted(field.name) for field in relation.schema if field.type == BYTES]
    if columns:
        texts = ", ".join(f"lower(hex({column})) AS {column}" for column in columns)
        relation = connection.from_arrow(relation).project(f"* REPLACE ({texts})")
    connection.register(name, relation)


def _open(wanted: Session) -> LockedConnection:
    store = wanted.store
    if not store.database.exists():
        raise HomeNotFoundError(
            f"no catalog in {store.path}: `catalog register FILE --pool NAME` makes one, "
            "--home FOLDER names another"
        )
    # A catalog on a medium that cannot be written is readable all the same, without spilling.
    with suppress(OSError):
        store.scratch.mkdir(exist_ok=True)
    locked = _taken_for(wanted)
    try:
        open_to_read(locked.attach, paths=store, wait=store.wait, sleep=_sleep_of(wanted))
        behind = pending(locked.connection)
        if behind:
            raise MigrationError(
                f"{store.path} needs {len(behind)} migration(s): run `catalog migrate`"
            )
    except BaseException:
        locked.close()
        raise
    return locked


def _taken_for(wanted: Session) -> LockedConnection:
    paths = wanted.store.absolute()
    try:
        return take(Access(paths.database, paths.scratch, wanted.memory, wanted.spill))
    except duckdb.ParserException as error:
        raise OptionError(
            f"memory {wanted.memory!r} is not a size: write 2GB or 512MB ({error})"
        ) from None


def _sleep_of(wanted: Session) -> Callable[[float], None]:
    def sleep(seconds: float) -> None:
        if wanted.stopped.wait(seconds):
            raise InterruptedQueryError("stopped while another process held the catalog")

    return sleep


def _is_handle(type_: Any) -> bool:
    import pyarrow as pa

    return (
        bool(pa.types.is_struct(type_))
        and type_.num_fields == 1
        and type_[0].name.startswith("(opaque ")
    )


def _taken(values: Any, handles: Any) -> Any:
    import numpy as np
    import pyarrow as pa

    whole = handles.combine_chunks() if isinstance(handles, pa.ChunkedArray) else handles
    if isinstance(whole, pa.ChunkedArray):
        whole = (
            pa.concat_arrays(whole.chunks) if whole.num_chunks else pa.array([], type=whole.type)
        )
    rows = whole.flatten()[0]  # NULL where an outer join found nobody
    if (
        rows.null_count == 0
        and len(rows) == len(values)
        and np.array_equal(rows.to_numpy(), np.arange(len(rows)))
    ):
        return values
    taken = values.take(rows)
    return (
        taken
        if isinstance(handles, pa.ChunkedArray) or not isinstance(taken, pa.ChunkedArray)
        else taken.combine_chunks()
    )
