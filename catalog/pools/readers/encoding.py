"""Detect the encoding of a file, and mark bad bytes, which reject only their record."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Iterable, Iterator

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_BAD = re.compile("[\udc00-\udcff]")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\r\f\x1b"))


def encoding_of(head: bytes) -> str | None:
    """Return the codec of a file with these first bytes, or None if they are not text.

    Without a byte order mark it is UTF-16 if all zero bytes are on one side of the pairs, GB18030
    if most bytes outside ASCII are common Chinese and not UTF-8, and else UTF-8 with possible bad
    records.

    >>> encoding_of(b"[]"), encoding_of("[1]".encode("utf-16-le"))
    ('utf-8', 'utf-16-le')
    >>> encoding_of("你好，世界".encode("gb18030"))
    'gb18030'
    >>> encoding_of(bytes(range(256))) is None
    True
    """
    marked = next((codec for mark, codec in _BOMS if head.startswith(mark)), None)
    if marked:
        return marked
    wide = _utf16(head)
    if wide:
        return wide
    if len(head) and len(head) - len(head.translate(None, _CONTROLS)) > 0.02 * len(head):
        return None
    text = head.decode("utf-8", "surrogateescape")
    complete = text[:-3] if len(head) > 3 else text  # the last character can be incomplete
    n_bad = len(_BAD.findall(complete))
    n_good = len(_NOT_ASCII.findall(text)) - n_bad
    if n_bad > n_good and _is_chinese(head):
        return "gb18030"
    return "utf-8"


def shown(codec: str) -> str | None:
    """Return the encoding's name in a report; None for UTF-8.

    >>> shown("utf-8-sig"), shown("utf-16-le")
    (None, 'UTF-16-LE')
    """
    if codec.startswith("utf-8"):
        return None
    return codec.upper()


def decoded(blocks: Iterable[bytes], *, codec: str) -> Iterator[str]:
    """Yield the text of the blocks, with each bad byte b as the code point U+DC00 + b.

    No text can hold this code point, so a record with it cannot be encoded. That detects it
    (`bad_encoding`) without a check of every character.
    """
    decoder = codecs.getincrementaldecoder(codec)(errors="catalog.marked")
    for block in blocks:
        text = decoder.decode(block)
        if text:
            yield text
    tail = decoder.decode(b"", final=True)
    if tail:
        yield tail


def storable(text: str) -> str:
    """Return a text that can be stored, with bad bytes and half surrogate pairs written out.

    >>> storable("a\\udcff")
    'a\\\\xff'
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        if _BAD.search(text):
            return _written_out(text)
        return text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    return text


def _written_out(text: str) -> str:
    escaped = _BAD.sub(lambda match: f"\\x{ord(match[0]) - 0xDC00:02x}", text)
    return escaped.encode("utf-8", "backslashreplace").decode()


def _utf16(head: bytes) -> str | None:
    """Return the codec of UTF-16 without a mark, or None.

    At least 2 in 100 pairs have a zero byte, nearly all on the same side.
    """
    head = head[: 2 * (min(len(head), 65_536) // 2)]
    first, second = head[0::2].count(0), head[1::2].count(0)
    least, most = sorted((first, second))
    if not head or most * 100 < len(head) or least * 20 > most:
        return None
    codec = "utf-16-be" if first > second else "utf-16-le"
    text = head[:-2].decode(codec, "replace")
    n_odd = text.count("�") + sum(map(text.count, map(chr, _CONTROLS)))
    if n_odd * 100 <= len(text) and "\0" not in text:
        return codec
    return None


def _is_chinese(head: bytes) -> bool:
    """Return whether 9 in 10 characters of GB18030 are in GB 2312, which has the common ones."""
    text = codecs.getincrementaldecoder("gb18030")(errors="replace").decode(head)
    counts = Counter(_NOT_ASCII.findall(text))
    common = sum(count for character, count in counts.items() if _in_gb2312(character))
    return bool(counts) and common >= 0.9 * counts.total()


def _in_gb2312(character: str) -> bool:
    try:
        return len(character.encode("gb2312")) == 2
    except UnicodeEncodeError:
        return False


def _mark(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "".join(chr(0xDC00 + byte) for byte in error.object[error.start : error.end]), error.end


codecs.register_error("catalog.marked", _mark)
