"""The catalog's code of before, out of this repository's history, as a peer."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tarfile
from pathlib import Path

from kept import ROOT


def taken_out(commit: str, folder: Path) -> Path:
    """Return a folder with the code of a commit."""
    answer = subprocess.run(["git", "archive", commit], cwd=ROOT, check=True, capture_output=True)
    with tarfile.open(fileobj=io.BytesIO(answer.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return folder


def run_code(code: Path, script: str, *options: object, cwd: Path) -> str:
    """Run a script of Python on the catalog below ``code`` in a fresh process; return its output.

    It runs in ``cwd``, so that this repository's own package is not found first.
    """
    answer = subprocess.run(
        [sys.executable, "-c", script, *map(str, options)],
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": str(code), "HF_HUB_OFFLINE": "1"},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return answer.stdout
