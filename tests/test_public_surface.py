"""What ``import catalog`` offers, and what it costs to start."""

import builtins
import inspect
import re
import subprocess
import sys
from dataclasses import is_dataclass
from pathlib import Path

import pytest

import catalog
from catalog import Catalog, CatalogError, errors

HEAVY = ("duckdb", "pyarrow", "polars", "numpy", "torch", "lancedb")
METHODS = [
    method
    for name, method in inspect.getmembers(Catalog, inspect.isfunction)
    if not name.startswith("_")
]


def modules_after(code: str) -> set[str]:
    """Return which heavy modules a fresh process has imported after running the code."""
    report = f"import sys; print([name for name in {HEAVY} if name in sys.modules])"
    answer = subprocess.run(
        [sys.executable, "-c", f"{code}\n{report}"], capture_output=True, text=True, check=True
    )
    return set(re.findall(r"'(\w+)'", answer.stdout.splitlines()[-1]))


def test_every_public_name_can_be_imported() -> None:
    assert catalog.__all__ == sorted(set(catalog.__all__))
    assert [name for name in catalog.__all__ if not hasattr(catalog, name)] == []
    assert set(catalog.__all__) <= set(dir(catalog))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="Nothing"):
        _ = catalog.Nothing


def test_every_error_is_public() -> None:
    found = {
        name
        for name, value in vars(errors).items()
        if inspect.isclass(value) and issubclass(value, CatalogError)
    }
    assert found <= set(catalog.__all__)


def test_every_result_of_a_method_is_public() -> None:
    words = {
        word
        for method in METHODS
        for word in re.findall(r"\w+", str(method.__annotations__["return"]))
    }
    hidden = words - set(catalog.__all__) - set(dir(builtins))
    assert hidden <= {"pl", "pa", "DataFrame", "RecordBatchReader", "Iterator", "None"}


def test_every_public_name_is_an_error_or_a_dataclass_or_the_catalog() -> None:
    values = [getattr(catalog, name) for name in catalog.__all__]
    others = [v for v in values if not is_dataclass(v) and not issubclass(v, CatalogError)]
    assert others == [Catalog]


@pytest.mark.parametrize(
    "code",
    [
        "import catalog",
        "from catalog import Catalog; Catalog.open('somewhere')",
        "from catalog.cli import main; main(['--help'], standalone_mode=False)",
        "from catalog.cli import main; main(['--version'], standalone_mode=False)",
        "from catalog.cli import main; main(['select', '--help'], standalone_mode=False)",
    ],
)
def test_starting_imports_nothing_heavy(code: str) -> None:
    assert modules_after(code) == set()


def test_the_package_declares_its_types() -> None:
    assert (Path(catalog.__file__).parent / "py.typed").exists()
