"""Rare ways to code a picture, by headers made here."""

import io
import struct
from pathlib import Path

import pytest
from PIL import Image

from tests.media.samples import jpeg_bytes, painting
from transload.media.photos.codings import coding_of
from transload.media.photos.photo import JpegTarget, probe_photo, shrink
from transload.media.toolbox import MediaToolbox
from transload.model import Recipe, Verdict

LIMIT = 160 << 20


def lossless_jpeg(side: int = 32) -> bytes:
    """A grey JPEG of process 14 (ITU-T T.81, annex H): one Huffman code, and every difference is zero."""
    frame = struct.pack(">BHHB3B", 8, side, side, 1, 1, 0x11, 0)
    table = bytes((0, 1, *bytes(15), 0))
    scan = bytes((1, 1, 0, 1, 0, 0))
    segments = ((0xC3, frame), (0xC4, table), (0xDA, scan))
    head = b"".join(
        bytes((0xFF, kind)) + (len(body) + 2).to_bytes(2, "big") + body for kind, body in segments
    )
    return b"\xff\xd8" + head + bytes(side * side // 8) + b"\xff\xd9"


def with_frame(kind: int, bits: int = 8) -> bytes:
    """A JPEG that says of its baseline frame that it is another, after segments and fill bytes."""
    content = bytearray(jpeg_bytes())
    at = content.index(b"\xff\xc0")
    content[at + 1], content[at + 4] = kind, bits
    return bytes(content[:at] + b"\xff\xff" + content[at:])


def tiff(compression: int) -> bytes:
    """A TIFF that says so of its compression."""
    made = io.BytesIO()
    painting().save(made, "TIFF", compression="tiff_lzw")
    entry = struct.pack("<HHIH", 259, 3, 1, 5)
    assert made.getvalue().count(entry) == 1
    return made.getvalue().replace(entry, struct.pack("<HHIH", 259, 3, 1, compression))


def photoshop(version: int, depth: int, mode: int = 3) -> bytes:
    """The header of a Photoshop file, with no layers and no pixels."""
    return b"8BPS" + struct.pack(">H6xHIIHH", version, 3, 9, 9, depth, mode) + bytes(14)


@pytest.mark.parametrize(
    ("content", "word", "name"),
    [
        (jpeg_bytes(), "jpeg", None),
        (with_frame(0xC1), "jpeg", None),
        (with_frame(0xC2), "jpeg", None),
        (with_frame(0xC1, 12), "jpeg", "JPEG of 12 bits"),
        (with_frame(0xC5), "jpeg", "hierarchical JPEG"),
        (with_frame(0xC9), "jpeg", "arithmetic-coded JPEG"),
        (with_frame(0xF7), "jpeg", "JPEG-LS"),
        (lossless_jpeg(), "jpeg", "lossless JPEG"),
        (b"\xff\xd8\xff\xe0\x00\x04", "jpeg", None),
        (b"\xff\xd8 no marker", "jpeg", None),
        (tiff(5), "tiff", None),
        (tiff(34887), "tiff", "TIFF compressed with LERC"),
        (b"MM\x00*\x00\x00\x00\x08", "tiff", None),
        (b"II+\x00\x08\x00\x00\x00" + bytes(40), "tiff", None),
        (photoshop(1, 8), "psd", None),
        (photoshop(1, 16), "psd", "Photoshop file of 16 bits"),
        (photoshop(2, 8), "psd", "large Photoshop file (PSB)"),
        (b"8BPS", "psd", None),
        (b"\x89PNG", "png", None),
    ],
)
def test_the_header_names_what_is_rare(content: bytes, word: str, name: str | None) -> None:
    file = io.BytesIO(content)
    assert coding_of(file, word) == name
    assert file.tell() == 0


@pytest.mark.parametrize(
    ("content", "word", "decoded"),
    [
        (with_frame(0xC1, 12), "jpeg", "unknown"),
        (with_frame(0xF7), "jpeg", "unknown"),
        (tiff(34887), "tiff", "unknown"),
        (tiff(50001), "tiff", "unknown"),
        (photoshop(1, 16), "psd", "unknown"),
        (photoshop(2, 8), "psd", "unknown"),
        (photoshop(1, 8), "psd", "damaged"),
        (jpeg_bytes()[:300], "jpeg", "cut"),
    ],
)
def test_what_nobody_here_decodes_is_not_called_damaged(
    tmp_path: Path, content: bytes, word: str, decoded: str
) -> None:
    (tmp_path / "photo").write_bytes(content)
    found, _ = probe_photo(tmp_path / "photo", word, LIMIT)
    assert found.decoded == decoded
    assert "Error" not in str(found.error)


@pytest.mark.anyio
async def test_a_lossless_jpeg_is_made_one_that_browsers_show(
    toolbox: MediaToolbox, tmp_path: Path
) -> None:
    path = tmp_path / "scan.jpg"
    path.write_bytes(lossless_jpeg())
    facts = (await toolbox.probe(path, path.name)).facts
    for recipe in (Recipe.PLAYABLE, Recipe.TELEGRAM):
        found = toolbox.judge(facts, recipe, "keep")
        assert (found.verdict, found.fault) == (Verdict.SHRINK, None)
    shrink(path, "jpeg", JpegTarget(None, 87), tmp_path / "out.jpg")
    made = (tmp_path / "out.jpg").read_bytes()
    assert b"\xff\xc0" in made
    assert b"\xff\xc3" not in made
    with Image.open(io.BytesIO(made)) as shown:
        assert shown.convert("L").getextrema() == (128, 128)
