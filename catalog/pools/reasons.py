"""Why a record or a whole file was not read: one closed list, in one place."""

from __future__ import annotations

from typing import Any, NamedTuple

from catalog.errors import listed

RECORD_REASONS: dict[str, str] = {
    "not_json": "the text is not JSON (NaN and Infinity in a message are not JSON either)",
    "not_csv": "a quote is opened and never closed, or text follows a closing quote",
    "not_yaml": "the text is not YAML",
    "wrong_columns": "a CSV row has more or fewer cells than the header",
    "wrong_type": "a value has another type than its key needs, such as a list where a text belongs",
    "unknown_shape": "the record has none of the keys of a known shape",
    "unknown_role": "a message's role is none of system, user, assistant, tool and their known spellings",
    "no_prompt": "no user message comes before the answer",
    "empty_prompt": "the prompt holds only white space",
    "no_response": "there is no answer (a pool of prompts only accepts such records)",
    "empty_response": "the answer holds only white space",
    "bad_encoding": "bytes that are not text in the file's encoding, or half of a surrogate pair",
    "too_large": "one record exceeds a limit of the reader: its length, depth, number of values or run of combining marks",
    "unreadable": "reading it raised an error, which the detail names, such as a value that is nested too deeply",
}
"""Reasons of single records: each goes to the quarantine under one of these."""

_KEYS = "Name the fields (prompt=KEY, response=KEY) or the format"
_REPAIR = "Repair the file"

ADVICE: dict[str, str] = {
    "not_json": _REPAIR,
    "not_csv": _REPAIR,
    "not_yaml": _REPAIR,
    "wrong_columns": _REPAIR,
    "wrong_type": (
        "Name the fields by their paths (prompt=question.text, response=answers.0), "
        "or the turns (messages=KEY)"
    ),
    "unknown_shape": _KEYS,
    "unknown_role": "Name the role (NAME=assistant, or system, user, tool)",
    "no_prompt": _KEYS,
    "empty_prompt": _KEYS,
    "no_response": f"{_KEYS}, accept prompts without answers (prompts only)",
    "empty_response": f"{_KEYS}, accept prompts without answers (prompts only)",
    "bad_encoding": (
        "Convert the file to UTF-8 (`iconv -f WINDOWS-1252 -t UTF-8 FILE > NEW` fits most "
        "Western texts)"
    ),
    "too_large": "Split the file into records",
    "unreadable": (
        "Load with force, look at the records with `catalog quarantine` and report what they hold"
    ),
}
"""What helps where most records fail for a reason: the beginning of a sentence that ends in ", or ..."."""

FILE_REASONS: dict[str, str] = {
    "not_found": "no such file, or no file matches the pattern",
    "is_directory": "a folder, not a file",
    "unreadable": "the system refuses to open or read it",
    "missing_extra": "its protocol needs a package that is not installed",
    "unknown_protocol": "no file system is known for its protocol",
    "empty_file": "it holds no record",
    "lfs_pointer": "a Git LFS pointer instead of the data",
    "html_page": "a web page instead of the data",
    "plain_text": "running text, not records",
    "binary_file": "bytes that are no text, or an archive of another kind",
    "corrupt_archive": "a compressed file, an archive or a table that is damaged or cut",
    "too_large": "it exceeds a limit of the reader, such as how far a compressed file expands",
    "no_header": "a CSV without a header line",
    "unknown_shape": "its records have none of the keys of a known shape",
    "unknown_column": "no record has the key that an option names",
    "wrong_container": "a container that cannot be read that way, such as Parquet from standard input",
}
"""Reasons of whole files: `SourceError.reason` is one of these, and nothing of the load is kept."""


class Rejection(NamedTuple):
    """Why one record was not read.

    Attributes:
        reason: a key of RECORD_REASONS.
        detail: what exactly was found.
        advice: what helps, where ADVICE for the reason does not fit; the beginning of a sentence that ends in ", or ...".
    """

    reason: str
    detail: str
    advice: str | None = None


def kind_of(value: Any) -> str:
    """Return what a value is, in JSON's words, with the keys of an object.

    >>> kind_of({"a": 1}), kind_of([]), kind_of(None)
    ('an object with the keys a', 'a list', 'null')
    """
    if isinstance(value, dict) and value:
        return f"an object with the keys {listed(value)}"
    if isinstance(value, float) and value - value != 0:
        return f"{value}"
    return _KINDS.get(type(value), type(value).__name__)


_KINDS = {
    dict: "an empty object",
    list: "a list",
    str: "a text",
    bool: "true or false",
    int: "a number",
    float: "a number",
    bytes: "bytes",
    type(None): "null",
}
