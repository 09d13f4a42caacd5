"""The full-text index: what it finds, and that it grows, resumes and is kept like any signal."""

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from shutil import rmtree
from typing import Any

import pytest
from click.testing import CliRunner

from catalog import Catalog
from catalog.cli import main
from catalog.compute.shard_runner import exclusively
from catalog.errors import LockedError, SignalError
from catalog.signals.registry import list_named
from catalog.store import vectors
from tests.copies import made_once

Write = Callable[..., Path]

SCRIPT = Path(__file__).parent / "run_index.py"
ROOT = Path(__file__).parents[2]
TEXTS = [
    ("How do I cook rice?", "Boil the rice in water."),
    ("Boil an egg", "Cook the egg for six minutes."),
    ("今日はいい天気ですね。", "はい、そうですね。"),
    ("Café in Paris 🎉", "C++ is a language"),
    ("don't stop", "x_y foo-bar 'quoted' \"text\""),
]


def records(texts: list[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"instruction": prompt, "input": "", "output": answer} for prompt, answer in texts]


@pytest.fixture
@made_once
def pool(catalog: Catalog, jsonl: Write) -> Catalog:
    catalog.register(jsonl(records(TEXTS)), pool="p")
    return catalog


def found(catalog: Catalog, text: str, **options: Any) -> list[str]:
    return list(catalog.search("p", text, mode="text", **options).rows["prompt"])


@pytest.mark.slow
def test_words_are_found_in_every_script_and_nothing_in_a_query_is_syntax(pool: Catalog) -> None:
    with pytest.raises(SignalError) as caught:
        pool.search("p", "rice", mode="text")
    assert str(caught.value.command) == "catalog index p@1 --text"
    pool.index("p", text=True)
    assert found(pool, "rice water") == ["How do I cook rice?"]
    assert found(pool, "EGG") == ["Boil an egg"]
    assert set(found(pool, "boil")) == {"Boil an egg", "How do I cook rice?"}
    assert found(pool, "天気") == ["今日はいい天気ですね。"]
    assert found(pool, "🎉") == found(pool, "cafe\u0301") == found(pool, "C++") == [TEXTS[3][0]]
    assert found(pool, 'foo "AND" (NOT) \' OR -- ; %') == ["don't stop"]
    assert found(pool, "?!") == found(pool, "absent") == []
    assert found(pool, "boil", where="length(response) < 25") == ["How do I cook rice?"]
    assert found(pool, "boil", k=1000) == found(pool, "boil")


def test_new_members_are_added_and_others_stay(pool: Catalog, jsonl: Write) -> None:
    assert pool.index("p", text=True).n_computed == 5
    grown = [*TEXTS, ("Fry a leek", "In butter."), ("", "nothing asked")]
    pool.register(jsonl(records(grown), name="more.jsonl"), pool="p")
    with pytest.raises(SignalError):
        pool.search("p", "leek", mode="text")
    report = pool.index("p", text=True)
    assert (report.n_before, report.n_computed) == (5, report.n_members - 5)
    assert found(pool, "leek") == ["Fry a leek"]
    assert pool.index("p", text=True).n_computed == 0
    (signal,) = pool.signals("p").to_dicts()
    assert (signal["kind"], signal["n_with_value"]) == ("full_text", report.n_members)
    assert pool.doctor(full=True) == []


@pytest.mark.slow
def test_what_is_dropped_is_swept_from_the_index(pool: Catalog, jsonl: Write) -> None:
    pool.register(jsonl(records([("Fry a leek", "In butter.")]), name="q.jsonl"), pool="q")
    pool.index("p", text=True)
    pool.index("q", text=True)
    pool.drop("q")
    pool.gc()
    assert pool.doctor(full=True) == []
    with pool.store.reading() as connection:
        (signal,) = list_named(connection, kind="full_text")
    rows = vectors.dataset(pool.store, signal.lance_table).to_table(columns=["prompt"])
    assert "fry a leek" not in rows["prompt"].to_pylist()
    assert found(pool, "egg") == ["Boil an egg"]
    assert found(pool, "leek") == []
    pool.drop("p")
    pool.gc()
    assert vectors.tables(pool.store) == []


def test_a_catalog_made_again_at_its_place_is_searched_anew(tmp_path: Path, jsonl: Write) -> None:
    for fruit in ("apple", "pear"):
        rmtree(tmp_path / "home", ignore_errors=True)
        again = Catalog.open(tmp_path / "home", isolated=False)
        again.register(jsonl(records([(fruit, "a fruit")] * 2)), pool="p")
        again.index("p", text=True)
        assert found(again, fruit) == [fruit]


def test_one_process_indexes_at_a_time(pool: Catalog) -> None:
    pool.index("p", text=True)
    with pool.store.reading() as connection:
        (signal,) = list_named(connection, kind="full_text")
    with exclusively(pool.store, signal), pytest.raises(LockedError):
        pool.index("p", text=True)


@pytest.mark.slow
def test_an_index_that_is_killed_is_that_of_an_unbroken_run(catalog: Catalog, jsonl: Write) -> None:
    texts = [(f"question {i}", f"answer {i} word{i % 7}") for i in range(60)]
    catalog.register(jsonl(records(texts)), pool="p")
    draw = random.Random(3)
    for n_lines in (1, 3):
        with subprocess.Popen(
            [sys.executable, str(SCRIPT), str(catalog.store.path)],
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        ) as script:
            for _ in range(n_lines):
                assert script.stdout.readline() == "\n"
            time.sleep(draw.uniform(0, 0.05))  # somewhere in the next step
            script.kill()
        assert catalog.doctor(full=True) == []
        catalog.gc()
    report = catalog.index("p", text=True)
    assert report.n_members == report.n_before + report.n_computed == 60
    assert len(catalog.search("p", "word3", mode="text", k=100).rows) == 9
    assert catalog.doctor(full=True) == []


def test_a_pool_of_one_or_no_row_and_the_command_line(catalog: Catalog, jsonl: Write) -> None:
    catalog.register(jsonl(records(TEXTS[:1])), pool="p")
    catalog.index("p", text=True)
    assert found(catalog, "rice", k=5) == [TEXTS[0][0]]
    home = ["--home", str(catalog.store.path)]
    answer = CliRunner().invoke(main, [*home, "index", "p", "--text", "--json"])
    assert answer.exit_code == 0, answer.output
    answer = CliRunner().invoke(main, [*home, "search", "p", "rice", "--text", "--json"])
    assert [row["rank"] for row in json.loads(answer.stdout)] == [1]
    both = CliRunner().invoke(main, [*home, "search", "p", "rice", "--text", "--hybrid"])
    assert both.exit_code == 2
