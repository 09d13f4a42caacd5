"""What `register` says of shapes, and its options for roles and trees."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from catalog import Catalog
from catalog.cli import main

Write = Callable[..., Path]
CHAT = {"messages": [{"role": "Ann", "content": "q"}, {"role": "Bob", "content": "a"}]}
LEAF = {"role": "assistant", "text": "b", "replies": []}
TREE = {
    "prompt": {"role": "prompter", "text": "q", "replies": [LEAF, {**LEAF, "text": "a", "rank": 0}]}
}


@pytest.fixture
def register(catalog: Catalog, jsonl: Write) -> Callable[..., Result]:
    def register(records: list[Any], *options: str) -> Result:
        return CliRunner().invoke(
            main,
            [
                "--home",
                str(catalog.store.path),
                "register",
                str(jsonl(records)),
                "--pool",
                "p",
                *options,
            ],
        )

    return register


def test_roles_and_trees_are_options_that_the_version_records(
    register: Callable[..., Result], catalog: Catalog
) -> None:
    assert register([CHAT], "--role", "ann=user", "--role", "bob=assistant").exit_code == 0
    result = register([TREE], "--tree", "best")
    assert result.exit_code == 0
    assert catalog.sql("SELECT prompt, response FROM pool('p')").rows() == [("q", "a")]
    options = catalog.sql("SELECT options FROM pool_versions ORDER BY version")["options"].to_list()
    assert [json.loads(text)["roles"] for text in options] == [
        {"ann": "user", "bob": "assistant"},
        {},
    ]
    assert [json.loads(text)["tree"] for text in options] == [None, "best"]
    assert register([CHAT], "--role", "ann=speaker").exit_code == 2
    assert register([CHAT], "--tree", "all").exit_code == 2


@pytest.mark.parametrize(
    ("record", "found"),
    [
        (CHAT, ["pool.jsonl, line 1: unknown_role", "'Ann'", "--role NAME=assistant"]),
        (TREE, ["line 1: wrong_type", "tree", "--tree paths"]),
        (
            {"prompt": {"text": "q", "id": 1}, "response": "a"},
            ["line 1: wrong_type", "an object with the keys text, id", "prompt="],
        ),
        (
            {"messages": [{"speaker": None, "talk": "q"}]},
            ["line 1: unknown_role", "speaker, talk", "--field messages=KEY"],
        ),
    ],
)
def test_a_refused_load_shows_the_first_record_that_failed_and_what_helps(
    register: Callable[..., Result], record: dict[str, Any], found: list[str]
) -> None:
    result = register([record, record])
    assert result.exit_code == 1
    assert [text for text in found if text not in result.stderr] == []


def test_python_other_than_a_literal_is_refused_by_type(catalog: Catalog, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("{'prompt': nan, 'response': x}\n" * 3)
    arguments = [
        "--home",
        str(catalog.store.path),
        "register",
        str(tmp_path / "a.jsonl"),
        "--pool",
        "p",
    ]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 1
    assert "Python" in result.stderr
    assert "json.dumps" in result.stderr


def test_other_shapes_in_a_file_are_printed(register: Callable[..., Result]) -> None:
    result = register([{"prompt": "q", "response": "a"}] * 2 + [{"user": "q", "assistant": "b"}])
    assert (result.exit_code, "pairs" in result.stderr) == (0, True)


def test_processes_that_read_a_load_name_options_as_the_command_does(
    register: Callable[..., Result], tmp_path: Path
) -> None:
    (tmp_path / "other.jsonl").write_text(json.dumps(TREE) + "\n", encoding="utf-8")
    result = register([TREE, TREE], str(tmp_path / "other.jsonl"), "--jobs", "2")
    assert result.exit_code == 1
    assert "--tree paths" in result.stderr


def test_fields_without_a_prompt_are_refused_in_the_words_of_the_command(
    register: Callable[..., Result],
) -> None:
    result = register([{"a": "q"}], "--field", "response=a")
    assert (result.exit_code, "--field prompt=KEY" in result.stderr) == (2, True)
