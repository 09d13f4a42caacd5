"""Command `explain`."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import click

from catalog.catalog import Catalog
from catalog.cli.group import table_options
from catalog.cli.options import parse_pairs, pass_catalog, set_option
from catalog.cli.output import echo_json, echo_rows
from catalog.errors import OptionError

if TYPE_CHECKING:
    from catalog.query.meaning.columns import ColumnOrigin


@click.command()
@click.argument("selector")
@click.argument("pool", required=False)
@click.option("--budget", help="Number of members, a share, or all. Default: 10%.")
@set_option
@click.option("--seed", type=int, help="Random seed for all sampling. Default: 0.")
@click.option("--sql", "is_sql", is_flag=True, help="Print only the final SQL.")
@click.option(
    "--columns", "is_columns", is_flag=True, help="Print the origin of each column of the answer."
)
@click.option(
    "--dialect",
    metavar="ENGINE",
    help="Print the selection as SQL of another engine, such as spark, bigquery or postgres.",
)
@table_options
@pass_catalog
def explain(
    catalog: Catalog,
    selector: str,
    pool: str | None,
    budget: str | None,
    pairs: tuple[str, ...],
    seed: int | None,
    is_sql: bool,
    is_columns: bool,
    dialect: str | None,
    is_json: bool,
) -> None:
    """Print the plan of a selection without running it.

    SELECTOR and POOL are those of `select`. Without POOL, SELECTOR is a subset, and its stored
    selection is explained. The plan lists the functions, the signals, and the cost of the missing
    ones.
    """
    if sum((is_sql, is_columns, dialect is not None)) > 1:
        raise OptionError("--sql, --columns and --dialect print different things: use one of them")
    options = _options(selector, pool, budget=budget, pairs=pairs, seed=seed)
    if is_columns:
        _echo_columns(catalog.column_origins(selector, pool, **options), is_json=is_json)
        return
    if dialect:
        translated = catalog.translate(selector, pool, dialect=dialect, **options)
        if is_json:
            echo_json(asdict(translated))
        else:
            click.echo(translated.text())
        return
    explanation = catalog.explain(selector, pool, **options)
    if is_json:
        echo_json(explanation.as_dict())
    elif is_sql:
        click.echo(explanation.sql)
    else:
        from catalog.query.meaning.layout import formatted_alone

        laid = replace(explanation, text=formatted_alone(explanation.text))
        click.echo("\n".join(laid.lines()))


def _options(
    selector: str,
    pool: str | None,
    *,
    budget: str | None,
    pairs: tuple[str, ...],
    seed: int | None,
) -> dict[str, Any]:
    """Return the options that were given.

    Raises:
        OptionError: there are some without a pool.
    """
    given = {"budget": budget, "seed": seed, "settings": parse_pairs(pairs, option="--set") or None}
    options = {name: value for name, value in given.items() if value is not None}
    if options and pool is None:
        raise OptionError(
            f"a stored selection keeps its own options: name a pool after {selector}, or leave out "
            "--budget, --seed and --set"
        )
    return options


def _echo_columns(origins: list[ColumnOrigin], *, is_json: bool) -> None:
    if is_json:
        echo_json([asdict(origin) for origin in origins])
        return
    rows = [
        {
            "column": origin.column,
            "type": origin.type,
            "comes from": "; ".join(map(str, origin.sources)),
            "through": ", ".join(origin.functions),
        }
        for origin in origins
    ]
    echo_rows(rows, is_json=False)
