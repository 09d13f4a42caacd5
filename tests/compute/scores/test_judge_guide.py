"""The judge that the guide describes, against a server that speaks the protocol."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from catalog import Catalog
from catalog.cli import main
from tests.compute.scores.judge_server import JudgeServer, running
from tests.conftest import pairs
from tests.pages import DOCS, commands, steps


def test_the_guides_judge_is_ten_lines_and_scores_a_pool(
    catalog: Catalog, jsonl: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = DOCS / "how-to" / "judge.md"
    ((name, text),) = [step for step in steps(page) if step[0].startswith("file:")]
    assert len(text.splitlines()) <= 11
    catalog.register(jsonl(pairs(3)), pool="demo")
    monkeypatch.chdir(tmp_path)
    Path(name.removeprefix("file:")).write_text(text)
    lines = [words for words in commands(page) if words[2:4] == ["demo", "politeness"]]
    lines = [["catalog", "scores", "add", "politeness.toml"], lines[0]]
    with running(JudgeServer()) as server:
        for words in lines:
            asked = [word.replace("http://localhost:8000/v1", server.url) for word in words[1:]]
            result = CliRunner().invoke(main, ["--home", str(catalog.store.path), *asked])
            assert result.exit_code == 0, result.output
    assert catalog.sql("SELECT value FROM score('demo', name => 'politeness')").rows() == [(3,)] * 3
    assert "Response: answer 1\n" in "".join(server.asked)
