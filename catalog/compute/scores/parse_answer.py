"""Parsers: the number that a judge's answer holds."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from catalog.compute.scores.calls import MOST_CHARACTERS, Answer
from catalog.signals.model_scores import JudgeScore

UNPARSABLE, OFF_SCALE = "unparsable_answer", "off_scale"
_REFUSED = "content_filter"


def parse_answer(definition: JudgeScore, answer: Answer) -> tuple[float, str | None]:
    """Return the number of an answer, or NaN and the reason why it has none.

    The reasons: ``rejected_request``, ``refused_answer``, ``empty_answer``, ``cut_answer``,
    ``no_logprobs``, ``unparsable_answer`` and ``off_scale``.
    """
    text = (answer.text or "")[:MOST_CHARACTERS]
    value, reason = (
        _expected(definition, answer) if definition.is_expected else _number(definition, text)
    )
    if reason == UNPARSABLE:
        return math.nan, _failure(answer, text)
    if reason:
        return math.nan, reason
    if definition.scale and not definition.scale[0] <= value <= definition.scale[1]:
        return math.nan, OFF_SCALE
    return value, None


def parse_labels(definition: JudgeScore, answer: Answer) -> tuple[list[str], str | None]:
    """Return the labels of an answer, in lower case, or none and the reason why it has none."""
    text = (answer.text or "")[:MOST_CHARACTERS]
    labels = _labels(definition.parser.partition(":")[2], text)
    if labels is None:
        return [], _failure(answer, text)
    return labels, None


def _labels(path: str, text: str) -> list[str] | None:
    """Return the texts at a path of the JSON objects in a text, each once; None without any.

    A value is a text or a list of texts.

    >>> _labels("tag", '[{"tag": "Python  code"}, {"tag": "sorting"}, {"tag": "sorting"}]')
    ['python code', 'sorting']
    >>> _labels("tags", '{"tags": ["poem", 3]}')
    ['poem']
    """
    values = [value for each in _objects(text) if (value := _at(each, path)) is not None]
    if not values:
        return None
    every = [item for value in values for item in (value if isinstance(value, list) else [value])]
    labels = (" ".join(item.casefold().split()) for item in every if isinstance(item, str))
    return list(dict.fromkeys(label for label in labels if label))


def _failure(answer: Answer, text: str) -> str:
    """Return why a text holds no number."""
    if answer.problem:
        return "rejected_request"
    if answer.finish == _REFUSED:
        return "refused_answer"
    if answer.finish == "length":
        return "cut_answer"
    return UNPARSABLE if text.strip() else "empty_answer"


def _number(definition: JudgeScore, text: str) -> tuple[float, str | None]:
    if definition.parser == "choice":
        value = _choice(definition.choices, text)
    elif definition.parser == "regex":
        value = _matched(str(definition.pattern), text)
    else:
        value = _json_number(definition.parser.partition(":")[2], text, definition.choices)
    return (math.nan, UNPARSABLE) if value is None else (value, None)


def _matched(pattern: str, text: str) -> float | None:
    """Return the number in the first match's group.

    >>> _matched(r"[Ss]core:\\s*([\\d.]+)", "The score: 4.5.")
    4.5
    """
    match = re.search(pattern, text)
    if not match:
        return None
    return _float(match[1])


def _choice(choices: Mapping[str, float], text: str) -> float | None:
    """Return the number of the choice that begins the answer, else of the only one in it.

    >>> _choice({"yes": 1.0, "no": 0.0}, "**Yes**, with no doubt.")
    1.0
    >>> _choice({"yes": 1.0, "no": 0.0}, "Well, yes or no?") is None
    True
    """
    named = "|".join(re.escape(each) for each in sorted(choices, key=len, reverse=True))
    found = [match[1].casefold() for match in re.finditer(rf"(?i)(?<!\w)({named})(?!\w)", text)]
    opening = re.match(rf"(?i)\W*({named})(?!\w)", text)
    numbers = {name.casefold(): number for name, number in choices.items()}
    if opening:
        return numbers[opening[1].casefold()]
    if len(set(found)) == 1:
        return numbers[found[0]]
    return None


def _json_number(path: str, text: str, choices: Mapping[str, float]) -> float | None:
    """Return the number at a path of the last JSON object that has it; a word's, by the choices.

    >>> _json_number("score", 'First {"score": 1}, then ```json\\n{"score": "4/5"}\\n``` .', {})
    4.0
    >>> _json_number("difficulty", '{"difficulty": "very hard"}', {"hard": 4.0, "very hard": 5.0})
    5.0
    """
    values = [value for each in _objects(text) if (value := _at(each, path)) is not None]
    if not values:
        return None
    return _choice(choices, str(values[-1])) if choices else _float(values[-1])


def _objects(text: str) -> Iterator[dict[str, Any]]:
    decoder = json.JSONDecoder()
    place = text.find("{")
    while place >= 0:
        try:
            value, end = decoder.raw_decode(text, place)
            yield value
        except (ValueError, RecursionError):
            end = place + 1
        place = text.find("{", end)


def _at(value: Any, path: str) -> Any:
    for key in path.split("."):
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value


def _float(value: Any) -> float | None:
    """Return a number, or the one that a text such as ``4/5`` begins with; None if it has none."""
    if isinstance(value, bool):
        return None
    match = re.match(r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)", str(value))
    number = float(match[1]) if match else math.nan
    if not math.isfinite(number):
        return None
    return number


def _expected(definition: JudgeScore, answer: Answer) -> tuple[float, str | None]:
    """Return the mean of the choices, weighted by the probabilities of the first token."""
    if answer.text is None:
        return math.nan, UNPARSABLE
    if not answer.logprobs:
        return math.nan, "no_logprobs"
    numbers = {name.casefold(): number for name, number in definition.choices.items()}
    weights = dict.fromkeys(numbers, 0.0)
    for token, logprob in json.loads(answer.logprobs):
        name = str(token).strip().casefold()
        if name in weights:
            weights[name] += math.exp(logprob)
    total = sum(weights.values())
    if total <= 0:
        return math.nan, UNPARSABLE
    return sum(numbers[name] * weight for name, weight in weights.items()) / total, None
