"""Reasons why a record or a whole file is not read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from catalog.messages import argument, listed

RECORD_REASONS: dict[str, str] = {
    "not_json": "the text is not JSON (NaN and Infinity in a message are not JSON either)",
    "not_csv": "a quote has no end, or text follows a closing quote",
    "not_yaml": "the text is not YAML",
    "wrong_columns": "a CSV row has more or fewer cells than the header",
    "wrong_type": "a value has the wrong type for its key, such as a list in place of a text",
    "unknown_shape": "the record has none of the keys of a known format",
    "unknown_role": "a message's role is not a known spelling of system, user, assistant or tool",
    "no_prompt": "no user message stands before the answer",
    "empty_prompt": "the prompt holds only white space",
    "no_response": "there is no answer (a pool of prompts only accepts such records)",
    "empty_response": "the answer holds only white space",
    "bad_encoding": "bytes are not text in the file's encoding, or half of a surrogate pair",
    "too_large": (
        "the record exceeds a limit of the reader: length, depth, number of values or run of "
        "combining marks"
    ),
    "unreadable": (
        "reading the record raised the error in the detail, such as a value that is nested too "
        "deeply"
    ),
}
"""Reasons of single records in the quarantine."""


def fields_option(**keys: str) -> str:
    """Return the option that names the keys of fields, for a message."""
    named = " ".join(f"--field {field}={key}" for field, key in keys.items())
    return argument("fields", keys, flag=named)


def _repair() -> str:
    return "Repair the file"


def _name_fields() -> str:
    option = argument("format", flag="--format")
    return f"Name the fields ({fields_option(prompt='KEY', response='KEY')}) or the {option}"


def _name_paths() -> str:
    paths = fields_option(prompt="question.text", response="answers.0")
    return (
        f"Name the fields by their paths ({paths}), or the turns ({fields_option(messages='KEY')})"
    )


def _name_role() -> str:
    option = argument("roles", {"NAME": "assistant"}, flag="--role NAME=assistant")
    return f"Name the role ({option}, or system, user, tool)"


def _take_prompts() -> str:
    return f"{_name_fields()}, accept prompts without answers ({argument('prompts_only', True)})"


def _convert() -> str:
    command = "`iconv -f WINDOWS-1252 -t UTF-8 FILE > NEW`"
    return f"Convert the file to UTF-8 ({command} fits most Western texts)"


def _split() -> str:
    return "Split the file into records"


def _look() -> str:
    option = argument("force", True)
    command = "`catalog quarantine`"
    return f"Load with {option}, look at the records with {command} and report what they hold"


ADVICE: dict[str, Callable[[], str]] = {
    "not_json": _repair,
    "not_csv": _repair,
    "not_yaml": _repair,
    "wrong_columns": _repair,
    "wrong_type": _name_paths,
    "unknown_shape": _name_fields,
    "unknown_role": _name_role,
    "no_prompt": _name_fields,
    "empty_prompt": _name_fields,
    "no_response": _take_prompts,
    "empty_response": _take_prompts,
    "bad_encoding": _convert,
    "too_large": _split,
    "unreadable": _look,
}
"""Advice for a load that mostly fails for a reason, to be followed by an alternative.

It is made when it is told, by the process that the user speaks with, in whose words options are.
"""

FILE_REASONS: dict[str, str] = {
    "not_found": "no such file, or no file matches the pattern",
    "is_directory": "a folder, not a file",
    "unreadable": "the system cannot open or read it",
    "missing_extra": "its protocol needs a package that is not installed",
    "unknown_protocol": "its protocol is unknown",
    "empty_file": "it has no records",
    "lfs_pointer": "a Git LFS pointer instead of the data",
    "html_page": "a web page instead of the data",
    "plain_text": "running text, not records",
    "binary_file": "bytes that are not text, or an unsupported archive",
    "corrupt_archive": "a damaged or truncated compressed file, archive or table",
    "too_large": "it exceeds a limit of the reader, such as the expansion of a compressed file",
    "no_header": "a CSV without a header line",
    "unknown_shape": "its records have none of the keys of a known format",
    "unknown_column": "no record has the key that an option names",
    "wrong_container": (
        "a container that this source does not support, such as Parquet from standard input"
    ),
}
"""Reasons of whole files, in `SourceError.reason`. The load is then discarded."""


class Rejection(NamedTuple):
    """Reason why a record is not read.

    Attributes:
        reason: a key of RECORD_REASONS.
        detail: what exactly is wrong.
        advice: advice in place of ADVICE for the reason, with the same form, or None.
    """

    reason: str
    detail: str
    advice: str | None = None


def kind_of(value: Any) -> str:
    """Return the type of a value in JSON's words, with the keys of an object.

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
