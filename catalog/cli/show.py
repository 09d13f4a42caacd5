"""Command `show`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from catalog.catalog import Catalog
from catalog.cli.group import table_options
from catalog.cli.options import pass_catalog
from catalog.cli.output import echo_json, echo_rows, echo_text
from catalog.messages import quantity, rows_and_members

if TYPE_CHECKING:
    from catalog.pools.versions import Description
    from catalog.subsets.describe import SubsetDescription


COUNTS = ("n_records", "n_quarantined", "n_no_input")
FILE = ("file", "container", "shape", "encoding", *COUNTS, "notes")
"""The columns of a file in the description of a pool."""


@click.command()
@click.argument("reference")
@table_options
@pass_catalog
def show(catalog: Catalog, reference: str, is_json: bool) -> None:
    """Describe one version of a pool or subset: its origin and its contents."""
    from catalog.subsets.describe import SubsetDescription

    description = catalog.show(reference)
    if isinstance(description, SubsetDescription):
        _echo_subset(description, is_json=is_json)
    else:
        _echo_pool(description, is_json=is_json)


def _echo_pool(description: Description, *, is_json: bool) -> None:
    names = ("sources", "quarantine", "examples")
    tables = {name: getattr(description, name).to_dicts() for name in names}
    version = description.version
    if is_json:
        keys = ("reference", "tags", "version", "shape")
        echo_json({key: getattr(description, key) for key in keys} | tables)
        return
    origin = "registered"
    if version["restored_from"] is not None:
        origin = f"restored from version {version['restored_from']}"
    echo_text(
        f"{description.reference}{_tags(description.tags)}: "
        f"{quantity(version['n_members'], 'member')}, "
        f"{origin} {version['registered_at']:%Y-%m-%d %H:%M:%S} UTC"
    )
    echo_text(_shape(description.shape))
    files = [{key: _count(file.get(key)) for key in FILE} for file in version["files"]]
    echo_rows(files, is_json=False)
    for name in names:
        if tables[name] or name != "quarantine":
            echo_rows(tables[name], is_json=False)


def _count(value: Any) -> Any:
    """Return a value of a file for its table; counts by reason become one text."""
    if isinstance(value, dict):
        return ", ".join(f"{count:,} {reason}" for reason, count in value.items()) or 0
    return value


def _shape(shape: dict[str, Any]) -> str:
    """Return the counts of a pool's members by their parts, and their median lengths."""
    counts = {
        "multi-turn": shape["n_multi_turn"],
        "with a system prompt": shape["n_with_system"],
        "with tools": shape["n_with_tools"],
        "with labels": shape["n_with_labels"],
        "with rejected answers": shape["n_with_rejected"],
        "with media": shape["n_with_media"],
    }
    listed = ", ".join(f"{count:,} {name}" for name, count in counts.items())
    prompt = shape["median_prompt_characters"] or 0
    response = shape["median_response_characters"] or 0
    return f"{listed}; median {prompt:,.0f} characters of a prompt, {response:,.0f} of a response"


def _echo_subset(description: SubsetDescription, *, is_json: bool) -> None:
    record, examples = description.record, description.examples.to_dicts()
    definition = record["definition"]
    if is_json:
        head = {"reference": description.reference, "tags": description.tags}
        echo_json(head | record | {"examples": examples})
        return
    count = rows_and_members(record["n_rows"], record["n_members"])
    echo_text(
        f"{description.reference}{_tags(description.tags)}: {count}, "
        f"selected {record['created_at']:%Y-%m-%d %H:%M:%S} UTC in {record['seconds']:.1f} s"
    )
    parameters = definition["parameters"].items()
    given = "".join(f", {name} {value}" for name, value in parameters if value not in (None, ""))
    echo_text(
        f"{record['selector']} of {definition['pool']}, budget {_budget(record)}, "
        f"seed {record['seed']}{given}"
    )
    echo_text(f"members {record['members_sha256']}\ndefinition {record['definition_sha256']}")
    for line in _definition_lines(definition):
        echo_text(line)
    text = record["selector_text"]
    if not text:
        text = f"-- version 0.1 stored no selector file; this is its SQL\n{definition['sql']}"
    from catalog.query.meaning.layout import formatted_alone

    click.echo(f"\n{formatted_alone(text).rstrip()}\n")
    echo_rows(examples, is_json=False)


def _tags(tags: list[str]) -> str:
    if not tags:
        return ""
    return f" ({', '.join(tags)})"


def _budget(record: dict[str, Any]) -> str:
    """Return a budget as it was requested, and its number of members."""
    number, asked = f"{record['budget']:,}", record["budget_asked"]
    if asked in (None, str(record["budget"]), number):
        return number
    return f"{asked} ({number})"


def _definition_lines(definition: dict[str, Any]) -> Iterator[str]:
    """Yield what a subset was made from: pools, subsets, signals, code of functions and macros."""
    for reference in definition.get("references", ()):
        if reference["reference"] != definition["pool"]:
            spellings = "".join(f", written {text}" for text in reference.get("written", ()))
            yield f"reads {reference['kind']} {reference['reference']}{spellings}"
    for signal in definition["signals"]:
        parts = [f"{signal['kind']} {signal['name']}"]
        if signal.get("precision"):
            parts.append(f"precision {signal['precision']}")
        parts.append(f"identity {signal['identity_sha256'][:12]}")
        if signal["lance_table"]:
            parts.append(f"{signal['lance_table']} at version {signal['lance_version']}")
        yield ", ".join(parts)
    versions = definition.get("functions") or {}
    if versions:
        kernels = (_kernel_line(name, value) for name, value in sorted(versions.items()))
        yield f"functions {', '.join(kernels)}"
    hashes = definition.get("macros") or definition.get("macro_sha256") or {}
    if hashes:
        codes = (f"{name} {sha256[:12]}" for name, sha256 in sorted(hashes.items()))
        yield f"macros {', '.join(codes)}"


def _kernel_line(name: str, identity: int | dict[str, Any]) -> str:
    if isinstance(identity, int):
        return f"{name} version {identity}"
    package = ""
    if "package" in identity:
        package = f" of {identity['package']} {identity['package_version']}"
    return f"{name} version {identity['version']}{package}, code {identity['sha256'][:12]}"
