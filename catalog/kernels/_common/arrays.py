"""Array types of the kernels; shapes are in comments where arrays are made."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
"""Any NumPy array."""

Vectors = np.ndarray[Any, np.dtype[np.float32]]
"""One vector a row: (n, d)."""

Numbers = np.ndarray[Any, np.dtype[np.float64]]
"""Sums, gains, distances and matrices that are computed in double precision."""

Rows = np.ndarray[Any, np.dtype[np.int64]]
"""Positions of rows, or whole numbers in an order of rows."""
