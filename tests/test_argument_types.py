"""Arguments of another type: an error that names the argument, for every public method."""

import inspect
import os
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from catalog import Catalog
from catalog.argument_types import check_arguments
from catalog.errors import OptionError

SELECTION = {"selector": "random", "source": "p", "budget": 5, "name": "x"}
MIXTURE = {"name": "x", "parts": ["p=all"], "budget": 5}
CALLS: list[tuple[str, dict[str, Any], str]] = [
    ("select", SELECTION | {"budget": [5]}, "budget"),
    ("select", SELECTION | {"seed": "0"}, "seed"),
    ("select", SELECTION | {"name": Path("x")}, "name"),
    ("select", SELECTION | {"selector": None}, "selector"),
    ("select", SELECTION | {"settings": {5: 5}}, "settings"),
    ("show", {"reference": 5}, "reference"),
    ("export", {"reference": "p", "path": b"x"}, "path"),
    ("sql", {"query": "SELECT 1", "seconds": "5"}, "seconds"),
    ("project.mix", MIXTURE | {"parts": "p=all"}, "parts"),
    ("project.mix", MIXTURE | {"caps": [5]}, "caps"),
    ("project.split", {"reference": "p", "name": "x", "by": "source", "into": ["a"]}, "into"),
    ("project.overlap", {"reference": "p", "against": ["q"], "ngram": 1.5}, "ngram"),
    ("project.build", {"file": 5}, "file"),
]


@pytest.mark.parametrize(("method", "arguments", "name"), CALLS)
def test_an_argument_of_another_type_is_named(
    tmp_path: Path, method: str, arguments: dict[str, Any], name: str
) -> None:
    catalog = Catalog.open(tmp_path / "home", isolated=False)
    with pytest.raises(OptionError) as refused:
        attrgetter(method)(catalog)(**arguments)
    assert refused.value.problem.startswith(f"{name}: expected ")
    assert not (tmp_path / "home").exists()


def test_half_of_a_surrogate_pair_is_no_text_but_stands_in_a_path() -> None:
    @check_arguments
    def take(text: str | None, path: "str | os.PathLike[str]" = "") -> None: ...

    take("\U0001f600", os.fsdecode(b"\xff"))
    with pytest.raises(OptionError, match=r"^text: expected a text in UTF-8"):
        take(os.fsdecode(b"\xff"))


def test_other_numbers_and_lists_are_taken_and_a_generator_is_not_read() -> None:
    @check_arguments
    def take(n: int, share: float, names: "list[str] | None" = None, *texts: str) -> int:
        return n

    assert take(np.int64(5), np.float32(0.5)) == 5
    with pytest.raises(OptionError, match=r"^n: .* True$"):
        take(True, 0.5)
    with pytest.raises(OptionError, match=r"^texts: .* 5$"):
        take(5, 0.5, None, "a", 5)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="share"):
        take(5)  # type: ignore[call-arg]


def test_every_public_method_has_annotations_that_can_be_read() -> None:
    from catalog.argument_types import _declared
    from catalog.project.verbs import Project

    for owner in (Catalog, Project):
        for _, method in inspect.getmembers(owner, inspect.isfunction):
            signature, hints = _declared(getattr(method, "__wrapped__", method))
            assert hints or not signature.parameters
