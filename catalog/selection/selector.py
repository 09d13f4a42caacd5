"""Selection methods: one SQL file each, whose header declares what it is and what can be set."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from catalog.errors import CatalogError, OptionError, SelectorNotFoundError
from catalog.notebook import NotebookResult
from catalog.query.source_text import Insert
from catalog.selection.header import PROVIDED, order_matters, read_header
from catalog.selection.parameters import Param
from catalog.store.paths import package_data_dir
from catalog.store.queries import query
from catalog.store.references import nearest
from catalog.store.store import Store


@dataclass(frozen=True)
class Selector(NotebookResult):
    """Selection method, read from its file.

    Attributes:
        name: the name of the method.
        file: the name of the text in messages.
        text: the whole file.
        summary: one sentence.
        paper: where the method comes from.
        needs: the signals that it reads.
        params: its parameters.
        order_matters: whether the members must train in their order.
        notes: the header's other keys, such as ``author``.
        inserts: parts of the text that an option of the command holds.
    """

    name: str
    file: str
    text: str
    summary: str
    paper: str
    needs: tuple[str, ...]
    params: tuple[Param, ...]
    order_matters: bool = False
    notes: Mapping[str, str] = field(default_factory=dict)
    inserts: tuple[Insert, ...] = ()

    def values(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Return the value of every parameter: as set, else its default.

        Raises:
            OptionError: an unknown name, a value of another type or out of range, or a required
                parameter without a value.
        """
        known = {param.name: param for param in self.params}
        for name in settings:
            if name not in known:
                is_provided = name in PROVIDED
                hint = "; it has its own option" if is_provided else nearest(name, list(known))
                raise OptionError(f"{self.name} has no parameter {name}{hint}")
        values = {}
        for name, param in known.items():
            if name not in settings and param.is_required:
                raise OptionError(f"{self.name} needs {name}: --set {name}=VALUE ({param.shown()})")
            values[name] = param.default
            if name in settings:
                values[name] = param.value(settings[name])
        return values


def read_selector(text: str, *, name: str, file: str | None = None) -> Selector:
    """Read a selector.

    Args:
        text: the whole file.
        name: the name of the method.
        file: the name of the text in messages.

    Raises:
        HeaderError: the header is wrong; the message has ``file:line:column`` and shows a good one.
    """
    file = file or f"{name}.sql"
    header = read_header(text, file=file)
    return Selector(
        name=name,
        file=file,
        text=text,
        summary=header.text("summary"),
        paper=header.text("paper"),
        needs=tuple(header.needs),
        params=tuple(header.params.values()),
        order_matters=order_matters(text),
        notes=header.notes(),
    )


def list_selectors(store: Store) -> list[Selector]:
    """List the selectors of the package, then those kept in the catalog, by name."""
    built_in = [_packaged(path) for path in sorted(package_data_dir("selectors").glob("*.sql"))]
    kept = [read_selector(text, name=name) for name, text in sorted(_kept(store).items())]
    return built_in + kept


def find_selector(store: Store, name: str) -> Selector:
    """Find a selector by name, or by the path of a ``.sql`` file.

    Raises:
        SelectorNotFoundError: there is none; the message suggests the nearest.
        HeaderError: its header is wrong.
    """
    if name.endswith(".sql"):
        return _of_file(Path(name), name)
    kept = _kept(store)
    if name in kept:
        return read_selector(kept[name], name=name)
    path = package_data_dir("selectors") / f"{name}.sql"
    if re.fullmatch(r"\w+", name) and path.exists():
        return _packaged(path)
    known = [*(found.stem for found in package_data_dir("selectors").glob("*.sql")), *kept]
    raise SelectorNotFoundError(f"no selector named {name}{nearest(name, known)}")


def packaged_selection(name: str) -> Selector:
    """Return a selection that the catalog makes for one of its own verbs, such as ``clean_of``."""
    return _packaged(package_data_dir("sql") / "selections" / f"{name}.sql")


def is_own(selector: Selector) -> bool:
    """Return whether the catalog makes a selection of that name for one of its own verbs."""
    files = (package_data_dir("sql") / "selections").glob("*.sql")
    return selector.name in {file.stem for file in files}


@contextmanager
def unplaced(selector: Selector) -> Iterator[None]:
    """Let errors name no place in the text of a selector that no user wrote.

    Raises:
        CatalogError: what the block raises.
    """
    try:
        yield
    except CatalogError as error:
        if not str(error.location).startswith(f"{selector.file}:"):
            raise
        raise error.saying(error.message) from error


def read_text(path: str) -> str:
    """Return a selector's file with its line ends as they are, and without a byte order mark.

    Raises:
        SelectorNotFoundError: there is no such file, or it is no text.
    """
    try:
        return Path(path).read_bytes().decode("utf-8-sig")
    except OSError as error:
        hint = "name a .sql file or one of `catalog selectors`"
        raise SelectorNotFoundError(f"{path}: {error.strerror}; {hint}") from None
    except UnicodeDecodeError as error:
        raise SelectorNotFoundError(f"{path}: not UTF-8 at byte {error.start}") from None


def _packaged(path: Path) -> Selector:
    return read_selector(path.read_text(encoding="utf-8"), name=path.stem, file=path.name)


def _of_file(path: Path, name: str) -> Selector:
    text = read_text(name).replace("\r\n", "\n").replace("\r", "\n")
    return read_selector(text, name=path.stem, file=name)


def _kept(store: Store) -> dict[str, str]:
    if not store.database.exists():
        return {}
    with store.reading() as connection:
        return dict(connection.sql(query("selection/selectors")).fetchall())
