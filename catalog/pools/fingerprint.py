"""Identify an instruction by the sha256 of one canonical JSON text.

The text is ``json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))`` for::

    {"messages": [{"content": ..., "role": ..., <the keys of extra>}, ...], "system": ... or null,
    "tools": ... or null}

Every string is NFC-normalised (in the hashed text only). Keys of ``extra`` win over ``content`` and
``role`` (see `catalog.pools.formats`). ``tools`` that is the JSON text of a list or an object
enters as that value, so its white space and its order of keys do not matter. Rejected answers and
media enter under the keys ``rejected`` and ``media``; without them the object has no such keys. The
content of a medium enters only if its reference has the sha256: for bytes inside the record, and
for files with the option ``hash_media``. Metadata, labels and source do not enter.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from functools import lru_cache
from json.encoder import encode_basestring as _python_quote
from typing import Any
from unicodedata import combining, is_normalized, normalize

from catalog.json_text import check_depth

try:
    from json.encoder import c_encode_basestring as _quote  # type: ignore[attr-defined]
except ImportError:  # pragma: no cover - an interpreter without the C accelerator
    _quote = _python_quote

MAX_MARKS = 256
"""Maximum run of combining marks in a text.

Sorting n marks takes n * n steps. Unicode's own bound is 30.
"""

Message = tuple[str, str, str | None]
"""role, content, and the JSON object text of a message's other keys, or None."""

_dumps: Callable[[Any], str] = json.JSONEncoder(
    sort_keys=True, ensure_ascii=False, separators=(",", ":")
).encode


def fingerprint(
    messages: Sequence[Message],
    *,
    system: str | None = None,
    tools: str | None = None,
    rejected: str | None = None,
    media: str | None = None,
) -> str:
    """Return the sha256 of an instruction's canonical text, as 64 hex digits.

    Raises:
        UnicodeEncodeError: a string holds half of a surrogate pair.
        RecursionError: a JSON text is nested more than `catalog.json_text.MAX_DEPTH` levels deep.

    >>> fingerprint([("user", "hi", None), ("assistant", "hello", None)])[:16]
    'ed54575ad5703600'
    >>> cafe, decomposed = [("user", "caf\\u00e9", None)], [("user", "cafe\\u0301", None)]
    >>> fingerprint(cafe) == fingerprint(decomposed)
    True
    """
    text = canonical(messages, system=system, tools=tools, rejected=rejected, media=media)
    return hashlib.sha256(text.encode()).hexdigest()


def canonical(
    messages: Sequence[Message],
    *,
    system: str | None = None,
    tools: str | None = None,
    rejected: str | None = None,
    media: str | None = None,
) -> str:
    """Return the canonical JSON text that `fingerprint` hashes.

    >>> canonical([("user", "hi", '{"name": "Ann"}')], system="Be kind.")
    '{"messages":[{"content":"hi","name":"Ann","role":"user"}],"system":"Be kind.","tools":null}'
    """
    texts = []
    for role, content, extra in messages:
        if extra is None:
            # The common case has its own branch, for four fifths of the time of short records.
            text = content if content.isascii() else composed(content)
            texts.append(f'{{"content":{_quote(text)},"role":{_quoted_role(role)}}}')
        else:
            texts.append(_dumps(_composed({"content": content, "role": role, **_loaded(extra)})))
    if system is None and tools is None and rejected is None and media is None:
        return f'{{"messages":[{",".join(texts)}],"system":null,"tools":null}}'
    tail = "null" if tools is None else _dumps(_composed(_parsed(tools)))
    head = "null" if system is None else _quote(composed(system))
    first = "" if media is None else f'"media":{_dumps(_composed(_loaded(media)))},'
    middle = "" if rejected is None else f'"rejected":{_dumps(_composed(_loaded(rejected)))},'
    return f'{{{first}"messages":[{",".join(texts)}],{middle}"system":{head},"tools":{tail}}}'


@lru_cache(maxsize=64)
def _quoted_role(role: str) -> str:
    quoted: str = _quote(role)
    return quoted


class TooManyMarksError(ValueError):
    """Raised if a text has more than `MAX_MARKS` combining marks in a row."""


def composed(text: str) -> str:
    """Return a text in NFC.

    Raises:
        TooManyMarksError: a run of combining marks takes too long to sort.

    >>> composed("cafe\\u0301") == "caf\\u00e9"
    True
    """
    # Every run that is too long covers one of these positions.
    if len(text) > MAX_MARKS:
        for at in range(0, len(text), MAX_MARKS):
            if not text[at].isascii() and _is_mark(text[at]):
                _refuse_run(text, at)
    if is_normalized("NFC", text):
        return text
    return normalize("NFC", text)


def _refuse_run(text: str, position: int) -> None:
    first = last = position
    while first and _is_mark(text[first - 1]):
        first -= 1
    while last + 1 < len(text) and _is_mark(text[last + 1]):
        last += 1
    n_marks = last + 1 - first
    if n_marks > MAX_MARKS:
        raise TooManyMarksError(f"{n_marks:,} combining marks in a row, from character {first:,}")


@lru_cache(maxsize=4096)
def _is_mark(char: str) -> bool:
    """Return whether a character's decomposition begins with a combining mark."""
    return combining(normalize("NFD", char)[0]) != 0


def _loaded(text: str) -> Any:
    check_depth(text)
    return json.loads(text)


def _parsed(text: str) -> Any:
    """Return the list or object of a JSON text, or the text itself."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    if not isinstance(value, list | dict):
        return text
    check_depth(text)
    return value


def _composed(value: Any) -> Any:
    """Return a value with every string and key in NFC."""
    if isinstance(value, str):
        return composed(value)
    if isinstance(value, dict):
        return {composed(key): _composed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_composed(item) for item in value]
    return value
