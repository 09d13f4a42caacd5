"""Run scripts in processes that have the big libraries imported already.

Importing the libraries takes longer than the work of most scripts.

Run: python fork_scripts.py LIBRARY ... Then write to its standard input a line of JSON for each
script: [file for its output, script, argument, ...]

It prints the process id of each script, and the exit status when the script ends. Only one script
runs at a time.
"""

# ruff: noqa: T201 -- printing is its purpose
from __future__ import annotations

import importlib
import json
import os
import runpy
import sys


def fork(output: str, script: str, *arguments: str) -> int:
    """Start a script that writes its standard output to a file; return its process id."""
    process = os.fork()
    if process:
        return process
    status = 1
    try:
        os.dup2(os.open(output, os.O_WRONLY), 1)
        sys.argv = [script, *arguments]
        runpy.run_path(script, run_name="__main__")
        sys.stdout.flush()
        status = 0
    finally:
        os._exit(status)  # skip the parent's clean-up


def main(libraries: list[str]) -> None:
    for name in libraries:
        importlib.import_module(name)
    for line in sys.stdin:
        process = fork(*json.loads(line))
        print(process, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
