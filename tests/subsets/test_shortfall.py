"""Warnings about selections that fall short."""

import re
from pathlib import Path

import numpy as np
import pytest

from catalog import Catalog
from catalog.errors import SelectionError
from tests.subsets.conftest import N


def test_a_shortfall_is_reported(filled: Catalog, tmp_path: Path) -> None:
    values = np.full(N, np.nan)
    values[:6] = 1.0
    np.save(tmp_path / "few.npy", values)
    filled.import_scores("p", tmp_path / "few.npy", name="few")
    selected = filled.select("depth_only", "p", budget=10, name="x", settings={"depth": "few"})
    assert selected.n_members == 6
    assert selected.warnings == ("only 6 members of p@1 are eligible for a budget of 10",)
    every = filled.select("depth_only", "p", budget="all", name="x", settings={"depth": "few"})
    assert (every.n_members, every.warnings) == (6, ())


@pytest.mark.slow
def test_clusters_that_all_gave_twice_lack_nothing(filled: Catalog, tmp_path: Path) -> None:
    few = np.array([[float(i % 3), 1.0 if i % 2 else np.nan] for i in range(N)])
    np.save(tmp_path / "few.npy", few)
    filled.import_losses("p", tmp_path / "few.npy", proxy="few")
    assert (
        filled.select(
            "s2l", "p", budget=6, name="x", settings={"k": 10, "incomplete": "drop", "proxy": "few"}
        ).warnings
        == ()
    )


def test_fewer_members_than_clusters_are_reported(filled: Catalog) -> None:
    (warning,) = filled.select("s2l", "p", budget=5, name="x", settings={"k": 20}).warnings
    assert re.search(r"budget of 5 is less than 20 clusters.*'k': 2", warning)
    (warning,) = filled.select(
        "s2l_by_source", "p", budget=10, name="y", settings={"k": 5}
    ).warnings
    assert re.search(r"budget of 10 is less than 5 clusters in each of 3 sources.*'k': 1", warning)


@pytest.mark.slow
def test_fewer_members_than_sources_are_reported(filled: Catalog) -> None:
    assert (
        filled.select("s2l_by_source", "p", budget=15, name="y", settings={"k": 5}).warnings == ()
    )
    (warning,) = filled.select("s2l_by_source", "p", budget=2, name="y", settings={"k": 5}).warnings
    assert "one member of each of 2 sources" in warning


@pytest.mark.slow
def test_clusters_that_all_have_their_turn_are_not_warned_of(filled: Catalog) -> None:
    assert filled.select("s2l", "p", budget=N, name="whole", settings={"k": 100}).warnings == ()
    assert (
        filled.select("s2l_by_source", "p", budget=N, name="all", settings={"k": 30}).warnings == ()
    )


@pytest.mark.slow
def test_a_selector_that_draws_by_weight_owes_no_cluster_a_member(filled: Catalog) -> None:
    filled.embed("p")
    assert (
        filled.select("kmeans_sensitivity", "p", budget=5, name="x", settings={"k": 20}).warnings
        == ()
    )


def test_nothing_eligible_names_the_least_values_of_the_selection(filled: Catalog) -> None:
    with pytest.raises(SelectionError, match=r"min_words.*100"):
        filled.select("dsir", "p", budget=1, name="s", settings={"target": "p"})
