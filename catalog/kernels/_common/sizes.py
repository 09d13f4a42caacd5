"""Sizes as they are written: numbers of rows, numbers of tokens, and shares."""

from __future__ import annotations

import re
from fractions import Fraction

TOKENS = re.compile(r"(\d[\d_]*(?:\.\d+)?)\s*([kmgb]?)\s*tok(?:ens)?", re.IGNORECASE)
SHARE = re.compile(r"(\d+(?:\.\d+)?)\s*%")
FACTORS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "b": 10**9}


def read_tokens(text: str) -> int | None:
    """Return a number of tokens; None if the text is not one.

    >>> read_tokens("2Mtok"), read_tokens("1.5 ktok"), read_tokens("500 tokens"), read_tokens("5")
    (2000000, 1500, 500, None)
    """
    match = TOKENS.fullmatch(text.strip())
    if not match:
        return None
    return int(Fraction(match[1].replace("_", "")) * FACTORS[match[2].lower()])


def read_share(text: str) -> Fraction | None:
    """Return a share such as ``30%``; None if the text is not one.

    >>> read_share("12.5%"), read_share("3")
    (Fraction(1, 8), None)
    """
    match = SHARE.fullmatch(text.strip())
    return Fraction(match[1]) / 100 if match else None
