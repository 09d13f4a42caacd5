import bz2
import gzip
import lzma
from collections.abc import Callable

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.errors import SourceError
from catalog.pools.readers.compression import compression_of, unpacked
from tests.quick import examples

PACK: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstd": zstandard.ZstdCompressor().compress,
}


@pytest.mark.parametrize("compression", PACK)
@settings(max_examples=examples(100))
@given(st.lists(st.binary(max_size=200), min_size=1, max_size=4), st.integers(1, 50))
def test_members_one_after_another_give_their_bytes_however_the_blocks_fall(
    compression: str, members: list[bytes], step: int
) -> None:
    packed = b"".join(PACK[compression](member) for member in members)
    blocks = [packed[start : start + step] for start in range(0, len(packed), step)]
    assert compression_of(packed) == compression
    assert b"".join(unpacked(blocks, compression=compression, name="f")) == b"".join(members)


@pytest.mark.parametrize("compression", PACK)
def test_a_cut_file_is_refused_and_not_taken_for_a_shorter_one(compression: str) -> None:
    packed = PACK[compression](bytes(range(256)) * 50)
    with pytest.raises(SourceError, match=r"f\.gz: the .* file is truncated") as caught:
        list(unpacked([packed[: len(packed) // 2]], compression=compression, name="f.gz"))
    assert caught.value.reason == "corrupt_archive"


@pytest.mark.parametrize("compression", PACK)
def test_a_damaged_file_is_refused(compression: str) -> None:
    packed = bytearray(PACK[compression](bytes(range(256)) * 50))
    packed[8:40] = b"\xff" * 32
    with pytest.raises(SourceError, match=r"damaged|cut") as caught:
        list(unpacked([bytes(packed)], compression=compression, name="f"))
    assert caught.value.reason == "corrupt_archive"


def test_zero_bytes_after_the_last_member_are_padding() -> None:
    assert (
        b"".join(unpacked([gzip.compress(b"a") + bytes(512)], compression="gzip", name="f")) == b"a"
    )


def test_an_endless_run_of_zeros_is_unpacked_a_piece_at_a_time() -> None:
    for pack in PACK.values():
        packed = pack(bytes(20 * 2**20))
        kind = str(compression_of(packed))
        assert max(len(block) for block in unpacked([packed], compression=kind, name="f")) <= 2**24
