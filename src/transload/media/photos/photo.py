"""Photos, inside the decoder child: proving them whole, thumbnails, and shrinking to a safe JPEG.

Pillow is imported here, so the main process never imports this module. HEIC needs pillow-heif, imported on first use.
"""

import contextlib
import io
import struct
import warnings
from collections.abc import Generator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from PIL import Image, ImageOps, PngImagePlugin, UnidentifiedImageError

from transload.facts import FileFacts, Finding, combined
from transload.media.failures import DamagedError, evidence_of
from transload.media.photos import camera_raw, codings, fallback, jpeg_structure, jpeg_xl
from transload.media.photos.codings import kind_of_tiff
from transload.media.photos.colours import (
    as_rgb,
    keeping_exif,
    open_more_tiffs,
)
from transload.media.photos.exif_thumbnail import fitting_thumbnail
from transload.media.photos.extras import extras_of
from transload.media.photos.header import JPEG, Kept, kept_of, large_webp, with_header
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


def probe_photo(path: Path, sniffed: str, decode_limit: int) -> tuple[FileFacts, bytes | None]:
    """Facts and a thumbnail. Damage is a fact (`decoded`, `error`), not an error.

    `decode_limit` is the bytes of pixels that may be decoded here. Raises MemoryError, OSError of reading the file.
    """
    finding = Finding(FileFacts(container=sniffed, decoded="no"))
    if sniffed in jpeg_xl.DEMUXERS:
        return _by_program(path, finding.facts)
    with path.open("rb") as file:
        try:
            thumb = _look(file, path, finding, decode_limit)
        except _NoDecoderError as error:
            return replace(finding.facts, decoded="unknown", error=str(error)), None
        except MemoryError:
            short = "more memory needed than probing allows"
            return replace(finding.facts, decoded="unproven", error=short), None
        except PILLOW_FAULTS as error:
            finding.facts = _failed(finding.facts, file, error)
        else:
            return finding.facts, thumb
    try:
        thumb = _rescue(path, finding)
    except (*PILLOW_FAULTS, MemoryError):
        thumb = None  # what was found first stays true
    return finding.facts, thumb


def _by_program(path: Path, found: FileFacts) -> tuple[FileFacts, bytes | None]:
    """What the ffmpeg program makes of it."""
    if not jpeg_xl.is_here():
        return replace(found, decoded="unknown", error="no ffmpeg to decode JPEG XL here"), None
    try:
        image = jpeg_xl.by_program(path, found.container)
    except MemoryError as error:
        return replace(found, decoded="unproven", error=str(error)), None
    except ValueError as error:
        return replace(found, decoded="damaged", error=str(error)), None
    shown = replace(with_header(found, image), format=found.container.upper(), reader="program")
    pages = 2 if jpeg_xl.is_animated(path) else 1
    return replace(shown, pages=pages, decoded="whole"), _thumb(image)


def _look(file: BinaryIO, path: Path, finding: Finding, decode_limit: int) -> bytes | None:
    """Note what the photo is and what is proved of it; returns its thumbnail, None where it was not decoded."""
    sniffed = finding.facts.container
    if sniffed == "webp" and (large := large_webp(file, decode_limit)):
        finding.facts = combined(finding.facts, large)
        return None
    finding.facts = replace(finding.facts, coding=codings.coding_of(file, sniffed))
    if sniffed == "tiff" and (raw := camera_raw.raw_of(file)):
        return _look_at_preview(raw, finding, decode_limit)
    with _open(file, sniffed) as image:
        if finding.facts.coding and sniffed == "jpeg2000":
            return _look_at_deep(path, image, finding)
        extras = tuple(extras_of(file, sniffed))
        finding.facts = replace(with_header(finding.facts, image), extras=extras)
        if (small := _small_of_proven(file, image)) is not None:
            finding.facts = replace(finding.facts, decoded="whole")
            return _thumb(small)
        return _decode(image, finding, decode_limit)


def _small_of_proven(file: BinaryIO, image: Image.Image) -> Image.Image | None:
    """The thumbnail that a JPEG brings along, where its structure proves what decoding would; else None."""
    if image.format not in JPEG:
        return None
    small = fitting_thumbnail(image)
    return small if small is not None and jpeg_structure.is_proven(file) else None


def _look_at_preview(raw: camera_raw.Raw, finding: Finding, decode_limit: int) -> bytes | None:
    """A raw photo, by its preview."""
    if raw.jpeg is None:
        finding.facts = _unread(finding.facts, "a raw photo of a camera without a preview")
        return None
    image = raw.preview()
    shown = with_header(finding.facts, image)
    finding.facts = replace(shown, format="RAW", reader="preview", coding=None)
    return _decode(image, finding, decode_limit)


def _rescue(path: Path, finding: Finding) -> bytes | None:
    """The thumbnail of a refused picture of which another way gives something; the facts then have a `reader`."""
    found = finding.facts
    if found.decoded == "cut" and found.width:
        with _source(path, found.container, "to_the_last_byte") as image:
            _drafted(image)
            image.load()
            seen = fallback.seen_share(image)
            finding.facts = replace(found, seen=seen)
            thumb = _thumb(image)
        if seen < fallback.SEEN_LEAST:
            return None
        finding.facts = replace(finding.facts, reader="to_the_last_byte")
        return thumb
    known = fallback.has_libav(found.container, found.coding)
    if found.decoded == "cut" or found.width or not known:
        return None
    image = fallback.by_libav(path, found.container)
    thumb = _thumb(image)
    shown = replace(with_header(found, image), format=found.container.upper())
    finding.facts = replace(shown, decoded="whole", reader="libav")
    return thumb


def _look_at_deep(path: Path, image: Image.Image, finding: Finding) -> bytes | None:
    """A JPEG 2000 of more than eight bits, which is not left to Pillow."""
    found = finding.facts
    if not fallback.has_libav(found.container, found.coding):
        finding.facts = _unread(found, str(found.coding))
        return None
    shown = with_header(found, image)
    pixels = shown.width * shown.height
    shown = replace(shown, reader="libav", decode_bytes=pixels * fallback.DEEP_BYTES)
    finding.facts = replace(shown, decoded="unproven")
    if pixels > CHEAP_PIXELS:
        return None
    thumb = _thumb(fallback.by_libav(path, found.container))
    finding.facts = replace(shown, decoded="whole")
    return thumb


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


def _failed(found: FileFacts, file: BinaryIO, error: Exception) -> FileFacts:
    """Why a picture does not open: cut, of a kind that Pillow does not know, or damaged."""
    sniffed, found = found.container, replace(found, evidence=evidence_of(error))
    if _is_cut(file, sniffed):
        return replace(found, decoded="cut", error=_short(error))
    unknown = isinstance(error, UnidentifiedImageError)
    if found.coding and (sniffed == "tiff" or unknown):
        return _unread(found, found.coding)
    if sniffed == "tiff" and unknown and (kind := kind_of_tiff(file)):
        return _unread(found, kind)
    return replace(found, decoded="damaged", error=_short(error))


def _unread(found: FileFacts, coding: str) -> FileFacts:
    return replace(found, decoded="unknown", error=f"no decoder for {coding} here")


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
        ImageOps.exif_transpose(smaller, in_place=True)  # else it copies also what is upright
        flat = as_rgb(smaller, icc)
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


def _decode(image: Image.Image, finding: Finding, decode_limit: int) -> bytes | None:
    """Decode as far as proof and thumbnail need, and note what is proven."""
    found = finding.facts
    wanted = image.format in _SENT_AS_THEY_ARE or found.width * found.height <= CHEAP_PIXELS
    if not wanted or found.decode_bytes > decode_limit:
        finding.facts = replace(found, decoded="unproven")
        return None
    _drafted(image)
    image.load()
    if isinstance(image, PngImagePlugin.PngImageFile) and found.frames == 1:
        image.text  # noqa: B018 - reads the chunks after the picture, so that a lost end is seen
    finding.facts = replace(found, decoded="whole")
    return _thumb(image)


def _drafted(image: Image.Image) -> None:
    """Let a JPEG be decoded at the size of a thumbnail, where that can be."""
    if image.format in JPEG:
        image.draft(None if image.mode == "CMYK" else "RGB", goal_of(image.size, THUMB_SIDE))


def _thumb(image: Image.Image) -> bytes:
    small = _thumb_sized(image)
    ImageOps.exif_transpose(small, in_place=True)
    return jpeg_of(as_rgb(small, None))


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
