"""What verifying says of a subset whose code is another now."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from catalog import Catalog


@pytest.mark.parametrize(("kind", "name"), [("macros", "lot"), ("functions", "kmeans")])
def test_code_that_has_changed_is_named_and_makes_another_definition(
    catalog: Catalog, jsonl: Callable[..., Path], tmp_path: Path, kind: str, name: str
) -> None:
    catalog.register(
        jsonl([{"instruction": f"question {i}", "output": f"answer {i}"} for i in range(20)]),
        pool="p",
    )
    names = catalog.sql("FROM pool('p')")["fingerprint"]
    lines = [f"{one},{i},{i % 3}" for i, one in enumerate(names)]
    (tmp_path / "losses.csv").write_text("\n".join(["fingerprint,step_1,step_2", *lines]))
    catalog.import_losses("p", tmp_path / "losses.csv", proxy="mine", key="fingerprint")
    catalog.select("s2l", "p", budget=6, name="few", settings={"k": 3})
    assert catalog.verify("few").causes == ()
    with catalog.store.writing() as connection:
        ((content,),) = connection.execute("SELECT definition FROM subsets").fetchall()
        content = json.loads(content)
        content[kind][name] = "that of another release"
        connection.execute(
            "UPDATE subsets SET definition = $content", {"content": json.dumps(content)}
        )
    found = catalog.verify("few")
    assert (found.is_same, found.causes) == (True, (f"the code of {name} has changed",))
