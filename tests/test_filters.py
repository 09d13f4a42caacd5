"""Selectors that filter by scores, curves, clusters and duplicates, against plain rewrites."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import polars as pl
import pytest

from catalog import Catalog
from catalog.store.paths import package_data_dir
from tests.quick import few_of
from tests.test_determinism import register

N = 320


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """A pool with a score, losses, embeddings and copies."""
    store = register(tmp_path_factory.mktemp("filters") / "home", np.arange(N))
    return Catalog.open(store.path, isolated=False)


def selected(catalog: Catalog, name: str, budget: int | str, **settings: Any) -> list[str]:
    """Return the fingerprints that a selector selects, in order."""
    result = catalog.select(
        name, "p", budget=budget, seed=3, name="x", settings=settings, supersede=True
    )
    members = catalog.sql(f"SELECT fingerprint FROM subset('{result.reference}') ORDER BY rank")
    return members["fingerprint"].to_list()


def score(catalog: Catalog) -> dict[str, float]:
    rows = catalog.sql("SELECT fingerprint, value FROM score('p', name => 'deita')")
    return dict(rows.iter_rows())


def clusters(catalog: Catalog, k: int) -> pl.DataFrame:
    return catalog.sql(
        "SELECT fingerprint, cluster, distance FROM kmeans((SELECT instruction_id, fingerprint, "
        f"vector FROM embeddings('p')), k => {k}, iterations => 20, seed => 3, "
        "start => 'k-means++')"
    )


def test_alpagasus_keeps_what_reaches_the_threshold(catalog: Catalog) -> None:
    scores = score(catalog)
    expected = sorted(
        (name for name, value in scores.items() if value >= 0.5),
        key=lambda name: (-scores[name], name),
    )
    assert selected(catalog, "alpagasus", 40, score="deita", threshold=0.5) == expected[:40]


@pytest.mark.parametrize("values", few_of(["losses", "rewards"], "losses"))
def test_limr_aligns_every_curve_with_the_mean_curve(catalog: Catalog, values: str) -> None:
    rows = catalog.sql("SELECT fingerprint, losses FROM trajectories('p')").sort("fingerprint")
    curves = np.array(rows["losses"].to_list(), dtype=np.float64)
    rewards = np.exp(-curves) if values == "losses" else curves
    mean = rewards.mean(axis=0)
    alignment = 1 - ((rewards - mean) ** 2).sum(axis=1) / ((1 - mean) ** 2).sum()
    alignment = np.round(alignment, 9)
    names = rows["fingerprint"].to_list()
    kept = [row for row in np.argsort(-alignment, kind="stable") if alignment[row] >= 0.2]
    answer = selected(catalog, "limr", 30, values=values, threshold=0.2)
    by_name = dict(zip(names, alignment, strict=True))
    assert [by_name[name] for name in answer] == [alignment[row] for row in kept[:30]]


def test_grape_keeps_the_likeliest_response_of_a_prompt(tmp_path: Path) -> None:
    catalog = Catalog.open(tmp_path / "home", isolated=False)
    records = [
        {"instruction": f"question {i // 3}", "output": f"answer {i}", "loss": (7 * i) % 5}
        for i in range(30)
    ]
    pl.DataFrame(records).drop("loss").write_ndjson(tmp_path / "p.jsonl")
    catalog.register(tmp_path / "p.jsonl", pool="p")
    rows = catalog.sql("SELECT fingerprint, prompt, response FROM pool('p')")
    loss = {f"answer {i}": float(record["loss"]) for i, record in enumerate(records)}
    rows = rows.with_columns(pl.col("response").replace_strict(loss).alias("response_loss"))
    rows.select("fingerprint", "response_loss").write_parquet(tmp_path / "losses.parquet")
    catalog.import_scores("p", tmp_path / "losses.parquet", name="response_loss", key="fingerprint")
    best = rows.sort("response_loss", "fingerprint").group_by("prompt", maintain_order=True).first()
    assert set(selected(catalog, "grape", 10)) == set(best["fingerprint"])
    assert len(selected(catalog, "grape", 4)) == 4


def test_cherry_warm_up_samples_between_the_quartiles_of_every_cluster(catalog: Catalog) -> None:
    by_cluster = defaultdict(list)
    for fingerprint, cluster, distance in clusters(catalog, 20).iter_rows():
        by_cluster[cluster].append((distance, fingerprint))
    allowed, wanted = set(), 0
    for members in by_cluster.values():
        distances = [distance for distance, _ in members]
        low, high = np.percentile(distances, [25, 75])
        middle = [name for value, name in members if len(members) < 5 or low <= value <= high]
        allowed |= set(middle)
        wanted += min(5, len(middle))
    answer = selected(catalog, "cherry_warm_up", N, k=20, each=5)
    assert len(answer) == wanted
    assert set(answer) <= allowed


def test_semdedup_drops_what_is_like_any_earlier_member_of_its_cluster(catalog: Catalog) -> None:
    rows = catalog.sql("SELECT fingerprint, vector FROM embeddings('p')")
    vectors = dict(zip(rows["fingerprint"], np.array(rows["vector"].to_list()), strict=True))
    by_cluster = defaultdict(list)
    for fingerprint, cluster, distance in clusters(catalog, 6).iter_rows():
        by_cluster[cluster].append((-distance, fingerprint))
    kept = []
    for members in by_cluster.values():
        earlier: list[Any] = []
        for distance, name in sorted(members):
            unit = vectors[name] / np.linalg.norm(vectors[name])
            if not any(round(float(unit @ other), 12) > 0.9 for other in earlier):
                kept.append((distance, name))
            earlier.append(unit)
    assert 0 < len(kept) < N
    answer = selected(catalog, "semdedup", N, k=6, epsilon=0.1)
    assert answer == [name for _, name in sorted(kept)]


def test_car_takes_the_best_and_then_the_best_of_every_cluster(catalog: Catalog) -> None:
    scores = score(catalog)
    place = {name: i for i, name in enumerate(sorted(scores, key=lambda n: (-scores[n], n)))}
    answer = selected(catalog, "car", N, score="deita", best=10, k=30)
    assert answer[:10] == [name for name in place if place[name] < 10]
    cluster_of = dict(
        catalog.sql(
            "SELECT fingerprint, cluster FROM kmeans((SELECT * FROM pca((SELECT instruction_id, "
            "fingerprint, vector FROM embeddings('p')), variance => 0.95)), k => 30, "
            "iterations => 20, seed => 3, start => 'k-means++')"
        ).iter_rows()
    )
    best: dict[int, str] = {}
    for name in place:
        best.setdefault(cluster_of[name], name)
    rest = sorted((name for name in best.values() if place[name] >= 10), key=place.get)
    assert answer[10:] == rest


def test_car_makes_as_many_clusters_as_the_root_of_half_the_members(catalog: Catalog) -> None:
    answer = selected(catalog, "car", N, score="deita", best=0)
    assert len(answer) == int((N / 2) ** 0.5)


@pytest.mark.parametrize("keep", few_of(["longest", "first", "random"], "longest"))
def test_dedup_keeps_one_of_every_group(tmp_path: Path, keep: str) -> None:
    catalog = Catalog.open(tmp_path / "home", isolated=False)
    texts = ["Name three primary colours of light, please.", "Write a poem about a small river."]
    records = [
        {"instruction": text + "!" * extra, "output": "Of course."}
        for extra in (0, 2, 1)
        for text in texts
    ]
    pl.DataFrame(records).write_ndjson(tmp_path / "p.jsonl")
    catalog.register(tmp_path / "p.jsonl", pool="p")
    answer = set(selected(catalog, "dedup", 6, keep=keep))
    rows = catalog.sql("SELECT fingerprint, prompt, row_number FROM pool('p')")
    kept = rows.filter(pl.col("fingerprint").is_in(list(answer)))
    assert {text[:10] for text in kept["prompt"]} == {text[:10] for text in texts}
    assert kept.height == 2
    if keep == "longest":
        assert all(text.endswith("!!") for text in kept["prompt"])
    if keep == "first":
        assert sorted(kept["row_number"]) == sorted(rows["row_number"])[:2]


def test_dedup_best_keeps_the_best_of_every_group(catalog: Catalog) -> None:
    scores = score(catalog)
    rows = catalog.sql(
        "SELECT fingerprint, duplicate_group FROM near_duplicates((SELECT instruction_id, "
        "fingerprint, vector FROM embeddings('p')), threshold => 0.95)"
    )
    groups: dict[str, list[str]] = defaultdict(list)
    for name, group in rows.iter_rows():
        groups[group].append(name)
    assert len(groups) < N
    best = [min(names, key=lambda name: (-scores[name], name)) for names in groups.values()]
    expected = sorted(best, key=lambda name: (-scores[name], name))
    assert selected(catalog, "dedup_best", N, score="deita") == expected


def test_davir_is_the_relative_fall_of_the_loss() -> None:
    connection = duckdb.connect()
    connection.execute(
        "CREATE TABLE base AS FROM (VALUES (1, 2.0, NULL), (2, 0.0, NULL), (3, NULL, 'cut')) "
        "AS t(instruction_id, value, reason)"
    )
    connection.execute(
        "CREATE TABLE tuned AS FROM (VALUES (1, 1.5, NULL), (2, 0.0, NULL), (3, NULL, 'cut')) "
        "AS t(instruction_id, value, reason)"
    )
    text = (package_data_dir("sql") / "scores" / "davir.sql").read_text()
    assert sorted(connection.sql(text).fetchall()) == [
        (1, 0.25, None),
        (2, None, "zero_loss"),
        (3, None, "cut"),
    ]


def test_slearnllm_draws_from_what_is_graded_as_wrong(catalog: Catalog) -> None:
    scores = score(catalog)
    wrong = [name for name, value in scores.items() if value < 0.5]
    keys = {name: hashlib.md5(f"{name}:slearnllm 3".encode()).digest() for name in wrong}
    drawn = sorted(wrong, key=lambda name: (int.from_bytes(keys[name], "little") >> 2, name))
    assert 40 < len(drawn) < N
    assert selected(catalog, "slearnllm", 40, score="deita", threshold=0.5) == drawn[:40]


@pytest.mark.parametrize("values", few_of(["losses", "rewards"], "losses"))
def test_sparft_takes_the_nearest_of_every_cluster_of_topic_and_difficulty(
    catalog: Catalog, values: str
) -> None:
    rows = catalog.sql(
        "SELECT fingerprint, vector, losses FROM embeddings('p') "
        "JOIN trajectories('p') USING (instruction_id, fingerprint) ORDER BY fingerprint"
    )
    names = rows["fingerprint"].to_list()
    curves = np.array(rows["losses"].to_list(), dtype=np.float64)
    difficulty = 1 - (np.exp(-curves) if values == "losses" else curves).mean(axis=1)
    vectors = np.array(rows["vector"].to_list(), dtype=np.float64)
    centred = vectors - vectors.mean(axis=0)
    _, widths, directions = np.linalg.svd(centred, full_matrices=False)
    shares = np.cumsum(widths**2) / (widths**2).sum()
    kept = directions[: int(np.searchsorted(shares, 0.9)) + 1].T  # (d, kept)
    points = np.column_stack([centred @ kept, 2 * difficulty])
    settings = {"values": values, "k": 4, "variance": 0.9, "weight": 2}
    taken = selected(catalog, "sparft", 30, **settings)
    whys = catalog.sql("SELECT fingerprint, why FROM subset('x') ORDER BY rank")
    why = {name: json.loads(text) for name, text in whys.iter_rows()}
    assert [why[name]["difficulty"] for name in taken] == pytest.approx(
        [difficulty[names.index(name)] for name in taken], abs=1e-6
    )
    everyone = selected(catalog, "sparft", N, **settings)
    assert taken == everyone[:30]
    whys = catalog.sql("SELECT fingerprint, why FROM subset('x') ORDER BY rank")
    cluster = {name: json.loads(text)["cluster"] for name, text in whys.iter_rows()}
    members = {
        each: np.array([i for i, name in enumerate(names) if cluster[name] == each])
        for each in set(cluster.values())
    }
    assert len(members) == 4
    apart = np.zeros(N)
    centres = {each: points[where].mean(axis=0) for each, where in members.items()}
    for each, where in members.items():
        apart[where] = np.linalg.norm(points[where] - centres[each], axis=1)
        others = [np.linalg.norm(points[where] - centre, axis=1) for centre in centres.values()]
        assert np.all(apart[where] <= np.min(others, axis=0) + 1e-3)  # Lloyd has converged
    rounds = [
        [names[i] for i in where[np.argsort(apart[where], kind="stable")]]
        for _, where in sorted(members.items())
    ]
    wanted = [queue[turn] for turn in range(N) for queue in rounds if turn < len(queue)]
    assert everyone == wanted
