from collections.abc import Callable
from pathlib import Path

import fsspec
import pytest

from catalog import Catalog
from catalog.errors import SourceError
from catalog.pools.sources import Source, labelled, resolve


def pairs(n: int, *, first: int = 0) -> list[dict[str, str]]:
    return [
        {"instruction": f"question {i}", "input": "", "output": f"answer {i}"}
        for i in range(first, first + n)
    ]


def reason_of(*names: str) -> str:
    with pytest.raises(SourceError) as caught:
        resolve(names)
    assert names == () or names[0].split("://")[0].rstrip("*/") in str(caught.value)
    return caught.value.reason


def test_files_patterns_and_stdin_are_found_in_order(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    for name in ("b.jsonl", "a.jsonl", "c.csv", "deep/d.jsonl"):
        (tmp_path / name).write_text("x")
    found = resolve(
        [str(tmp_path / "c.csv"), str(tmp_path / "*.jsonl"), "-", str(tmp_path / "**/d.jsonl")]
    )
    assert [Path(source.name).name for source in found] == [
        "c.csv",
        "a.jsonl",
        "b.jsonl",
        "-",
        "d.jsonl",
    ]
    assert [source.size for source in found] == [1, 1, 1, None, 1]


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(tmp_path: Path) -> None:
    for name in ("a[1].jsonl", "a1.jsonl"):
        (tmp_path / name).write_text("x")
    assert [Path(source.name).name for source in resolve([str(tmp_path / "a[1].jsonl")])] == [
        "a[1].jsonl"
    ]


def test_what_is_not_there_or_is_a_folder_is_refused_by_name(tmp_path: Path) -> None:
    assert reason_of(str(tmp_path / "nothing.jsonl")) == "not_found"
    assert reason_of(str(tmp_path / "*.jsonl")) == "not_found"
    assert reason_of(str(tmp_path)) == "is_directory"
    assert reason_of() == "not_found"


def test_urls_are_opened_through_fsspec() -> None:
    memory = fsspec.filesystem("memory")
    for name in ("/pool/b.jsonl", "/pool/a.jsonl"):
        memory.pipe(name, b"text")
    assert [source.name for source in resolve(["memory://pool/*.jsonl"])] == [
        "memory:///pool/a.jsonl",
        "memory:///pool/b.jsonl",
    ]
    (source,) = resolve(["memory://pool/a.jsonl"])
    assert (source.size, source.stem) == (4, "a")
    with source.open() as file:
        assert file.read() == b"text"
    assert reason_of("memory://pool/c.jsonl") == "not_found"
    assert reason_of("memory://pool/x*") == "not_found"
    assert [source.name for source in resolve(["memory://pool"])] == [
        "memory:///pool/a.jsonl",
        "memory:///pool/b.jsonl",
    ]


def test_a_protocol_that_nobody_serves_is_refused() -> None:
    assert reason_of("nonsense://a/b.jsonl") == "unknown_protocol"


def test_a_protocol_whose_package_is_missing_names_the_package(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def missing(url: str) -> None:
        raise ImportError("Install gcsfs")

    monkeypatch.setattr("fsspec.core.url_to_fs", missing)  # the package may be there
    with pytest.raises(SourceError, match="gcsfs") as caught:
        resolve(["gcs://bucket/a.jsonl"])
    assert caught.value.reason == "missing_extra"


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("a/b/train.jsonl", "train"),
        ("train.v2.json.gz", "train.v2"),
        ("hf://datasets/x/y/data/train-00000-of-00001.parquet", "train-00000-of-00001"),
        ("a/.jsonl", ".jsonl"),
        ("no_ending", "no_ending"),
        ("alpaca_data-0-3252-英文.json", "alpaca_data-0-3252-英文"),
        ("-", "stdin"),
    ],
)
def test_the_stem_is_the_name_without_folder_and_endings(name: str, stem: str) -> None:
    assert Source(name, None).stem == stem


def test_a_label_names_the_source_of_an_arguments_records(
    catalog: Catalog, jsonl: Callable[..., Path]
) -> None:
    first, second = (
        jsonl(pairs(2), name="train.jsonl"),
        jsonl(pairs(1, first=5), name="other.jsonl"),
    )
    catalog.register([f"gsm8k={first}", second], pool="p")
    assert catalog.sql("SELECT source FROM pool('p') ORDER BY row_number")["source"].to_list() == [
        "gsm8k",
        "gsm8k",
        "other",
    ]
    catalog.register([f"数 学={first}", str(second)], pool="q", source_column="instruction")
    assert catalog.sql("SELECT source FROM pool('q') ORDER BY row_number")["source"].to_list() == [
        "数 学",
        "数 学",
        "question 5",
    ]


def test_a_path_with_an_equals_sign_is_a_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("split=train").mkdir()
    for name in ("split=train/a.jsonl", "gsm8k=train.jsonl", "train.jsonl"):
        Path(name).write_text("{}\n", encoding="utf-8")
    for name in ("split=train/a.jsonl", "gsm8k=train.jsonl", "split=train/*.jsonl"):
        assert [source.label for source in resolve([name])] == [None]
    for name in ("other=train.jsonl", "other=tr*.jsonl"):
        assert [(source.name, source.label) for source in resolve([name])] == [
            ("train.jsonl", "other")
        ]


@pytest.mark.parametrize(
    "name",
    [
        "https://host/data?split=train",
        "s3://bucket/split=train/a.jsonl",
        "/a/b=c.jsonl",
        "=a.jsonl",
        "-",
    ],
)
def test_an_address_with_an_equals_sign_has_no_label(name: str) -> None:
    assert labelled(name) == (None, name)


def test_a_label_without_a_file_is_refused() -> None:
    with pytest.raises(SourceError, match="LABEL=FILE"):
        resolve(["gsm8k="])
