"""Labels `language` and score `language_confidence`: the language of prompt and response."""

from __future__ import annotations

from functools import cache
from importlib import metadata
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from catalog.compute.loading import loading
from catalog.compute.scores.measure import (
    Measure,
    ScoreContext,
    label_values,
    measured_score,
    score_values,
)
from catalog.compute.shard_writer import Values
from catalog.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Sequence

PACKAGE = "lingua-language-detector"
NO_LANGUAGE = "no_language"
_DIGITS = 6  # lingua adds in no fixed order, so that the last digits of a number vary


@measured_score
def language(_context: ScoreContext) -> Measure:
    """Find the likeliest language of every member, as its ISO 639-1 code.

    A member without words of a language, such as code or numbers alone, has none.

    Raises:
        OptionError: lingua is not installed.
    """

    def values(texts: pa.Table) -> Values:
        best = _likeliest(texts)
        labels = [[code] if code else [] for code, _ in best]
        return label_values(texts, labels, [_reason(code) for code, _ in best])

    return Measure(_identity(), values, needs_precision=False, kind="labels")


@measured_score
def language_confidence(_context: ScoreContext) -> Measure:
    """Measure how sure the language of every member is, from 0 to 1.

    Raises:
        OptionError: lingua is not installed.
    """

    def values(texts: pa.Table) -> Values:
        best = _likeliest(texts)
        numbers = np.array([number for _, number in best], dtype=np.float64)
        reasons = [_reason(code) for code, _ in best]
        return score_values(texts, numbers, reasons, n_tokens=0, n_truncated=0)

    return Measure(_identity(), values, needs_precision=False)


def _identity() -> dict[str, Any]:
    try:
        return {"detector": PACKAGE, "detector_version": metadata.version(PACKAGE)}
    except metadata.PackageNotFoundError:
        raise OptionError(
            f"language needs {PACKAGE}", next_step="pip install 'catalog[language]'"
        ) from None


def _reason(code: str) -> str | None:
    if code:
        return None
    return NO_LANGUAGE


def _likeliest(texts: pa.Table) -> Sequence[tuple[str, float]]:
    """Return the code and the confidence of every text; an empty code where there is none."""
    parts = zip(texts["prompt"].to_pylist(), texts["response"].to_pylist(), strict=True)
    with loading():
        detector = _detector()
    every = detector.compute_language_confidence_values_in_parallel(
        ["\n".join(part or "" for part in pair) for pair in parts]
    )
    return [_first(values) for values in every]


def _first(values: Any) -> tuple[str, float]:
    """Return the likeliest language; of equally likely ones the first code."""
    named = [
        (-round(each.value, _DIGITS), each.language.iso_code_639_1.name.lower()) for each in values
    ]
    number, code = min(named, default=(0.0, ""))
    return (code, -number) if number else ("", np.nan)


@cache
def _detector() -> Any:
    from lingua import LanguageDetectorBuilder

    return LanguageDetectorBuilder.from_all_languages().build()
