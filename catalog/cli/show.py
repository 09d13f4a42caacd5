"""One version of a pool or subset on the command line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from catalog.catalog import Catalog
from catalog.cli.group import json_option
from catalog.cli.output import echo_json, echo_rows
from catalog.cli.pools import pass_catalog

if TYPE_CHECKING:
    from catalog.pools.versions import Description
    from catalog.subsets.describe import SubsetDescription


@click.command()
@click.argument("reference")
@json_option
@pass_catalog
def show(catalog: Catalog, reference: str, is_json: bool) -> None:
    """Describe one version of a pool or subset: what was read or what made it, what it holds."""
    from catalog.subsets.describe import SubsetDescription

    description = catalog.show(reference)
    if isinstance(description, SubsetDescription):
        _echo_subset(description, is_json=is_json)
    else:
        _echo_pool(description, is_json=is_json)


def _echo_pool(description: Description, *, is_json: bool) -> None:
    tables = {
        name: getattr(description, name).to_pylist()
        for name in ("sources", "quarantine", "examples")
    }
    if is_json:
        plain = {
            "reference": description.reference,
            "tags": description.tags,
            "version": description.version,
            "shape": description.shape,
        }
        echo_json(plain | tables)
        return
    version, shape = description.version, description.shape
    tags = f" ({', '.join(description.tags)})" if description.tags else ""
    how = (
        "registered"
        if version["restored_from"] is None
        else f"restored from version {version['restored_from']}"
    )
    click.echo(
        f"{description.reference}{tags}: {version['n_members']:,} members, {how} {version['registered_at']:%Y-%m-%d %H:%M:%S} UTC"
    )
    click.echo(
        f"{shape['n_multi_turn']:,} multi-turn, {shape['n_with_system']:,} with a system prompt, {shape['n_with_tools']:,} with tools, "
        f"{shape['n_with_labels']:,} with labels, {shape['n_with_rejected']:,} with rejected answers, "
        f"{shape['n_with_media']:,} with media; median {shape['median_prompt_characters'] or 0:,.0f} characters a prompt, "
        f"{shape['median_response_characters'] or 0:,.0f} a response"
    )
    keys = (
        "file",
        "container",
        "shape",
        "encoding",
        "n_records",
        "n_quarantined",
        "n_no_input",
        "notes",
    )
    echo_rows([{key: file.get(key) for key in keys} for file in version["files"]], is_json=False)
    echo_rows(tables["sources"], is_json=False)
    if tables["quarantine"]:
        echo_rows(tables["quarantine"], is_json=False)
    echo_rows(tables["examples"], is_json=False)


def _echo_subset(description: SubsetDescription, *, is_json: bool) -> None:
    record, examples = description.record, description.examples.to_pylist()
    definition = record["definition"]
    if is_json:
        echo_json(
            {"reference": description.reference, "tags": description.tags}
            | record
            | {"examples": examples}
        )
        return
    tags = f" ({', '.join(description.tags)})" if description.tags else ""
    click.echo(
        f"{description.reference}{tags}: {record['n_members']:,} members, selected {record['created_at']:%Y-%m-%d %H:%M:%S} UTC "
        f"in {record['seconds']:.1f} s"
    )
    given = "".join(
        f", {name} {value}" for name, value in definition["parameters"].items() if value is not None
    )
    click.echo(
        f"{record['selector']} of {definition['pool']}, budget {_budget(record)}, seed {record['seed']}{given}"
    )
    click.echo(f"members {record['members_sha256']}\ndefinition {record['definition_sha256']}")
    for line in _definition_lines(definition):
        click.echo(line)
    text = (
        record["selector_text"]
        or f"-- made by 0.1, which kept no file; this is what ran\n{definition['sql']}"
    )
    click.echo(f"\n{text.rstrip()}\n")
    echo_rows(examples, is_json=False)


def _budget(record: dict[str, Any]) -> str:
    """Return a budget as it was asked for, and the number that it came to."""
    number, asked = f"{record['budget']:,}", record["budget_asked"]
    return number if asked in (None, str(record["budget"]), number) else f"{asked} ({number})"


def _definition_lines(definition: dict[str, Any]) -> Iterator[str]:
    """Say what a subset was made from besides its text: other pools and subsets, signals, and the code of functions and macros."""
    for one in definition.get("references", ()):
        if one["reference"] != definition["pool"]:
            yield f"reads {one['kind']} {one['reference']}" + "".join(
                f", written {text}" for text in one.get("written", ())
            )
    for signal in definition["signals"]:
        precision = f", precision {signal['precision']}" if signal.get("precision") else ""
        version = (
            f", {signal['lance_table']} at version {signal['lance_version']}"
            if signal["lance_table"]
            else ""
        )
        yield f"{signal['kind']} {signal['name']}{precision}, identity {signal['identity_sha256'][:12]}{version}"
    versions = definition.get("functions") or {}
    if versions:
        kernels = (_kernel_line(name, value) for name, value in sorted(versions.items()))
        yield f"functions {', '.join(kernels)}"
    hashes = definition.get("macros") or definition.get("macro_sha256") or {}
    if hashes:
        yield f"macros {', '.join(f'{name} {sha256[:12]}' for name, sha256 in sorted(hashes.items()))}"


def _kernel_line(name: str, identity: int | dict[str, Any]) -> str:
    if isinstance(identity, int):
        return f"{name} version {identity}"
    package = (
        f" of {identity['package']} {identity['package_version']}" if "package" in identity else ""
    )
    return f"{name} version {identity['version']}{package}, code {identity['sha256'][:12]}"
