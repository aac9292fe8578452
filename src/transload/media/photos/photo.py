"""Photos, inside the decoder child: proving them whole, thumbnails, and shrinking to a safe JPEG.

Pillow is imported here, so the main process never imports this module. HEIC needs pillow-heif, imported on first use.
"""

import contextlib
import io
import struct
import warnings
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import av.error
from av.video.frame import VideoFrame
from PIL import Image, ImageOps, PngImagePlugin, UnidentifiedImageError

from transload.media.failures import DamagedError, evidence_of
from transload.media.photos import camera_raw, codings, fallback, jpeg_xl
from transload.media.photos.codings import kind_of_tiff
from transload.media.photos.colours import (
    as_rgb,
    keeping_exif,
    open_more_tiffs,
)
from transload.media.photos.extras import extras_of
from transload.media.photos.header import JPEG, Kept, header_of, kept_of, large_webp
from transload.media.photos.scale import averaged, goal_of, scaled

THUMB_SIDE = 320  # Telegram: thumbnails are JPEG of at most 320x320.
THUMB_BYTES = 16384
CHEAP_PIXELS = 2_000_000
"""Formats that will be converted anyway are decoded while probing only up to this size."""

_SENT_AS_THEY_ARE = frozenset({"JPEG", "MPO", "PNG", "WEBP", "GIF"})
READERS: dict[str, tuple[str, ...]] = {
    "jpeg": ("JPEG",),  # its reader hands over to the one of MPO by itself
    "png": ("PNG",),
    "gif": ("GIF",),
    "webp": ("WEBP",),
    "tiff": ("TIFF",),
    "bmp": ("BMP",),
    "psd": ("PSD",),
    "tga": ("TGA",),
    "ppm": ("PPM",),
    "pcx": ("PCX",),
    "jpeg2000": ("JPEG2000",),
    "avif": ("AVIF",),
    "heif": ("HEIF",),
}
"""Our word for a format -> the readers of Pillow that may open it."""
_TAIL_BYTES = 65536
_ENDS = {"jpeg": b"\xff\xd9", "png": b"IEND"}
_LIBAV = {"decoded": "whole", "reader": "libav"}

PILLOW_FAULTS = (
    OSError,
    struct.error,
    SyntaxError,
    ValueError,
    IndexError,
    KeyError,
    TypeError,
    EOFError,
    ZeroDivisionError,
)
"""What Pillow's readers raise on damaged files; MemoryError is not among them."""


class _NoDecoderError(Exception):
    """This installation has no decoder for the format, which says nothing about the file."""


@dataclass(frozen=True, slots=True)
class JpegTarget:
    """What a shrunk photo must keep to. `side` is the longest side in pixels, None is no bound; `reader` as probed.

    `exif` says how much of its metadata stays.

    Nothing bounds the bytes: 2560 x 2560 pixels of pure noise at quality 87 are 6.6 MB, far below any limit.
    """

    side: int | None
    quality: int
    reader: str = "pillow"
    exif: Kept = "date"


def probe_photo(path: Path, sniffed: str, decode_limit: int) -> tuple[dict[str, Any], bytes | None]:
    """Raw facts and a thumbnail. Damage is a fact (`decoded`, `error`), not an error.

    `decode_limit` is the bytes of pixels that may be decoded here. Raises MemoryError, OSError of reading the file.
    """
    raw: dict[str, Any] = {"container": sniffed, "decoded": "no", "coding": None}
    if sniffed in jpeg_xl.DEMUXERS:
        return _by_program(path, raw)
    with path.open("rb") as file:
        try:
            return _looked_at(file, path, raw, decode_limit)
        except _NoDecoderError as error:
            return {**raw, "decoded": "unknown", "error": str(error)}, None
        except MemoryError:
            return {
                **raw,
                "decoded": "unproven",
                "error": "more memory needed than probing allows",
            }, None
        except PILLOW_FAULTS as error:
            raw |= _failed(file, sniffed, raw["coding"], error)
    try:
        return raw, _rescued(path, sniffed, raw)
    except (*PILLOW_FAULTS, MemoryError):
        return raw, None  # what was found first stays true


def _by_program(path: Path, raw: dict[str, Any]) -> tuple[dict[str, Any], bytes | None]:
    """What the ffmpeg program makes of it."""
    if not jpeg_xl.is_here():
        return raw | {"decoded": "unknown", "error": "no ffmpeg to decode JPEG XL here"}, None
    try:
        image = jpeg_xl.by_program(path, raw["container"])
    except MemoryError as error:
        return raw | {"decoded": "unproven", "error": str(error)}, None
    except ValueError as error:
        return raw | {"decoded": "damaged", "error": str(error)}, None
    raw["pages"] = 2 if jpeg_xl.is_animated(path) else 1
    facts = header_of(image) | {"format": raw["container"].upper(), "reader": "program"}
    facts["pages"] = raw["pages"]
    return raw | facts | {"decoded": "whole"}, _thumb(image)


def _looked_at(
    file: BinaryIO, path: Path, raw: dict[str, Any], decode_limit: int
) -> tuple[dict[str, Any], bytes | None]:
    sniffed: str = raw["container"]
    if sniffed == "webp" and (large := large_webp(file, decode_limit)):
        return raw | large, None
    raw["coding"] = codings.coding_of(file, sniffed)
    if sniffed == "tiff" and (found := camera_raw.raw_of(file)):
        return _of_camera(found, raw, decode_limit)
    with _open(file, sniffed) as image:
        if raw["coding"] and sniffed == "jpeg2000":
            return _deep(path, image, raw)
        raw |= header_of(image) | {"extras": extras_of(file, sniffed)}
        thumb = _decode(image, raw, decode_limit)
    return raw, thumb


def _of_camera(
    found: camera_raw.Raw, raw: dict[str, Any], decode_limit: int
) -> tuple[dict[str, Any], bytes | None]:
    """A raw photo, by its preview."""
    if found.jpeg is None:
        return raw | _unread("a raw photo of a camera without a preview"), None
    image = found.preview()
    raw |= header_of(image) | {"format": "RAW", "reader": "preview", "coding": None}
    return raw, _decode(image, raw, decode_limit)


def _rescued(path: Path, sniffed: str, raw: dict[str, Any]) -> bytes | None:
    """The thumbnail of a refused picture of which another way gives something; `raw` then has a `reader`."""
    if raw["decoded"] == "cut" and "width" in raw:
        with _source(path, sniffed, "to_the_last_byte") as image:
            _drafted(image)
            image.load()
            raw["seen"] = fallback.seen_share(image)
            thumb = _thumb(image)
        if raw["seen"] < fallback.SEEN_LEAST:
            return None
        raw["reader"] = "to_the_last_byte"
        return thumb
    if raw["decoded"] == "cut" or "width" in raw or not fallback.has_libav(sniffed, raw["coding"]):
        return None
    found = fallback.by_libav(path, sniffed)
    thumb = _thumb(found)
    raw |= header_of(found) | _LIBAV | {"format": sniffed.upper()}
    return thumb


def _deep(
    path: Path, image: Image.Image, raw: dict[str, Any]
) -> tuple[dict[str, Any], bytes | None]:
    """A JPEG 2000 of more than eight bits, which is not left to Pillow."""
    if not fallback.has_libav(raw["container"], raw["coding"]):
        return raw | _unread(raw["coding"]), None
    raw |= header_of(image)
    raw |= {"reader": "libav", "decode_bytes": raw["width"] * raw["height"] * fallback.DEEP_BYTES}
    if raw["width"] * raw["height"] > CHEAP_PIXELS:
        return raw | {"decoded": "unproven"}, None
    return raw | {"decoded": "whole"}, _thumb(fallback.by_libav(path, raw["container"]))


@contextlib.contextmanager
def _source(path: Path, sniffed: str, reader: str) -> Generator[Image.Image]:
    """The picture by one of the ways to read it; lazy by Pillow."""
    if reader == "libav":
        yield fallback.by_libav(path, sniffed)
        return
    if reader == "preview":
        with path.open("rb") as file:
            found = camera_raw.raw_of(file)
        yield (found or camera_raw.Raw(None, b"")).preview()
        return
    if reader == "program":
        yield jpeg_xl.by_program(path, sniffed)
        return
    tolerant = reader == "to_the_last_byte"
    with (
        fallback.to_the_last_byte() if tolerant else contextlib.nullcontext(),
        path.open("rb") as file,
        _open(file, sniffed) as image,
    ):
        yield image


def _failed(file: BinaryIO, sniffed: str, coding: str | None, error: Exception) -> dict[str, Any]:
    """Why a picture does not open: cut, of a kind that Pillow does not know, or damaged."""
    evidence = {"evidence": evidence_of(error)}
    if _is_cut(file, sniffed):
        return evidence | {"decoded": "cut", "error": _short(error)}
    unknown = isinstance(error, UnidentifiedImageError)
    if coding and (sniffed == "tiff" or unknown):
        return evidence | _unread(coding)
    if sniffed == "tiff" and unknown and (kind := kind_of_tiff(file)):
        return evidence | _unread(kind)
    return evidence | {"decoded": "damaged", "error": _short(error)}


def _unread(coding: str) -> dict[str, Any]:
    return {"decoded": "unknown", "error": f"no decoder for {coding} here"}


def shrink(path: Path, sniffed: str, shape: JpegTarget, into: Path) -> tuple[int, int]:
    """Write a JPEG within `shape`, upright, RGB; returns width and height.

    Raises DamagedError, MemoryError, OSError of the disk.
    """
    with _damage(), _source(path, sniffed, shape.reader) as image:
        goal = goal_of(image.size, shape.side)
        if image.format in JPEG and goal != image.size:
            image.draft("RGB", goal)
        exif = kept_of(image, shape.exif)
        icc = image.info.get("icc_profile")
        smaller = scaled(image, goal_of(image.size, shape.side))
        upright: Image.Image = ImageOps.exif_transpose(smaller)
        flat = as_rgb(upright, icc)
        keep_icc = icc if icc and image.mode in ("RGB", "RGBA") else None
    flat.save(into, "JPEG", quality=shape.quality, exif=exif, icc_profile=keep_icc)
    return flat.size


def to_apng(path: Path, sniffed: str, into: Path) -> int:
    """Rewrite an animation that ffmpeg cannot read (WebP, AVIF) as APNG with its timing; returns the frame count.

    Raises DamagedError, MemoryError, OSError of the disk.
    """
    with path.open("rb") as file, _damage(), _open(file, sniffed) as image:
        times = _times(image)
        image.save(into, format="PNG", save_all=True, compress_level=1, duration=times)
        return len(times)


def _times(image: Image.Image) -> list[float]:
    """How long each frame is shown, in ms. Told to the writer: by itself it takes 0 for the first one of a WebP."""
    times: list[float] = []
    for frame in range(int(getattr(image, "n_frames", 1))):
        image.seek(frame)
        image.load()
        times.append(float(image.info.get("duration", 0)))
    return times


@contextlib.contextmanager
def _damage() -> Generator[None]:
    """What Pillow says about damaged bytes becomes DamagedError; errors of the system have a number and pass."""
    try:
        yield
    except PILLOW_FAULTS as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise DamagedError(_short(error), evidence_of(error)) from error


def _thumb_sized(image: Image.Image) -> Image.Image:
    """The picture at the size of a thumbnail; averaging is enough there, and takes a fifth of the time."""
    even = scaled(image, image.size)
    goal = goal_of(even.size, THUMB_SIDE)
    return even if goal == even.size else keeping_exif(even, averaged(even, goal))


def jpeg_of(small: Image.Image) -> bytes:
    """The picture as JPEG within `THUMB_BYTES`."""
    data = b""
    for quality in (80, 65, 45, 25, 10):
        buffer = io.BytesIO()
        small.save(buffer, "JPEG", quality=quality)
        data = buffer.getvalue()
        if len(data) <= THUMB_BYTES:
            break
    return data


def _open(file: BinaryIO, sniffed: str) -> Image.Image:
    """A lazy image, by the sniffed reader only: Pillow has readers that start programs."""
    Image.MAX_IMAGE_PIXELS = (
        None  # Size is judged from the header below, with the memory limit as the net.
    )
    warnings.simplefilter("ignore")
    if sniffed == "heif":
        _register_heif()
    elif sniffed == "tiff":
        open_more_tiffs()
    return Image.open(
        file, formats=READERS.get(sniffed, ("JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP"))
    )


def _register_heif() -> None:
    try:
        import pillow_heif
    except ImportError as error:
        raise _NoDecoderError("no decoder for HEIC here") from error
    pillow_heif.register_heif_opener(thumbnails=False, decode_threads=1)  # pyright: ignore[reportUnknownMemberType]


def _decode(image: Image.Image, raw: dict[str, Any], decode_limit: int) -> bytes | None:
    """Decode as far as proof and thumbnail need, and note in `raw` what is proven."""
    wanted = image.format in _SENT_AS_THEY_ARE or raw["width"] * raw["height"] <= CHEAP_PIXELS
    if not wanted or raw["decode_bytes"] > decode_limit:
        raw["decoded"] = "unproven"
        return None
    _drafted(image)
    image.load()
    if isinstance(image, PngImagePlugin.PngImageFile) and raw["frames"] == 1:
        image.text  # noqa: B018 - reads the chunks after the picture, so that a lost end is seen
    raw["decoded"] = "whole"
    return _thumb(image)


def _drafted(image: Image.Image) -> None:
    """Let a JPEG be decoded at the size of a thumbnail, where that can be."""
    if image.format in JPEG:
        image.draft(None if image.mode == "CMYK" else "RGB", goal_of(image.size, THUMB_SIDE))


def _thumb(image: Image.Image) -> bytes:
    return jpeg_of(as_rgb(ImageOps.exif_transpose(_thumb_sized(image)), None))


def _is_cut(file: BinaryIO, sniffed: str) -> bool:
    """Whether the end mark of the format is missing near the end of the file."""
    mark = _ENDS.get(sniffed)
    if mark is None:
        return False
    size = file.seek(0, io.SEEK_END)
    file.seek(max(0, size - _TAIL_BYTES))
    return mark not in file.read()


def _short(error: Exception) -> str:
    if isinstance(error, UnidentifiedImageError):
        return "no picture can be read from it"
    if isinstance(error, LookupError | TypeError | ZeroDivisionError):
        return "its header makes no sense"
    if isinstance(error, SyntaxError):
        return "its header is damaged"
    if isinstance(error, EOFError):
        return "it ends in the middle of the picture"
    return "its packed pixels are damaged"


# Thumbnails of video frames, inside the decoder child.


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
