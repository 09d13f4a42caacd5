"""Loaded models on their way to another process, which may have another device."""

from __future__ import annotations

import io
from typing import Any, ClassVar

import numpy as np

from catalog.models.device import best_device


class Travelling:
    """Object with a torch module that is pickled as bytes, and unpickled to the best device.

    Attributes:
        MODULE: name of the attribute that holds the module.
    """

    MODULE: ClassVar[str] = "model"

    def __getstate__(self) -> dict[str, Any]:
        """Return the attributes, with the module as bytes."""
        return {**self.__dict__, self.MODULE: _packed(getattr(self, self.MODULE))}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take the attributes, and the module from its bytes."""
        self.__dict__.update(state, **{self.MODULE: _unpacked(state[self.MODULE])})


def _packed(module: Any) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Return a module with its weights as bytes, uint8 (n,)."""
    import torch

    stream = io.BytesIO()
    torch.save(module, stream)
    return np.frombuffer(stream.getbuffer(), dtype=np.uint8)


def _unpacked(data: np.ndarray[Any, np.dtype[np.uint8]]) -> Any:
    import torch

    stream = io.BytesIO(np.ascontiguousarray(data).data)
    return torch.load(stream, map_location=best_device(), weights_only=False)
