"""Header blocks of every dialect, made by the standard library or byte by byte."""

import tarfile

import pytest

from transload.archives.tar import header as tar_header
from transload.archives.tar.header import (
    TAR_BLOCK,
    DamagedTarError,
    has_right_sum,
    read_extension,
    read_header,
)


def summed(block: bytearray, *, signed: bool = False) -> bytes:
    """The block with its checksum."""
    block[148:156] = b" " * 8
    total = sum(byte - 256 * (signed and byte > 127) for byte in block)
    block[148:156] = b"%06o\0 " % total
    return bytes(block)


def old_gnu(name: bytes, kind: bytes, size: int, **fields: bytes) -> bytes:
    """An old GNU header; it keeps other things where ustar keeps the first half of a long name."""
    block = bytearray(TAR_BLOCK)
    block[: len(name)] = name
    block[124:136] = b"%011o\0" % size
    block[136:148] = b"%011o\0" % 1_600_000_000
    block[156:157] = kind
    block[257:265] = b"ustar  \0"
    for place, text in fields.items():
        at = {"atime": 345, "ctime": 357, "offset": 369, "holes": 386, "more": 482, "real": 483}[
            place
        ]
        block[at : at + len(text)] = text
    return summed(block)


def ustar(name: str, **fields: object) -> bytes:
    info = tarfile.TarInfo(name)
    for field, value in fields.items():
        setattr(info, field, value)
    return info.tobuf(tarfile.USTAR_FORMAT)


@pytest.mark.parametrize("size", [0, 1, 511, 512, 513, 8**11 - 1])
def test_what_the_standard_library_writes_is_read(size: int) -> None:
    header = read_header(ustar("a/b.jpg", size=size, mtime=1_600_000_000))
    assert (header.name, header.type, header.size) == (b"a/b.jpg", b"0", size)
    assert (header.mtime_s, header.has_body) == (1_600_000_000, True)


def test_only_ustar_has_a_first_half_of_the_name() -> None:
    folder, name = "f" * 150, "n" * 90
    assert read_header(ustar(f"{folder}/{name}")).name == f"{folder}/{name}".encode()
    made = old_gnu(b"weird/a.jpg", b"0", 3, atime=b"15300527426\0", ctime=b"15300527426\0")
    assert read_header(made).name == b"weird/a.jpg"


def test_star_keeps_times_behind_a_shorter_first_half() -> None:
    block = bytearray(ustar("b.jpg"))
    block[345:348] = b"dir"
    block[476:500] = b"15300527426 15300527426 "
    block[508:512] = b"tar\0"
    assert read_header(summed(block)).name == b"dir/b.jpg"


def test_v7_has_no_mark_and_tells_folders_by_a_slash() -> None:
    block = bytearray(ustar("folder/", size=7))
    block[156:157] = b"\0"
    block[257:265] = bytes(8)
    header = read_header(summed(block))
    assert (header.type, header.size, header.has_body) == (tar_header.FOLDER, 0, False)


@pytest.mark.parametrize("size", [8**11, (1 << 63) - 1, 1 << 80])
def test_sizes_beyond_eight_gigabytes(size: int) -> None:
    info = tarfile.TarInfo("a")
    info.size = size
    assert read_header(info.tobuf(tarfile.GNU_FORMAT)).size == size


def test_times_before_1970_and_unreadable_ones() -> None:
    info = tarfile.TarInfo("a")
    info.mtime = -5
    assert read_header(info.tobuf(tarfile.GNU_FORMAT)).mtime_s == -5
    block = bytearray(ustar("a"))
    block[136:148] = b"yesterday...."[:12]
    assert read_header(summed(block)).mtime_s is None


@pytest.mark.parametrize("field", [b"12x\0", b"0x10\0", b"1_0\0", b"-1\0", b"\x81" + bytes(11)])
def test_a_size_of_other_digits_is_damage(field: bytes) -> None:
    block = bytearray(ustar("a"))
    block[124:136] = field.ljust(12, b"\0")
    with pytest.raises(DamagedTarError):
        read_header(summed(block))


def test_sums_counted_signed_as_old_tars_did() -> None:
    block = bytearray(ustar("gr\udcfc\udcdfe"))
    for signed in (False, True):
        assert read_header(summed(block, signed=signed)).name == b"gr\xfc\xdfe"


def test_every_flipped_bit_is_noticed() -> None:
    block = ustar("a.jpg", size=1000)
    assert has_right_sum(block)
    for bit in range(8 * TAR_BLOCK):
        broken = bytearray(block)
        broken[bit // 8] ^= 1 << bit % 8
        if 148 <= bit // 8 < 156:  # of the sum's own field the padding may differ
            continue
        assert not has_right_sum(bytes(broken))
    assert not has_right_sum(block[:511])
    assert not has_right_sum(bytes(TAR_BLOCK))


def test_the_evidence_of_damage_names_what_it_may_have_been() -> None:
    block = bytearray(ustar("trip/7.jpg"))
    block[200] ^= 1
    with pytest.raises(DamagedTarError) as caught:
        read_header(bytes(block))
    assert "trip/7.jpg" in str(caught.value.evidence)


@pytest.mark.parametrize("kind", sorted(tar_header.RECORDS))
def test_records_are_small_or_damaged(kind: bytes) -> None:
    most = tar_header.RECORD_BYTES_MAX
    assert read_header(old_gnu(b"a", kind, most)).size == most
    with pytest.raises(DamagedTarError):
        read_header(old_gnu(b"a", kind, most + 1))


def hole(offset: int, length: int) -> bytes:
    return b"%011o\0%011o\0" % (offset, length)


def test_the_map_of_an_old_sparse_file_goes_on_in_blocks_of_its_own() -> None:
    holes = b"".join(hole(n * 10_000, 512) for n in range(4))
    header = read_header(
        old_gnu(b"a", b"S", 9000, holes=holes, more=b"\1", real=b"%011o\0" % 99_999)
    )
    assert header.spans == ((0, 512), (10_000, 512), (20_000, 512), (30_000, 512))
    assert (header.more_spans, header.real_size, header.size) == (True, 99_999, 9000)
    block = (hole(40_000, 512) + hole(50_000, 0)).ljust(504, b"\0") + bytes(8)
    assert read_extension(block) == (((40_000, 512),), False)
    assert read_extension(hole(1, 2) * 21 + b"\1" + bytes(7)) == (((1, 2),) * 21, True)
