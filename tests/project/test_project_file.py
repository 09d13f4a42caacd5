"""Reading a project file: every mistake is named with its place."""

import json
from contextlib import suppress
from pathlib import Path

import pytest

from catalog.errors import Location, ProjectError
from catalog.project.file import read_project
from catalog.project.graph import project_graph
from catalog.project.nodes.node import State
from catalog.project.schema import project_schema
from catalog.store.store import Store

MISTAKES = {
    "pools: {a: {file: x}}": (1, 13),
    "pools: [1, 2]": (1, 8),
    "pools: {a: {files: x, purpose: tests}}": (1, 32),
    "pools: {a: {files: x, format: nothing}}": (1, 9),
    "pools: {a: x, a: y}": (1, 15),
    "pools: {[1]: x}": (1, 9),
    "pools: {a: }": (1, 9),
    "signals:\n  - {embd: a}": (2, 5),
    "signals: [{losses: a, epochs: 0}]": (1, 23),
    "signals: [{losses: a, epochs: x}]": (1, 31),
    "signals: [{score: a}]": (1, 11),
    "selections: {x: {selector: r}}": (1, 14),
    "splits: {x: {from: a, by: b, into: 7}}": (1, 36),
    "exports: {a: {from: b, overwrite: maybe}}": (1, 35),
    "a: [": (1, 5),
    "x: 1\n---\ny: 2": (2, 1),
    "": (1, 1),
}
UNMADE = {
    "selections: {x: {selector: random, from: nothing, budget: 5}}": (1, 14),
    "pools: {p: a}\nselections: {p: {selector: random, from: p, budget: 5}}": (2, 14),
    "pools: {p: a}\nselections: {a b: {selector: random, from: p, budget: 5}}": (2, 14),
    "pools: {p: a}\nselections: {x: {selector: random, from: p, budget: [5, 6]}}": (2, 14),
    "pools: {p: a}\nselections: {x: {selector: none, from: p, budget: 5}}": (2, 14),
    "pools: {p: a}\nsplits: {x: {from: p, by: source=1, into: {a: 1}}}": (2, 10),
    "pools: {p: a}\nsplits: {x: {from: p, by: source, into: {a: rest, b: rest}}}": (2, 10),
    "pools: {p: a}\nsplits: {x: {from: p, by: near_duplicates=2, into: {a: 1}}}": (2, 10),
    "pools: {p: a}\nmixtures: {m: {budget: 5, parts: {p: 120%}}}": (2, 12),
    "pools: {p: a}\nmixtures: {m: {budget: 2ktok, parts: {p: 50%}}}": (2, 12),
    "pools: {p: a}\nmixtures: {m: {budget: 0, parts: {p: all}}}": (2, 12),
}
CYCLE = """\
selections:
  a: {selector: random, from: b, budget: 5}
  b: {selector: random, from: a, budget: 5}
"""


def place_of(path: Path, text: str) -> tuple[int | None, int | None]:
    """Return where a file is wrong."""
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ProjectError) as raised:
        project_graph(read_project(path), State(Store(path.parent / "home"), path.parent))
    location = raised.value.location
    assert isinstance(location, Location)
    return location.line, location.column


@pytest.mark.parametrize("text", [*MISTAKES, *UNMADE])
def test_a_mistake_has_a_place(tmp_path: Path, text: str) -> None:
    assert place_of(tmp_path / "catalog.yaml", text) == (MISTAKES | UNMADE)[text]


def test_entries_that_are_made_from_each_other_are_refused(tmp_path: Path) -> None:
    assert place_of(tmp_path / "catalog.yaml", CYCLE)[0] in (2, 3)


@pytest.mark.parametrize("text", ["&a {pools: *a}", "&a {<<: *a, pools: {}}", "\x00", "pools: \t"])
def test_no_text_ends_in_a_traceback(tmp_path: Path, text: str) -> None:
    path = tmp_path / "catalog.yaml"
    path.write_text(text, encoding="utf-8")
    with suppress(ProjectError):
        read_project(path)


def test_an_alias_and_a_merged_key_serve_as_written(tmp_path: Path) -> None:
    path = tmp_path / "catalog.yaml"
    path.write_text(
        "selections:\n"
        "  a: &a {selector: random, from: p, budget: 5}\n"
        "  b: {<<: *a, budget: 007, seed: [1, 2]}\n"
        "pools: {p: {files: x, revision: 2024-01-01}}\n"
    )
    project = read_project(path)
    found = project.sections.selections["b"]
    assert (found.from_, found.budget, found.seed) == ("p", ["007"], [1, 2])
    assert project.sections.pools["p"].revision == "2024-01-01"
    assert project.place("selections", "b", "seed") == Location(str(path), 3, 28)


def test_the_schema_has_every_section_and_its_references_are_defined() -> None:
    schema = project_schema()
    text = json.dumps(schema)
    assert list(schema["properties"])[:3] == ["pools", "signals", "selections"]
    names = {part.split('"')[0] for part in text.split("#/$defs/")[1:]}
    assert names == schema["$defs"].keys()
    losses = schema["$defs"]["LossesEntry"]
    assert losses["properties"]["epochs"]["minimum"] == 1
    assert losses["required"] == ["losses"]
    assert schema["$defs"]["SelectionEntry"]["required"] == ["selector", "from", "budget"]
    assert all(each["additionalProperties"] is False for each in schema["$defs"].values())
