import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.pools.readers.encoding import decoded, encoding_of, shown, storable

CHINESE = (
    '[{"instruction": "请把下面的句子翻译成英文。", '
    '"output": "今天的天气很好，我们去公园散步吧。"}]'
)
ENGLISH = '[{"instruction": "Say it.", "output": "It."}]'


@pytest.mark.parametrize("text", [CHINESE, ENGLISH])
@pytest.mark.parametrize(
    "codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
)
def test_unicode_is_found_with_and_without_its_mark(text: str, codec: str) -> None:
    data = text.encode(codec)
    found = encoding_of(data)
    assert found is not None
    assert "".join(decoded([data], codec=found)) == text
    assert (shown(found) is None) == codec.startswith("utf-8")


def test_utf_16_with_the_big_endian_mark_is_read() -> None:
    data = b"\xfe\xff" + CHINESE.encode("utf-16-be")
    assert "".join(decoded([data], codec=encoding_of(data) or "")) == CHINESE


@pytest.mark.parametrize("codec", ["gb18030", "gbk"])
def test_chinese_in_its_national_encoding_is_found(codec: str) -> None:
    data = CHINESE.encode(codec)
    assert encoding_of(data) == "gb18030"
    assert "".join(decoded([data], codec="gb18030")) == CHINESE


@pytest.mark.parametrize(
    "data",
    [
        "naïve café déjà vu Übergröße".encode("latin-1"),
        ("你好世界" * 20).encode() + b"\xff\xfe" + "再见".encode(),
        CHINESE.encode()[:-20] + b"\xc3\x28",
        ("é" * 500).encode()[:-1],
    ],
)
def test_what_is_not_plainly_chinese_stays_utf_8_with_bad_bytes(data: bytes) -> None:
    assert encoding_of(data) == "utf-8"


@pytest.mark.parametrize("data", [bytes(range(256)) * 4, bytes(100), b"\x00\x01\x02\x03" * 50])
def test_binary_bytes_have_no_encoding(data: bytes) -> None:
    assert encoding_of(data) is None


@given(st.binary(max_size=60), st.integers(1, 7))
def test_bad_bytes_are_marked_with_what_no_text_can_hold(data: bytes, step: int) -> None:
    text = "".join(
        decoded([data[start : start + step] for start in range(0, len(data), step)], codec="utf-8")
    )
    assert text == data.decode("utf-8", "surrogateescape")
    storable(text).encode()


@given(
    st.text(st.characters(exclude_categories=("Cs",)), max_size=40),
    st.sampled_from(["utf-16", "gb18030", "utf-8"]),
    st.integers(1, 7),
)
def test_good_text_comes_back_however_the_blocks_fall(text: str, codec: str, step: int) -> None:
    data = text.encode(codec)
    assert (
        "".join(
            decoded(
                [data[start : start + step] for start in range(0, len(data), step)], codec=codec
            )
        )
        == text
    )


@pytest.mark.parametrize("codec", ["utf-16-le", "gb18030"])
def test_a_bad_unit_of_any_encoding_is_marked(codec: str) -> None:
    bad = {"utf-16-le": b"a\0\x00\xdcb\0", "gb18030": b"a\xffb"}[codec]
    text = "".join(decoded([bad], codec=codec))
    assert text[0] == "a"
    assert text[-1] == "b"
    with pytest.raises(UnicodeEncodeError):
        text.encode()


@given(st.text(st.characters(), max_size=30))
def test_any_text_can_be_stored_and_a_good_one_stays(text: str) -> None:
    stored = storable(text)
    stored.encode()
    try:
        text.encode()
    except UnicodeEncodeError:
        return
    assert stored == text
