"""Read the header of a selector: comment lines ``-- key: value`` above its SQL."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from catalog.errors import HeaderError, OptionError
from catalog.query.finding import Finding
from catalog.query.source_text import location
from catalog.query.tokens import tokens
from catalog.selection.parameters import READERS, Param
from catalog.store.references import nearest

PROVIDED = ("budget", "pool", "seed")
KEYS = ("summary", "paper", "needs", "order", "param")
MATTERS = "matters"
EXAMPLE = """a header reads:
-- summary: Sample evenly from clusters of loss trajectories.
-- paper: SmallToLarge, arXiv 2403.07384, Algorithm 1
-- needs: losses
-- order: matters
-- param: k integer = 100 [1..]         clusters
-- param: start text = random {random, k-means++}   how the first centres are chosen"""

LINE = re.compile(r"\s*--\s*(?P<key>[a-z][a-z_-]*):(?:\s+|$)(?P<value>.*?)\s*$")
TIGHT = re.compile(rf"\s*--\s*(?P<key>{'|'.join(KEYS)}):(?P<value>\S.*?)\s*$")
NEED = re.compile(
    r"losses|embeddings|(?:token )?states|gradients|labels(?: of the records)?|label embeddings"
    r"|map|a score|score [\w.-]+"
)
NEEDS = "losses, embeddings, states, gradients, labels, map, a score or score NAME"
PARAM = re.compile(
    r"""
    (?P<name>[a-z_]\w*) \s+ (?P<type>\w+)
    (?: \s* = \s* (?P<default>'(?:[^']|'')*'|[^\s\[{']+) )?
    (?: \s* \[ (?P<low>[^\].]*(?:\.\d+)?) \.\. (?P<high>[^\]]*) \] )?
    (?: \s* \{ (?P<choices>[^}]*) \} )?
    (?: \s+ (?P<meaning>[^\s\[{=].*) )?
    """,
    re.VERBOSE,
)
SYNTAX = f"NAME {'|'.join(READERS)} [= DEFAULT] [[LOW..HIGH]] [{{CHOICE, ...}}] [MEANING]"


@dataclass
class Header:
    """Header of a selector.

    Attributes:
        params: the declared parameters by name.
        locations: where each of them is declared.
        values: the values of every other key, in the order of the lines.
        needs: the signals that the selector reads.
    """

    params: dict[str, Param] = field(default_factory=dict)
    locations: dict[str, str] = field(default_factory=dict)
    values: dict[str, list[str]] = field(default_factory=dict)
    needs: list[str] = field(default_factory=list)

    def text(self, key: str) -> str:
        """Return the lines of one key as one text."""
        return " ".join(self.values.get(key, ()))

    def notes(self) -> dict[str, str]:
        """Return the keys that the catalog does not read, such as ``author``."""
        return {key: "\n".join(values) for key, values in self.values.items() if key not in KEYS}


@dataclass(frozen=True)
class _Line:
    """One ``-- key: value``."""

    file: str
    number: int
    key: str
    value: str
    key_column: int
    column: int  # of the value

    def error(self, message: str, offset: int = 0) -> HeaderError:
        """Return an error at an offset of the value."""
        return HeaderError(f"{self.file}:{self.number}:{self.column + offset}: {message}")


def read_header(text: str, *, file: str) -> Header:
    """Read a selector's header.

    Args:
        text: the whole file.
        file: its name in messages.

    Raises:
        HeaderError: the header is wrong; the message has ``file:line:column`` and shows a good one.
    """
    header = parse_header(text, file=file)
    finding = next(parameter_findings(text, header, file=file), None)
    if finding:
        raise HeaderError(str(finding))
    return header


def parse_header(text: str, *, file: str) -> Header:
    """Read a header, whatever parameters the text uses; otherwise as `read_header`."""
    header = Header()
    for line in _lines(text, file):
        _check_key(line)
        if line.key == "param":
            _add_param(header, line)
        else:
            header.values.setdefault(line.key, []).append(line.value)
        if line.key == "needs":
            header.needs += _needs(line)
    if not header.values.get("summary"):
        raise HeaderError(f"{file}:1:1: expected a line `-- summary: ...` first; {EXAMPLE}")
    return header


def order_matters(text: str) -> bool:
    """Return whether a selector's header says that the order of members matters.

    It reads the texts of stored subsets too, so it accepts headers that `read_header` refuses.
    """
    return any(line.key == "order" and line.value == MATTERS for line in _lines(text, ""))


def _lines(text: str, file: str) -> Iterator[_Line]:
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip() and not line.lstrip().startswith("--"):
            return
        match = LINE.match(line) or TIGHT.match(line)
        if match:
            columns = match.start("key") + 1, match.start("value") + 1
            yield _Line(file, number, match["key"], match["value"], *columns)


def _check_key(line: _Line) -> None:
    """Refuse a known key that is misspelled; other keys are the author's own."""
    hint = "" if line.key in KEYS else nearest(line.key, list(KEYS))
    if "did you mean" in hint:
        raise line.error(f"unknown key {line.key}{hint}; {EXAMPLE}", line.key_column - line.column)
    if line.key == "order" and line.value != MATTERS:
        hint = "leave the line out if the order does not matter"
        raise line.error(f"expected `order: {MATTERS}`, got {line.value!r}: {hint}")


def _needs(line: _Line) -> Iterator[str]:
    for match in re.finditer(r"[^,]+", line.value):
        need = match[0].strip()
        if need and not NEED.fullmatch(need):
            offset = match.start() + len(match[0]) - len(match[0].lstrip())
            raise line.error(f"unknown need {need!r}: expected {NEEDS}", offset)
        if need:
            yield need


def _add_param(header: Header, line: _Line) -> None:
    param = _param(line)
    if param.name in header.params:
        raise line.error(f"{param.name} is declared twice")
    header.params[param.name] = param
    header.locations[param.name] = f"{line.file}:{line.number}:{line.column}"


def _param(line: _Line) -> Param:
    match = PARAM.match(line.value)
    if not match:
        raise line.error(f"expected {SYNTAX}, got {line.value!r}; {EXAMPLE}")
    rest = line.value[match.end() :].lstrip()
    if rest:
        offset = len(line.value) - len(rest)
        raise line.error(f"expected {SYNTAX}, got {rest!r}; {EXAMPLE}", offset)
    if match["type"] not in READERS:
        types = ", ".join(READERS)
        offset = match.start("type")
        raise line.error(f"expected one of {types}, got {match['type']!r}; {EXAMPLE}", offset)
    if match["name"] in PROVIDED:
        raise line.error(f"${match['name']} is always provided: remove its declaration")
    low, high = _range(line, match)
    param = Param(
        name=match["name"],
        type=match["type"],
        default=None,
        is_required=match["default"] is None,
        low=low,
        high=high,
        choices=_choices(line, match),
        meaning=match["meaning"] or "",
    )
    if param.is_required:
        return param
    return replace(param, default=_default(line, match, param))


def _range(line: _Line, match: re.Match[str]) -> tuple[float | None, float | None]:
    if match["low"] is None:
        return None, None
    if match["type"] not in ("integer", "number"):
        message = f"a {match['type']} has no range"
        raise line.error(f"{message}; {EXAMPLE}", match.start("low") - 1)
    low, high = _limit(line, match, "low"), _limit(line, match, "high")
    if low is None and high is None:
        raise line.error(f"expected LOW..HIGH; {EXAMPLE}", match.start("low") - 1)
    if low is not None and high is not None and low > high:
        raise line.error(f"{low:g} is above {high:g}; {EXAMPLE}", match.start("low"))
    return low, high


def _limit(line: _Line, match: re.Match[str], side: str) -> float | None:
    written = match[side].strip()
    if not written:
        return None
    try:
        number = float(written)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise line.error(f"expected a number, got {written!r}; {EXAMPLE}", match.start(side))
    return number


def _choices(line: _Line, match: re.Match[str]) -> tuple[str, ...]:
    if match["choices"] is None:
        return ()
    offset = match.start("choices")
    choices = tuple(choice.strip() for choice in match["choices"].split(","))
    if match["type"] != "text":
        raise line.error(f"only a text has choices; {EXAMPLE}", offset - 1)
    if not all(choices):
        raise line.error(f"a choice is empty; {EXAMPLE}", offset)
    return choices


def _default(line: _Line, match: re.Match[str], param: Param) -> object:
    written = match["default"]
    is_quoted = written.startswith("'")
    try:
        return param.value(written[1:-1].replace("''", "'") if is_quoted else written)
    except OptionError as error:
        raise line.error(f"{error}; {EXAMPLE}", match.start("default")) from None


def parameter_findings(text: str, header: Header, *, file: str) -> Iterator[Finding]:
    """Yield a finding for each parameter that is used and not declared, or the other way round."""
    found = [token for token in tokens(text) if token.kind == "parameter"]
    first = {token.text[1:]: token.start for token in reversed(found)}
    for name in sorted(first.keys() - header.params.keys() - {*PROVIDED}, key=first.__getitem__):
        where = location(text, first[name], name=file)
        hint = nearest(name, [*header.params, *PROVIDED])
        reason = f"${name} is not declared{hint}"
        yield Finding("parameter", where, reason, "declare it with -- param:")
    for name, where in header.locations.items():
        if name not in first:
            reason = f"{name} is declared and never used"
            yield Finding("parameter", where, reason, f"use ${name} or remove this line")
