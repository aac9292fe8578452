"""Photos that Pillow's strict readers refuse, inside the decoder child: cut ones as far as they go, and kinds of libav.

Pillow is imported here, so the main process never imports this module; PyAV is imported where it is needed.
"""

import contextlib
import importlib.util
from collections.abc import Generator
from pathlib import Path
from typing import Any

from PIL import Image, ImageChops, ImageFile

from transload.media.photos.codings import JPEG_LS

SEEN_LEAST = 0.05
"""Share of a cut picture's lines below which nobody would call it one."""
DEEP_BYTES = 12
"""Of a pixel in libav: three numbers of 16 bits, and the picture of 8 bits that Pillow gets, with room to convert."""
_CODECS = {"jpeg": "jpegls", "tiff": "tiff", "jpeg2000": "jpeg2000"}
"""What libav decodes of the formats whose readers here know only a part of them: our word -> its decoder.

JPEG-LS begins as a JPEG does. Pillow 12 reads 65,535 of a JPEG 2000 in colours as 0 (white as black), and no TIFF of
floats in colours.
"""


@contextlib.contextmanager
def to_the_last_byte() -> Generator[None]:
    """Pillow gives what there is of a picture that ends too early; the child has one thread."""
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    try:
        yield
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = False


def seen_share(image: Image.Image) -> float:
    """Share of the lines above the plain area at the end of a picture that was decoded to the last byte.

    What a decoder never reached is plain, in a colour that depends on its own space. 0 for a picture of one colour.
    """
    flat = image.convert("RGB")
    last = flat.crop((flat.width - 1, flat.height - 1, flat.width, flat.height))
    box = ImageChops.difference(flat, last.resize(flat.size)).getbbox()  # pyright: ignore[reportUnknownMemberType]
    return round(box[3] / flat.height, 2) if box else 0.0


def has_libav(sniffed: str, coding: str | None) -> bool:
    """Whether another decoder knows a picture of this coding; of a TIFF it knows kinds of numbers."""
    known = coding == JPEG_LS if sniffed == "jpeg" else sniffed == "jpeg2000" or not coding
    return known and sniffed in _CODECS and importlib.util.find_spec("av") is not None


def by_libav(path: Path, sniffed: str) -> Image.Image:
    """The picture by libav. Raises ValueError when that reads nothing from it, MemoryError, OSError of reading."""
    import av
    import av.error

    decoder: Any = av.CodecContext.create(_CODECS[sniffed], "r")
    decoder.thread_count = 1
    try:
        for packet in (av.Packet(path.read_bytes()), None):
            for frame in decoder.decode(packet):
                found: Image.Image = frame.to_image()
                return found
    except av.error.FFmpegError as error:
        if isinstance(error, MemoryError):
            raise
        raise ValueError("libav reads no picture from it") from error
    raise ValueError("libav reads no picture from it")
