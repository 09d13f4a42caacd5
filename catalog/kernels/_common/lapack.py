"""Routines of SciPy's BLAS and LAPACK in place, without Python's lock.

``scipy.linalg.blas`` holds the lock for as long as a routine runs, so that threads wait for each
other. Here the same routines are called through the pointers that ``scipy.linalg.cython_blas`` and
``cython_lapack`` publish for C; ctypes lets go of the lock.

Matrices are float64 in LAPACK's order of memory (``order="F"``), without gaps; those of
``add_products`` may be float32. Call `load` before
threads are limited, so that the limit holds for SciPy's BLAS too.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any

import numpy as np

from catalog.kernels._common.arrays import Numbers, Vectors

Argument = bytes | int | float | Numbers | Vectors | ctypes.c_int | ctypes.c_float

_N_ARGUMENTS = {"dtrmm": 11, "dtrsm": 11, "dsyrk": 10, "ssyrk": 10, "dpotrf": 5}


@cache
def load() -> dict[str, Callable[..., None]]:
    """Return the routines by their names; each takes pointers."""
    from scipy.linalg import cython_blas, cython_lapack  # publish them in no typed way

    published = cython_blas.__pyx_capi__ | cython_lapack.__pyx_capi__
    return {name: _routine(published[name], n) for name, n in _N_ARGUMENTS.items()}


def _routine(capsule: Any, n_arguments: int) -> Callable[..., None]:
    api = ctypes.pythonapi
    api.PyCapsule_GetName.restype = ctypes.c_char_p
    api.PyCapsule_GetName.argtypes = [ctypes.py_object]
    api.PyCapsule_GetPointer.restype = ctypes.c_void_p
    api.PyCapsule_GetPointer.argtypes = [ctypes.py_object, ctypes.c_char_p]
    pointer = api.PyCapsule_GetPointer(capsule, api.PyCapsule_GetName(capsule))
    signature = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * n_arguments)
    return signature(pointer)


def _call(name: str, *arguments: Argument) -> None:
    values = [_as_pointer(argument) for argument in arguments]
    load()[name](*values)


def _as_pointer(argument: Argument) -> Any:
    if isinstance(argument, np.ndarray):
        return argument.__array_interface__["data"][0]  # half the time of `ctypes.data`
    if isinstance(argument, (ctypes.c_int, ctypes.c_float)):
        return ctypes.byref(argument)
    return _KEEP[type(argument)](argument)


@lru_cache(4096)
def _whole(number: int) -> Any:
    return ctypes.byref(ctypes.c_int(number))


@lru_cache(64)
def _real(number: float) -> Any:
    return ctypes.byref(ctypes.c_double(number))


_KEEP: dict[type, Callable[[Any], Any]] = {
    bytes: lru_cache(64)(ctypes.c_char_p),
    int: _whole,
    float: _real,
}
"""What makes a pointer to a scalar, which the routines only read; making one takes longer."""

_SINGLE_ONE = ctypes.c_float(1.0)


def multiply_lower(root: Numbers, b: Numbers) -> None:
    """Set B to L B, for a lower triangle L (n, n) and B (n, m).

    >>> import numpy as np
    >>> root, b = np.array([[2.0, 9.0], [1.0, 1.0]], order="F"), np.eye(2, order="F")
    >>> multiply_lower(root, b)
    >>> b.tolist()
    [[2.0, 0.0], [1.0, 1.0]]
    """
    n, m = b.shape
    _call("dtrmm", b"L", b"L", b"N", b"N", n, m, 1.0, root, n, b, n)


def divide_by_upper(b: Numbers, root: Numbers) -> None:
    """Set B to B R^-1, for B (n, m) and an upper triangle R (m, m).

    >>> import numpy as np
    >>> b, root = np.eye(2, order="F"), np.array([[2.0, 2.0], [9.0, 1.0]], order="F")
    >>> divide_by_upper(b, root)
    >>> b.tolist()
    [[0.5, -1.0], [0.0, 1.0]]
    """
    n, m = b.shape
    _call("dtrsm", b"R", b"U", b"N", b"N", n, m, 1.0, root, m, b, n)


def add_products(
    a: Numbers | Vectors, c: Numbers | Vectors, *, of_columns: bool, triangle: bytes
) -> None:
    """Add A' A, the products of columns, or A A' to one triangle of C, ``b"U"`` or ``b"L"``.

    Both are float64, or both float32.

    >>> import numpy as np
    >>> c = np.zeros((2, 2), order="F")
    >>> add_products(np.array([[1.0, 2.0]], order="F"), c, of_columns=True, triangle=b"U")
    >>> c.tolist()
    [[1.0, 2.0], [0.0, 4.0]]
    """
    n, k = a.shape[::-1] if of_columns else a.shape
    kind = b"T" if of_columns else b"N"
    is_single = a.dtype == np.float32
    one = _SINGLE_ONE if is_single else 1.0
    name = "ssyrk" if is_single else "dsyrk"
    _call(name, triangle, kind, n, k, one, a, a.shape[0], one, c, n)


def upper_root(a: Numbers) -> None:
    """Set the upper triangle of a positive definite A to R, A = R' R.

    >>> import numpy as np
    >>> a = np.array([[4.0, 2.0], [2.0, 5.0]], order="F")
    >>> upper_root(a)
    >>> a.tolist()
    [[2.0, 1.0], [2.0, 2.0]]
    """
    info = ctypes.c_int()
    _call("dpotrf", b"U", len(a), a, len(a), info)
    assert info.value == 0  # what a caller passes is positive definite
