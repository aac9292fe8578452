"""Pictures of any mode as eight-bit grey or RGB, inside the decoder child."""

import io
import sys
from typing import Any, cast

from PIL import ExifTags, Image, ImageCms, TiffImagePlugin

DEEP = frozenset({"I;16", "I;16L", "I;16B", "I;16N", "I", "F"})
"""Modes of more than eight bits, which must be scaled and not clipped."""
_PHOTOMETRIC, _LAB, _SAMPLE_FORMAT = 262, 8, 339  # of TIFF 6.0
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


def open_more_tiffs() -> None:
    """Let Pillow open numbers of 32 bits without a sign in the other order, and Lab with alpha as four bands."""
    kinds = TiffImagePlugin.OPEN_INFO
    kinds[b"MM", 1, (1,), 1, (32,), ()] = ("I", "I;32B")
    for order in (b"II", b"MM"):
        for alpha in (0, 1, 2):  # TIFF 6.0, ExtraSamples
            kinds[order, _LAB, (1,), 1, (8, 8, 8, 8), (alpha,)] = ("RGBA", "RGBA")


def is_lab_with_alpha(image: Image.Image) -> bool:
    """Whether what was opened as RGBA is Lab with alpha, which Pillow has no mode for."""
    tags: dict[int, Any] = getattr(image, "tag_v2", {})
    return image.mode == "RGBA" and tags.get(_PHOTOMETRIC) == _LAB


def rgb_of_lab(image: Image.Image) -> Image.Image:
    """RGBA of a TIFF in Lab with alpha: its a and b have a sign (TIFF 6.0, section 23), Pillow's count from 128."""
    light, *signed, alpha = image.split()
    cms: Any = ImageCms  # as `point`, without types where numpy is not installed
    flipped: list[Any] = [
        cast("Any", band).point([value ^ 128 for value in range(256)]) for band in signed
    ]
    made = _to_srgb(Image.merge("LAB", (light, *flipped)), cms.createProfile("LAB"))
    assert made is not None  # only what is done in place gives nothing
    made.putalpha(alpha)
    return keeping_exif(image, made)


def _signless(image: Image.Image) -> Image.Image:
    """The upper halves of numbers without a sign, which Pillow takes for numbers with one."""
    halves = memoryview(image.tobytes()).cast("H")[sys.byteorder == "little" :: 2]
    return keeping_exif(image, Image.frombytes("I;16", image.size, halves.tobytes()))


def eight_bit(image: Image.Image) -> Image.Image:
    """A deep grey picture scaled to 8 bits: by 257 for 16 bits, by its own range for integers and floats."""
    if image.mode == "I" and getattr(image, "tag_v2", {}).get(_SAMPLE_FORMAT, 1) == 1:
        image = _signless(image) if image.getextrema()[0] < 0 else image  # type: ignore[operator]
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
    """`after` with how the picture is turned, which `exif_transpose` reads. Pillow cannot read what it writes of the
    metadata of a BigTIFF: nothing else is taken along.
    """
    turned = Image.Exif()
    turned[ExifTags.Base.Orientation] = before.getexif().get(ExifTags.Base.Orientation, 1)
    after.info.setdefault("exif", turned.tobytes())
    return after
