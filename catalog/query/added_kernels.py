"""Kernels that a user adds to a catalog: each is one Python file, copied into its folder.

The copy's name holds the sha256 of its content. That hash is part of every definition that calls
the kernel, and a copy that no longer has it is refused.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from catalog.errors import HomeNotFoundError, NotFoundError, OptionError
from catalog.kernels import Kernel
from catalog.notebook import NotebookResult
from catalog.query.arguments import is_relation, parameters_of
from catalog.query.kernel_files import import_kernel_file
from catalog.query.kernels import Kernels, kernel_names, kernels_of, package_kernels
from catalog.query.sources import SOURCES
from catalog.query.trusted_kernels import trust
from catalog.store.atomic import replacing
from catalog.store.instance import in_memory
from catalog.store.references import nearest
from catalog.store.store import Store


@dataclass(frozen=True)
class AddedKernel(NotebookResult):
    """A kernel that was added.

    Attributes:
        kernel: as the catalog keeps it now.
        path: of the copy.
        sha256: of the file.
        replaced_sha256: of the file that had the same name before; None if there was none.
    """

    kernel: Kernel
    path: Path
    sha256: str
    replaced_sha256: str | None = None


@dataclass(frozen=True)
class ListedKernel(NotebookResult):
    """A kernel that SQL can call.

    Attributes:
        name: that SQL calls.
        origin: ``catalog`` for this package, ``file`` for a file that the user added, else
            ``package``.
        source: the file, or the package's name and version.
    """

    name: str
    origin: Literal["catalog", "file", "package"]
    source: str


def add_kernel(store: Store, file: str) -> AddedKernel:
    """Copy a kernel's file into the catalog; a kernel of that name that was added before goes.

    The file's code runs with the user's rights, now and whenever a query calls the kernel.

    Args:
        store: the catalog's files and database.
        file: the path of a ``.py`` file with one function of its name under ``@kernel(...)``.

    Raises:
        HomeNotFoundError: there is no catalog.
        NotFoundError: there is no such file.
        OptionError: the name is taken or is not a name in SQL, or the parameters are wrong.
        QueryError: the file cannot be imported or does not define the kernel.
    """
    path = Path(file)
    if not store.database.exists():
        raise HomeNotFoundError(
            f"no catalog in {store.path}: `catalog register FILE --pool NAME` makes one"
        )
    if not path.is_file():
        raise NotFoundError(f"{path}: no such file")
    name = path.stem
    _require_name(name, path)
    content = path.read_bytes()
    sha256 = hashlib.sha256(content).hexdigest()
    _require_signature(import_kernel_file(path.absolute(), name=name, sha256=sha256), path)
    replaced = Kernels(store.kernels).files.get(name)
    copy = store.kernels / f"{name}-{sha256}.py"
    store.kernels.mkdir(exist_ok=True)
    with replacing(copy) as temporary:
        temporary.write_bytes(content)
    if replaced and replaced[0] != copy:
        replaced[0].unlink(missing_ok=True)
    trust(name, sha256)
    kernel = kernels_of(store).find(name)
    return AddedKernel(kernel, copy, sha256, replaced[1] if replaced else None)


def remove_kernel(store: Store, name: str) -> None:
    """Remove a kernel that the user added. Subsets that it made stay; they cannot be verified.

    Raises:
        NotFoundError: the user added no kernel of that name.
    """
    files = kernels_of(store).files
    if name not in files:
        raise NotFoundError(f"no added kernel is named {name}{nearest(name, list(files))}")
    files[name][0].unlink(missing_ok=True)


def trust_kernel(store: Store, name: str) -> ListedKernel:
    """Let the code of a kernel that somebody else added run for this user.

    Raises:
        NotFoundError: the catalog holds no added kernel of that name.
    """
    kernels = kernels_of(store)
    if name not in kernels.files:
        raise NotFoundError(f"no added kernel is named {name}{nearest(name, list(kernels.files))}")
    trust(name, kernels.files[name][1])
    return _listed(name, kernels)


def list_kernels(store: Store) -> list[ListedKernel]:
    """Return every kernel that SQL can call, by name; no module is imported."""
    return [_listed(name, kernels_of(store)) for name in sorted(kernels_of(store).names)]


def _listed(name: str, kernels: Kernels) -> ListedKernel:
    if name in kernel_names():
        return ListedKernel(name, "catalog", f"catalog.kernels.{name}")
    if name in kernels.files:
        return ListedKernel(name, "file", str(kernels.files[name][0]))
    plugin = package_kernels()[name]
    return ListedKernel(name, "package", f"{plugin.package} {plugin.version}")


def _require_name(name: str, path: Path) -> None:
    if path.suffix != ".py" or not name.isidentifier() or name != name.lower() or name[0] == "_":
        raise OptionError(
            f"{path}: expected NAME.py, where NAME is lower-case letters, digits and _, "
            "and starts with a letter"
        )
    if name in kernel_names() or name in SOURCES:
        raise OptionError(f"{path}: the catalog has its own {name}(...): rename the file")
    query = "SELECT 1 FROM duckdb_functions() WHERE lower(function_name) = $name LIMIT 1"
    with in_memory() as connection:
        known = connection.execute(query, {"name": name}).fetchall()
    if known:
        raise OptionError(f"{path}: DuckDB has its own {name}(...): rename the file")


def _require_signature(kernel: Kernel, path: Path) -> None:
    parameters = list(parameters_of(kernel.function).values())
    relations = [parameter for parameter in parameters if is_relation(parameter)]
    options = parameters[len(relations) :]
    are_first = parameters[: len(relations)] == relations
    if not relations or not are_first or any(each.kind != each.KEYWORD_ONLY for each in options):
        raise OptionError(
            f"{path}: expected {kernel.name}(rows: pa.Table, ..., *, option: type, ...): relations "
            "come first and are annotated pa.Table; options are keyword-only"
        )
