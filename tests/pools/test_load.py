"""A load read in parts, by any number of processes, is the load that one process reads."""

import json
import pickle
import shutil
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog import Catalog, Description
from catalog.errors import OptionError, SourceError
from catalog.pools.load import load
from catalog.pools.options import ReadOptions
from catalog.pools.parts import divided
from catalog.pools.sources import resolve
from catalog.pools.spans import spans
from catalog.pools.staging import Staging, TooManyKeysError, stage_part
from catalog.pools.unread import MAX_KEYS
from tests.pools import fuzzing
from tests.quick import few_of

TEXTS = ["a", "b", "é", "漢字", "\U0001f600", "cafe\u0301", "x" * 40, ""]
LINES = [
    b'{"instruction": "a", "instruction": "b", "output": "c"}',
    b"{'instruction': 'a', 'output': 'python'}",
    b"{f(x): 'python'}",
    b"{broken",
    b"",
    b" \t",
    b'{"instruction": "\xff\xe4", "output": "x"}',
    b'{"instruction": "n", "output": "x", "score": NaN}',
    b'{"instruction": "k", "output": "x", "label": false, "reasoning": "r"}',
    b'{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}',
    b'{"prompt": "p", "chosen": "c", "rejected": "r"}',
    b'["a list"]',
    b"\xe4",
]


def record(instruction: str, output: str, tag: str) -> bytes:
    value = {"instruction": instruction, "output": output, **({tag: tag} if tag else {})}
    return json.dumps(value, ensure_ascii=False).encode()


good = st.builds(
    record, st.sampled_from(TEXTS), st.sampled_from(TEXTS), st.sampled_from(["s", "t", ""])
)
lines = st.lists(st.one_of(good, good, st.sampled_from(LINES)), max_size=12)
contents = st.builds(
    lambda rows, end, mark, last: mark + end.join([record("a", "b", ""), *rows]) + last,
    lines,
    st.sampled_from([b"\n", b"\n", b"\r\n"]),
    st.sampled_from([b"", b"", b"\xef\xbb\xbf"]),
    st.sampled_from([b"", b"\n", b"\n\n"]),
)


def read(staging: Staging) -> dict[str, Any]:
    """Return the rows of a staged load as one process numbers them, and the reports."""
    rows: dict[str, list[Any]] = {"instructions": [], "quarantine": []}
    for kind, paths in (("instructions", staging.instructions), ("quarantine", staging.quarantine)):
        for first, path in zip(staging.first_rows, paths, strict=True):
            table = pq.read_table(path)
            numbers = pa.array([row + first for row in table["row_number"].to_pylist()])
            table = table.set_column(table.column_names.index("row_number"), "row_number", numbers)
            rows[kind] += table.to_pylist()
    return rows | {"reports": [asdict(report) for report in staging.reports]}


def outcome(sources: list[Path], folder: Path, n_bytes: int, **options: Any) -> Any:
    """Read sources in parts that travel like those of a worker; return what they give."""
    folder.mkdir()
    read_options = ReadOptions(**options)
    staging = Staging(folder)
    try:
        for part in divided(resolve([*map(str, sources)]), read_options, n_bytes=n_bytes):
            sent = pickle.loads(pickle.dumps(replace(part, whole=None)))
            staged = stage_part(sent, read_options, folder=folder, progress=lambda *_: None)
            staging.add(replace(pickle.loads(pickle.dumps(staged)), part=part))
        staging.refuse_unknown_columns()
    except SourceError as error:
        return type(error), str(error), error.reason
    return read(staging)


def check(sources: list[Path], folder: Path, *sizes: int, **options: Any) -> None:
    whole = outcome(sources, folder / "whole", 2**40, **options)
    for size in sizes:
        assert outcome(sources, folder / f"of{size}", size, **options) == whole


@settings(max_examples=6)
@given(
    files=st.lists(contents, min_size=1, max_size=3),
    size=st.sampled_from([1, 40, 120, 400]),
    columns=st.sampled_from([{}, {"source_column": "s"}, {"labels_column": "t"}]),
)
def test_parts_of_any_size_give_the_rows_places_and_reports_of_the_whole(
    tmp_path_factory: pytest.TempPathFactory,
    files: list[bytes],
    size: int,
    columns: dict[str, str],
) -> None:
    folder = tmp_path_factory.mktemp("parts")
    sources = [folder / f"{number}.jsonl" for number in range(len(files))]
    for path, content in zip(sources, files, strict=True):
        path.write_bytes(content)
    check(sources, folder, size, **columns)


@pytest.mark.parametrize("number", few_of(range(300), 3, 7, 100))
def test_fuzzed_files_in_parts_give_what_they_give_as_a_whole(tmp_path: Path, number: int) -> None:
    name, data = fuzzing.fuzzed(number)
    (tmp_path / name).write_bytes(data)
    check([tmp_path / name], tmp_path, 64)


@given(
    data=st.binary(max_size=60).map(lambda data: data.replace(b"\x01", b"\n")),
    n_bytes=st.integers(1, 20),
    block=st.integers(1, 20),
)
def test_spans_cover_a_file_and_end_at_newlines(data: bytes, n_bytes: int, block: int) -> None:
    blocks = [data[start : start + block] for start in range(0, len(data), block)]
    cut = list(spans(blocks, n_bytes=n_bytes))
    assert b"".join(data[span.start : span.stop] for span in cut) == data
    for span in cut[:-1]:
        assert data[span.stop - 1 : span.stop] == b"\n"
        assert span.n_bytes >= n_bytes
    for span in cut:
        assert span.n_lines_before == data.count(b"\n", 0, span.start)


def test_a_tree_in_a_span_expands_to_the_rows_of_the_whole(tmp_path: Path) -> None:
    replies = [{"role": "assistant", "text": text} for text in ("b", "c")]
    tree = json.dumps({"prompt": {"role": "prompter", "text": "a", "replies": replies}})
    (tmp_path / "trees.jsonl").write_text(f"{tree}\n" * 5)
    check([tmp_path / "trees.jsonl"], tmp_path, 1, 200, tree="paths")


def test_a_file_with_more_keys_than_are_counted_is_read_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "keys.jsonl"
    rows = ({"instruction": "a", "output": "b", f"key{n}": n} for n in range(MAX_KEYS + 50))
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(TooManyKeysError):
        outcome([path], tmp_path / "parts", 2_000)


@pytest.mark.slow
def test_processes_read_a_file_with_too_many_keys_again_as_a_whole(tmp_path: Path) -> None:
    path, sources = tmp_path / "keys.jsonl", [tmp_path / "keys.jsonl", tmp_path / "a.jsonl"]
    rows = ({"instruction": "a", "output": "b", f"key{n}": n} for n in range(MAX_KEYS + 50))
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    sources[1].write_bytes((record("é", "b", "s") + b"\n") * 50)
    given = resolve([*map(str, sources)])
    found = []
    for jobs in (1, 2):
        folder = tmp_path / f"{jobs}"
        folder.mkdir()
        found.append(read(load(given, ReadOptions(), folder=folder, jobs=jobs, part_bytes=1_000)))
    assert found[0] == found[1]
    assert found[0]["reports"][0]["n_unread_keys"] == MAX_KEYS


def mixed(folder: Path) -> list[Any]:
    """Write files of several formats that share records; return them with a frame among them."""
    long = "x" * 10_000
    rows = [
        {"instruction": f"q{n % 85} {long}", "output": f"é{n % 5}", "n": n % 7} for n in range(120)
    ]
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (folder / "a.jsonl").write_text(text + "{broken\n\n" + text[:-1], encoding="utf-8")
    (folder / "b.json").write_text(json.dumps([*rows[:5], {"instruction": "", "output": "x"}]))
    pl.DataFrame(rows[:10]).write_parquet(folder / "c.parquet")
    (folder / "d.jsonl").write_text("\n".join(text.split("\n")[100:120]), encoding="utf-8")
    paths = [folder / name for name in ("a.jsonl", "b.json", "c.parquet", "d.jsonl")]
    return [paths[0], pl.DataFrame(rows[:15]), *paths[1:]]


def stored(catalog: Catalog) -> list[Any]:
    with catalog.store.reading() as connection:
        tables = [
            connection.sql(f"FROM {table} ORDER BY ALL").fetchall()
            for table in ("instructions", "pool_members", "quarantine", "folded_records")
        ]
    shown = catalog.show("p")
    assert isinstance(shown, Description)
    version = shown.version
    return [*tables, {k: v for k, v in version.items() if k not in ("registered_at", "seconds")}]


@pytest.mark.parametrize("jobs", few_of([2, 3], 2))
def test_several_processes_make_the_version_of_one(
    catalog: Catalog, new_home: Path, tmp_path: Path, jobs: int
) -> None:
    sources = mixed(tmp_path)
    other = Catalog.open(shutil.copytree(new_home, tmp_path / "other"), isolated=False)
    catalog.register(sources, pool="p", jobs=1)
    progress: list[tuple[int, int, int | None]] = []
    answer = other.register(
        sources, pool="p", jobs=jobs, progress=lambda *counts: progress.append(counts)
    )
    assert stored(other) == stored(catalog)
    assert len(list(divided(resolve([str(sources[0])]), ReadOptions(), n_bytes=2**20))) > 1
    assert (answer.n_rows, answer.n_members, answer.n_quarantined) == (292, 85, 2)
    assert progress[-1][0] == answer.n_rows
    assert list(other.store.scratch.iterdir()) == []


def test_the_first_refused_file_is_named_whoever_reads_it(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"instruction": "a", "output": "b"}\n' * 3)
    for name in ("b.jsonl", "c.jsonl"):
        (tmp_path / name).write_text('{"unknown": 1}\n' * 2)
    sources = [tmp_path / name for name in ("a.jsonl", "b.jsonl", "c.jsonl")]
    check(sources, tmp_path, 1, 40)


def test_no_job_at_all_is_refused(catalog: Catalog, jsonl: Any) -> None:
    with pytest.raises(OptionError, match="jobs"):
        catalog.register(jsonl([{"instruction": "a", "output": "b"}]), pool="p", jobs=0)
