"""The options that a signal was made with: the command that makes the rest of it must say them, or it makes another signal of everybody."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

# What an identity calls a setting, the option that sets it, and what it is where nobody asks for
# another.
OPTIONS: dict[str, tuple[tuple[str, str, Any], ...]] = {
    "embedding": (
        ("field", "--field", "prompt"),
        ("store", "--dtype", "float32"),
        ("dtype", "--precision", "float32"),
    ),
    "losses": (
        ("epochs", "--epochs", 3),
        ("checkpoints", "--checkpoints", 12),
        ("learning_rate", "--learning-rate", 2e-5),
        ("batch", "--batch", 128),
        ("warmup", "--warmup", 0.03),
        ("max_length", "--max-length", 512),
        ("seed", "--seed", 0),
    ),
    "states": (
        ("max_tokens", "--max-tokens", 128),
        ("max_length", "--max-length", 512),
        ("dim", "--project-to", None),
        ("kind", "--projection", "jl"),
        ("seed", "--seed", 0),
        ("store", "--dtype", "float16"),
    ),
    "score": (
        ("max_length", "--max-length", 512),
        ("share", "--warm-up", 0.05),
        ("seed", "--seed", 0),
    ),
}
TINY: dict[str, Any] = {"learning_rate": 3e-3, "batch": 32}  # where its recipe is another
NESTED = ("start", "recipe", "projection")


def settings_of(
    identity: Mapping[str, Any], others: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """Every setting of a signal by name, those of what it is made of where it has none of its own.

    Args:
        identity: of the signal.
        others: identities of signals by their hash.

    >>> settings_of({"inputs": {"base": "b3"}, "version": 1}, {"b3": {"model": "tiny", "max_length": 256}})
    {'model': 'tiny', 'max_length': 256, 'version': 1}
    """
    flat: dict[str, Any] = {}
    for sha256 in reversed(list((identity.get("inputs") or {}).values())):
        flat |= settings_of(others.get(sha256, {}), others)
    for name in NESTED:
        flat |= identity.get(name) or {}
    return flat | {
        name: value for name, value in identity.items() if name not in (*NESTED, "inputs")
    }


def options(kind: str, settings: Mapping[str, Any]) -> str:
    """The options of the command that makes a signal, those that differ from the defaults, each with a space before it.

    >>> options("states", {"max_tokens": 128, "dim": 8, "kind": "jl", "seed": 3})
    ' --project-to 8 --seed 3'
    """
    usual = {name: default for name, _, default in OPTIONS.get(kind, ())}
    if settings.get("model") == "tiny" and kind == "losses":
        usual |= TINY
    asked = [
        (option, settings[name])
        for name, option, _ in OPTIONS.get(kind, ())
        if settings.get(name, usual[name]) != usual[name]
    ]
    return "".join(f" {option} {shlex.quote(str(value))}" for option, value in asked)
