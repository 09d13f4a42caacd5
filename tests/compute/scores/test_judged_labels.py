"""Labels that a judge gives: stored as labels, read by SQL and by `instag`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from catalog import Catalog
from catalog.errors import HeaderError, NotFoundError, SignalError
from catalog.signals.model_score_files import built_in_model_scores, parse_model_score
from tests.compute.scores.judge_server import JudgeServer, running
from tests.compute.scores.test_judge import N, add, judge, pool

__all__ = ["pool"]


def number_of(body: dict[str, Any]) -> int:
    """Return the first number in a request, which is the instruction's."""
    match = re.search(r"\d+", body["messages"][-1]["content"])
    assert match
    return int(match[0])


def tags(body: dict[str, Any]) -> str:
    """Answer with as many tags as the question's number modulo 4 says; 3 is no answer."""
    number = number_of(body)
    if number % 4 == 3:
        return "I cannot tag that."
    named = [{"tag": f" Tag  {i}", "explanation": "why"} for i in range(number % 4)]
    return f"Here they are: {json.dumps([*named, *named, {'tag': f'own {number}'}])}"


@pytest.fixture
def server() -> Iterator[JudgeServer]:
    """A server that tags."""
    with running(JudgeServer(reply=tags)) as started:
        yield started


def test_tags_are_stored_as_labels_each_once(pool: Catalog, server: JudgeServer) -> None:
    report = judge(pool, server, "instag")
    assert (report.signal.kind, report.n_computed) == ("labels", N)
    assert report.reasons == {"unparsable_answer": N // 4}
    rows = pool.sql(
        "SELECT row_number, labels.labels AS labels FROM pool('p') "
        "JOIN labels('p', name => 'instag') AS labels USING (instruction_id) ORDER BY row_number"
    ).rows()
    assert rows[2] == (2, ["tag 0", "tag 1", "own 2"])
    assert rows[3] == (3, [])
    assert judge(pool, server, "instag").n_computed == 0


@pytest.mark.slow
def test_instag_selects_by_the_labels_of_a_judge(pool: Catalog, server: JudgeServer) -> None:
    judge(pool, server, "instag")
    pool.select("instag", "p", budget=5, name="few", settings={"labels": "instag"})
    whys = pool.sql("SELECT why FROM subset('few')")["why"].to_list()
    assert [json.loads(why)["n_tags"] for why in whys] == [3] * 5
    assert pool.verify("few").is_same
    with pytest.raises(SignalError, match="nothing"):
        pool.select("instag", "p", budget=5, name="none", settings={"labels": "nothing"})


def test_labels_without_a_name_are_those_of_the_records(
    catalog: Catalog, jsonl: Callable[..., Path]
) -> None:
    records = [
        {"instruction": "a", "output": "b", "tags": ["x", "y"]},
        {"instruction": "c", "output": "d"},
    ]
    catalog.register(jsonl(records), pool="p", labels_column="tags")
    query = "SELECT labels FROM labels('p') ORDER BY len(labels)"
    assert catalog.sql(query)["labels"].to_list() == [[], ["x", "y"]]


def test_the_labels_of_a_judge_can_be_dropped(pool: Catalog, server: JudgeServer) -> None:
    judge(pool, server, "instag", limit=8)
    assert pool.drop_score("instag").n_signals == 1
    with pytest.raises(NotFoundError):
        pool.drop_score("instag")
    assert judge(pool, server, "instag", limit=8).n_computed == 8
    assert len(server.asked) == 8  # the answers were kept


def test_labels_of_several_turns_are_put_together(
    catalog: Catalog, jsonl: Callable[..., Path], tmp_path: Path, server: JudgeServer
) -> None:
    turns = [
        {"role": role, "content": f"question {number}"}
        for number in (1, 2)
        for role in ("user", "assistant")
    ]
    catalog.register(jsonl([{"messages": turns}]), pool="p")
    add(catalog, tmp_path, 'parser = "labels:tag"\nper = "turn"\ntemplate = "{prompt} "\n')
    judge(catalog, server, "mine")
    ((labels,),) = catalog.sql("SELECT labels FROM labels('p', name => 'mine')").rows()
    assert labels == ["tag 0", "own 1", "tag 1", "own 2"]


def test_a_parser_of_labels_takes_no_scale() -> None:
    text = 'kind = "judge"\nsummary = "s"\nparser = "labels:tag"\nscale = [1, 2]\n'
    with pytest.raises(HeaderError, match="labels:tag"):
        parse_model_score(text + 'template = "{prompt}"\n', name="mine")


def test_words_at_a_json_key_count_by_the_choices(pool: Catalog) -> None:
    words = ["very easy", "easy", "medium", "hard", "very hard", "absurd"]

    def rated(body: dict[str, Any]) -> str:
        number = number_of(body)
        return json.dumps({"intent": "x", "difficulty": words[number % 6]})

    with running(JudgeServer(reply=rated)) as server:
        report = judge(pool, server, "difficulty")
    assert report.reasons == {"unparsable_answer": N // 6}
    query = (
        "SELECT value FROM pool('p') JOIN score('p', name => 'difficulty') USING (instruction_id) "
        "ORDER BY row_number LIMIT 6"
    )
    assert pool.sql(query)["value"].to_list() == [1.0, 2.0, 3.0, 4.0, 5.0, None]


def test_the_four_ratings_of_ds2_share_one_request(pool: Catalog) -> None:
    ratings = {"Rarity": 3, "Complexity": 4, "Informativeness": 5, "Overall rating": 6}
    with running(JudgeServer(reply=lambda _: json.dumps(ratings))) as server:
        for name in ("rarity", "complexity", "informativeness", "overall"):
            judge(pool, server, f"ds2_{name}")
        assert len(server.asked) == N
    row = pool.scores("p").row(0, named=True)
    assert [row[f"ds2_{name}"] for name in ("rarity", "overall")] == [3.0, 6.0]


def test_every_judge_says_whose_words_it_uses_and_a_published_one_its_licence() -> None:
    for name, definition in built_in_model_scores().items():
        if definition.kind != "judge" or definition.factors:  # it asks with other judges' words
            continue
        assert definition.paper, name
        source = definition.source or ""
        is_ours = source.startswith("our wording")
        assert is_ours or "Apache-2.0" in source or "MIT" in source, name
