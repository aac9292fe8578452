"""What the structure of a JPEG proves: no less than decoding finds, and nothing of what it does not know."""

import io
import random
from pathlib import Path

import pytest
from PIL import Image

from tests.media.damaged_photos import (
    KINDS,
    PLACES,
    camera_photos,
    damaged,
    scan_of,
    with_thumbnail,
)
from transload.media.photos.jpeg_structure import is_proven
from transload.media.photos.photo import PILLOW_FAULTS, probe_photo

PHOTOS = camera_photos()
PROGRESSIVE = 5


def proven(photo: bytes | bytearray) -> bool:
    return is_proven(io.BytesIO(photo))


def fails_to_decode(photo: bytes) -> bool:
    """Whether Pillow opens it, and then does not decode it at an eighth of its size."""
    try:
        image = Image.open(io.BytesIO(photo), formats=("JPEG",))
    except PILLOW_FAULTS:
        return False
    image.draft("RGB", (320, 240))
    try:
        image.load()
    except PILLOW_FAULTS:
        return True
    return False


@pytest.mark.parametrize("n", range(len(PHOTOS)))
def test_what_cameras_write_is_proven_but_for_progressive_ones(n: int) -> None:
    assert proven(PHOTOS[n]) is (n != PROGRESSIVE)


@pytest.mark.filterwarnings("ignore::UserWarning")  # of metadata that Pillow passes over
def test_whatever_decoding_refuses_is_not_proven() -> None:
    rng = random.Random(3)
    refused = 0
    for n in range(400):
        one, other = rng.sample(PHOTOS, 2)
        bad = damaged(one, other, KINDS[n % 4], PLACES[n // 4 % 2], rng)
        if fails_to_decode(bad):
            refused += 1
            assert not proven(bad)
    assert refused > 80


@pytest.mark.parametrize("end", [-1, -2, -500, -70_000])
def test_a_cut_is_a_doubt(end: int) -> None:
    assert not proven(PHOTOS[0][:end])


def test_what_stands_after_the_end_does_not_matter() -> None:
    assert proven(PHOTOS[0] + b"\xff\xd8 another picture, a film")


@pytest.mark.parametrize(
    "marker", [b"\xff\xc4", b"\xff\xda", b"\xff\xd8", b"\xff\xff", b"\xff\x01"]
)
def test_a_marker_inside_the_scan_is_a_doubt(marker: bytes) -> None:
    at = scan_of(PHOTOS[0]) + 100_000
    assert not proven(PHOTOS[0][:at] + marker + PHOTOS[0][at + 2 :])


def test_a_marker_is_found_across_two_reads() -> None:
    begin = scan_of(PHOTOS[0])
    for at in range(begin + (256 << 10) - 2, begin + (256 << 10) + 2):
        assert not proven(PHOTOS[0][:at] + b"\xff\xc4" + PHOTOS[0][at + 2 :])


@pytest.mark.parametrize(
    ("marker", "at", "by"),
    [
        (b"\xff\xc4", 4, 0x07),  # Huffman codes for nothing that there is
        (b"\xff\xc4", 5, 0x03),  # three codes of one bit
        (b"\xff\xc4", 2, 0x40),  # longer than the file's other segments
        (b"\xff\xdb", 4, 0x0F),  # a quantisation table without a number
        (b"\xff\xc0", 4, 0x09),  # nine bits
        (b"\xff\xc0", 9, 0x02),  # two colours
        (b"\xff\xc0", 11, 0x51),  # five blocks beside each other
        (b"\xff\xda", 6, 0x33),  # tables that were not given
    ],
)
def test_a_damaged_table_is_a_doubt(marker: bytes, at: int, by: int) -> None:
    photo = bytearray(jpeg("teal"))
    assert proven(photo)
    photo[photo.index(marker) + at] = by
    assert not proven(photo)


@pytest.mark.parametrize("photo", [b"", b"\xff\xd8", b"\xff\xd8\xff\xe0\x00\x01", b"GIF89a"])
def test_what_is_no_jpeg_is_a_doubt(photo: bytes) -> None:
    assert not proven(photo)


def test_a_proven_photo_gets_its_own_thumbnail_and_a_doubtful_one_is_decoded(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.jpg"
    red = with_thumbnail(jpeg("red"), orientation=6)
    shown = red.replace(thumb_of(red), thumb_of(with_thumbnail(jpeg("blue"), orientation=6)))
    path.write_bytes(shown)
    facts, thumb = probe_photo(path, "jpeg", 0)
    assert (facts.decoded, facts.width, facts.height, colour(thumb)) == ("whole", 900, 1200, "blue")
    path.write_bytes(shown[:-2])
    facts, _ = probe_photo(path, "jpeg", 0)
    assert facts.decoded == "damaged"


def jpeg(name: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (1200, 900), name).save(out, "JPEG")
    return out.getvalue()


def thumb_of(photo: bytes) -> bytes:
    begin = photo.index(b"\xff\xd8", 2)
    return photo[begin : photo.index(b"\xff\xd9", begin) + 2]


def colour(thumb: bytes | None) -> str:
    assert thumb is not None
    with Image.open(io.BytesIO(thumb)) as image:
        assert image.size == (120, 160)  # upright
        red, _, blue = image.convert("RGB").resize((1, 1)).tobytes()
    return "blue" if blue > red else "red"
