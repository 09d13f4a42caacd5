"""Damaged files: every command ends in a right answer or in one line."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from catalog import Catalog
from catalog.cli import main
from catalog.errors import CatalogError

Copy = Callable[[], Catalog]
QUERIES = (
    "SELECT prompt, response FROM pool('p') ORDER BY prompt",
    "SELECT fingerprint, vector FROM embeddings('p') ORDER BY fingerprint",
    "SELECT fingerprint, value FROM score('p', name => 's') ORDER BY fingerprint",
    "SELECT fingerprint, losses FROM trajectories('p') ORDER BY fingerprint",
)


def damage(path: Path, draw: random.Random) -> str:
    """Do something to a file that a disk could do; returns what."""
    content = bytearray(path.read_bytes())
    how = draw.choice(("flip", "flip", "cut", "zero", "garbage", "remove"))
    at = draw.randrange(max(1, len(content)))
    if how == "remove":
        path.unlink()
        return how
    if how == "flip" and content:
        content[at] ^= 1 << draw.randrange(8)
    elif how == "cut":
        del content[at:]
    elif how == "zero":
        content[at : at + 4096] = bytes(len(content[at : at + 4096]))
    else:
        content = bytearray(draw.randbytes(len(content)))
    path.write_bytes(content)
    return how


def run(catalog: Catalog, *arguments: str) -> Result:
    result = CliRunner().invoke(
        main, ["--home", str(catalog.store.path), "--wait", "2", *arguments]
    )
    assert result.exception is None or isinstance(result.exception, SystemExit), (
        arguments,
        result.exception,
    )
    assert result.exit_code in (0, 1), (arguments, result.output)
    return result


def corrupt(copy: Copy, *, seeds: range) -> None:
    whole = [copy().sql(text) for text in QUERIES]
    for seed in seeds:
        draw = random.Random(seed)
        catalog = copy()
        stores = [
            path
            for path in catalog.store.path.rglob("*")
            if path.is_file() and not path.name.endswith((".lock", ".intent"))
        ]
        path = catalog.store.database if seed % 4 == 0 else draw.choice(sorted(stores))
        what = (seed, damage(path, draw), str(path.relative_to(catalog.store.path)))
        run(catalog, "doctor")
        full = run(catalog, "doctor", "--full")
        for text, before in zip(QUERIES, whole, strict=True):
            try:
                answer = catalog.sql(text)
            except CatalogError:
                assert full.exit_code == 1, what
            else:
                assert answer.equals(before), what
        run(catalog, "gc", "--damaged")
        run(catalog, "doctor", "--full")


def test_a_corruption_is_told_and_gives_no_wrong_answer(copy: Copy) -> None:
    corrupt(copy, seeds=range(1))


@pytest.mark.slow
def test_forty_corruptions_are_told_and_give_no_wrong_answer(copy: Copy) -> None:
    corrupt(copy, seeds=[1, *range(100, 140)])
