"""Choose where a computation runs, in what precision, and how quietly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch


def best_device() -> torch.device:
    """CUDA when there is one, else the CPU."""
    import torch

    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def set_threads(n_threads: int | None) -> int:
    """Give torch this many CPU threads; None leaves its own choice. Returns the number in force.

    Float sums depend on how they are split, so numbers repeat bit for bit only under the same
    number of threads.
    """
    import torch

    if n_threads is not None:
        torch.set_num_threads(max(1, n_threads))
    return torch.get_num_threads()


def silence_libraries() -> None:
    """Keep progress bars and advice of the model libraries off stderr."""
    import huggingface_hub
    import transformers

    quiet: Any = transformers.utils.logging
    quiet.disable_progress_bar()
    quiet.set_verbosity_error()
    hub: Any = huggingface_hub.utils
    hub.disable_progress_bars()
