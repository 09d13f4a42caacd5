"""Translate an entry of LLaMA-Factory's dataset_info.json into options of the reader.

Its meaning is that of LLaMA-Factory's own parser (src/llamafactory/data/parser.py): with
``columns``, a column without a name is absent, even if it has a default.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from catalog.errors import SourceError
from catalog.messages import listed
from catalog.pools.layout import Layout

LOCATIONS = ("hf_hub_url", "ms_hub_url", "om_hub_url", "script_url", "cloud_file_name", "file_name")
"""Keys of the location of an entry's data. The first one wins."""

_ALPACA = {"prompt": "instruction", "query": "input", "response": "output"}
_SHAREGPT = {"messages": "conversations"}
_TAGS = {
    "role_tag": "from",
    "content_tag": "value",
    "user_tag": "human",
    "assistant_tag": "gpt",
    "observation_tag": "observation",
    "function_tag": "function_call",
    "system_tag": "system",
}
_ROLES = {
    "user_tag": "user",
    "assistant_tag": "assistant",
    "observation_tag": "observation",
    "function_tag": "function_call",
    "system_tag": "system",
}
_READ_AS = {
    "prompt": "prompt",
    "query": "input",
    "response": "response",
    "system": "system",
    "history": "history",
    "tools": "tools",
}
_KEPT = {"images": "images", "videos": "videos", "audios": "audios", "kto_tag": "label"}
_PREFERENCE = {"prompt": "instruction", "query": "input", "messages": "conversations"} | {
    name: name for name in ("chosen", "rejected", "system", "history", "tools")
}


def llamafactory(
    entry: Mapping[str, Any], *, folder: Path, name: str
) -> tuple[list[str], dict[str, Any]]:
    """Return an entry's files, and its changes to `ReadOptions`.

    Raises:
        SourceError: the entry is on a hub or made by a script, or its formatting is not alpaca,
            sharegpt or openai.
    """
    files = [_location(entry, folder=folder, name=name)]
    formatting = entry.get("formatting") or "alpaca"
    if formatting not in ("alpaca", "sharegpt", "openai"):
        message = (
            f"{name}: the formatting {formatting!r} is not supported: expected alpaca, sharegpt "
            "or openai"
        )
        raise SourceError(message, reason="unknown_shape")
    is_alpaca = formatting == "alpaca"
    stated = entry.get("columns")
    columns = _ALPACA if is_alpaca else _SHAREGPT
    if isinstance(stated, Mapping):
        columns = _texts(stated)
    needed = "prompt" if is_alpaca else "messages"
    if needed not in columns:
        message = f"{name}: its columns lack {needed}; they are {listed(columns)}"
        raise SourceError(message, reason="unknown_column")
    tags = _TAGS | _texts(entry.get("tags") or {})
    turns = {tags["role_tag"]: "role", tags["content_tag"]: "content"}
    roles = {tags[tag]: role for tag, role in _ROLES.items()}
    kept = {columns[column]: key for column, key in _KEPT.items() if column in columns}
    if entry.get("ranking") in (True, "true"):
        return files, _ranking(columns, kept, turn_keys=turns, roles=roles, is_alpaca=is_alpaca)
    names = {
        column: field
        for column, field in _READ_AS.items()
        if is_alpaca or column in ("system", "tools")
    }
    paths = {field: columns[column] for column, field in names.items() if column in columns}
    if is_alpaca:
        return files, {"fields": paths, "layout": Layout(keys=kept)}
    messages = columns["messages"]
    layout = Layout(keys=kept, turns=(messages,), turn_keys=turns, roles=roles)
    return files, {"fields": {"messages": messages} | paths, "layout": layout}


def _ranking(
    columns: Mapping[str, str],
    kept: Mapping[str, str],
    *,
    turn_keys: dict[str, str],
    roles: dict[str, str],
    is_alpaca: bool,
) -> dict[str, Any]:
    """Return the options for a chosen and a rejected answer, texts or turns."""
    read = {columns[column]: key for column, key in _PREFERENCE.items() if column in columns}
    aside = (
        "instruction",
        "input",
        "messages",
        "conversations",
        "prompt",
        "question",
        "query",
        "context",
        "problem",
    )
    turns = () if is_alpaca else ("conversations", "chosen", "rejected")
    layout = Layout(
        keys={**kept, **read}, turns=turns, turn_keys=turn_keys, roles=roles, aside=aside
    )
    return {"format": "preference", "layout": layout}


def _location(entry: Mapping[str, Any], *, folder: Path, name: str) -> str:
    where = next(key for key in LOCATIONS if entry.get(key))
    location = str(entry[where])
    if where == "file_name":
        return str(folder / location)
    if where == "cloud_file_name":
        return location
    message = f"{name} is not a local file ({where} {location}): download its files and name them"
    if where == "hf_hub_url":
        message = (
            f"{name} is on a hub: read all its files with `catalog register "
            f"hf://datasets/{location}`, or download them"
        )
    raise SourceError(message, reason="not_found")


def _texts(stated: Any) -> dict[str, str]:
    """Return the stated names, without those that are null."""
    if not isinstance(stated, Mapping):
        return {}
    return {str(key): str(value) for key, value in stated.items() if value is not None}
