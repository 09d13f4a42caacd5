"""Copies of catalogs that are filled once in a process."""

import shutil
from collections.abc import Callable
from functools import wraps
from typing import Any

from catalog import Catalog


def made_once(fill: Callable[..., Catalog]) -> Callable[..., Catalog]:
    """Run a fixture that fills `catalog` for the first test, and copy its folder for the others.

    A test's whole folder is copied, with the files that the fixture wrote.
    """

    @wraps(fill)
    def filled(**fixtures: Any) -> Catalog:
        catalog: Catalog = fixtures["catalog"]
        folder = catalog.store.path.parent
        made = folder.parent / f"{fill.__module__}.{fill.__name__}"
        if made.is_dir():
            shutil.copytree(made, folder, dirs_exist_ok=True)
        else:
            fill(**fixtures)
            shutil.copytree(folder, made)
        return catalog

    return filled
