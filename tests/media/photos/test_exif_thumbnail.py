"""The thumbnail in the metadata: taken where it shows the whole photo as it is turned, else left alone."""

import io

import pytest
from PIL import Image

from tests.media.damaged_photos import with_thumbnail
from transload.media.photos.exif_thumbnail import fitting_thumbnail


def photo(size: tuple[int, int] = (1600, 1200)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "teal").save(out, "JPEG")
    return out.getvalue()


def taken(content: bytes) -> tuple[int, int] | None:
    """The size of the thumbnail that is taken, None for none."""
    with Image.open(io.BytesIO(content)) as image:
        small = fitting_thumbnail(image)
    return small.size if small is not None else None


def test_it_is_taken_where_it_fits() -> None:
    assert taken(with_thumbnail(photo())) == (160, 120)
    assert taken(with_thumbnail(photo((3000, 2000)), (160, 107))) == (160, 107)


def test_it_is_turned_as_its_photo() -> None:
    content = with_thumbnail(photo(), orientation=6, own=6)
    with Image.open(io.BytesIO(content)) as image:
        small = fitting_thumbnail(image)
    assert small is not None
    assert small.getexif()[0x0112] == 6


@pytest.mark.parametrize(
    "content",
    [
        photo(),  # none
        with_thumbnail(photo((3000, 2000))),  # bars above and below
        with_thumbnail(photo((1200, 1600))),  # turned already
        with_thumbnail(photo(), orientation=6, own=1),  # turned already, as it says
        with_thumbnail(photo(), (120, 90)),  # too small
        with_thumbnail(photo((800, 600))),  # decoded faster than told
    ],
)
def test_it_is_left_where_it_may_show_something_else(content: bytes) -> None:
    assert taken(content) is None


def test_one_that_does_not_decode_is_left() -> None:
    content = with_thumbnail(photo())
    start = content.index(b"\xff\xd8", 2)
    assert taken(content[:start] + bytes(400) + content[start + 400 :]) is None
