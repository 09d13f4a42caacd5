"""Pools on the command line: register, pools, history, diff, quarantine, tag, drop."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Literal

import click

from catalog.catalog import Catalog
from catalog.cli.choices import LazyChoice, record_formats, tree_modes
from catalog.cli.group import DONE, dry_run_option, json_option
from catalog.cli.output import echo_json, echo_rows, few, progress_bar, say
from catalog.errors import MostlyRemovedError, OptionError

if TYPE_CHECKING:
    from catalog.pools.reading import FileReading
    from catalog.pools.register import Registration

pass_catalog = click.make_pass_decorator(Catalog)


@click.command()
@click.argument("sources", nargs=-1, required=True)
@click.option("--pool", required=True, help="The pool's name; a new one makes version 1.")
@click.option(
    "--format",
    "shape",
    type=LazyChoice(record_formats),
    default="auto",
    show_default=True,
    help="Record format; auto detects it from the records.",
)
@click.option(
    "--field",
    "fields",
    multiple=True,
    metavar="FIELD=KEY",
    help="Key, or dotted path of keys, that holds a field, such as prompt=Question. Repeatable.",
)
@click.option(
    "--role",
    "roles",
    multiple=True,
    metavar="NAME=ROLE",
    help="A further name of a role, e.g. narrator=assistant; repeat it.",
)
@click.option(
    "--tree",
    type=LazyChoice(tree_modes),
    help="Read every path of a tree of messages, or its best-ranked one.",
)
@click.option(
    "--source-column",
    help="The key that names where a record came from; else the file's name does.",
)
@click.option("--labels-column", help="The key that holds labels; a path such as label.ability_en.")
@click.option(
    "--prompts-only",
    is_flag=True,
    help="Take records without answers: searchable, refused by select.",
)
@click.option(
    "--hash-media",
    is_flag=True,
    help="Make the sha256 of media files at hand part of the fingerprints.",
)
@click.option(
    "--entry",
    help="The entry to read of a dataset_info.json (LLaMA-Factory) or of an axolotl YAML.",
)
@click.option(
    "--replace",
    "mode",
    flag_value="replace",
    help="The load is the pool from now on, even if that removes most of it.",
)
@click.option("--append", "mode", flag_value="append", help="The load is added to the pool.")
@click.option(
    "--force", "is_forced", is_flag=True, help="Write even when most records cannot be read."
)
@dry_run_option
@json_option
@pass_catalog
def register(
    catalog: Catalog,
    sources: tuple[str, ...],
    pool: str,
    shape: str,
    fields: tuple[str, ...],
    roles: tuple[str, ...],
    tree: str | None,
    source_column: str | None,
    labels_column: str | None,
    prompts_only: bool,
    hash_media: bool,
    entry: str | None,
    mode: Literal["replace", "append"] | None,
    is_forced: bool,
    is_dry_run: bool,
    is_json: bool,
) -> None:
    """Register files, folders, globs, URLs or - (stdin) as the next version of a pool.

    The load is the pool from now on. Without --replace, a load that removes more than half of the
    pool is refused; --append adds to it. LABEL=FILE gives all records of an argument the source
    LABEL.
    """
    with progress_bar(f"reading {pool}", unit="records") as bar, flags_named():
        answer = catalog.register(
            list(sources),
            pool=pool,
            format=shape,
            fields=parse_pairs(fields, option="--field"),
            roles=parse_pairs(roles, option="--role"),
            tree=tree,
            source_column=source_column,
            labels_column=labels_column,
            prompts_only=prompts_only,
            hash_media=hash_media,
            entry=entry,
            mode=mode,
            force=is_forced,
            dry_run=is_dry_run,
            progress=lambda records, done, total: bar(done, total, records),
        )
    if is_json:
        echo_json(asdict(answer))
    else:
        _echo_registration(answer)


@click.command()
@json_option
@pass_catalog
def pools(catalog: Catalog, is_json: bool) -> None:
    """List the pools."""
    echo_rows(
        catalog.pools().to_dicts(),
        is_json=is_json,
        nothing="no pool yet: `catalog register FILE --pool NAME` makes one",
    )


@click.command()
@click.argument("pool")
@json_option
@pass_catalog
def history(catalog: Catalog, pool: str, is_json: bool) -> None:
    """List every version of a pool and what it changed."""
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
    help="How many of the changed members to list.",
)
@json_option
@pass_catalog
def diff(catalog: Catalog, left: str, right: str, n_members: int, is_json: bool) -> None:
    """Compare two pools, subsets or versions: what RIGHT has that LEFT has not, and the other way round."""
    answer = catalog.diff(left, right, n_members=n_members)
    members = answer.members.to_pylist()
    if is_json:
        counts = {
            name: getattr(answer, name)
            for name in ("n_added", "n_removed", "n_kept", "n_media_changed")
        }
        echo_json({"left": answer.left, "right": answer.right} | counts | {"members": members})
        return
    media = (
        f", {answer.n_media_changed:,} of them with changed media files"
        if answer.n_media_changed
        else ""
    )
    click.echo(
        f"{answer.left} → {answer.right}: {answer.n_added:,} added, {answer.n_removed:,} removed, {answer.n_kept:,} kept{media}"
    )
    if members:
        echo_rows(members, is_json=False)
    n_changed = answer.n_added + answer.n_removed + answer.n_media_changed
    if n_changed > len(members):
        say(f"{len(members):,} of {n_changed:,} shown; -n shows more")


@click.command()
@click.argument("pool")
@click.option("--reason", help="Only records with this reason.")
@click.option(
    "-n", "--records", "n_records", default=100, show_default=True, help="How many to list."
)
@json_option
@pass_catalog
def quarantine(
    catalog: Catalog, pool: str, reason: str | None, n_records: int, is_json: bool
) -> None:
    """List the records that could not be read, of all loads that make up a version of a pool."""
    rows = catalog.quarantine(pool, reason=reason, n_records=n_records).to_dicts()
    echo_rows(rows, is_json=is_json, nothing="nothing is quarantined here")


@click.command()
@click.argument("reference")
@click.argument("tag")
@json_option
@pass_catalog
def tag(catalog: Catalog, reference: str, tag: str, is_json: bool) -> None:
    """Give a version a name: NAME@3 TAG, and then NAME@TAG names it. A tag that is there moves."""
    tagged = catalog.tag(reference, tag)
    if is_json:
        echo_json({"reference": str(tagged), "tag": tag})
    else:
        say(f"{tagged} is {tagged.name}@{tag} now")


@click.command()
@click.argument("reference")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@click.pass_context
def drop(ctx: click.Context, reference: str, yes: bool, is_json: bool) -> None:
    """Remove a pool with its history, a subset, or one version of a subset."""
    if not yes and not click.confirm(f"drop {reference}? this cannot be undone", err=True):
        ctx.exit(DONE)
    dropped = ctx.obj.drop(reference)
    if is_json:
        echo_json({"kind": dropped.kind, "dropped": reference})
    say(f"dropped {dropped.kind} {reference}; `catalog gc` removes what nothing else holds")


@contextmanager
def flags_named() -> Iterator[None]:
    """Name a load's options as the command line spells them, where an error names them as Python does."""
    try:
        yield
    except MostlyRemovedError as error:
        counts = {"n_removed": error.n_removed, "n_before": error.n_before}
        raise MostlyRemovedError(
            error.pool, **counts, append="--append", replace="--replace"
        ) from None


def parse_pairs(pairs: tuple[str, ...], *, option: str) -> dict[str, str]:
    """``("prompt=Question",)`` as a dict.

    Raises:
        OptionError: a pair has no ``=``.

    >>> parse_pairs(("prompt=Question",), option="--field")
    {'prompt': 'Question'}
    """
    parsed = {}
    for pair in pairs:
        key, separator, value = pair.partition("=")
        if not separator or not key or not value:
            raise OptionError(f"{option} {pair!r}: write it as KEY=VALUE")
        parsed[key] = value
    return parsed


def _echo_registration(answer: Registration) -> None:
    shapes = ", ".join(
        sorted({f"{file.shape or 'nothing'} ({file.container})" for file in answer.files})
    )
    would = "would be " if answer.is_dry_run else ""
    if not answer.is_new_version:
        click.echo(
            f"{answer.name}@{answer.version}: nothing changed, {answer.n_members:,} members as before"
        )
        return
    click.echo(
        f"{would}{answer.name}@{answer.version}: {answer.n_members:,} members, read as {shapes} in {answer.seconds:.1f} s"
    )
    parts = {
        "added": answer.n_added,
        "removed": answer.n_removed,
        "kept": answer.n_kept,
        "updated": answer.n_updated,
        "exact duplicates folded": answer.n_folded - answer.n_folded_differing,
        f"folded, differing in {few(answer.folded_differing_in)}": answer.n_folded_differing,
        "inputs that said there is none": answer.n_no_input,
    }
    click.echo(
        "  "
        + ", ".join(
            f"{count:,} {what}" for what, count in parts.items() if count or what == "added"
        )
    )
    if answer.n_identity_changed:
        say(
            f"  {answer.n_identity_changed:,} members have another identity now: rejected answers and media belong to it"
        )
    if answer.n_quarantined:
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in answer.reasons.items())
        where = "" if answer.is_dry_run else f"; `catalog quarantine {answer.name}` shows them"
        say(f"  {answer.n_quarantined:,} quarantined: {reasons}{where}")
    _say_files(answer.files)
    if answer.is_dry_run:
        say("  a dry run: nothing was written")


def _say_files(files: list[FileReading]) -> None:
    for file in files:
        if file.encoding:
            say(f"  {file.file} was decoded from {file.encoding}")
        for note in file.notes:
            say(f"  {file.file}: {note}")
        if file.unread:
            say(f"  {file.file}: not read: {_unread(file)}")


def _unread(file: FileReading) -> str:
    from catalog.pools.unread import shares

    n_read = file.n_records - sum(file.n_quarantined.values())
    return shares(file.unread, n_keys=file.n_unread_keys, n_records=n_read)
