"""Command `register`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Literal

import click

from catalog.catalog import Catalog
from catalog.cli.choices import LazyChoice, record_formats, tree_modes
from catalog.cli.group import dry_run_option, json_option
from catalog.cli.options import parse_pairs, pass_catalog
from catalog.cli.output import echo_json, echo_text, say
from catalog.cli.progress import progress_bar
from catalog.errors import MostlyRemovedError
from catalog.messages import listed, quantity

if TYPE_CHECKING:
    from catalog.pools.file_report import FileReport
    from catalog.pools.register import Registration


@click.command()
@click.argument("sources", nargs=-1, required=True)
@click.option("--pool", required=True, help="Name of the pool. A new name creates version 1.")
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
    help="Spelling of a role, such as narrator=assistant. Repeatable.",
)
@click.option(
    "--tree",
    type=LazyChoice(tree_modes),
    help="Paths to read of a tree of messages: all, or only the best-ranked.",
)
@click.option(
    "--source-column",
    help="Key that holds the source of a record. Default: the name of the file.",
)
@click.option("--labels-column", help="Key that holds labels, or a path such as label.ability_en.")
@click.option(
    "--prompts-only",
    is_flag=True,
    help="Accept records without answers. They can be searched, but not selected.",
)
@click.option(
    "--hash-media",
    is_flag=True,
    help="Include the sha256 of existing media files in the fingerprints.",
)
@click.option(
    "--entry",
    help="Entry of a dataset_info.json (LLaMA-Factory) or of an axolotl YAML.",
)
@click.option(
    "--replace",
    "mode",
    flag_value="replace",
    help="Replace the members of the pool, even if that removes most of them.",
)
@click.option("--append", "mode", flag_value="append", help="Add to the members of the pool.")
@click.option(
    "--purpose",
    type=click.Choice(["train", "eval"]),
    help="Use of a new pool. Nothing is selected from a pool for eval; it can be a target."
    "  [default: train]",
)
@click.option(
    "--force", "is_forced", is_flag=True, help="Register even if most records cannot be read."
)
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    help="Number of processes that read the files."
    "  [default: 1 below 64 MB, else the number of processors, at most 8]",
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
    purpose: Literal["train", "eval"] | None,
    is_forced: bool,
    jobs: int | None,
    is_dry_run: bool,
    is_json: bool,
) -> None:
    """Register files, folders, globs, URLs or - (stdin) as the next version of a pool.

    The files become the members of the pool. Registering refuses to remove more than half of the
    pool, unless --replace allows it. With --append the files are added to the pool. LABEL=FILE sets
    the source of all records of FILE to LABEL. File type and record format are detected from the
    content and printed. Records that cannot be parsed are quarantined.
    """
    from catalog.arrow import postpone_pandas

    postpone_pandas()
    with progress_bar(f"reading {pool}", unit="records") as bar, flags_named():
        registration = catalog.register(
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
            purpose=purpose,
            force=is_forced,
            dry_run=is_dry_run,
            jobs=jobs,
            progress=lambda records, done, total: bar(done, total, records),
        )
    if is_json:
        echo_json(asdict(registration))
    else:
        _echo_registration(registration)


@contextmanager
def flags_named() -> Iterator[None]:
    """Name options as the command line spells them in an error that names Python's arguments."""
    try:
        yield
    except MostlyRemovedError as error:
        raise MostlyRemovedError(
            error.pool,
            n_removed=error.n_removed,
            n_before=error.n_before,
            append="--append",
            replace="--replace",
        ) from None


def _echo_registration(registration: Registration) -> None:
    reference = f"{registration.name}@{registration.version}"
    if not registration.is_new_version:
        echo_text(f"{reference}: no changes, {quantity(registration.n_members, 'member')}")
        return
    formats = {f"{file.shape or 'nothing'} ({file.container})" for file in registration.files}
    would = "would be " if registration.is_dry_run else ""
    echo_text(
        f"{would}{reference}: {quantity(registration.n_members, 'member')}, read as "
        f"{', '.join(sorted(formats))} in {registration.seconds:.1f} s"
    )
    echo_text(f"  {_counts(registration)}")
    if registration.n_identity_changed:
        say(
            f"  {quantity(registration.n_identity_changed, 'member has', 'members have')} a new "
            "identity: it now includes "
            "rejected answers and media"
        )
    if registration.n_quarantined:
        reasons = [f"{count:,} {reason}" for reason, count in registration.reasons.items()]
        where = f"; see `catalog quarantine {registration.name}`"
        if registration.is_dry_run:
            where = ""
        say(f"  {registration.n_quarantined:,} quarantined: {', '.join(reasons)}{where}")
    for file in registration.files:
        _say_file(file)
    if registration.is_dry_run:
        say("  dry run: nothing was written")


def _counts(registration: Registration) -> str:
    """Return the counts of a registration that are not 0, and how many members it adds."""
    n_differing = registration.n_folded_differing
    counts = {
        "removed": registration.n_removed,
        "kept": registration.n_kept,
        "updated": registration.n_updated,
        "exact duplicates folded": registration.n_folded - n_differing,
        f"folded, differing in {listed(registration.folded_differing_in)}": n_differing,
        "placeholder inputs dropped": registration.n_no_input,
    }
    parts = [f"{count:,} {name}" for name, count in counts.items() if count]
    return ", ".join([f"{registration.n_added:,} added", *parts])


def _say_file(file: FileReport) -> None:
    if file.encoding:
        say(f"  {file.file}: decoded from {file.encoding}")
    for note in file.notes:
        say(f"  {file.file}: {note}")
    if file.unread:
        say(f"  {file.file}: not read: {_unread(file)}")


def _unread(file: FileReport) -> str:
    from catalog.pools.unread import shares

    n_read = file.n_records - sum(file.n_quarantined.values())
    return shares(file.unread, n_keys=file.n_unread_keys, n_records=n_read)
