"""Sizes of photos, by values."""

import pytest
from PIL import Image

from transload.media.photos.scale import averaged, goal_of, scaled


@pytest.mark.parametrize(
    ("size", "side", "goal"),
    [
        ((4000, 3000), 2560, (2560, 1920)),
        ((3000, 4000), 2560, (1920, 2560)),
        ((2560, 10), 2560, (2560, 10)),
        ((100, 80), 2560, (100, 80)),
        ((100, 80), None, (100, 80)),
        ((10000, 1), 100, (100, 1)),
    ],
)
def test_the_longest_side_is_bounded(
    size: tuple[int, int], side: int | None, goal: tuple[int, int]
) -> None:
    assert goal_of(size, side) == goal


@pytest.mark.parametrize(
    ("mode", "scaled_mode"),
    [("P", "RGB"), ("1", "RGB"), ("PA", "RGBA"), ("I;16", "L"), ("F", "L"), ("CMYK", "CMYK")],
)
def test_pictures_get_a_mode_that_can_be_scaled(mode: str, scaled_mode: str) -> None:
    image = Image.new(mode, (8, 6))
    assert scaled(image, (4, 3)).mode == scaled_mode
    assert scaled(image, (4, 3)).size == (4, 3)


def test_a_picture_of_the_right_size_is_left_alone() -> None:
    image = Image.new("RGB", (8, 6))
    assert scaled(image, image.size) is image


def test_averaging_takes_the_mean() -> None:
    image = Image.new("L", (2, 2))
    image.putpixel((0, 0), 200)
    assert averaged(image, (1, 1)).getpixel((0, 0)) == 50
