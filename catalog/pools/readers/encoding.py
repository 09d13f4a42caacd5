"""Which encoding a file's bytes are in, and its text, with bad bytes marked so that only their record is lost."""

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
    """The codec of a file that begins so, or None when the bytes are no text.

    Without a byte order mark: UTF-16 where the zero bytes stand on one side of the pairs; GB18030
    where most bytes outside ASCII are not UTF-8 and are common Chinese; else UTF-8, of which single
    records may be bad.

    >>> encoding_of(b"[]"), encoding_of("[1]".encode("utf-16-le")), encoding_of("你好，世界".encode("gb18030"))
    ('utf-8', 'utf-16-le', 'gb18030')
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
    n_bad = len(_BAD.findall(text[:-3] if len(head) > 3 else text))  # the last character may be cut
    n_good = len(_NOT_ASCII.findall(text)) - n_bad
    return "gb18030" if n_bad > n_good and _is_chinese(head) else "utf-8"


def shown(codec: str) -> str | None:
    """The encoding's name as a report shows it; None for UTF-8, which goes without saying.

    >>> shown("utf-8-sig"), shown("utf-16-le")
    (None, 'UTF-16-LE')
    """
    return None if codec.startswith("utf-8") else codec.upper()


def decoded(blocks: Iterable[bytes], *, codec: str) -> Iterator[str]:
    """The text of the blocks; each bad byte b becomes the code point U+DC00 + b, which no text can hold.

    A record with such a mark cannot be encoded again, which is how it is found (`bad_encoding`)
    without a look at every character.
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
    """A text whose bad bytes and half surrogate pairs are written out, so that it can be stored.

    >>> storable("a\\udcff")
    'a\\\\xff'
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        return (
            text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
            if not _BAD.search(text)
            else _written_out(text)
        )
    return text


def _written_out(text: str) -> str:
    return (
        _BAD.sub(lambda match: f"\\x{ord(match[0]) - 0xDC00:02x}", text)
        .encode("utf-8", "backslashreplace")
        .decode()
    )


def _utf16(head: bytes) -> str | None:
    """UTF-16 without a mark: at least 2 in 100 pairs have a zero byte, all on the same side."""
    head = head[: 2 * (min(len(head), 65_536) // 2)]
    first, second = head[0::2].count(0), head[1::2].count(0)
    if (
        max(first, second) * 100 < len(head)
        or min(first, second) * 20 > max(first, second)
        or not head
    ):
        return None
    codec = "utf-16-be" if first > second else "utf-16-le"
    text = head[:-2].decode(codec, "replace")
    n_odd = text.count("�") + sum(map(text.count, map(chr, _CONTROLS)))
    return codec if n_odd * 100 <= len(text) and "\0" not in text else None


def _is_chinese(head: bytes) -> bool:
    """Whether the bytes read as GB18030 are, at least 9 characters in 10, in GB 2312, which holds the common ones."""
    counts = Counter(
        _NOT_ASCII.findall(codecs.getincrementaldecoder("gb18030")(errors="replace").decode(head))
    )
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
