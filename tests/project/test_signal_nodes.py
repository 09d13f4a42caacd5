"""Signals of a project: computed and imported once, and for the members that lack them."""

import json
from pathlib import Path

import pytest

from catalog import Catalog
from tests.conftest import pairs
from tests.project.conftest import runner, write
from tests.project.test_build import made

EVERY = """\
pools:
  p: {files: p.jsonl}
signals:
  - embed: p
  - {embed: p, field: conversation}
  - {label: p, taxonomy: topics.txt, threshold: 0}
  - {map: p, method: pca}
  - index_text: p
  - {score: p, names: [length, repetition]}
  - {import_scores: p, file: scores.jsonl, columns: {mine: n}, key: row, made_by: me}
  - {import_losses: p, file: losses.jsonl, proxy: run}
selections:
  spread: {selector: s2l, from: p, budget: 4, set: {k: 2, proxy: run}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "signals"
    folder.mkdir()
    write(folder / "p.jsonl", pairs(9))
    write_numbers(folder, 9)
    (folder / "topics.txt").write_text("sorting\ncooking\n")
    return folder


def write_numbers(folder: Path, n: int) -> None:
    for name, rows in {
        "scores.jsonl": [{"n": i % 4} for i in range(n)],
        "losses.jsonl": [{"losses": [3.0, 2.0 + i % 3, 1.0]} for i in range(n)],
    }.items():
        (folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows))


@pytest.mark.slow
def test_imported_numbers_follow_their_file(catalog: Catalog, folder: Path) -> None:
    lines = [line for line in EVERY.splitlines() if not line.startswith("  - ")]
    imports = [line for line in EVERY.splitlines() if "import_" in line]
    lines[3:3] = imports
    (folder / "catalog.yaml").write_text("\n".join(lines))
    run = runner(catalog, folder)
    assert len(made(run)) == 4
    assert made(run) == []
    write_numbers(folder, 9)
    assert made(run) == []
    text = (folder / "losses.jsonl").read_text()
    (folder / "losses.jsonl").write_text(text.replace("3.0", "9.0"))
    assert made(run) == ["signal import_losses p run", "subset spread"]


@pytest.mark.slow
def test_every_verb_computes_what_is_missing_once(catalog: Catalog, folder: Path) -> None:
    (folder / "catalog.yaml").write_text(EVERY)
    run = runner(catalog, folder)
    assert len(made(run)) == 10
    assert made(run) == []
    write(folder / "p.jsonl", pairs(10))
    write_numbers(folder, 10)
    assert len(made(run)) == 10
    assert made(run) == []
    kinds = set(catalog.signals("p").filter(n_with_value=10)["kind"])
    assert kinds == {"embedding", "labels", "map", "full_text", "score", "losses"}


@pytest.mark.slow
def test_a_budget_in_tokens_is_counted_once(catalog: Catalog, folder: Path) -> None:
    from catalog.models.causal_lm import save_causal_lm
    from catalog.models.tiny import TinyShape, build_tiny

    shape = TinyShape(vocabulary=300, width=16, layers=1, heads=2, inner=16)
    save_causal_lm(build_tiny(["question", "answer"], shape=shape), folder / "small")
    text = """\
pools: {p: p.jsonl}
selections: {few: {selector: random, from: p, budget: 100, model: small}}
"""
    (folder / "catalog.yaml").write_text(text.replace("100", "3"))
    run = runner(catalog, folder)
    assert made(run) == ["pool p", "subset few"]
    (folder / "catalog.yaml").write_text(text.replace("100", "200tok"))
    assert made(run) == ["subset few"]
    assert made(run) == []
    (folder / "catalog.yaml").write_text(text.replace("100", "300tok"))
    assert made(run) == ["subset few"]
    assert made(run) == []


GRADIENTS = """\
pools:
  p: {files: p.jsonl}
  t: {files: t.jsonl, purpose: eval}
signals:
  - {losses: p, epochs: 1, checkpoints: 1, batch: 4}
  - {gradients: p, model: tiny, lora: r=2, dim: 16, checkpoints: 1, warm_up: 0.5}
  - {gradients: t, target_of: p, lora: r=2, dim: 16, checkpoints: 1, warm_up: 0.5}
selections:
  best: {selector: less, from: p, budget: 3, set: {target: t}}
"""


@pytest.mark.slow
def test_gradients_of_a_pool_and_of_its_target_are_made_for_less(
    catalog: Catalog, folder: Path
) -> None:
    write(folder / "t.jsonl", pairs(3))
    (folder / "catalog.yaml").write_text(GRADIENTS)
    run = runner(catalog, folder)
    wanted = ["gradients p tiny", "gradients t tiny", "losses p tiny"]
    steps = made(run)
    assert sorted(each for each in steps if each.startswith("signal")) == [
        f"signal {name}" for name in wanted
    ]
    assert steps.index("signal losses p tiny") < steps.index("signal gradients t tiny")
    assert steps[-1] == "subset best"
    assert made(run) == []
    assert catalog.sql("SELECT count(*) FROM subset('best')").rows() == [(3,)]
    write(folder / "t.jsonl", pairs(4))
    assert made(run) == ["pool t", "signal gradients t tiny", "subset best"]
