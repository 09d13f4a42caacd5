"""Command `sql`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from catalog.catalog import Catalog
from catalog.cli.group import wide_option
from catalog.cli.options import engine_options, parse_pairs, pass_catalog, query_memory_option
from catalog.cli.output import echo_records, say
from catalog.cli.progress import progress_bar
from catalog.cli.rows import write_csv, write_json, write_json_lines
from catalog.errors import OptionError, QueryError
from catalog.messages import quantity

if TYPE_CHECKING:
    import pyarrow as pa

    from catalog.engine import Engine

TRANSLATED = ", translated"
"""What follows the name of a text that was written in another dialect, in messages."""

FORMATS = ("table", "json", "jsonl", "csv", "parquet", "arrow")


@click.command()
@click.argument("query")
@click.option(
    "--format",
    "shape",
    type=click.Choice(FORMATS),
    help="Output format. Default: the format of the suffix of -o, else table.",
)
@click.option(
    "-o",
    "--output",
    "path",
    metavar="FILE",
    help="Output file, or - for stdout.",
)
@click.option("--overwrite", is_flag=True, help="Replace an existing file.")
@click.option("--json", "is_json", is_flag=True, help="Same as --format json.")
@click.option(
    "--set",
    "pairs",
    multiple=True,
    metavar="NAME=VALUE",
    help="Value of $NAME in the query. Repeatable.",
)
@click.option(
    "--dialect",
    metavar="NAME",
    help="SQL dialect of QUERY, such as postgres, spark or bigquery. Default: duckdb.",
)
@wide_option
@click.option("--rows", default=100, show_default=True, help="Maximum number of rows of a table.")
@query_memory_option("query")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="Time limit of the query.",
)
@engine_options
@pass_catalog
def sql(
    catalog: Catalog,
    query: str,
    shape: str | None,
    path: str | None,
    overwrite: bool,
    is_json: bool,
    pairs: tuple[str, ...],
    dialect: str | None,
    rows: int,
    memory: str,
    timeout: float | None,
    engine: Engine,
) -> None:
    """Run one SELECT. QUERY is SQL, a .sql file, or - for stdin. Read-only."""
    name, text = _read_query(query)
    if dialect and dialect != "duckdb":
        from catalog.query.kernels import kernels_of
        from catalog.query.meaning.translation import as_duckdb

        text = as_duckdb(text, dialect, name=name, kernels=kernels_of(catalog.store))
        name += TRANSLATED
    given = parse_pairs(pairs, option="--set")
    parameters = {key: _value(value) for key, value in given.items()}
    target = None if path in (None, "-") else Path(path)
    shape = "json" if is_json else shape or _shape_of(target)
    if target:
        from catalog.store.atomic import require_writable

        require_writable(target, overwrite=overwrite)  # before the work
    with ExitStack() as open_:
        open_.enter_context(_showing(text, is_translated=name.endswith(TRANSLATED)))
        working = open_.enter_context(ExitStack())
        bar = working.enter_context(progress_bar("querying", unit="rows"))
        options: dict[str, Any] = {
            "name": name,
            "parameters": parameters,
            "memory": memory,
            "seconds": timeout,
            "progress": lambda percent: bar(percent, 100, 0),
            "engine": engine,
        }
        if shape == "table" and target is None:
            columns, records = catalog.first_rows(text, rows + 1, **options)
            working.close()  # removes the bar before the first line
            _show(records, columns, rows=rows)
            return
        reader = open_.enter_context(catalog.stream(text, **options))
        if target is None and sys.stdout.isatty():
            reader = _begun(reader)
            working.close()
        n_rows = _write(reader, shape=shape, path=target, overwrite=overwrite)
    if target:
        say(f"{quantity(n_rows, 'row')} in {target}")


@contextmanager
def _showing(text: str, *, is_translated: bool) -> Iterator[None]:
    """Print a translated query below an error, whose place is in that text."""
    try:
        yield
    except QueryError:
        if is_translated:
            say(f"  translated: {text}")
        raise


def _read_query(query: str) -> tuple[str, str]:
    if query == "-":
        return "stdin", sys.stdin.read()
    if query.endswith(".sql") and "\n" not in query:
        try:
            return query, Path(query).read_text(encoding="utf-8-sig")
        except UnicodeDecodeError as error:
            raise OptionError(f"{query}: not UTF-8 at byte {error.start}") from None
        except OSError as error:
            raise OptionError(
                f"{query}: {error.strerror}: name a .sql file, or pass the SQL itself"
            ) from None
    return "query", query


def _shape_of(path: Path | None) -> str:
    suffix = path.suffix.lstrip(".").lower() if path else ""
    shape = {"ipc": "arrow", "feather": "arrow", "ndjson": "jsonl"}.get(suffix, suffix)
    return shape if shape in FORMATS else "table"


def _value(text: str) -> Any:
    for read in (int, float):
        try:
            return read(text)
        except ValueError:
            continue
    return text


def _show(records: list[dict[str, Any]], columns: list[str], *, rows: int) -> None:
    if not records:
        say(f"no rows; columns: {', '.join(columns)}")
        return
    echo_records(records[:rows])
    if len(records) > rows:
        say(f"first {quantity(rows, 'row')}; --rows shows more, -o FILE writes all")


def _begun(reader: pa.RecordBatchReader) -> pa.RecordBatchReader:
    """Wait for the first batch, which is most of the work."""
    import pyarrow as pa

    batches = iter(reader)
    first = list(islice(batches, 1))
    return pa.RecordBatchReader.from_batches(reader.schema, chain(first, batches))


def _write(reader: pa.RecordBatchReader, *, shape: str, path: Path | None, overwrite: bool) -> int:
    with _target(path, is_binary=shape in ("parquet", "arrow"), overwrite=overwrite) as file:
        return _WRITERS[shape](reader, file)


@contextmanager
def _target(path: Path | None, *, is_binary: bool, overwrite: bool) -> Iterator[IO[bytes]]:
    """Open stdout, or a file that appears when it is complete."""
    if path:
        from catalog.store.atomic import new_file, opened

        with new_file(path, overwrite=overwrite) as temporary, opened(temporary) as file:
            yield file
        return
    if is_binary and sys.stdout.isatty():
        raise OptionError("this format is binary: name a file with -o, or use a pipe")
    yield sys.stdout.buffer
    sys.stdout.buffer.flush()


def _write_parquet(reader: pa.RecordBatchReader, file: IO[bytes]) -> int:
    import pyarrow.parquet as pq

    n_rows = 0
    _refuse_what_parquet_lacks(reader.schema)
    with pq.ParquetWriter(file, reader.schema, compression="zstd") as writer:
        for batch in reader:
            writer.write_batch(batch)
            n_rows += batch.num_rows
    return n_rows


def _refuse_what_parquet_lacks(schema: pa.Schema) -> None:
    import io

    import pyarrow as pa
    import pyarrow.parquet as pq

    for field in schema:
        try:
            pq.ParquetWriter(io.BytesIO(), pa.schema([field])).close()
        except pa.ArrowNotImplementedError:
            raise QueryError(
                f"Parquet has no type {field.type} for {field.name}: use CAST({field.name} AS "
                "VARCHAR), or write arrow, csv, json or jsonl"
            ) from None


def _write_arrow(reader: pa.RecordBatchReader, file: IO[bytes]) -> int:
    import pyarrow as pa

    n_rows = 0
    with pa.ipc.new_stream(file, reader.schema) as writer:
        for batch in reader:
            writer.write_batch(batch)
            n_rows += batch.num_rows
    return n_rows


def _write_table(reader: pa.RecordBatchReader, file: IO[bytes]) -> int:
    raise OptionError(
        "a table is written to the terminal only: name a file with the suffix .json, .jsonl, .csv, "
        ".parquet or .arrow, or add --format"
    )


_WRITERS = {
    "json": write_json,
    "jsonl": write_json_lines,
    "csv": write_csv,
    "parquet": _write_parquet,
    "arrow": _write_arrow,
    "table": _write_table,
}
