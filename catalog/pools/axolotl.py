"""Reader options from one item of the ``datasets:`` of an axolotl YAML.

Field names and renamed roles mean the same as in axolotl's own strategies
(src/axolotl/prompt_strategies).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from catalog.errors import SourceError
from catalog.json_text import as_list
from catalog.messages import listed
from catalog.pools.layout import Layout

_PROMPTS: dict[str, dict[str, str]] = {
    "alpaca": {"prompt": "instruction", "input": "input", "response": "output"},
    "alpaca_w_system.load": {
        "prompt": "instruction",
        "input": "input",
        "response": "output",
        "system": "system",
    },
    "gpteacher": {"prompt": "instruction", "input": "input", "response": "response"},
    "oasst": {"prompt": "INSTRUCTION", "response": "RESPONSE"},
}
_TURNS = {
    "chat_template": ("messages", "role", "content"),
    "sharegpt": ("conversations", "from", "value"),
}
_PREFERENCES = ("chat_template.default", "chat_template.argilla_chat")
_BUILDERS = ("json", "csv", "parquet", "arrow", "text")
_FIELDS = {
    "field_instruction": "prompt",
    "field_input": "input",
    "field_output": "response",
    "field_system": "system",
}
_DEFAULT_KEYS = {
    "field_instruction": "instruction",
    "field_input": "input",
    "field_output": "output",
}


def axolotl(
    entry: Mapping[str, Any], *, folder: Path, name: str
) -> tuple[list[str], dict[str, Any]]:
    """Return an item's files, and its changes to `ReadOptions`.

    Raises:
        SourceError: the item is on a hub, or its type is not supported.
    """
    files = _files(entry, folder=folder, name=name)
    type_ = entry.get("type")
    if isinstance(type_, Mapping):
        given = _DEFAULT_KEYS | {
            key: str(value) for key, value in type_.items() if key in _FIELDS and value
        }
        return files, {"fields": {_FIELDS[key]: value for key, value in given.items()}}
    kind = str(type_).split(":")[0]
    if kind in _PROMPTS:
        return files, {"fields": _PROMPTS[kind]}
    if kind in _PREFERENCES:
        return files, _preference(entry)
    if kind in _TURNS:
        return files, _conversation(entry, *_TURNS[kind])
    known = (*_PROMPTS, *_TURNS, *_PREFERENCES)
    raise SourceError(
        f"{name}: the type {str(type_)[:60]!r} is not supported; expected one of {listed(known)}",
        reason="unknown_shape",
    )


def _conversation(
    entry: Mapping[str, Any], messages: str, role: str, content: str
) -> dict[str, Any]:
    messages = str(entry.get("field_messages") or messages)
    system, tools = (str(entry.get(f"field_{field}") or field) for field in ("system", "tools"))
    layout = Layout(
        turns=(messages,), turn_keys=_turn_keys(entry, role, content), roles=_roles(entry)
    )
    return {"fields": {"messages": messages, "system": system, "tools": tools}, "layout": layout}


def _preference(entry: Mapping[str, Any]) -> dict[str, Any]:
    fields = {
        name: str(entry.get(f"field_{name}") or name) for name in ("messages", "chosen", "rejected")
    }
    is_whole = str(entry.get("type")).endswith("argilla_chat")
    keys = {
        given: field for field, given in fields.items() if not (is_whole and field == "messages")
    }
    aside = ("conversations", "prompt", *(("messages",) if is_whole else ()))
    layout = Layout(
        keys=keys,
        turns=("messages", "chosen", "rejected"),
        turn_keys=_turn_keys(entry, "role", "content"),
        roles=_roles(entry),
        aside=aside,
    )
    return {"format": "preference", "layout": layout}


def _turn_keys(entry: Mapping[str, Any], role: str, content: str) -> dict[str, str]:
    """Return the new names of a turn's keys, from the mappings or from the older options."""
    stated = entry.get("message_property_mappings")
    mappings: dict[str, str] = {}
    if isinstance(stated, Mapping):
        mappings = {str(key): str(value) for key, value in stated.items()}
    role = mappings.pop("role", "") or str(entry.get("message_field_role") or role)
    content = mappings.pop("content", "") or str(entry.get("message_field_content") or content)
    return {source: target for target, source in mappings.items()} | {
        role: "role",
        content: "content",
    }


def _roles(entry: Mapping[str, Any]) -> dict[str, str]:
    stated = entry.get("roles")
    if not isinstance(stated, Mapping):
        return {}
    return {
        str(source): str(target)
        for target, sources in stated.items()
        if isinstance(sources, list)
        for source in sources
    }


def _files(entry: Mapping[str, Any], *, folder: Path, name: str) -> list[str]:
    """Return an item's files, relative to the working directory as in axolotl, or to the YAML."""
    path = str(entry.get("path"))
    stated = entry.get("data_files") or []
    files = [str(file) for file in as_list(stated)]
    if files and path not in _BUILDERS:
        files = [str(Path(path) / file) for file in files]
    paths = []
    for file in files or [path]:
        existing = [place for place in (Path(file).expanduser(), folder / file) if place.exists()]
        if not existing and "://" not in file:
            message = (
                f"{name}: there is no file {file}; to read all files of a Hugging Face dataset, "
                f"use `catalog register hf://datasets/{path}`"
            )
            raise SourceError(message, reason="not_found")
        paths.append(str(existing[0]) if existing else file)
    return paths
