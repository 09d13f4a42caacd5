"""A selection method is one SQL file; its header says what it is and what can be set."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from catalog.errors import HeaderError, OptionError, SelectorNotFoundError
from catalog.query.source_text import location
from catalog.query.tokens import tokens
from catalog.store.paths import package_data_dir
from catalog.store.queries import query
from catalog.store.references import nearest
from catalog.store.store import Store

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

PARAM = re.compile(
    r"""
    (?P<name>[a-z_]\w*) \s+ (?P<type>\w+)
    (?: \s* = \s* (?P<default>'(?:[^']|'')*'|[^\s\[{]+) )?
    (?: \s* \[ (?P<low>[^\].]*(?:\.\d+)?) \.\. (?P<high>[^\]]*) \] )?
    (?: \s* \{ (?P<choices>[^}]*) \} )?
    (?: \s+ (?P<meaning>.*) )?
    """,
    re.VERBOSE,
)
TRUE, FALSE = {"true", "yes", "on", "1"}, {"false", "no", "off", "0"}


@dataclass(frozen=True)
class Param:
    """One parameter of a selector, as its header declares it."""

    name: str
    type: str  # integer, number, text or boolean
    default: Any
    is_required: bool
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    meaning: str = ""

    def value(self, given: Any) -> Any:
        """A value as the parameter's type.

        Args:
            given: a text from the command line, or a value.

        Raises:
            OptionError: it is of another type, or out of the range.

        >>> Param("k", "integer", 100, False, low=1).value("50")
        50
        """
        if given is None or (isinstance(given, str) and given.upper() == "NULL"):
            return None
        try:
            value = _READERS[self.type](given)
        except ValueError:
            raise OptionError(
                f"{self.name} takes {_WORDS[self.type]}, not {given!r}: {self.shown()}"
            ) from None
        below = self.low is not None and value < self.low
        above = self.high is not None and value > self.high
        if below or above or (self.choices and value not in self.choices):
            raise OptionError(f"{self.name} cannot be {given!r}: {self.shown()}")
        return value

    def shown(self) -> str:
        """The parameter as a header writes it."""
        parts = [self.name, self.type]
        if not self.is_required:
            parts.append(f"= {_written(self.default)}")
        if self.low is not None or self.high is not None:
            parts.append(f"[{_bound(self.low)}..{_bound(self.high)}]")
        if self.choices:
            parts.append(f"{{{', '.join(self.choices)}}}")
        return " ".join([*parts, self.meaning]).strip()


@dataclass(frozen=True)
class Selector:
    """A selection method, read from its file."""

    name: str
    file: str  # what messages call the text
    text: str
    summary: str
    paper: str
    needs: tuple[str, ...]
    params: tuple[Param, ...]
    order_matters: bool = False  # whether the members train in their order and in no other

    def values(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Every parameter's value: what is set, else its default.

        Raises:
            OptionError: an unknown name, a value of another type or out of range, or one that must be set and is not.
        """
        known = {param.name: param for param in self.params}
        for name in settings:
            if name not in known:
                hint = (
                    "; it has a flag of its own" if name in PROVIDED else nearest(name, list(known))
                )
                raise OptionError(f"{self.name} has no parameter {name}{hint}")
        values = {}
        for name, param in known.items():
            if name not in settings and param.is_required:
                raise OptionError(f"{self.name} needs {name}: --set {name}=VALUE ({param.shown()})")
            values[name] = param.value(settings[name]) if name in settings else param.default
        return values


def read_selector(text: str, *, name: str, file: str | None = None) -> Selector:
    """Read a selector's header.

    Args:
        text: the whole file.
        name: what the method is called.
        file: what messages call the text.

    Raises:
        HeaderError: the header is wrong; the message has ``file:line`` and shows a good one.
    """
    file = file or f"{name}.sql"
    found: dict[str, list[str]] = {key: [] for key in KEYS}
    params: dict[str, Param] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip() and not line.lstrip().startswith("--"):
            break
        match = re.match(r"\s*--\s*([a-z]+):\s*(.*?)\s*$", line)
        if not match:
            continue
        key, value = match.groups()
        _check_key(key, value, where=f"{file}:{number}")
        found[key].append(value)
        if key == "param":
            param = _param(value, where=f"{file}:{number}")
            if param.name in params:
                raise HeaderError(f"{file}:{number}: {param.name} is declared twice")
            params[param.name] = param
    if not found["summary"]:
        raise HeaderError(f"{file}:1: a selector begins with a line `-- summary: ...`; {EXAMPLE}")
    _check_use(text, params, file=file)
    needs = tuple(
        need.strip() for line in found["needs"] for need in line.split(",") if need.strip()
    )
    texts = (" ".join(found["summary"]), " ".join(found["paper"]))
    return Selector(
        name, file, text, *texts, needs, tuple(params.values()), order_matters=bool(found["order"])
    )


def _check_key(key: str, value: str, *, where: str) -> None:
    if key not in KEYS:
        raise HeaderError(f"{where}: there is no {key}:{nearest(key, list(KEYS))}; {EXAMPLE}")
    if key == "order" and value != MATTERS:
        raise HeaderError(
            f"{where}: expected `order: {MATTERS}`, got {value!r}: leave the line out if the order does not matter"
        )


def list_selectors(
    store: Store,
) -> list[Selector]:
    """Every selector: those that come with the package, then those kept in the catalog, by name."""
    files = sorted(package_data_dir("selectors").glob("*.sql"))
    built_in = [
        read_selector(path.read_text(encoding="utf-8"), name=path.stem, file=path.name)
        for path in files
    ]
    kept = [read_selector(text, name=name) for name, text in sorted(_kept(store).items())]
    return built_in + kept


def find_selector(
    store: Store,
    name: str,
) -> Selector:
    """A selector by name, or by the path of a ``.sql`` file.

    Raises:
        SelectorNotFoundError: there is none; the message suggests the nearest.
        HeaderError: its header is wrong.
    """
    if name.endswith(".sql"):
        try:
            return read_selector(
                Path(name).read_text(encoding="utf-8"), name=Path(name).stem, file=name
            )
        except OSError as error:
            raise SelectorNotFoundError(
                f"{name}: {error.strerror}; name a .sql file or one of `catalog selectors`"
            ) from None
    kept = _kept(store)
    if name in kept:
        return read_selector(kept[name], name=name)
    path = package_data_dir("selectors") / f"{name}.sql"
    if re.fullmatch(r"\w+", name) and path.exists():
        return read_selector(path.read_text(encoding="utf-8"), name=name, file=path.name)
    known = [*(found.stem for found in package_data_dir("selectors").glob("*.sql")), *kept]
    raise SelectorNotFoundError(f"no selector named {name}{nearest(name, known)}")


def _kept(
    store: Store,
) -> dict[str, str]:
    if not store.database.exists():
        return {}
    with store.reading() as connection:
        return dict(connection.sql(query("selection/selectors")).fetchall())


def _param(value: str, *, where: str) -> Param:
    match = PARAM.fullmatch(value)
    if not match or match["type"] not in _READERS:
        raise HeaderError(
            f"{where}: not a parameter: {value!r}; write NAME integer|number|text|boolean = DEFAULT meaning; {EXAMPLE}"
        )
    if match["name"] in PROVIDED:
        raise HeaderError(f"{where}: ${match['name']} is always given, and needs no declaration")
    default = match["default"]
    try:
        bare = Param(
            name=match["name"],
            type=match["type"],
            default=None,
            is_required=default is None,
            low=float(match["low"]) if (match["low"] or "").strip() else None,
            high=float(match["high"]) if (match["high"] or "").strip() else None,
            choices=tuple(
                choice.strip() for choice in (match["choices"] or "").split(",") if choice.strip()
            ),
            meaning=match["meaning"] or "",
        )
        unquoted = (
            default[1:-1].replace("''", "'") if default and default.startswith("'") else default
        )
        return (
            bare if default is None else Param(**(vars(bare) | {"default": bare.value(unquoted)}))
        )
    except (OptionError, ValueError) as error:
        raise HeaderError(f"{where}: {error}; {EXAMPLE}") from None


def _check_use(text: str, params: Mapping[str, Param], *, file: str) -> None:
    used = set()
    for token in tokens(text):
        name = token.text[1:]
        if token.kind == "parameter":
            used.add(name)
            if name not in params and name not in PROVIDED:
                where = location(text, token.start, name=file)
                raise HeaderError(
                    f"{where}: ${name} is not declared{nearest(name, [*params, *PROVIDED])}; declare it with -- param:"
                )
    unused = [name for name in params if name not in used]
    if unused:
        raise HeaderError(
            f"{file}:1: {unused[0]} is declared and never used: write ${unused[0]} where it belongs, or take its line out"
        )


def _integer(given: Any) -> int:
    if isinstance(given, bool) or (isinstance(given, float) and not given.is_integer()):
        raise ValueError(given)
    return int(given)


def _number(given: Any) -> float:
    if isinstance(given, bool) or not math.isfinite(float(given)):
        raise ValueError(given)
    return float(given)


def _boolean(given: Any) -> bool:
    word = str(given).lower()
    if word not in TRUE | FALSE:
        raise ValueError(given)
    return word in TRUE


_READERS: dict[str, Any] = {
    "integer": _integer,
    "number": _number,
    "text": str,
    "boolean": _boolean,
}


def _written(value: Any) -> str:
    return "NULL" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


_WORDS = {
    "integer": "an integer",
    "number": "a number",
    "text": "a text",
    "boolean": "true or false",
}


def _bound(value: float | None) -> str:
    return "" if value is None else f"{value:g}"
