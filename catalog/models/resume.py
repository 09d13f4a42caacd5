"""State file that is always whole: the old state until the new one is on disk."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from catalog.errors import CorruptError

if TYPE_CHECKING:
    import torch


def save_state(file: Path, state: dict[str, Any]) -> None:
    """Replace a file by a new state in one step: a killed process leaves the old or the new one."""
    import torch

    draft = file.with_name(f"{file.name}.draft")
    with draft.open("wb") as stream:
        torch.save(state, stream)
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(file)
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def load_state(file: Path, *, device: torch.device) -> dict[str, Any] | None:
    """Return the state in a file, tensors on the device; None if there is no file.

    Random states stay on the CPU.

    Raises:
        CorruptError: the file does not hold a state.
    """
    import torch

    if not file.is_file():
        return None
    try:
        state: dict[str, Any] = torch.load(file, map_location=device, weights_only=True)
    except Exception as error:  # what broken bytes raise is the unpickler's choice
        raise CorruptError(
            f"{file}: cannot be read as a training state ({type(error).__name__}); delete it to "
            "start afresh"
        ) from error
    return state
