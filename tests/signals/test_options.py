"""One declaration gives options of the command line, identities and continuations."""

import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from catalog.catalog import Catalog
from catalog.cli import main
from catalog.errors import OptionError
from catalog.models.recipe import TINY_RECIPE, Recipe
from catalog.signals.kinds import KINDS
from catalog.signals.kinds.embedding import EmbeddingOptions
from catalog.signals.kinds.losses import LossesOptions
from catalog.signals.kinds.score import ScoreOptions
from catalog.signals.kinds.states import StatesOptions
from catalog.signals.options import DeclaredOption, Options
from catalog.signals.resolve import command_for
from catalog.signals.signal_kind import SignalKind

COMPUTED = [kind for kind in KINDS.values() if kind.command]
SHARDED = [kind for kind in KINDS.values() if kind.computation]
Jsonl = Callable[..., Path]


def command_options(kind: SignalKind) -> Iterator[click.Option]:
    assert kind.command
    command: Any = main
    with click.Context(main) as ctx:
        for word in kind.command.words:
            command = command.get_command(ctx, word)
    yield from (each for each in command.params if isinstance(each, click.Option))


def declared(kind: SignalKind) -> list[DeclaredOption]:
    inputs = kind.computation.inputs if kind.computation else Options
    return [*inputs.declared(), *kind.options.declared()]


@pytest.mark.parametrize("kind", COMPUTED, ids=lambda kind: kind.name)
def test_the_command_line_has_every_option_with_its_default(kind: SignalKind) -> None:
    options = {each.name: each for each in command_options(kind)}
    for each in declared(kind):
        found = options[each.name]
        given = found.default if isinstance(found.default, str | int | float) else None
        default = None if each.is_required else each.default
        assert (given, found.required, bool(found.help)) == (default, each.is_required, True)


@pytest.mark.parametrize("kind", COMPUTED, ids=lambda kind: kind.name)
def test_a_command_is_a_method_of_a_catalog_with_the_same_arguments(kind: SignalKind) -> None:
    for command in filter(None, (kind.command, kind.import_command)):
        method = getattr(Catalog, command.method)
        names = method.__annotations__.keys() | method.__code__.co_varnames
        names |= {each.name for each in declared(kind)}
        assert {name for name, _ in command.options} <= names


@pytest.mark.parametrize("kind", SHARDED, ids=lambda kind: kind.name)
def test_a_computation_takes_the_options_of_its_command(kind: SignalKind) -> None:
    assert kind.computation
    parameters = inspect.signature(kind.computation.load()).parameters
    names = {each.name for each in declared(kind)} | {"limit", "progress", "engine"}
    takes_any = any(each.kind is each.VAR_KEYWORD for each in parameters.values())
    assert names <= parameters.keys() or takes_any
    assert [*parameters][:2] == ["store", "reference"]


def test_a_kind_with_a_method_of_its_own_is_refused(catalog: Catalog, jsonl: Jsonl) -> None:
    catalog.register(jsonl([{"instruction": "a", "output": "b"}]), pool="p")
    for kind in ("map", "nothing"):
        with pytest.raises(OptionError, match=f"^kind: expected .*, got '{kind}'"):
            catalog.compute(kind, "p")


def test_the_recipes_are_the_defaults_of_training() -> None:
    window = ("max_length", "turns", "lora")
    rules = {each.name: each.rule for each in LossesOptions.declared() if each.name not in window}
    for name, rule in rules.items():
        assert rule.effective == getattr(Recipe(), name)
        assert rule.tiny == getattr(TINY_RECIPE, name)


@pytest.mark.parametrize(
    ("options", "settings", "changed"),
    [
        (LossesOptions, {"model": "tiny", "learning_rate": 3e-3, "batch": 16}, {"batch": 16}),
        (
            LossesOptions,
            {"model": "m", "learning_rate": 3e-3, "batch": 128},
            {"learning_rate": 3e-3},
        ),
        (ScoreOptions, {"max_length": 512, "share": 0.05, "seed": 0}, {}),
        (
            ScoreOptions,
            {"max_length": 256, "share": 0.1, "seed": 7},
            {"max_length": 256, "warm_up": 0.1, "seed": 7},
        ),
        (
            StatesOptions,
            {"max_tokens": 128, "dim": 8, "kind": "jl", "seed": 3, "store": "float32"},
            {"project_to": 8, "seed": 3, "dtype": "float32"},
        ),
        (
            EmbeddingOptions,
            {"field": "conversation", "store": "float32", "dtype": "bfloat16"},
            {"field": "conversation", "precision": "bfloat16"},
        ),
        (Options, {"seed": 7}, {}),
    ],
)
def test_a_signal_continues_with_the_options_that_differ_from_the_defaults(
    options: type[Options], settings: dict[str, Any], changed: dict[str, Any]
) -> None:
    assert dict(options.changed(settings)) == changed


def test_identities_have_the_keys_of_before() -> None:
    assert StatesOptions().identity()["turns"] == "all"
    assert StatesOptions(turns="last").identity() == {
        "max_tokens": 128,
        "max_length": 512,
        "projection": None,
        "store": "float16",
    }
    projected = StatesOptions(project_to=8, projection="pca", seed=3).identity()
    assert projected["projection"] == {"kind": "pca", "dim": 8, "seed": 3}
    assert set(EmbeddingOptions().identity()) == {"field", "store", "dtype"}


@pytest.mark.parametrize(
    ("options", "wrong"),
    [
        (EmbeddingOptions, {"field": "answer"}),
        (EmbeddingOptions, {"dtype": "float64"}),
        (StatesOptions, {"max_tokens": 0}),
        (StatesOptions, {"max_tokens": 600}),
        (ScoreOptions, {"warm_up": 0}),
        (ScoreOptions, {"warm_up": 1.0}),
        (ScoreOptions, {"seed": -1}),
        (LossesOptions, {"learning_rate": 0}),
        (LossesOptions, {"warmup": 1}),
    ],
)
def test_a_value_out_of_range_is_refused_by_name(options: Any, wrong: dict[str, Any]) -> None:
    (name,) = wrong
    with pytest.raises(OptionError, match=f"^{name}: expected .*, got "):
        options(**wrong)


def test_a_command_prints_quoted() -> None:
    command = command_for("losses", "p@2", "my run").with_options([("batch", 4)])
    assert str(command) == "catalog losses train p@2 --proxy 'my run' --batch 4"
    assert command_for("embedding", "p", "a").needs_file is False
    assert command_for("score", "p", "unheard").needs_file is True
