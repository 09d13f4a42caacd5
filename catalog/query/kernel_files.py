"""Kernels that a user keeps in a catalog: one Python file each, whose name holds its sha256."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from importlib.abc import SourceLoader
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

from catalog.errors import QueryError
from catalog.kernels import Kernel
from catalog.kernels._decorator import Origin, require_kernel
from catalog.messages import one_line


def import_kernel_file(path: Path, *, name: str, sha256: str | None = None) -> Kernel:
    """Run a file and return the kernel that it defines.

    Args:
        path: the file.
        name: the kernel's.
        sha256: of the file when it was added; None accepts whatever it holds.

    Raises:
        QueryError: the file has changed, cannot be imported, or does not define the kernel.
    """
    content = path.read_bytes()
    found_sha256 = hashlib.sha256(content).hexdigest()
    if sha256 not in (None, found_sha256):
        raise QueryError(
            f"{path}: the kernel {name} has changed since it was added: "
            f"expected sha256 {sha256}, got {found_sha256}. "
            "To use the changed code, run `catalog kernels add FILE` again"
        )
    module = _import(f"catalog_kernel_{name}_{found_sha256}", path, content)
    kernel = require_kernel(module, name, place=str(path))
    return kernel.made_by(Origin(sha256=found_sha256))


class _Loader(SourceLoader):
    """Imports the bytes whose hash was compared, whatever the file holds by then."""

    def __init__(self, path: Path, content: bytes) -> None:
        self.path = path
        self.content = content

    def get_filename(self, fullname: str) -> str:
        return str(self.path)

    def get_data(self, path: str | bytes) -> bytes:
        if path != str(self.path):  # compiled code is never read from the disk
            raise OSError(path)
        return self.content


def _import(module_name: str, path: Path, content: bytes) -> ModuleType:
    if module_name in sys.modules:
        return sys.modules[module_name]
    spec = ModuleSpec(module_name, _Loader(path, content), origin=str(path))
    module = importlib.util.module_from_spec(spec)
    assert spec.loader is not None
    sys.modules[module_name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # whatever the user's code raises
        del sys.modules[module_name]
        raise QueryError(f"{path}: cannot be imported: {one_line(error)}") from error
    return module
