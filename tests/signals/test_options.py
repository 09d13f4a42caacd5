"""The options that a signal was made with are those of the command that makes more of it."""

from collections.abc import Iterator
from typing import Any

import click
import pytest

from catalog.cli import main
from catalog.models.recipe import Recipe
from catalog.models.tiny import RECIPE
from catalog.signals.options import OPTIONS, TINY, options

COMMANDS = {
    "embedding": ("embed",),
    "losses": ("losses", "train"),
    "states": ("states",),
    "score": ("score",),
}


def command_options(kind: str) -> Iterator[click.Option]:
    command: Any = main
    with click.Context(main) as ctx:
        for name in COMMANDS[kind]:
            command = command.get_command(ctx, name)
    yield from (one for one in command.params if isinstance(one, click.Option))


@pytest.mark.parametrize(
    ("kind", "option", "default"), [(kind, *each[1:]) for kind in OPTIONS for each in OPTIONS[kind]]
)
def test_every_default_is_the_commands(kind: str, option: str, default: Any) -> None:
    (found,) = [one for one in command_options(kind) if option in one.opts]
    given = (
        found.default if isinstance(found.default, str | int | float) else None
    )  # click's mark of none is no value
    given = {"auto": "float32"}.get(given, given)  # of a pool without vectors
    field = option.removeprefix("--").replace("-", "_")
    assert default == (
        getattr(Recipe(), field) if kind == "losses" and field != "max_length" else given
    )


def test_the_tiny_proxys_recipe_has_other_defaults() -> None:
    usual = {name: default for name, _, default in OPTIONS["losses"]}
    assert {
        name: getattr(RECIPE, name)
        for name in usual
        if name != "max_length" and getattr(RECIPE, name) != usual[name]
    } == TINY
    assert options("losses", {"model": "tiny", "learning_rate": 3e-3, "batch": 16}) == " --batch 16"
    assert (
        options("losses", {"model": "m", "learning_rate": 3e-3, "batch": 128})
        == " --learning-rate 0.003"
    )


def test_what_nobody_asked_for_is_not_said() -> None:
    assert options("score", {"max_length": 512, "share": 0.05, "seed": 0}) == ""
    assert (
        options("score", {"max_length": 256, "share": 0.1, "seed": 7})
        == " --max-length 256 --warm-up 0.1 --seed 7"
    )
    assert options("label_embedding", {"seed": 7}) == ""
