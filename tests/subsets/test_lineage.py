"""Lineage: back to files and models, forward to what was made from it."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from click.testing import CliRunner

from catalog import Catalog
from catalog.cli import main
from catalog.errors import ReferenceNotFoundError
from catalog.subsets.lineage.graph import Lineage, LineageNode, tree_lines
from catalog.subsets.lineage.mermaid import mermaid
from catalog.subsets.lineage.svg import svg


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """Two loads of a pool, an imported score, a subset of the pool, and one of the subset."""
    folder = tmp_path_factory.mktemp("lineage")
    catalog = Catalog.open(folder / "home", isolated=False)
    for number, name in enumerate(("a", "b")):
        rows = [{"instruction": f"{name} {n}", "output": "word " * (n + 1)} for n in range(6)]
        path = folder / f"{name} <&>.json"
        path.write_text(json.dumps(rows), encoding="utf-8")
        catalog.register(path, pool="p", mode="append" if number else None)
    scores = folder / "quality.json"
    scores.write_text(json.dumps([{"row": n, "q": n % 4} for n in range(12)]), encoding="utf-8")
    catalog.import_scores("p", scores, name="q")
    catalog.select("longest", "p", name="best", budget=6, settings={"score": "q"})
    catalog.select("random", "best", name="few", budget=2)
    return catalog


def titles(nodes: list[LineageNode]) -> list[str]:
    return [f"{node.kind} {node.title}" for node in nodes]


def test_a_subset_is_traced_back_to_files_and_forward_to_subsets(catalog: Catalog) -> None:
    found = catalog.lineage("best")
    assert found.reference == "best@1"
    assert titles(found.made_from(found.root)) == ["pool p@2", "signal score q"]
    assert titles(found.used_by(found.root)) == ["subset few@1"]
    pool, signal = found.made_from(found.root)
    assert titles(found.made_from(pool)) == ["file a <&>.json", "file b <&>.json"]
    (file,) = found.made_from(signal)
    assert file.title == "quality.json"
    assert len(file.details["sha256"]) == 64
    assert len(found.root.details["members_sha256"]) == 64
    assert found.root.details["selector"] == "longest"


def test_an_old_version_of_a_pool_has_the_files_of_its_own_loads(catalog: Catalog) -> None:
    found = catalog.lineage("p@1")
    assert titles(found.made_from(found.root)) == ["file a <&>.json"]
    assert found.used_by(found.root) == []


def test_a_pool_is_traced_to_everything_that_was_made_from_it(catalog: Catalog) -> None:
    found = catalog.lineage("p")
    forward = [node.title for _, node, _ in tree_lines(found, is_forward=True)]
    assert forward == ["best@1", "few@1"]
    layers = found.layers()
    assert layers["subset few@1"] == 2
    assert layers["pool p@2"] == 0


def test_every_edge_joins_nodes_and_leads_to_a_later_layer(catalog: Catalog) -> None:
    for reference in ("p", "p@1", "best", "few"):
        found = catalog.lineage(reference)
        ids = {node.id for node in found.nodes}
        assert {node for edge in found.edges for node in edge} <= ids
        layers = found.layers()
        both = [edge for edge in found.edges if edge[0] in layers and edge[1] in layers]
        assert all(layers[before] < layers[after] for before, after in both)


def test_a_picture_is_valid_accessible_and_the_same_each_time(catalog: Catalog) -> None:
    text = svg(catalog.lineage("best"))
    assert svg(catalog.lineage("best")) == text
    root = ET.fromstring(text)
    space = "{http://www.w3.org/2000/svg}"
    assert root.get("role") == "img"
    title, description = root.find(f"{space}title"), root.find(f"{space}desc")
    assert title is not None
    assert description is not None
    assert root.get("aria-labelledby") == f"{title.get('id')} {description.get('id')}"
    assert "a <&>.json" in str(description.text)
    boxes = root.findall(f"{space}g/{space}rect")
    assert len(boxes) == 7
    assert len({(box.get("x"), box.get("y")) for box in boxes}) == 7
    assert catalog.lineage("best")._repr_html_() == text


def test_a_flowchart_escapes_names(catalog: Catalog) -> None:
    found = catalog.lineage("best")
    lines = mermaid(found).splitlines()
    assert lines[0] == "flowchart LR"
    assert len([line for line in lines if "-->" in line]) == len(found.edges)
    assert any("a #lt;&#gt;.json" in line for line in lines)


def test_the_tree_fits_a_narrow_terminal(catalog: Catalog) -> None:
    answer = CliRunner().invoke(main, ["--home", str(catalog.store.path), "lineage", "best"])
    assert answer.exit_code == 0
    lines = answer.stdout.splitlines()
    assert lines[0].startswith("subset best@1")
    assert max(map(len, lines)) <= 80
    assert [line for line in lines if "few@1" in line]


@pytest.mark.parametrize("shape", ["json", "mermaid", "svg"])
def test_every_format_is_printed(catalog: Catalog, shape: str) -> None:
    words = ["--home", str(catalog.store.path), "lineage", "best", "--format", shape]
    answer = CliRunner().invoke(main, words)
    assert answer.exit_code == 0
    if shape == "json":
        document = json.loads(answer.stdout)
        assert {node["kind"] for node in document["nodes"]} == {"file", "pool", "signal", "subset"}
    assert CliRunner().invoke(main, [*words, "--json"]).exit_code == (0 if shape == "json" else 2)


def test_a_signal_that_is_gone_is_said(catalog: Catalog, tmp_path: Path) -> None:
    import shutil

    copy = Catalog.open(shutil.copytree(catalog.store.path, tmp_path / "home"), isolated=False)
    with copy.store.writing() as connection:
        connection.execute("DELETE FROM signals")
    found = copy.lineage("best")
    (signal,) = [node for node in found.nodes if node.kind == "signal"]
    assert signal.details["is_gone"]
    assert found.made_from(signal) == []


def test_a_reference_that_is_not_there_is_refused(catalog: Catalog) -> None:
    with pytest.raises(ReferenceNotFoundError):
        catalog.lineage("nothing")


def test_a_branch_that_was_shown_is_not_shown_again() -> None:
    kinds = {"subset a@1": "subset", "pool p@1": "pool", "pool q@1": "pool", "file f": "file"}
    nodes = [
        LineageNode(id_, kind, id_.partition(" ")[2], "", {})  # type: ignore[arg-type]
        for id_, kind in kinds.items()
    ]
    edges = (
        *(("pool p@1", "subset a@1"), ("pool q@1", "subset a@1")),
        *(("pool p@1", "pool q@1"), ("file f", "pool p@1")),
    )
    lines = list(tree_lines(Lineage("a@1", tuple(nodes), edges), is_forward=False))
    assert [(depth, node.title, is_repeated) for depth, node, is_repeated in lines] == [
        (1, "p@1", False),
        (2, "f", False),
        (1, "q@1", False),
        (2, "p@1", True),
    ]
