"""Files beside the two stores: models and their parts, and kept answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from catalog.maintenance.database_doctor import Issue
from catalog.messages import one_line
from catalog.store.database import Connection
from catalog.store.store import Store

MODEL = (
    "restore it from a backup; or remove the model's folder, and the command that trained it "
    "trains it again"
)


def damaged_files(_connection: Connection, store: Store) -> Iterator[Issue]:
    """Find model files that cannot be read."""
    for path in sorted(store.models.rglob("*")):
        check = CHECKS.get(path.suffix)
        if (
            check is None
            or not path.is_file()
            or any(part.startswith(".") for part in path.relative_to(store.models).parts)
        ):
            continue
        try:
            check(path)
        except Exception as error:
            reason = one_line(error)
            problem = f"{path} is damaged, and with it the model that it belongs to ({reason})"
            yield Issue("model_damaged", problem, MODEL)


def _safetensors(path: Path) -> None:
    from safetensors import safe_open

    with safe_open(path, framework="np") as file:
        list(file.keys())


def _numbers(path: Path) -> None:
    """Compare a projection's content with the start of its hash, which is in its name."""
    import hashlib

    matrix = np.load(path)
    if path.stem.startswith("projection-"):
        sha256 = hashlib.sha256(np.ascontiguousarray(matrix).tobytes()).hexdigest()
        if not sha256.startswith(path.stem.removeprefix("projection-")):
            raise ValueError("its sha256 is not the one that its name says")


def _json(path: Path) -> None:
    json.loads(path.read_text(encoding="utf-8"))


CHECKS: dict[str, Callable[[Path], None]] = {
    ".safetensors": _safetensors,
    ".npy": _numbers,
    ".json": _json,
}
