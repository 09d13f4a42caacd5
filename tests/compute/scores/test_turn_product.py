"""Scores that multiply judges' numbers of each turn, against a plain loop."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from catalog import Catalog
from catalog.errors import HeaderError, OptionError
from tests.compute.scores.judge_server import JudgeServer, running

ANSWERS = {n: [(n + turn) % 6 + 1 for turn in range(n)] for n in range(1, 9)}


def reply(body: dict[str, Any]) -> str:
    """Rate the quality by the response, and the complexity by the question."""
    text = body["messages"][-1]["content"]
    name = "response" if "<response>" in text else "instruction"
    (found,) = re.findall(rf"<{name}>\n.*?(\d)\n</{name}>", text, re.S)
    return f'{{"score": {found}}}'


@pytest.fixture
def server() -> Iterator[JudgeServer]:
    with running(JudgeServer(reply=reply)) as started:
        yield started


@pytest.fixture
def pool(catalog: Catalog, jsonl: Callable[..., Path]) -> Catalog:
    """Conversations of one to eight turns; the question of a turn is as complex as 7 minus it."""
    records = []
    for n, numbers in ANSWERS.items():
        messages: list[dict[str, str]] = []
        for number in numbers:
            messages += [
                {"role": "user", "content": f"question of {n} turns, rated {7 - number}"},
                {"role": "assistant", "content": f"answer rated {number}"},
            ]
        records.append({"messages": messages})
    catalog.register(jsonl(records), pool="p")
    return catalog


def test_mig_quality_is_the_mean_over_turns_of_quality_times_complexity(
    pool: Catalog, server: JudgeServer
) -> None:
    options: dict[str, Any] = {"endpoint": server.url, "model": "m"}
    pool.score("p", "deita_quality", "deita_complexity", **options)
    n_asked = len(server.asked)
    (report,) = pool.score("p", "mig_quality", **options).reports
    assert (report.n_computed, report.reasons, len(server.asked)) == (8, {}, n_asked)
    rows = pool.sql(
        "SELECT s.value FROM pool('p') JOIN score('p', name => 'mig_quality') s "
        "USING (instruction_id) ORDER BY row_number"
    )
    wanted = [np.mean([x * (7 - x) for x in numbers]) for numbers in ANSWERS.values()]
    assert rows["value"].to_list() == pytest.approx(wanted)


@pytest.mark.slow
def test_the_sum_over_turns_is_another_file(
    pool: Catalog, server: JudgeServer, tmp_path: Path
) -> None:
    text = 'kind = "judge"\nsummary = "s"\nfactors = ["deita_quality", "deita_complexity"]\n'
    (tmp_path / "total.toml").write_text(text + 'combine = "sum"\n')
    pool.add_score(tmp_path / "total.toml")
    pool.score("p", "total", endpoint=server.url, model="m")
    rows = pool.sql("SELECT value FROM score('p', name => 'total')")
    wanted = [sum(x * (7 - x) for x in numbers) for numbers in ANSWERS.values()]
    assert sorted(rows["value"].to_list()) == pytest.approx(sorted(wanted))


@pytest.mark.parametrize("more", ['template = "{prompt}"', "scale = [1, 2]", 'combine = "best"'])
def test_a_file_of_factors_has_no_judge_of_its_own(
    catalog: Catalog, tmp_path: Path, more: str
) -> None:
    text = 'kind = "judge"\nsummary = "s"\nfactors = ["deita_quality", "deita_complexity"]\n'
    (tmp_path / "x.toml").write_text(text + more)
    with pytest.raises(HeaderError):
        catalog.add_score(tmp_path / "x.toml")


def test_a_factor_that_is_no_judge_of_turns_is_refused(
    pool: Catalog, server: JudgeServer, tmp_path: Path
) -> None:
    text = 'kind = "judge"\nsummary = "s"\nfactors = ["deita_quality", "ask_llm"]\n'
    (tmp_path / "x.toml").write_text(text)
    pool.add_score(tmp_path / "x.toml")
    with pytest.raises(OptionError, match="ask_llm"):
        pool.score("p", "x", endpoint=server.url, model="m")
