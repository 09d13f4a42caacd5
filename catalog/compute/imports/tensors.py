"""Published arrays: ``.npy`` files, and safetensors with one tensor per checkpoint."""

from __future__ import annotations

from typing import IO, Any

import numpy as np

from catalog.errors import SourceError
from catalog.messages import listed

Numbers = np.ndarray[Any, Any]
_DTYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2"}


def read_npy(file: IO[bytes], name: str) -> Numbers:
    """Read an array of one or two dimensions.

    Raises:
        SourceError: the file is damaged, or the array has another shape.
    """
    try:
        values: Numbers = np.lib.format.read_array(file, allow_pickle=False)
    except (EOFError, ValueError) as error:
        raise SourceError(
            f"{name}: not a complete .npy file of numbers ({error}): "
            "write floats or integers with numpy.save"
        ) from None
    if values.ndim not in (1, 2):
        raise SourceError(
            f"{name}: expected one number or one row of numbers per instruction, "
            f"got {values.ndim} dimensions"
        )
    return values


def read_safetensors(content: bytes, name: str) -> dict[str, Numbers]:
    """Return tensors by name; several tensors have one dimension and equal lengths.

    Raises:
        SourceError: the file is damaged, or a tensor has another type or shape.
    """
    tensors = _tensors(content, name)
    if len(tensors) == 1:
        return tensors
    if any(tensor.ndim != 1 for tensor in tensors.values()):
        raise SourceError(
            f"{name}: of several tensors, each is one checkpoint with one number per instruction; "
            "these have more dimensions"
        )
    lengths = {len(tensor) for tensor in tensors.values()}
    if len(lengths) > 1:
        raise SourceError(
            f"{name}: its tensors differ in length ({listed(sorted(lengths))})",
            reason="wrong_length",
        )
    return tensors


def _tensors(content: bytes, name: str) -> dict[str, Numbers]:
    import safetensors

    read: Any = safetensors.deserialize
    try:
        found = read(content)
    except safetensors.SafetensorError as error:
        raise SourceError(f"{name}: not a complete safetensors file ({error})") from None
    if not found:
        raise SourceError(f"{name} holds no tensor", reason="no_column")
    return {key: _tensor(tensor, f"{name}: {key}") for key, tensor in found}


def _tensor(tensor: dict[str, Any], title: str) -> Numbers:
    """Return one tensor; bfloat16, which NumPy lacks, becomes float32."""
    if not tensor["shape"]:
        raise SourceError(f"{title}: expected one number per instruction, got a single number")
    if tensor["dtype"] == "BF16":  # the upper half of a float32
        flat = (np.frombuffer(tensor["data"], dtype="<u2").astype("<u4") << 16).view("<f4")
    elif tensor["dtype"] in _DTYPES:
        flat = np.frombuffer(tensor["data"], dtype=_DTYPES[tensor["dtype"]])
    else:
        raise SourceError(f"{title}: expected numbers of 16 bits or more, got {tensor['dtype']}")
    return flat.reshape(tensor["shape"])
