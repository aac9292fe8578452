"""Pictures of any mode as eight-bit grey or RGB, inside the decoder child."""

import io
from typing import Any

from PIL import Image, ImageCms

DEEP = frozenset({"I;16", "I;16L", "I;16B", "I;16N", "I", "F"})
"""Modes of more than eight bits, which must be scaled and not clipped."""
_EIGHT_BIT = frozenset({"L", "RGB"})


def as_rgb(image: Image.Image, icc: bytes | None) -> Image.Image:
    """RGB or grey at 8 bits: alpha on white, CMYK by its profile where that works."""
    if image.mode in _EIGHT_BIT:
        return image
    if image.mode == "CMYK":
        return _from_cmyk(image, icc)
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        alpha = image.convert("RGBA")
        white = Image.new("RGB", image.size, "white")
        white.paste(alpha, mask=alpha.getchannel("A"))
        return white
    return image.convert("RGB")


def _from_cmyk(image: Image.Image, icc: bytes | None) -> Image.Image:
    if icc:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(icc))
            made = _to_srgb(image, source)
        except (ImageCms.PyCMSError, OSError):
            made = None
        if made is not None:
            return made
    return image.convert("RGB")


def _to_srgb(image: Image.Image, source: ImageCms.ImageCmsProfile) -> Image.Image | None:
    cms: Any = ImageCms  # Its profile maker is C code without types.
    made: Image.Image | None = cms.profileToProfile(
        image, source, cms.createProfile("sRGB"), outputMode="RGB"
    )
    return made


def eight_bit(image: Image.Image) -> Image.Image:
    """A deep grey picture scaled to 8 bits: by 257 for 16 bits, by its own range for integers and floats."""
    low, high = (0.0, 65535.0) if image.mode.startswith("I;16") else _range(image)
    span = (high - low) or 1.0
    table: Any = image.convert(
        "F"
    )  # Pillow types `point` with numpy's types, which need not be installed.
    scale, offset = 255 / span, -low * 255 / span
    flat: Image.Image = table.point(lambda value: value * scale + offset)  # pyright: ignore[reportUnknownLambdaType]
    return keeping_exif(image, flat.convert("L"))


def _range(image: Image.Image) -> tuple[float, float]:
    low, high = image.convert("F").getextrema()
    if (
        image.mode == "I"
        and isinstance(high, float)
        and 255 < high <= 65535
        and isinstance(low, float)
        and low >= 0
    ):
        return 0.0, 65535.0
    return float(low), float(high)  # type: ignore[arg-type]


def keeping_exif(before: Image.Image, after: Image.Image) -> Image.Image:
    """`after` with the metadata that `exif_transpose` reads."""
    after.info.setdefault("exif", before.getexif().tobytes())
    return after
