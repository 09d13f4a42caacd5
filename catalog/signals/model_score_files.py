"""Reading the TOML files of scores that ask a model."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from catalog.errors import HeaderError, Location
from catalog.messages import listed
from catalog.signals.model_scores import (
    FIELDS,
    ClassifierScore,
    JudgeScore,
    ModelScores,
    fields_of,
)
from catalog.store.paths import PACKAGE
from catalog.store.queries import query
from catalog.store.references import nearest

if TYPE_CHECKING:
    from catalog.store.database import Connection

PARSERS = ("json:KEY", "labels:KEY", "regex", "choice")
COMBINATIONS = ("mean", "min", "max", "sum")
_KEY = re.compile(r"\s*\[?\s*([\w-]+)\s*(?:\]|=)")

_COMMON: Mapping[str, type] = {
    "kind": str,
    "summary": str,
    "paper": str,
    "source": str,
    "template": str,
}
KEYS: Mapping[str, Mapping[str, type]] = {
    "judge": {
        **_COMMON,
        "system": str,
        "parser": str,
        "pattern": str,
        "choices": dict,
        "expected": bool,
        "scale": list,
        "per": str,
        "combine": str,
        "sampling": dict,
        "factors": list,
    },
    "reward": {**_COMMON, "model": str, "max_length": int},
    "classifier": {**_COMMON, "model": str, "label": str, "max_length": int},
}
"""The keys of each kind, with their types."""

NUMBERS = ("temperature", "top_p", "frequency_penalty", "presence_penalty")
LIMITS = ("max_tokens", "max_completion_tokens")
SAMPLING = (*NUMBERS, *LIMITS, "seed", "stop", "reasoning_effort", "response_format")
DEFAULT_SAMPLING = {"temperature": 0, "max_tokens": 256}


def parse_model_score(
    text: str, *, name: str, is_built_in: bool = False, is_stored: bool = False
) -> JudgeScore | ClassifierScore:
    """Read a score's TOML file.

    Args:
        text: of the file.
        name: of the score.
        is_built_in: whether it comes with the catalog.
        is_stored: whether a catalog holds it, so that the values of its sampling stay as they are.

    Raises:
        HeaderError: it is not TOML, or a key is missing, unknown or has a wrong value; the error
            has its line.
    """
    return _File(text, name, is_stored).score(is_built_in=is_built_in)


@dataclass(frozen=True)
class _File:
    """Text of one file, for errors with places."""

    text: str
    name: str
    is_stored: bool

    def error(self, problem: str, key: str = "", *, next_step: str = "") -> HeaderError:
        """Return an error at a key of the file."""
        line = next((n for n, name in _keys(self.text) if name == key), 1)
        place = Location(f"{self.name}.toml", line, 1)
        return HeaderError(problem, location=place, next_step=next_step)

    def score(self, *, is_built_in: bool) -> JudgeScore | ClassifierScore:
        """Return what the file says."""
        values = self.values()
        kind = values["kind"]
        common = {key: values.pop(key) for key in list(values) if key in _COMMON}
        common |= {"name": self.name, "text": self.text, "is_built_in": is_built_in}
        if "factors" in values:
            return JudgeScore(**common, **self.factors(values, common.get("template")))
        self.check_template(kind, common.get("template"))
        if kind == "judge":
            return JudgeScore(**common, **self.judge(values))
        if values.get("max_length", 2) < 2:
            raise self.error("max_length: expected at least 2", "max_length")
        return ClassifierScore(**common, **values)

    def values(self) -> dict[str, Any]:
        """Return the keys, all known and of the right types."""
        try:
            values = tomllib.loads(self.text)
        except tomllib.TOMLDecodeError as error:
            place = re.search(r"line (\d+), column (\d+)", str(error))
            line, column = (int(place[1]), int(place[2])) if place else (1, 1)
            location = Location(f"{self.name}.toml", line, column)
            raise HeaderError(f"not TOML: {error}", location=location) from None
        kind = str(values.get("kind"))
        if kind not in KEYS:
            raise self.error(f"kind: expected {listed(list(KEYS))}, got {kind!r}", "kind")
        types = KEYS[kind]
        for key, value in values.items():
            if key not in types:
                known = f"a {kind} has the keys {listed(list(types))}"
                raise self.error(f"unknown key {key}{nearest(key, list(types))}: {known}", key)
            if not isinstance(value, types[key]) or (types[key] is int and value is True):
                raise self.error(f"{key}: expected {types[key].__name__}, got {value!r}", key)
        if not values.get("summary"):
            raise self.error('expected a line `summary = "TEXT"`', "summary")
        return values

    def check_template(self, kind: str, template: str | None) -> None:
        """Refuse a template without fields, or with an unknown one."""
        if template is None:
            if kind == "judge":
                raise self.error("a judge needs a template", next_step="write `template = ...`")
            return
        for name in fields_of(template):
            if name not in FIELDS:
                step = f"expected {listed(['{' + each + '}' for each in FIELDS])}"
                step += f"; write {{{{{name}}}}} for the text {{{name}}}"
                problem = f"template: unknown field {{{name}}}{nearest(name, list(FIELDS))}"
                raise self.error(problem, "template", next_step=step)
        if not fields_of(template):
            raise self.error("template: has no field such as {prompt}", "template")

    def judge(self, values: dict[str, Any]) -> dict[str, Any]:
        """Return the attributes of a judge."""
        values["is_expected"] = values.pop("expected", False)
        parser = values.setdefault("parser", "json:score")
        if not (parser in PARSERS[2:] or re.fullmatch(r"(json|labels):\w[\w. ]*", parser)):
            raise self.error(f"parser: expected {listed(list(PARSERS))}, got {parser!r}", "parser")
        self.check_parser(parser, values)
        values["choices"] = {key: float(v) for key, v in values.get("choices", {}).items()}
        if "scale" in values:
            values["scale"] = self.scale(values["scale"])
        for key, possible in {"per": ("record", "turn"), "combine": COMBINATIONS}.items():
            if values.get(key, possible[0]) not in possible:
                expected = listed(list(possible))
                raise self.error(f"{key}: expected {expected}, got {values[key]!r}", key)
        values["sampling"] = self.sampling(values.get("sampling", {}))
        return values

    def factors(self, values: dict[str, Any], template: str | None) -> dict[str, Any]:
        """Return the attributes of a score that multiplies other judges' numbers."""
        more = values.keys() - {"factors", "combine"}
        if template is not None or more:
            keys = listed(sorted({*more, *(["template"] if template is not None else [])}))
            raise self.error(f"factors: the judges that it names have {keys}", "factors")
        names = values["factors"]
        if len(names) < 2 or not all(isinstance(name, str) for name in names):
            raise self.error("factors: expected the names of two judges or more", "factors")
        if values.get("combine", "mean") not in COMBINATIONS:
            expected = listed(list(COMBINATIONS))
            raise self.error(f"combine: expected {expected}, got {values['combine']!r}", "combine")
        return values | {"factors": tuple(names), "per": "turn"}

    def check_parser(self, parser: str, values: Mapping[str, Any]) -> None:
        """Refuse a parser without what it needs."""
        self.check_keys(parser, values)
        if values["is_expected"] and parser != "choice":
            raise self.error("expected: needs the parser choice", "expected")
        if any(isinstance(v, bool | str) for v in values.get("choices", {}).values()):
            raise self.error("choices: expected a number for each answer", "choices")
        if parser == "regex":
            self.check_pattern(values["pattern"])

    def check_keys(self, parser: str, values: Mapping[str, Any]) -> None:
        """Refuse a key that the parser does not read, and a parser without its key."""
        for name, key in {"regex": "pattern", "choice": "choices"}.items():
            is_read = parser == name or (key == "choices" and parser.startswith("json:"))
            if (parser == name and key not in values) or (key in values and not is_read):
                raise self.error(f"the parser {name} and the key {key} need each other", key)
        for key in ("scale", "combine"):
            if key in values and parser.startswith("labels:"):
                raise self.error(f"{key}: the parser {parser} reads no numbers", key)

    def check_pattern(self, pattern: str) -> None:
        """Refuse a pattern that does not compile or has no group."""
        try:
            n_groups = re.compile(pattern).groups
        except re.error as error:
            raise self.error(f"pattern: {error}", "pattern") from None
        if n_groups != 1:
            raise self.error(f"pattern: expected one group, got {n_groups}", "pattern")

    def scale(self, value: list[Any]) -> tuple[float, float]:
        """Return the two ends of a scale."""
        is_number = [isinstance(each, int | float) and each is not True for each in value]
        if len(value) != 2 or not all(is_number) or not value[0] < value[1]:
            raise self.error(f"scale: expected [smallest, largest], got {value!r}", "scale")
        return float(value[0]), float(value[1])

    def sampling(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return the parameters of a request, with the defaults."""
        known = list(SAMPLING)
        for key, value in given.items():
            if key not in known:
                problem = f"sampling: unknown key {key}{nearest(key, known)}"
                raise self.error(f"{problem}: expected {listed(known)}", key)
            if not self.is_stored:
                self.check_parameter(key, value)
        sampling = DEFAULT_SAMPLING | dict(given)
        if "max_completion_tokens" in given:  # the newer name of the same limit
            sampling.pop("max_tokens")
        return sampling

    def check_parameter(self, key: str, value: Any) -> None:
        """Refuse a parameter of a request that JSON cannot hold or that is of a wrong type."""
        if key in LIMITS and (type(value) is not int or value < 1):
            raise self.error(f"{key}: expected a whole number of at least 1, got {value!r}", key)
        if key in NUMBERS and type(value) not in (int, float):
            raise self.error(f"{key}: expected a number, got {value!r}", key)
        try:
            json.dumps(value, allow_nan=False)
        except (TypeError, ValueError):
            raise self.error(
                f"{key}: expected a value that JSON can hold, got {value}", key
            ) from None


def _keys(text: str) -> Iterator[tuple[int, str]]:
    """Yield the number of the line of each key outside of texts of several lines."""
    is_inside = False
    for number, line in enumerate(text.splitlines(), start=1):
        match = None if is_inside else _KEY.match(line)
        if match:
            yield number, match[1]
        if (line.count('"""') + line.count("'''")) % 2:
            is_inside = not is_inside


@cache
def built_in_model_scores() -> ModelScores:
    """Return the scores of these kinds that come with the catalog, by name."""
    folder = PACKAGE / "compute" / "scores" / "definitions"
    return {
        file.stem: parse_model_score(
            file.read_text(encoding="utf-8"), name=file.stem, is_built_in=True
        )
        for file in sorted(folder.glob("*.toml"))
    }


def model_scores(connection: Connection) -> ModelScores:
    """Return every score of these kinds by name: those of users, and the catalog's own."""
    rows = connection.sql(query("scores/kept"), params={"language": "toml"}).fetchall()
    kept = {name: parse_model_score(text, name=name, is_stored=True) for name, text in rows}
    return {**kept, **built_in_model_scores()}
