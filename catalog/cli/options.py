"""Options, arguments and their values that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from catalog.catalog import Catalog
from catalog.engine.choose import NAMES, VARIABLE, engine_of
from catalog.errors import OptionError
from catalog.query.default_limits import QUERY_MEMORY, SELECTION_MEMORY

pass_catalog = click.make_pass_decorator(Catalog)

memory_option = click.option(
    "--memory",
    default=SELECTION_MEMORY,
    show_default=True,
    help="Memory limit of queries and kernels.",
)


def query_memory_option(what: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return the option of the memory of one query, such as that of a condition."""
    return click.option(
        "--memory", default=QUERY_MEMORY, show_default=True, help=f"Memory limit of the {what}."
    )


def text_file_option(flag: str, *, help: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return the option of a file that a command also writes, as the argument ``NAME_file``."""
    path = click.Path(dir_okay=False, path_type=Path)
    return click.option(flag, f"{flag.removeprefix('--')}_file", type=path, help=help)


timeout_option = click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="Time limit. A running kernel finishes first.",
)
limit_option = click.option(
    "--sample",
    "limit",
    type=click.IntRange(min=1),
    help="Compute only a sample of this many members, and print what the rest would cost.",
)
group_option = click.option(
    "--group", metavar="NAME", help="Group of subsets that the subset belongs to."
)
gate_option = click.option(
    "--gate",
    is_flag=True,
    help="Refuse members that share 13 words in a row with a pool that is registered for "
    "evaluation. Without it a warning names the pool.",
)
set_option = click.option(
    "--set",
    "pairs",
    multiple=True,
    metavar="NAME=VALUE",
    help="Value of a parameter of the selector. Repeatable.",
)


def trial_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the name and the seeds of subsets that one command makes."""
    name = click.option(
        "--as",
        "name",
        metavar="NAME",
        required=True,
        help="Name of the subset. A new name creates version 1. With several budgets, seeds or "
        "values a template, such as car-b{budget}-s{seed}.",
    )
    seed = click.option(
        "--seed",
        "seeds",
        type=int,
        multiple=True,
        default=(0,),
        show_default=True,
        help="Random seed for all sampling. Repeatable.",
    )
    return name(seed(command))


def engine_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of where shards are computed; the command gets an engine."""

    @click.option(
        "--engine",
        type=click.Choice(NAMES),
        envvar=VARIABLE,
        help="Where shards are computed: in this process, or by a Ray cluster, that of RAY_ADDRESS "
        "or one on this machine. Default: local.",
    )
    @click.option(
        "--workers",
        type=click.IntRange(min=1),
        help="Number of workers of the engine ray. Default: the whole cluster.",
    )
    @click.option(
        "--gpus-per-worker",
        type=click.FloatRange(min=0),
        default=0.0,
        help="Number of GPUs, or part of one, of each worker of the engine ray.",
    )
    @wraps(command)
    def with_engine(
        *args: Any,
        engine: str | None,
        workers: int | None,
        gpus_per_worker: float,
        **options: Any,
    ) -> Any:
        chosen = engine_of(engine, workers=workers, gpus_per_worker=gpus_per_worker)
        return command(*args, engine=chosen, **options)

    return with_engine


def token_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of a budget in tokens."""
    tokens = click.option(
        "--tokens",
        type=click.Choice(("total", "response")),
        default="total",
        show_default=True,
        help="Tokens that a budget such as 2Mtok counts: all, or those that are trained.",
    )
    model = click.option(
        "--model", help="Model whose tokenizer counts: tiny, a Hugging Face id or a folder."
    )
    return tokens(model(command))


def parse_pairs(pairs: tuple[str, ...], *, option: str) -> dict[str, str]:
    """Return texts such as ``prompt=Question`` as a dictionary.

    Raises:
        OptionError: a text has no ``=``, or nothing on one side of it.

    >>> parse_pairs(("prompt=Question",), option="--field")
    {'prompt': 'Question'}
    """
    parsed = {}
    for pair in pairs:
        key, separator, value = pair.partition("=")
        if not separator or not key or not value:
            raise OptionError(f"expected {option} KEY=VALUE, got {pair!r}")
        parsed[key] = value
    return parsed


def parse_lists(pairs: tuple[str, ...], *, option: str) -> dict[str, list[str]]:
    """Return texts such as ``k=50`` as a dictionary of lists, each name with all its values.

    Raises:
        OptionError: a text has no ``=``, or nothing on one side of it.

    >>> parse_lists(("k=50", "k=100"), option="--set")
    {'k': ['50', '100']}
    """
    parsed: dict[str, list[str]] = {}
    for pair in pairs:
        for key, value in parse_pairs((pair,), option=option).items():
            parsed.setdefault(key, []).append(value)
    return parsed


def references_of(catalog: Catalog, text: str) -> list[str]:
    """Return a reference alone, or the subsets that a glob such as ``car-*`` matches."""
    from catalog.store.references import is_glob, matching_subsets

    if not is_glob(text):
        return [text]
    with catalog.store.reading() as connection:
        return matching_subsets(connection, text)
