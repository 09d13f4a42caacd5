"""Derived scores of other packages: SQL files that entry points name."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from catalog import Catalog
from catalog.errors import HeaderError, OptionError
from tests.copies import made_once
from tests.distributions import install

LAST = """-- summary: The loss at the last checkpoint.
-- inputs: losses

SELECT instruction_id, losses[-1] AS value, reason
FROM losses
"""
RAISES = "raise RuntimeError('the code of a package with scores never runs')"
Install = Callable[..., None]


@pytest.fixture
@made_once
def pool(
    catalog: Catalog,
    jsonl: Callable[..., Path],
    records: Callable[[int], list[dict[str, Any]]],
    tmp_path: Path,
) -> Catalog:
    """Six members whose losses at the last checkpoint are 1, 3, 5, 7, 9 and 11."""
    catalog.register(jsonl(records(6)), pool="p")
    np.save(tmp_path / "losses.npy", np.arange(12, dtype=np.float32).reshape(6, 2))
    catalog.import_losses("p", tmp_path / "losses.npy", proxy="mine")
    return catalog


@pytest.fixture
def offer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Install a distribution with SQL files where this process finds it."""

    def add(version: str = "1.5", **scores: str) -> None:
        files = {f"thesis_scores/{name}.sql": text for name, text in scores.items()}
        lines = [f"{name} = thesis_scores" for name in scores or ["missing"]]
        folder = install(
            tmp_path / version,
            "thesis-scores",
            version,
            {"thesis_scores/__init__.py": RAISES, **files},
            entry_points="\n".join(["[catalog.scores]", *lines]),
        )
        monkeypatch.syspath_prepend(folder)

    return add


def test_a_package_offers_a_score(pool: Catalog, offer: Install) -> None:
    offer(last_loss=LAST)
    listed = pool.scores().filter(name="last_loss").to_dicts()
    assert [(row["origin"], row["inputs"]) for row in listed] == [("thesis-scores 1.5", "losses")]
    (report,) = pool.score("p", "last_loss").reports
    identity = report.signal.identity
    assert (identity["package"], identity["package_version"]) == ("thesis-scores", "1.5")
    assert len(identity["sql"]) == 64
    values = pool.sql("SELECT value FROM score('p', name => 'last_loss')")["value"]
    assert sorted(values) == [1, 3, 5, 7, 9, 11]


@pytest.mark.slow
def test_another_version_of_the_package_is_another_signal(pool: Catalog, offer: Install) -> None:
    offer(last_loss=LAST)
    (first,) = pool.score("p", "last_loss").reports
    offer("1.6", last_loss=LAST)
    (second,) = pool.score("p", "last_loss").reports
    assert first.signal.identity_sha256 != second.signal.identity_sha256
    assert second.n_computed == 6


def test_the_scores_of_users_come_before_those_of_packages(
    pool: Catalog, offer: Install, tmp_path: Path
) -> None:
    offer(last_loss=LAST, ifd=LAST)
    (tmp_path / "last_loss.sql").write_text(LAST.replace("[-1]", "[1]"))
    pool.add_score(tmp_path / "last_loss.sql")
    origins = dict(pool.scores().select("name", "origin").rows())
    assert (origins["last_loss"], origins["ifd"]) == ("added", "built-in")


@pytest.mark.parametrize(
    ("scores", "error"),
    [
        ({}, OptionError),
        ({"bad": "SELECT 1"}, HeaderError),
        ({"bad": LAST.replace("losses\n", "lossess\n", 1)}, HeaderError),
        ({"bad": LAST.replace("losses[-1]", "max(losses[-1]) OVER ()")}, HeaderError),
        (
            {"bad": LAST.replace("losses", "worse"), "worse": LAST.replace("losses", "bad")},
            HeaderError,
        ),
    ],
)
def test_a_package_whose_score_cannot_be_read_is_refused(
    pool: Catalog, offer: Install, scores: dict[str, str], error: type[Exception]
) -> None:
    offer(**scores)
    with pytest.raises(error, match=r"bad\.sql|thesis-scores 1\.5.*missing\.sql"):
        pool.score("p", "bad")
