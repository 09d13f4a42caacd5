import json
import subprocess
import sys
from pathlib import Path

import pytest

from catalog.errors import QueryError
from catalog.kernels import Kernel
from catalog.kernels import kernel as table_function
from catalog.query.kernels import kernel, kernel_names
from catalog.query.provenance import (
    kernel_identity,
    kernel_sha256,
    kernel_sources,
    macro_sha256,
    text_sha256,
)
from catalog.query.tokens import tokens
from catalog.selection.definition import define
from catalog.selection.selector import find_selector
from catalog.store.paths import PACKAGE
from catalog.store.queries import macros
from catalog.store.store import Store
from tests.quick import few_of

IMPORTED = """
import importlib, json, sys
loaded = {}
for name in sys.argv[1:]:
    for module in [module for module in sys.modules if module.startswith("catalog")]:
        del sys.modules[module]
    importlib.import_module(f"catalog.kernels.{name}")
    loaded[name] = sorted(
        module
        for module in sys.modules
        if module.startswith("catalog.kernels.") or module == "catalog.arrow"
    )
print(json.dumps(loaded))
"""


@pytest.mark.parametrize("step", few_of([1, 4], 4))
def test_the_sources_of_a_kernel_are_every_module_that_it_imports(step: int) -> None:
    command = [sys.executable, "-c", IMPORTED, *sorted(kernel_names())[::step]]
    answer = subprocess.run(command, check=True, capture_output=True, text=True, cwd=PACKAGE.parent)
    loaded = json.loads(answer.stdout)
    missing = {
        name: set(modules) - kernel_sources(kernel(name)).keys() for name, modules in loaded.items()
    }
    assert {name: modules for name, modules in missing.items() if modules} == {}
    assert kernel_sha256(kernel("kmeans")) != kernel_sha256(kernel("project"))


def test_an_import_in_parentheses_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "dissertation_kernels"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "first.py").write_text("from dissertation_kernels import (\n    second,\n)\n")
    (package / "second.py").write_text("from .third import value\n")
    (package / "third.py").write_text("value = 1\n")
    (package / "mine.py").write_text(
        "from dissertation_kernels import (first as a)\ndef mine(): ...\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    import dissertation_kernels.mine  # type: ignore[import-not-found]

    mine = Kernel(dissertation_kernels.mine.mine, version=1, adds={})
    names = {"", ".mine", ".first", ".second", ".third"}
    assert kernel_sources(mine).keys() == {f"dissertation_kernels{name}" for name in names}


def test_a_kernel_without_a_source_is_an_error() -> None:
    namespace: dict[str, object] = {"__name__": "nowhere", "table_function": table_function}
    exec("def made_up(rows): ...", namespace)
    unknown = Kernel(namespace["made_up"], version=1, adds={})  # type: ignore[arg-type]
    with pytest.raises(QueryError, match=r"made_up .* nowhere"):
        kernel_sha256(unknown)


def test_the_package_s_own_kernels_count_by_their_versions() -> None:
    for own in map(kernel, kernel_names()):
        assert kernel_identity(own) == own.version


def test_a_macro_is_named_with_those_that_it_uses() -> None:
    assert set(macro_sha256("SELECT weighted_sample_key(f, $seed, 1)")) == {
        "weighted_sample_key",
        "uniform_hash",
    }
    assert set(macro_sha256("FROM VERSION_AT('pool', 1, 2)")) >= {
        "version_at",
        "pool_at",
        "subset_at",
        "prompt_of",
        "last_answer",
    }
    assert macro_sha256("SELECT 1 AS one -- uniform_hash(f, 1)") == {}
    assert len(set(macro_sha256(*macros()).values())) == len(macros())


@pytest.mark.parametrize("text", macros())
def test_wrapping_a_macro_s_text_anew_changes_no_hash(text: str) -> None:
    assert text_sha256("\n".join(token.text for token in tokens(text))) == text_sha256(text)
    assert text_sha256(f"{text}, 1") != text_sha256(text)


@pytest.mark.parametrize(
    ("name", "used"),
    [
        ("random", "uniform_hash"),
        ("density", "weighted_sample_key"),
        ("s2l", "shuffle_key"),
        ("random", "prompt_of"),
    ],
)
def test_a_definition_holds_the_macros_that_decide_its_members(
    store: Store, name: str, used: str
) -> None:
    settings = {"proxy": "tiny"} if name == "s2l" else {}
    definition = define(store, find_selector(store, name), ref="tiny", budget=5, settings=settings)
    assert used in definition.content["macros"]
