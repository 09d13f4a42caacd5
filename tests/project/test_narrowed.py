"""What entries of a project select from: several pools, members of a condition, clean ones."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from catalog import Catalog
from tests.conftest import pairs
from tests.project.conftest import write

Run = Callable[..., Result]
SHARED = "one two three four five six seven eight nine ten eleven twelve thirteen"
PROJECT = """\
pools:
  p: p.jsonl
  r: r.jsonl
  exam: {files: exam.jsonl, purpose: eval}
selections:
  odd: {selector: random, from: 'p,r', budget: 3, where: "prompt LIKE '%1%'", clean_of: exam}
  all: {selector: random, from: 'p,r', budget: all}
mixtures:
  mixed: {budget: 6, parts: {p: 50%, 'r:random': rest}, clean_of: exam, gate: true}
splits:
  cut: {from: r, by: near_duplicates=1, into: {val: 1, train: rest}, clean_of: exam}
"""


@pytest.mark.slow
def test_selections_of_several_pools_conditions_and_clean_mixtures_are_built(
    run: Run, project: Path, catalog: Catalog
) -> None:
    leaked = [{"instruction": f"Say {SHARED}!", "output": "question 1"}]
    write(project / "r.jsonl", pairs(6, first=10) + leaked)
    write(project / "exam.jsonl", leaked)
    (project / "catalog.yaml").write_text(PROJECT)
    answer = run("build")
    assert answer.exit_code == 0, answer.output
    assert "1 item of exam@1" in answer.stderr
    assert set(catalog.pool("odd")["prompt"]) <= {f"question {i}" for i in (1, *range(10, 16))}
    assert catalog.pool("all").height == 15
    assert not any(SHARED in each for each in catalog.pool("mixed")["prompt"])
    assert not any(SHARED in each for each in catalog.pool("cut.train")["prompt"])
    assert "nothing to make" in run("build").stderr
    gated = PROJECT.replace("budget: all}", "budget: all, gate: true, seed: 1}")
    (project / "catalog.yaml").write_text(gated)
    answer = run("build")
    assert answer.exit_code == 1
    assert "catalog.yaml:7:3" in answer.stderr
    assert "exam@1" in answer.stderr


def test_one_subset_of_two_versions_is_refused(run: Run, project: Path, catalog: Catalog) -> None:
    entries = "".join(
        f"  {name}: {{selector: random, from: {source}, budget: 1, where: length(prompt) > 1}}\n"
        for name, source in (("one", "p"), ("two", "p@1"))
    )
    (project / "catalog.yaml").write_text(f"pools: {{p: p.jsonl}}\nselections:\n{entries}")
    answer = run("plan")
    assert answer.exit_code == 1
    assert "catalog.yaml:4:3" in answer.stderr
