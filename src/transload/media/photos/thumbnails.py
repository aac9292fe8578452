"""Thumbnails of video frames, inside the decoder child: a photo needs no video library."""

from typing import Any

import av.error
from av.video.frame import VideoFrame
from PIL import Image

from transload.media.photos.photo import THUMB_SIDE, jpeg_of

_AVERAGE = "AREA"  # Half the time of libswscale's own choice, and nothing flickers in pictures made smaller.


def thumbnail_of_frame(frame: VideoFrame, rotation: int) -> bytes | None:
    """A small upright JPEG of a decoded frame; None when its pixels cannot be converted."""
    scale = min(1.0, THUMB_SIDE / max(frame.width, frame.height))
    width, height = max(1, round(frame.width * scale)), max(1, round(frame.height * scale))
    try:
        untyped: Any = frame.reformat(
            width=width, height=height, format="rgb24", interpolation=_AVERAGE
        )
        small: Image.Image = untyped.to_image()
    except (av.error.FFmpegError, ValueError):
        return None
    return jpeg_of(small.rotate(rotation, expand=True) if rotation % 360 else small)
