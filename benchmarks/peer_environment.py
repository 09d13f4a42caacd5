"""Run a peer whose requirements are not ours, in an environment of its own, ``.venv-NAME``."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from kept import ROOT


def in_environment(name: str, script: str, asked: dict[str, Any]) -> dict[str, Any]:
    """Return a peer's answer, the last line of what its script prints.

    Args:
        name: of the environment, as in `make .venv-NAME/.installed`.
        script: in this folder; it reads ``asked`` as JSON from standard input.
        asked: what the script asks for.
    """
    python = ROOT / f".venv-{name}" / "bin" / "python"
    if not python.exists():
        sys.exit(f"Missing environment of {name}: run `make .venv-{name}/.installed`.")
    command = [python, Path(__file__).with_name(script)]
    done = subprocess.run(
        command, input=json.dumps(asked), capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(done.stderr)
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer
