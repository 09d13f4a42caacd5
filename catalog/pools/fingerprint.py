"""The identity of an instruction: sha256 over one canonical JSON text of its messages, system, tools, rejected answers and media.

The text is what ``json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))`` gives for::

    {"messages": [{"content": ..., "role": ..., <the keys of extra>}, ...], "system": ... or null,
    "tools": ... or null}

where every string is NFC-normalised (in the hashed text only), keys of ``extra`` win over
``content`` and ``role`` (see `catalog.pools.formats`), and ``tools`` that is the JSON text of a
list or an object stands there as that value, so that neither white space nor the order of keys in
it makes another instruction. Where there are rejected answers or media, the keys ``rejected`` and
``media`` stand in the object too, each with its value; where there are none the text is as it
always was. A medium's content enters only where its sha256 stands in the reference: for bytes that
the record held, and for files with ``register --hash-media``. Metadata, labels and source do not
enter.
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
"""Combining marks in a row that a text may have. Putting n of them in order takes n * n steps; Unicode's own bound is 30."""

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
    """The sha256, as 64 hex digits, of an instruction's canonical text.

    Raises:
        UnicodeEncodeError: a string holds half of a surrogate pair, which is not text.
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
    """The canonical JSON text that `fingerprint` hashes.

    >>> canonical([("user", "hi", '{"name": "Ann"}')], system="Be kind.")
    '{"messages":[{"content":"hi","name":"Ann","role":"user"}],"system":"Be kind.","tools":null}'
    """
    texts = []
    for role, content, extra in messages:
        if extra is None:
            # The common case, spelt out: it is four fifths of the time of registering short
            # records.
            text = content if content.isascii() else composed(content)
            texts.append(f'{{"content":{_quote(text)},"role":{_quote(role)}}}')
        else:
            texts.append(_dumps(_composed({"content": content, "role": role, **_loaded(extra)})))
    tail = "null" if tools is None else _dumps(_composed(_parsed(tools)))
    head = "null" if system is None else _quote(composed(system))
    first = "" if media is None else f'"media":{_dumps(_composed(_loaded(media)))},'
    middle = "" if rejected is None else f'"rejected":{_dumps(_composed(_loaded(rejected)))},'
    return f'{{{first}"messages":[{",".join(texts)}],{middle}"system":{head},"tools":{tail}}}'


class TooManyMarksError(ValueError):
    """A text has more than `MAX_MARKS` combining marks in a row."""


def composed(text: str) -> str:
    """Return a text in NFC.

    Raises:
        TooManyMarksError: it has a run of combining marks that would take too long to put in order.

    >>> composed("cafe\\u0301") == "caf\\u00e9"
    True
    """
    # A run that is too long covers one of these places, whatever lies between them.
    if len(text) > MAX_MARKS:
        for at in range(0, len(text), MAX_MARKS):
            if not text[at].isascii() and _is_mark(text[at]):
                _refuse_run(text, at)
    return text if is_normalized("NFC", text) else normalize("NFC", text)


def _refuse_run(text: str, at: int) -> None:
    first = last = at
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
    """The list or object that a text writes down, or the text itself."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    if not isinstance(value, list | dict):
        return text
    check_depth(text)
    return value


def _composed(value: Any) -> Any:
    """The same value with every string, keys too, in NFC."""
    if isinstance(value, str):
        return composed(value)
    if isinstance(value, dict):
        return {composed(key): _composed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_composed(item) for item in value]
    return value
