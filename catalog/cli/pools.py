"""Commands of pools and their versions: pools, history, diff, quarantine, tag, drop."""

from __future__ import annotations

import click

from catalog.catalog import Catalog
from catalog.cli.group import DONE, json_option, table_options
from catalog.cli.options import pass_catalog, references_of
from catalog.cli.output import echo_json, echo_one_or_all, echo_rows, echo_text, say
from catalog.messages import listed


@click.command()
@table_options
@pass_catalog
def pools(catalog: Catalog, is_json: bool) -> None:
    """List the pools."""
    echo_rows(
        catalog.pools().to_dicts(),
        is_json=is_json,
        nothing="no pools yet: create one with `catalog register FILE --pool NAME`",
    )


@click.command()
@click.argument("pool")
@table_options
@pass_catalog
def history(catalog: Catalog, pool: str, is_json: bool) -> None:
    """List every version of a pool and its changes."""
    echo_rows(catalog.history(pool).to_dicts(), is_json=is_json)


@click.command()
@click.argument("left")
@click.argument("right")
@click.option(
    "-n",
    "--members",
    "n_members",
    default=20,
    show_default=True,
    help="Maximum number of changed members to list.",
)
@click.option(
    "--definition",
    "is_definition",
    is_flag=True,
    help="Compare what two subsets were made from: SQL, parameters, signals and code.",
)
@table_options
@pass_catalog
def diff(
    catalog: Catalog, left: str, right: str, n_members: int, is_definition: bool, is_json: bool
) -> None:
    """Compare the members of two pools, subsets or versions.

    Members of RIGHT that are not in LEFT are added, members of LEFT that are not in RIGHT are
    removed. With --definition the definitions of two subsets are compared, clause by clause.
    """
    if is_definition:
        _diff_definitions(catalog, left, right, is_json=is_json)
        return
    changes = catalog.diff(left, right, n_members=n_members)
    members = changes.members.to_dicts()
    if is_json:
        names = ("left", "right", "n_added", "n_removed", "n_kept", "n_media_changed")
        echo_json({name: getattr(changes, name) for name in names} | {"members": members})
        return
    media = ""
    if changes.n_media_changed:
        media = f", {changes.n_media_changed:,} of them with changed media files"
    echo_text(
        f"{changes.left} → {changes.right}: {changes.n_added:,} added, "
        f"{changes.n_removed:,} removed, {changes.n_kept:,} kept{media}"
    )
    if members:
        echo_rows(members, is_json=False)
    n_changed = changes.n_added + changes.n_removed + changes.n_media_changed
    if n_changed > len(members):
        say(f"{len(members):,} of {n_changed:,} listed; -n lists more")


def _diff_definitions(catalog: Catalog, left: str, right: str, *, is_json: bool) -> None:
    changes = catalog.diff_definitions(left, right)
    if is_json:
        echo_json(changes)
        return
    for change in changes:
        echo_text(change)
    if not changes:
        say("the definitions are equal")


@click.command()
@click.argument("pool")
@click.option("--reason", help="Only records with this reason.")
@click.option(
    "-n",
    "--records",
    "n_records",
    default=100,
    show_default=True,
    help="Maximum number of records to list.",
)
@table_options
@pass_catalog
def quarantine(
    catalog: Catalog, pool: str, reason: str | None, n_records: int, is_json: bool
) -> None:
    """List the quarantined records of all loads that make up a version of a pool."""
    rows = catalog.quarantine(pool, reason=reason, n_records=n_records).to_dicts()
    echo_rows(rows, is_json=is_json, nothing="no quarantined records")


@click.command()
@click.argument("reference")
@click.argument("tag")
@json_option
@pass_catalog
def tag(catalog: Catalog, reference: str, tag: str, is_json: bool) -> None:
    """Name a version, so that NAME@TAG refers to it. An existing tag moves.

    REFERENCE may be a glob, such as 'car-*', which matches subsets.
    """
    names = references_of(catalog, reference)
    tagged = [catalog.tag(name, tag) for name in names]
    if is_json:
        echo_one_or_all([{"reference": str(each), "tag": tag} for each in tagged], reference)
        return
    for each in tagged:
        say(f"{each.name}@{tag} is now {each}")


@click.command()
@click.argument("reference")
@click.option("--yes", is_flag=True, help="Skip the confirmation.")
@json_option
@click.pass_context
def drop(ctx: click.Context, reference: str, yes: bool, is_json: bool) -> None:
    """Remove a pool with its history, a subset, or one version of a subset.

    REFERENCE may be a glob, such as 'car-*', which matches subsets.
    """
    names = references_of(ctx.obj, reference)
    question = f"drop {listed(names)}? this cannot be undone"
    if not yes and not click.confirm(question, err=True):
        ctx.exit(DONE)
    dropped = [(name, ctx.obj.drop(name).kind) for name in names]
    if is_json:
        echo_one_or_all([{"kind": kind, "dropped": name} for name, kind in dropped], reference)
    for name, kind in dropped:
        say(f"dropped {kind} {name}; `catalog gc` removes unreferenced data")
