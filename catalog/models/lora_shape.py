"""Size of low-rank adapters."""

from __future__ import annotations

from dataclasses import dataclass

from catalog.errors import OptionError


@dataclass(frozen=True)
class LoraShape:
    """Size of adapters: the rank r, and alpha, 4 r as in LESS unless given.

    >>> LoraShape.parsed("r=8"), LoraShape.parsed("r=4,alpha=8").text
    (LoraShape(r=8, alpha=32), 'r=4,alpha=8')
    """

    r: int
    alpha: int

    @classmethod
    def parsed(cls, text: str) -> LoraShape:
        """Read a shape such as ``r=8`` or ``r=8,alpha=32``.

        Raises:
            OptionError: the text is no shape, or a number is below 1.
        """
        parts = dict(part.split("=", 1) for part in text.split(",") if "=" in part)
        is_known = parts.keys() <= {"r", "alpha"} and "r" in parts
        if not is_known or not all(value.strip().isdigit() for value in parts.values()):
            raise OptionError(f"lora: expected r=8 or r=8,alpha=32, got {text!r}")
        r = int(parts["r"])
        shape = cls(r, int(parts.get("alpha", 4 * r)))
        if min(shape.r, shape.alpha) < 1:
            raise OptionError(f"lora: expected r and alpha of at least 1, got {text!r}")
        return shape

    @property
    def scale(self) -> float:
        """Return what the product of an adapter's matrices is multiplied by."""
        return self.alpha / self.r

    @property
    def text(self) -> str:
        """Return the shape as text, the same for equal shapes."""
        return f"r={self.r}" if self.alpha == 4 * self.r else f"r={self.r},alpha={self.alpha}"
