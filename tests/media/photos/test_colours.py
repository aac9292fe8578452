"""Modes of Pillow as eight-bit grey or RGB."""

import pytest
from PIL import Image

from tests.media.samples import colour
from transload.media.photos.colours import as_rgb, eight_bit, keeping_exif


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "1", "YCbCr", "LAB", "HSV", "CMYK"])
def test_every_mode_becomes_rgb(mode: str) -> None:
    white = Image.new("RGB", (8, 8), "white")
    made = as_rgb(
        white.convert("L").convert(mode) if mode in ("LA", "1") else _in(mode, white), None
    )
    assert made.mode == "RGB"
    assert min(colour(made, 4, 4)) > 240


def _in(mode: str, picture: Image.Image) -> Image.Image:
    """Pillow reaches LAB by a profile only."""
    return (
        Image.new("LAB", picture.size, (255, 128, 128)) if mode == "LAB" else picture.convert(mode)
    )


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_what_is_eight_bits_already_is_the_same_picture(mode: str) -> None:
    picture = Image.new(mode, (4, 4))
    assert as_rgb(picture, None) is picture


def test_a_broken_profile_of_a_print_is_passed_over() -> None:
    assert as_rgb(Image.new("CMYK", (4, 4)), b"no profile").mode == "RGB"


@pytest.mark.parametrize(
    ("mode", "value", "seen"), [("I;16", 32896, 128), ("I", 65535, 255), ("I;16B", 0, 0)]
)
def test_sixteen_bits_are_scaled(mode: str, value: int, seen: int) -> None:
    assert colour(eight_bit(Image.new(mode, (4, 4), value)), 1, 1) == (seen, seen, seen)


def test_integers_and_floats_are_spread_over_their_own_range() -> None:
    ramp = Image.new("F", (2, 1))
    ramp.putpixel((0, 0), -4.0)
    ramp.putpixel((1, 0), 12.0)
    flat = eight_bit(ramp)
    assert (colour(flat, 0, 0)[0], colour(flat, 1, 0)[0]) == (0, 255)


def test_the_turn_of_a_picture_goes_with_it() -> None:
    before, after = Image.new("L", (2, 2)), Image.new("L", (1, 1))
    before.getexif()[0x0112] = 6
    keeping_exif(before, after)
    assert after.getexif()[0x0112] == 6
