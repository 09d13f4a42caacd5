import json
import subprocess
import sys

import pytest

from catalog.query.kernels import kernel_names
from catalog.query.provenance import PACKAGE, code, macro_code, sources
from catalog.selection.definition import define
from catalog.selection.selector import find_selector
from catalog.store.queries import macros
from catalog.store.store import Store

IMPORTED = """
import importlib, json, sys
loaded = {}
for name in sys.argv[1:]:
    for module in [one for one in sys.modules if one.startswith("catalog")]:
        del sys.modules[module]
    importlib.import_module(f"catalog.kernels.{name}")
    loaded[name] = sorted(
        one for one in sys.modules if one.startswith("catalog.kernels.") or one == "catalog.arrow"
    )
print(json.dumps(loaded))
"""


def test_the_code_of_a_kernel_is_that_of_every_module_that_it_imports() -> None:
    command = [sys.executable, "-c", IMPORTED, *sorted(kernel_names())]
    loaded = json.loads(
        subprocess.run(
            command, check=True, capture_output=True, text=True, cwd=PACKAGE.parent
        ).stdout
    )
    missing = {name: set(modules) - sources(name).keys() for name, modules in loaded.items()}
    assert {name: modules for name, modules in missing.items() if modules} == {}
    assert code("kmeans") != code("project")


def test_a_macro_is_named_with_those_that_it_uses() -> None:
    assert set(macro_code("SELECT drawn_key(f, $seed, 1)")) == {"drawn_key", "draw"}
    assert set(macro_code("FROM VERSION_AT('pool', 1, 2)")) >= {
        "version_at",
        "pool_at",
        "subset_at",
        "prompt_of",
        "last_answer",
    }
    assert macro_code("SELECT 1 AS one -- draw(f, 1)") == {}
    assert len(set(macro_code(*macros()).values())) == len(macros())


@pytest.mark.parametrize(
    ("name", "used"),
    [("random", "draw"), ("density", "drawn_key"), ("s2l", "lot"), ("random", "prompt_of")],
)
def test_a_definition_holds_the_macros_that_decide_its_members(
    store: Store, name: str, used: str
) -> None:
    settings = {"proxy": "tiny"} if name == "s2l" else {}
    definition = define(store, find_selector(store, name), ref="tiny", budget=5, settings=settings)
    assert used in definition.content["macros"]
