"""Kinds of TIFF by their header, and what becomes of those that Pillow and libav read wrongly or not at all."""

import io
import struct
from array import array
from pathlib import Path

import pytest
from PIL import Image

from tests.media.samples import painting
from tests.media.tiff_makers import make_tiff
from transload.media.photos.codings import coding_of_tiff, kind_of_tiff
from transload.media.photos.photo import JpegTarget, probe_photo, shrink
from transload.media.toolbox import MediaToolbox
from transload.model import Recipe, Verdict

SIDE = 16
FLOATS, SIGNED = (339, 3, (3,)), (339, 3, (2,))
RGB = (262, 3, (2,))


def ramp(order: str, code: str, top: int) -> bytes:
    """Grey from 0 to `top` over the lines, numbers of this width."""
    numbers = [top // (SIDE - 1) * line for line in range(SIDE) for _ in range(SIDE)]
    return struct.pack(f"{order}{SIDE * SIDE}{code}", *numbers)


def seen(content: bytes, tmp_path: Path) -> Image.Image:
    """What a person sees of the copy."""
    path = tmp_path / "a.tif"
    path.write_bytes(content)
    found, _ = probe_photo(path, "tiff", 160 << 20)
    assert found.decoded == "whole"
    shrink(path, "tiff", JpegTarget(None, 95, found.reader or "pillow"), tmp_path / "a.jpg")
    with Image.open(tmp_path / "a.jpg") as made:
        return made.convert("RGB")


@pytest.mark.parametrize("order", ["<", ">"])
def test_numbers_of_32_bits_without_a_sign(tmp_path: Path, order: str) -> None:
    """Pillow takes the upper half of them for negative: white came out as black."""
    made = seen(make_tiff((SIDE, SIDE), (32,), ramp(order, "I", 2**32 - 1), order=order), tmp_path)
    greys = [made.getpixel((3, line))[0] for line in range(SIDE)]  # type: ignore[index]
    assert greys == pytest.approx([line * 17 for line in range(SIDE)], abs=4)


def test_numbers_with_a_sign_are_scaled_as_before(tmp_path: Path) -> None:
    numbers = array("i", [(line - 8) * 10**8 for line in range(SIDE) for _ in range(SIDE)])
    made = seen(make_tiff((SIDE, SIDE), (32,), numbers.tobytes(), SIGNED), tmp_path)
    greys = [made.getpixel((3, line))[0] for line in range(SIDE)]  # type: ignore[index]
    assert greys == pytest.approx([line * 17 for line in range(SIDE)], abs=4)


@pytest.mark.parametrize("alpha", [0, 1, 2])
def test_lab_with_alpha_is_seen_as_lab(tmp_path: Path, alpha: int) -> None:
    """The same numbers without alpha are what Pillow has a mode for."""
    lab = [(128, 60, 206), (200, 226, 40), (90, 0, 0), (160, 20, 30)]
    without = make_tiff((2, 2), (8, 8, 8), bytes(v for one in lab for v in one), (262, 3, (8,)))
    content = bytes(v for one in lab for v in (*one, 255))
    more = ((262, 3, (8,)), (338, 3, (alpha,)))
    wanted = seen(without, tmp_path)
    made = seen(make_tiff((2, 2), (8, 8, 8, 8), content, *more), tmp_path)
    assert made.tobytes() == pytest.approx(wanted.tobytes(), abs=6)
    assert max(made.tobytes()) - min(made.tobytes()) > 100


def test_a_large_bigtiff_is_made_a_jpeg(tmp_path: Path) -> None:
    """Pillow cannot read what it writes of the metadata of one: each that had to be scaled was called damaged."""
    buffer = io.BytesIO()
    painting().resize((700, 500)).save(buffer, "TIFF", big_tiff=True)
    assert buffer.getvalue()[:4] == b"II+\0"
    assert seen(buffer.getvalue(), tmp_path).size == (700, 500)


@pytest.mark.parametrize(
    ("content", "coding", "kind"),
    [
        (make_tiff((4, 4), (32,), bytes(64)), None, "TIFF of 1 x 32 bits"),
        (
            make_tiff((4, 4), (32,) * 3, bytes(192), RGB),
            "TIFF of 3 x 32 bits",
            "TIFF of 3 x 32 bits",
        ),
        (
            make_tiff((4, 4), (32,) * 3, bytes(192), RGB, FLOATS),
            None,
            "TIFF of 3 x 32 bits of floats",
        ),
        (make_tiff((4, 4), (64,), bytes(128), SIGNED), None, "TIFF of 1 x 64 bits with a sign"),
        (make_tiff((4, 4), (16,) * 3, bytes(96), RGB, order=">"), None, "TIFF of 3 x 16 bits"),
        (make_tiff((0, 4), (8,), bytes(16)), None, None),
        (b"II*\0\x08\0\0\0", None, None),
        (b"II*\0", None, None),
    ],
)
def test_the_header_in_words(content: bytes, coding: str | None, kind: str | None) -> None:
    assert coding_of_tiff(io.BytesIO(content)) == coding
    assert kind_of_tiff(io.BytesIO(content)) == kind


def test_the_header_of_a_bigtiff() -> None:
    buffer = io.BytesIO()
    painting().save(buffer, "TIFF", big_tiff=True)
    assert kind_of_tiff(buffer) == "BigTIFF of 3 x 8 bits"


@pytest.mark.anyio
@pytest.mark.parametrize("bits", [(32, 32, 32), (64,)])
async def test_what_nobody_reads_is_told_as_unknown_not_as_damaged(
    tmp_path: Path, bits: tuple[int, ...]
) -> None:
    """libav reads colours of 32 bits as others: what it gives is not taken."""
    path = tmp_path / "a.tif"
    more = (RGB,) if len(bits) > 1 else ()
    path.write_bytes(make_tiff((SIDE, SIDE), bits, bytes(range(256)) * 12, *more))
    async with MediaToolbox() as toolbox:
        judged = toolbox.judge(
            (await toolbox.probe(path, path.name)).facts, Recipe.TELEGRAM, "keep"
        )
    assert judged.verdict is Verdict.UNSAVABLE
    assert judged.fault is not None
    assert judged.fault.kind == "input.unsupported"
    assert f"TIFF of {len(bits)} x {bits[0]} bits" in judged.why


@pytest.mark.parametrize("at", [1 << 62, (1 << 63) + 5, (1 << 64) - 1])
def test_a_directory_beyond_every_file_is_damage(tmp_path: Path, at: int) -> None:
    path = tmp_path / "a.tif"
    path.write_bytes(b"II+\0\x08\0\0\0" + struct.pack("<Q", at) + bytes(200))
    found, _ = probe_photo(path, "tiff", 1 << 30)
    assert found.decoded == "damaged"
