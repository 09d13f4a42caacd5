"""A pool of mixed formats: what each export takes of it, and what loaders read in the file."""

import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from catalog.errors import LossyExportError, OptionError
from catalog.export import export, folder_formats
from tests.export.conftest import ROW_FORMATS

SCRIPT = Path(__file__).with_name("run_datasets.py")
TRAINERS = Path(__file__).with_name("run_trainers.py")
OTHER_PYTHON = "CATALOG_TEST_DATASETS_3"
"""Names the Python of an environment with datasets 3.6.0 and jinja2."""

PAIRS = {"rejected", "rejected more", "rejected talk"}
CALLS = {"calls", "other calls", "object arguments"}
UNTOLD = {"prompt", "object arguments", "text tools", "masked"} | PAIRS
ALONE = {"plain", "number", "truth", "json", "null", "date", "unicode", "system"}
REFUSED = {
    "jsonl": {"object arguments"},
    "parquet": set(),
    "sharegpt": UNTOLD | {"weighted"},
    "messages": UNTOLD | {"weighted", "image", "unmarked image", "sound"},
    "axolotl": UNTOLD | {"image", "sound"},
    "llamafactory": UNTOLD
    | CALLS
    | {
        "weighted",
        "parallel",
        "thanks",
        "developer",
        "named",
        "parts",
        "image part",
        "unmarked image",
    },
}
ENDINGS = {
    "jsonl": "a.jsonl",
    "messages": "a.jsonl",
    "dpo": "a.jsonl",
    "sharegpt": "a.json",
    "alpaca": "a.json",
    "parquet": "a.parquet",
}


@pytest.fixture(autouse=True)
def _unsynced(monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda _: None)


def written(rows, batches, folder, format, **options):
    (folder / format).mkdir()
    path = folder / format / ENDINGS.get(format, "folder")
    return export(
        batches(list(rows.values())), format=format, path=path, name="a", **options
    ).files[0]


def texts(row, *, has_calls=True, answer=None):
    """Return a template's text of an instruction, with its answer or the turns in its place."""
    messages = [{"content": row["system"], "extra": None}] if row["system"] is not None else []
    messages += (
        row["messages"]
        if answer is None
        else row["messages"][:-1] + [{"extra": None, **turn} for turn in answer]
    )
    rendered = ""
    for message in messages:
        calls = json.loads(message["extra"] or "{}").get("tool_calls", []) if has_calls else []
        functions = [call["function"] for call in calls]
        rendered += message["content"].replace(
            "<image>\n",
            "<image_url>\n"
            if "image_url" in (message["extra"] or "") and has_calls
            else "<image>\n",
        )
        rendered += (
            "".join(f"<|call|>{function['name']}{function['arguments']}" for function in functions)
            + "<|end|>"
        )
    tools = row["tools"] if (row["tools"] or "").startswith("[") else None
    return f"{json.dumps(json.loads(tools))}<|tools|>{rendered}" if tools else rendered


def expected(row, format):
    kept = texts(row, has_calls=format != "parquet")
    if format != "dpo":
        return [kept]
    (answer,) = json.loads(row["rejected"])
    if answer[0]["role"] == "user":
        return [kept, texts({**row, "messages": [{"extra": None, **turn} for turn in answer]})]
    return [kept, texts(row, answer=answer)]


def loaded(python, files):
    environment = {
        **os.environ,
        "HF_HUB_OFFLINE": "1",
        "HF_DATASETS_OFFLINE": "1",
        "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
    }
    command = [python, str(SCRIPT), *map(str, files.values())]
    answer = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)


def taken(mixed, format):
    refused = {
        "dpo": mixed.keys() - {"rejected", "rejected talk"},
        "alpaca": mixed.keys() - ALONE,
    } | REFUSED
    return {name: row for name, row in mixed.items() if name not in refused[format]}


@pytest.mark.parametrize("format", ROW_FORMATS)
def test_a_format_takes_of_the_mixed_pool_what_it_can_hold(mixed, batches, tmp_path, format):
    names = []
    for name in mixed:
        with suppress(LossyExportError, OptionError):
            given = batches([mixed[one] for one in (*names, name)])
            export(given, format=format, path=tmp_path / "out", name="a", overwrite=True)
            names.append(name)
    assert names == list(taken(mixed, format))


@pytest.fixture
def files(mixed, batches, tmp_path):
    """What each format takes, and the file in which it is."""
    rows = {format: taken(mixed, format) for format in ROW_FORMATS}
    return rows, {
        format: written(rows[format], batches, tmp_path, format) for format in ROW_FORMATS
    }


def check_loaded(python, files, *, version):
    rows, paths = files
    found = loaded(python, paths)
    assert found["version"] == version
    for format in ROW_FORMATS:
        assert found["files"][str(paths[format])] == [
            expected(row, format) for row in rows[format].values()
        ], format


def test_datasets_reads_the_texts_of_the_catalog_in_every_row(files):
    check_loaded(sys.executable, files, version="5.2.0")


@pytest.mark.slow
@pytest.mark.skipif(
    OTHER_PYTHON not in os.environ,
    reason=f"{OTHER_PYTHON} does not name the Python of an environment with datasets 3.6.0",
)
def test_datasets_3_reads_the_same(files):
    check_loaded(os.environ[OTHER_PYTHON], files, version="3.6.0")


@pytest.mark.parametrize("format", ROW_FORMATS)
def test_what_a_format_takes_registers_to_the_same_fingerprints(
    mixed, batches, read_back, tmp_path, format
):
    rows = taken(mixed, format)
    assert read_back(written(rows, batches, tmp_path, format), prompts_only=True) == [
        row["fingerprint"] for row in rows.values()
    ]


def kinds(value, path=""):
    """The JSON type at each path of a value."""
    if isinstance(value, dict):
        yield path, "object"
        for key, item in value.items():
            yield from kinds(item, f"{path}/{key}")
    elif isinstance(value, list):
        yield path, "list"
        for item in value:
            yield from kinds(item, f"{path}[]")
    elif value is not None:
        yield (
            path,
            "text"
            if isinstance(value, str)
            else "truth value"
            if isinstance(value, bool)
            else "number",
        )


@pytest.mark.parametrize(
    "format", [format for format in ROW_FORMATS if format not in ("parquet", "alpaca")]
)
def test_every_key_has_one_type_in_the_whole_file(mixed, batches, tmp_path, format):
    path = written(mixed, batches, tmp_path, format, allow_lossy=True)
    text = path.read_text(encoding="utf-8")
    rows = (
        json.loads(text) if format == "sharegpt" else list(map(json.loads, text.split("\n")[:-1]))
    )
    found = [found for row in rows for found in kinds(row)]
    assert len(dict(set(found))) == len(set(found))
    assert {tuple(row) for row in rows} == {tuple(rows[0])}
    assert format in folder_formats() or ("/tools", "text") in found or format == "dpo"


@pytest.mark.slow
def test_every_format_is_trained_on_for_three_steps(mixed, batches, tmp_path):
    media = {
        "image",
        "unmarked image",
        "sound",
    }  # a text model has no eyes: TRL refuses a column of images for it
    rows = {
        format: {name: row for name, row in taken(mixed, format).items() if name not in media}
        for format in ROW_FORMATS
    }
    paths = {format: written(rows[format], batches, tmp_path, format) for format in ROW_FORMATS}
    pairs = [f"{format}={path}" for format, path in paths.items()]
    answer = subprocess.run(
        [sys.executable, str(TRAINERS), *pairs], capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stderr
    losses = json.loads(answer.stdout.rpartition("\n")[2])
    assert {format: len(found) for format, found in losses.items()} == dict.fromkeys(ROW_FORMATS, 3)
