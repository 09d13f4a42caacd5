"""Small valid files of every container and format, and mutations of them."""

import bz2
import gzip
import io
import json
import lzma
import random
import tarfile
import zipfile
from collections.abc import Callable
from functools import cache
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml
import zstandard

CHAT = [{"role": "user", "content": "q é"}, {"role": "assistant", "content": "a 你好"}]
RECORDS: dict[str, Callable[[int], Any]] = {
    "alpaca": lambda n: {
        "instruction": f"q{n} é",
        "input": "",
        "output": f"a{n} 你好",
        "score": n / 4,
        "tags": ["x"],
    },
    "messages": lambda n: {
        "messages": [
            *CHAT,
            {"role": "user", "content": f"q{n}"},
            {"role": "assistant", "content": "a"},
        ]
    },
    "sharegpt": lambda n: {
        "conversations": [{"from": "human", "value": f"q{n}"}, {"from": "gpt", "value": "a"}],
        "system": "s",
    },
    "preference": lambda n: {"prompt": f"q{n}", "chosen": "a", "rejected": "b"},
    "turns": lambda n: [f"q{n}", "a"],
    "transcript": lambda n: {"text": f"\n\nHuman: q{n}\n\nAssistant: a"},
    "tools": lambda n: {
        "messages": CHAT,
        "tools": [{"name": f"f{n}", "parameters": {"type": "object"}}],
        "images": ["a.png"],
    },
}
TABLES = ("alpaca", "messages", "sharegpt", "preference")
N = 6


def records(shape: str) -> list[Any]:
    return [RECORDS[shape](n) for n in range(N)]


def json_lines(shape: str) -> bytes:
    return b"".join(
        json.dumps(record, ensure_ascii=False).encode() + b"\n" for record in records(shape)
    )


def json_array(shape: str) -> bytes:
    return json.dumps(records(shape), indent=1).encode()


def json_under_a_key(shape: str) -> bytes:
    return json.dumps({"version": 1, "data": records(shape)}).encode()


def json_by_id(shape: str) -> bytes:
    return json.dumps({f"id{n}": record for n, record in enumerate(records(shape))}).encode()


def yaml_list(shape: str) -> bytes:
    return yaml.safe_dump(
        json.loads(json.dumps(records(shape))), allow_unicode=True
    ).encode()  # no aliases


def delimited(shape: str) -> bytes:
    rows = [f'"q{n}, é",a{n}\n' for n in range(N)]
    return ("instruction,output\n" + "".join(rows)).encode()


def table(shape: str) -> pa.Table:
    return pa.Table.from_pylist(records(shape))


def parquet(shape: str) -> bytes:
    target = io.BytesIO()
    pq.write_table(table(shape), target, compression="zstd", row_group_size=4)
    return target.getvalue()


def arrow(shape: str, *, is_file: bool = False, compression: str | None = None) -> bytes:
    target = io.BytesIO()
    start = pa.ipc.new_file if is_file else pa.ipc.new_stream
    with start(
        target, table(shape).schema, options=pa.ipc.IpcWriteOptions(compression=compression)
    ) as writer:
        writer.write_table(table(shape), max_chunksize=4)
    return target.getvalue()


def excel(shape: str) -> bytes:
    from openpyxl import Workbook

    book = Workbook()
    book.active.append(["instruction", "output", "n"])
    for n in range(N):
        book.active.append([f"q{n}", f"a{n}", n])
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def zipped(shape: str) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in (
            ("a.jsonl", json_lines(shape)),
            ("b/c.csv", delimited(shape)),
            ("README.md", b"#"),
        ):
            archive.writestr(name, data)
    return target.getvalue()


def tarred(shape: str) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as archive:
        for name, data in (("a.jsonl", json_lines(shape)), ("b/c.csv", delimited(shape))):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return target.getvalue()


TEXTS: dict[str, Callable[[str], bytes]] = {
    "a.jsonl": json_lines,
    "a.json": json_array,
    "key.json": json_under_a_key,
    "id.json": json_by_id,
    "a.yaml": yaml_list,
    "a.csv": delimited,
}
BINARIES: dict[str, Callable[[str], bytes]] = {
    "a.parquet": parquet,
    "a.arrow": arrow,
    "file.arrow": lambda shape: arrow(shape, is_file=True),
    "packed.arrow": lambda shape: arrow(shape, compression="zstd"),
    "a.xlsx": excel,
    "a.zip": zipped,
    "a.tar": tarred,
    "a.tar.gz": lambda shape: gzip.compress(tarred(shape), mtime=0),
    "a.jsonl.gz": lambda shape: gzip.compress(json_lines(shape), mtime=0),
    "a.jsonl.zst": lambda shape: zstandard.compress(json_lines(shape)),
    "a.jsonl.bz2": lambda shape: bz2.compress(json_lines(shape)),
    "a.jsonl.xz": lambda shape: lzma.compress(json_lines(shape)),
}


@cache
def seed(name: str, shape: str) -> bytes:
    return (TEXTS | BINARIES)[name](shape)


HOSTILE = (
    b"\0",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\xed\xa0\x80",
    b'"',
    b"\\u0000",
    b"\\ud800",
    b"}",
    b"]",
    b"{",
    b"[",
    b",",
    b"\n",
    b"\r",
    b"null",
    b"NaN",
    b"1e999",
    b"9" * 5000,
    b"{}",
    b"[]",
    b'{"role": 3}',
    b'{"messages": null}',
    b"&a *a",
    b"!!python/object:os.x ",
    b"\t",
    b"'''",
    b"%s%n",
    b"\x1b[2J",
    b"[" * 2000,
    b'{"a":' * 2000,
    b"- " * 2000,
    "\u0316\u0301".encode() * 1000,
    "\u2028\u202e\U0010ffff".encode(),
)


def flip(data: bytes, draw: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(draw.choice((1, 1, 3, 20))):
        changed[draw.randrange(len(changed))] ^= 1 << draw.randrange(8)
    return bytes(changed)


def cut(data: bytes, draw: random.Random) -> bytes:
    return data[: draw.randrange(len(data))]


def without(data: bytes, draw: random.Random) -> bytes:
    start = draw.randrange(len(data))
    return data[:start] + data[start + draw.choice((1, 2, 8, 50)) :]


def insert(data: bytes, draw: random.Random) -> bytes:
    at = draw.randrange(len(data))
    return data[:at] + draw.choice(HOSTILE) + data[at:]


def overwrite(data: bytes, draw: random.Random) -> bytes:
    at = draw.randrange(len(data))
    token = draw.choice(HOSTILE)
    return data[:at] + token + data[at + len(token) :]


def numbers(data: bytes, draw: random.Random) -> bytes:
    """Set a length or a place in a binary file to the largest, the smallest or a negative one."""
    at = draw.randrange(len(data))
    value = draw.choice((b"\xff\xff\xff\x7f", b"\xff" * 8, b"\0" * 8, b"\0\0\0\x80"))
    return data[:at] + value + data[at + len(value) :]


def shuffle(data: bytes, draw: random.Random) -> bytes:
    lines = data.splitlines(keepends=True)
    draw.shuffle(lines)
    return b"".join(lines)


def twice(data: bytes, draw: random.Random) -> bytes:
    at = draw.randrange(len(data))
    return data[:at] + data


def recode(data: bytes, draw: random.Random) -> bytes:
    text = data.decode("utf-8", "replace")
    return text.encode(
        draw.choice(("utf-16", "utf-16-le", "utf-32", "latin-1", "gb18030", "utf-7", "cp037")),
        "replace",
    )


MUTATIONS = (flip, cut, without, insert, overwrite, numbers, shuffle, twice, recode)


def fuzzed(number: int) -> tuple[str, bytes]:
    """The name and the bytes of one fuzzed file; the same number gives the same file."""
    draw = random.Random(number)
    name = draw.choice((*TEXTS, *BINARIES))
    data = seed(name, draw.choice(TABLES if name in BINARIES else tuple(RECORDS)))
    for _ in range(draw.choice((1, 1, 1, 2, 4))):
        data = draw.choice(MUTATIONS)(data, draw) or b"\0"
    return f"{number}-{name}", data
