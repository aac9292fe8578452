"""First bytes to kinds."""

import pytest

from tests.archives.makers import tar_bytes
from tests.media.samples import jpeg_bytes
from transload.media.probe.sniff import is_junk_name, recognise, sniff
from transload.model import ItemKind

JP2 = b"\x00\x00\x00\x0cjP  \r\n\x87\n"
TS = (b"\x47" + bytes(187)) * 4


def old_tar() -> bytes:
    """A tar as written before it had a magic: its first header's checksum tells it."""
    header = bytearray(512)
    header[:5] = b"a.jpg"
    header[124:135] = b"00000000000"
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header)


MP3_FRAME = b"\xff\xfb\x90\x00" + bytes(413)


@pytest.mark.parametrize(
    ("head", "name", "kind"),
    [
        (b"\xff\xd8\xff\xe0", "x", ItemKind.PHOTO),
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic", "x", ItemKind.PHOTO),
        (b"\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00mif1avif", "x", ItemKind.PHOTO),
        (b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isommp41", "x", ItemKind.VIDEO),
        (b"\x00\x00\x00\x18ftypM4A \x00\x00\x02\x00isommp41", "x", ItemKind.AUDIO),
        (JP2 + b"\x00\x00\x00\x14ftypjp2 ", "x", ItemKind.PHOTO),
        (JP2 + b"\x00\x00\x00\x14ftypmjp2", "x.jp2", ItemKind.VIDEO),
        (JP2, "x", ItemKind.PHOTO),
        (b"\x00\x00\x00\x08wide\x00\x00\x00\x00mdat", "x", ItemKind.VIDEO),
        (b"RIFF\x00\x00\x00\x00AVI LIST", "x", ItemKind.VIDEO),
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", "x", ItemKind.AUDIO),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "x", ItemKind.PHOTO),
        (b"FORM\x00\x00\x00\x00AIFF", "x", ItemKind.AUDIO),
        (TS, "x", ItemKind.VIDEO),
        (b"\x00\x00\x00\x00" + TS, "x", ItemKind.DOCUMENT),
        (MP3_FRAME + MP3_FRAME, "x", ItemKind.AUDIO),
        (b"PK\x03\x04" + bytes(26) + b"a.jpg", "x", ItemKind.ARCHIVE),
        (b"PK\x03\x04" + bytes(26) + b"word/document.xml", "x", ItemKind.DOCUMENT),
        (b"PK\x03\x04" + bytes(26) + b"crossword/1.jpg", "x", ItemKind.ARCHIVE),
        (b"Rar!\x1a\x07\x01\x00", "x", ItemKind.ARCHIVE),
        (b"RE~^\x07\x00", "x", ItemKind.ARCHIVE),
        (b"MSCF\x00\x00\x00\x00", "x", ItemKind.ARCHIVE),
        (b"070701" + b"0" * 104, "x", ItemKind.ARCHIVE),
        (tar_bytes({"a.jpg": b"x"}).replace(b"ustar  ", bytes(7)), "x", ItemKind.DOCUMENT),
        (old_tar(), "x", ItemKind.ARCHIVE),
        (b"MThd\x00\x00\x00\x06", "x.mid", ItemKind.DOCUMENT),
        (b"%PDF-1.7", "x.pdf", ItemKind.DOCUMENT),
        (b"", "x.jpg", ItemKind.PHOTO),
        (b"", "x.txt", ItemKind.DOCUMENT),
        (b"<html>", "x.jpg", ItemKind.PHOTO),
        (b"#EXTM3U\n", "list.m3u8", ItemKind.DOCUMENT),
        (jpeg_bytes(), "film.mp4", ItemKind.PHOTO),
        (jpeg_bytes(), "__MACOSX/._a.jpg", ItemKind.JUNK),
    ],
)
def test_kind_by_content(head: bytes, name: str, kind: ItemKind) -> None:
    assert sniff(head, name) is kind


@pytest.mark.parametrize(
    ("brands", "word"),
    [
        (b"heic", "heif"),
        (b"mif1heic", "heif"),
        (b"heicmsf1hevc", "heif"),
        (b"hevcmif1heic", "heifs"),
        (b"msf1hevc", "heifs"),
        (b"avci", "heif"),
        (b"MiHBmif1miaf", "heif"),
        (b"MA1Bmif1avif", "avif"),
        (b"msf1avisavif", "avif"),
        (b"avis", "avif"),
        (b"isommif1", "mov"),
        (b"mp42isom", "mov"),
    ],
)
def test_the_major_brand_tells_stills_from_sequences(brands: bytes, word: str) -> None:
    size = 12 + len(brands)
    head = size.to_bytes(4, "big") + b"ftyp" + brands[:4] + bytes(4) + brands[4:]
    assert recognise(head, "x").format == word


def test_a_lone_frame_sync_is_weak_unless_the_name_agrees() -> None:
    lone = MP3_FRAME + b"something else"
    assert not recognise(lone, "data.bin").sure
    assert recognise(lone, "song.mp3").sure


def test_content_that_denies_the_name_is_said() -> None:
    found = recognise(b"#EXTM3U\nhttp://example.org/a.ts\n", "film.mp4")
    assert (found.kind, found.format, found.denied) == (ItemKind.VIDEO, "playlist", True)


@pytest.mark.parametrize(
    "name",
    [
        ".DS_Store",
        "a/Thumbs.db",
        "a\\desktop.ini",
        "__MACOSX/a/b.jpg",
        "a/._b.jpg",
        "@eaDir/x.jpg",
        "trip/.gallery/0f/0123456789abcd.jpg",
    ],
)
def test_litter_is_known_by_name(name: str) -> None:
    assert is_junk_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "a/b.jpg",
        "thumbs.db.jpg",
        "my__MACOSX.jpg",
        "_.jpg",
        ".gallery/0f/holiday.jpg",
        ".gallery/0123456789abcd.jpg",
    ],
)
def test_media_is_not_litter(name: str) -> None:
    assert not is_junk_name(name)


MP1_FRAME = b"\xff\xff\xa0\xc4" + bytes(324)
"""Layer I, 320 kbit/s at 48 kHz: 80 slots of four bytes, and one of padding."""


@pytest.mark.parametrize(
    ("head", "name", "word"),
    [
        (b"\x1f\x07\x00\xbf" + bytes(76) + b"\x3f\x07\x00", "x", "dv"),
        (b"\x00\x00\x00\x01\x40\x01\x0c\x01", "x", "hevc"),
        (b"\x00\x00\x01\x46\x01\x50", "x", "hevc"),
        (b"\x00\x00\x01\xb0\x01\x00\x00\x01\xb5", "x", "m4v"),
        (b"\x00\x00\x01\x00\x00\x00\x01\x20\x00", "x", "m4v"),
        (b"\x12\x00\x0a\x0b\x02", "x", "obu"),
        (b"TTA1\x01\x00", "x", "tta"),
        (b".snd\x00\x00\x00\x18", "x", "au"),
        (b"\x7f\xfe\x80\x01\xfc", "x", "dts"),
        (b"\xff\x1f\x00\xe8\xf1", "x", "dts"),
        (b"P6\n# a comment\n320 180\n255\n", "x", "ppm"),
        (b"P5 320\n180 255\n", "x", "ppm"),
        (b"P6 or not P6, that is the question", "x", "text"),
        (b"\x0a\x05\x01\x08\x00\x00", "x", "pcx"),
        (b"\x0a\x01\x01\x08\x00\x00", "x", ""),
        (b"\x00\x00\x0a\x00" + bytes(14), "x.tga", "tga"),
        (b"\x00\x00\x0a\x00" + bytes(14), "x", ""),
        (b"\xff\xd8\xff\xe0", "x.mjpeg", "mjpeg"),
        (b"\xff\xd8\xff\xe0", "x.jpg", "jpeg"),
        (MP1_FRAME + MP1_FRAME, "x", "mp3"),
    ],
)
def test_what_has_no_container_is_known(head: bytes, name: str, word: str) -> None:
    assert recognise(head, name).format == word
