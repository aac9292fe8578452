"""Thumbnails of frames."""

import io

from av.video.frame import VideoFrame
from PIL import Image

from tests.media.samples import colour, painting
from transload.media.photos.photo import THUMB_BYTES
from transload.media.photos.thumbnails import thumbnail_of_frame


def test_a_thumbnail_is_small_and_turned_upright() -> None:
    frame = VideoFrame.from_image(painting(size=(1280, 720)))  # type: ignore[no-untyped-call]
    flat, turned = thumbnail_of_frame(frame, 0), thumbnail_of_frame(frame, 90)
    assert flat is not None
    assert turned is not None
    assert len(flat) <= THUMB_BYTES
    assert Image.open(io.BytesIO(flat)).size == (320, 180)
    upright = Image.open(io.BytesIO(turned)).convert("RGB")
    assert upright.size == (180, 320)
    red, green, blue = colour(upright, 135, 80)
    assert red > 180
    assert max(green, blue) < 80


def test_a_tiny_frame_is_not_enlarged() -> None:
    frame = VideoFrame.from_image(painting(size=(16, 16)))  # type: ignore[no-untyped-call]
    thumb = thumbnail_of_frame(frame, 0)
    assert thumb is not None
    assert Image.open(io.BytesIO(thumb)).size == (16, 16)
