"""Discovery of what modules register by decorator, in this package and in other distributions."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from catalog.errors import OptionError
from catalog.messages import one_line


@cache
def load_plugins(group: str, *, package: str) -> None:
    """Import every module of a package and every entry point of a group, once.

    Args:
        group: name of an entry-point group, such as ``catalog.formats``.
        package: dotted name of the package whose modules hold the built-in members of the group.

    Raises:
        OptionError: an entry point cannot be imported.
    """
    for module in pkgutil.iter_modules(importlib.import_module(package).__path__):
        importlib.import_module(f"{package}.{module.name}")
    from importlib.metadata import entry_points

    for entry_point in entry_points(group=group):
        try:
            entry_point.load()
        except Exception as error:
            distribution = entry_point.dist
            source = f"{distribution.name} {distribution.version}" if distribution else "a package"
            raise OptionError(
                f"cannot load the entry point {entry_point.name} ({entry_point.value}) of {group} "
                f"in {source}: {one_line(error)}"
            ) from error
