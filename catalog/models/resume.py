"""State file that is always whole, and the weights that training changes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from catalog.errors import CorruptError
from catalog.store.atomic import replacing

if TYPE_CHECKING:
    import torch


def save_state(file: Path, state: dict[str, Any]) -> None:
    """Replace a file by a new state in one step: a killed process leaves the old or the new one."""
    import torch

    with replacing(file) as temporary, temporary.open("wb") as stream:
        torch.save(state, stream)


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


def trained_weights(model: Any) -> dict[str, torch.Tensor]:
    """Return the weights without those that training leaves as they are."""
    named = model.named_parameters(remove_duplicate=False)
    frozen = {name for name, each in named if not each.requires_grad}
    return {name: each for name, each in model.state_dict().items() if name not in frozen}


def save_weights(model: Any, file: Path) -> None:
    """Write the weights that training changes, as safetensors."""
    from safetensors.torch import save_file, save_model

    if _is_all_trained(model):
        save_model(model, str(file))
    else:
        save_file(trained_weights(model), file)


def load_weights(model: Any, file: Path) -> None:
    """Read what `save_weights` wrote into the same model."""
    from safetensors.torch import load_file, load_model

    if _is_all_trained(model):
        load_model(model, str(file), device=str(model.device))
    else:
        model.load_state_dict(load_file(file, device=str(model.device)), strict=False)


def _is_all_trained(model: Any) -> bool:
    return all(each.requires_grad for each in model.parameters())
