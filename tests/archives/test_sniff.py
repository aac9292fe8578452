import bz2
import gzip
import lzma
import struct
from pathlib import Path

import pytest

from tests.archives.makers import PACKERS, make_zip, noise, tar_bytes
from transload.archives.sniff import archive_format, is_tar_header, is_zero_tar, likeness


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"PK\x03\x04rest", "zip"),
        (b"PK\x05\x06" + bytes(18), "zip"),
        (b"PK\x07\x08PK\x03\x04", "zip"),
        (b"PK00PK\x03\x04", "zip"),
        (b"7z\xbc\xaf\x27\x1c\x00\x04", "7z"),
        (b"Rar!\x1a\x07\x00", "rar"),
        (b"Rar!\x1a\x07\x01\x00", "rar"),
        (b"\x04\x22\x4d\x18", "lz4"),
        (b"\x50\x2a\x4d\x18\x04\x00\x00\x00four\x28\xb5\x2f\xfd", "zst"),  # pzstd
        (
            b"\x5f\x2a\x4d\x18" + bytes(4) + b"\x50\x2a\x4d\x18" + bytes(4) + b"\x04\x22\x4d\x18",
            "lz4",
        ),
        (b"\x50\x2a\x4d\x18\x04\x00\x00\x00fourPK\x03\x04", None),
        (b"\x02\x21\x4c\x18\x0c\xea", "legacy lz4"),
        ((bytes(82) + b"FAT32   ").ljust(510, b"\0") + b"\x55\xaa", "fat"),
        ((bytes(82) + b"FAT32   ").ljust(512, b"\0"), None),
        (b"BZh9nothing like a block", None),
        (b"PK of somebody", None),
        (b"\x1f\x8b", None),
        (b"GIF89a", None),
        (b"\x89LZO\x00\r\n\x1a\n\x10", "lzop"),
        (b"LRZI\x00\x06", "lrzip"),
        (b"7kSt\xa0\x31", "zpaq"),
        (b"ZOO 2.10 Archive.\x1a\x00\x00\xdc\xa7\xc4\xfd", "zoo"),
        (b"SIT!\x00\x05\x00\x00\x12\x34rLau", "stuffit"),
        (b"StuffIt (c)1997-2001", "stuffit"),
        (b"MSWIM\x00\x00\x00\xd0", "wim"),
        (b"conectix\x00\x00", "vhd disk image"),
        (b"\x2c\x00-lh0-", "lzh"),
        (b"\x2c\x00-lh7-", "lzh"),
        (b"\x2c\x00-lz5-", "lzh"),
        (b"\x2c\x00-lhf-", None),
        (b"\x60\xea\x29\x00\x22\x0b\x01\x02\x10\x00\x02", "arj"),
        (b"\x60\xea\x29\x00\x22\x0b\x01\x02\x10\x00\x07", None),
        (b"hsqs" + bytes(24) + b"\x04\x00\x00", "squashfs"),
        (b"hsqs are a kind of mark, this is a text", None),
        (b"\x1a\x02p1.jpg\x00" + bytes(20), "arc"),
        (b"\x1a\x45\xdf\xa3" + bytes(20), None),
        (b"\x1a", None),
        (b"\xc7\x71" + bytes(40), None),
        (b"\x71\xc7 and then text that is long enough", None),
        (b"", None),
    ],
)
def test_signatures(head: bytes, expected: str | None) -> None:
    assert archive_format(head) == expected


@pytest.mark.parametrize("compression", PACKERS)
def test_packers_are_told_apart(compression: str) -> None:
    assert archive_format(PACKERS[compression](b"some text")) == compression
    assert archive_format(PACKERS[compression](b"")) == compression


def test_made_archives(tmp_path: Path) -> None:
    assert archive_format(make_zip(tmp_path / "a", {}).read_bytes()) == "zip"
    assert archive_format(gzip.compress(b"") + bz2.compress(b"") + lzma.compress(b"")) == "gz"


def test_tar_of_every_dialect_is_told_by_its_checksum() -> None:
    for dialect in (0, 1, 2):
        data = tar_bytes({"photo.jpg": b"x"}, dialect)
        assert archive_format(data) == "tar"
    old = bytearray(tar_bytes({"photo.jpg": b"x"})[:512])
    old[257:265] = bytes(8)  # no `ustar` magic: Version 7
    old[148:156] = b" " * 8
    old[148:156] = f"{sum(old):06o}\0 ".encode()
    assert is_tar_header(bytes(old))
    old[0] ^= 1
    assert not is_tar_header(bytes(old))


def test_zeros_are_no_tar_by_content_alone() -> None:
    assert archive_format(bytes(1024)) is None
    assert is_zero_tar(bytes(1024))
    assert not is_zero_tar(bytes(1000))
    assert not is_zero_tar(bytes(1023) + b"x")


@pytest.mark.parametrize("order", ["<", ">"])
def test_old_binary_cpio_in_both_orders_of_bytes(order: str) -> None:
    def head(mode: int, name: bytes) -> bytes:
        fields = (0o070707, 1, 2, mode, 0, 0, 1, 0, 0, 0, len(name), 0, 5)
        return struct.pack(f"{order}13H", *fields) + name + b"hello"

    assert archive_format(head(0o100644, b"a.jpg\0")) == "cpio"
    assert archive_format(head(0o040755, b".\0")) == "cpio"
    assert archive_format(head(0o130000, b"a.jpg\0")) is None
    assert archive_format(head(0o100644, b"a.jpg")) is None
    assert archive_format(head(0o100644, b"a\0jpg\0")) is None


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (b"<html>404", "a web page"),
        (b"\xef\xbb\xbf\n <!DOCTYPE html><html>", "a web page"),
        (b'{"error": "gone"}', "JSON"),
        (b"<?xml version='1.0'?><Error>", "XML"),
        (b"%PDF-1.4", "PDF"),
        (b"just a few words", "a text"),
        (bytes(1024), "zeros"),
        (noise(1024), "nothing that is known"),
        (b"\xff\xd8\xff\xe0", "a JPEG"),
    ],
)
def test_words(head: bytes, words: str) -> None:
    assert words in likeness(head)
    assert "b'" not in likeness(head)
