"""Runs scripts in processes that find the big libraries imported already, which takes longer than what most scripts do with them.

Run: python fork_scripts.py LIBRARY ... Then, on standard input, a line of JSON for each script:
[file for its output, script, argument, ...]

Answers with the process id of each, and with its exit status once it has ended; one script runs at
a time.
"""

# ruff: noqa: T201 -- what it prints is what it is for
from __future__ import annotations

import importlib
import json
import os
import runpy
import sys


def fork(output: str, script: str, *arguments: str) -> int:
    """The process id of a script that writes its standard output to a file."""
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
        os._exit(status)  # nothing of the parent's is to be undone


def main(libraries: list[str]) -> None:
    for name in libraries:
        importlib.import_module(name)
    for line in sys.stdin:
        process = fork(*json.loads(line))
        print(process, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
