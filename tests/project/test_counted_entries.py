"""Entries whose groups or tokenizers change, and budgets in tokens over pools that grow."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from catalog import Catalog
from catalog.models.causal_lm import save_causal_lm
from catalog.models.tiny import TinyShape, build_tiny
from tests.conftest import pairs
from tests.project.conftest import write

Run = Callable[..., Result]
PROJECT = """\
pools:
  p: p.jsonl
selections:
  few: {selector: random, from: p, budget: 2ktok, model: one, group: first}
mixtures:
  mixed: {budget: 1500tok, parts: {p: 50%, few: rest}, model: one}
"""


def save(folder: Path, vocabulary: int) -> None:
    shape = TinyShape(vocabulary=vocabulary, width=16, layers=1, heads=2, inner=16)
    texts = [each["instruction"] + each["output"] for each in pairs(60)]
    save_causal_lm(build_tiny(texts, shape=shape), folder)


def made(run: Run, project: Path, text: str) -> list[str]:
    """Return the nodes that a build of a project makes."""
    (project / "catalog.yaml").write_text(text)
    answer = run("build")
    assert answer.exit_code == 0, answer.output
    return [line.partition(":")[0] for line in answer.stdout.splitlines() if "@" in line]


@pytest.mark.slow
def test_a_changed_group_is_written_and_makes_no_version(
    run: Run, project: Path, catalog: Catalog
) -> None:
    text = "pools: {p: p.jsonl}\nselections:\n  few: {selector: random, from: p, budget: 3}\n"
    made(run, project, text)
    assert made(run, project, text.replace("3}", "3, group: study}")) == ["subset few@1"]
    assert catalog.subsets(group="study")["name"].to_list() == ["few"]
    assert made(run, project, text.replace("3}", "3, group: study}")) == []
    assert made(run, project, text) == ["subset few@1"]
    assert catalog.subsets(group="study").height == 0


@pytest.mark.slow
def test_another_tokenizer_makes_what_it_counts_again(
    run: Run, project: Path, catalog: Catalog
) -> None:
    write(project / "p.jsonl", pairs(40))
    save(project / "one", 300)
    save(project / "two", 290)
    assert made(run, project, PROJECT) == ["pool p@1", "subset few@1", "mixture mixed@1"]
    assert made(run, project, PROJECT) == []
    other = PROJECT.replace("2ktok, model: one", "2ktok, model: two")
    assert made(run, project, other) == ["subset few@2", "mixture mixed@2"]
    assert made(run, project, other.replace("model: one", "model: two")) == ["mixture mixed@3"]
    response = other.replace("2ktok, model: two,", "100tok, model: two, tokens: response,")
    assert made(run, project, response)[0] == "subset few@3"
    shutil.rmtree(project / "two")
    save(project / "two", 280)
    assert made(run, project, response)[0] == "subset few@4"
    write(project / "p.jsonl", pairs(44))
    assert made(run, project, response)[0:2] == ["pool p@2", "subset few@5"]
    assert made(run, project, response) == []
    for name in ("few", "mixed"):
        assert catalog.verify(name).is_same
