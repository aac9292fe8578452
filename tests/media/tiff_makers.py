"""TIFFs that Pillow does not write, by hand: kinds of numbers, and raw photos as cameras lay them out."""

import io
import struct
from dataclasses import dataclass

from PIL import Image

SIZE, SMALL = (300, 200), (16, 12)
TAKEN = b"2021:05:06 07:08:09\0"
_WIDTHS = {1: "B", 3: "H", 4: "I"}
_ASCII, _SHORT, _LONG, _BYTE = 2, 3, 4, 1
_CFA, _RGB, _YCC = 32803, 2, 6
Tag = tuple[int, int, bytes | tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class _Part:
    """A directory: its tags, and the data that it points to by `tag`."""

    tags: tuple[Tag, ...]
    data: bytes = b""
    at: int = 273
    length: int = 279


def shown() -> Image.Image:
    """What the preview shows: red left of the middle, blue right of it."""
    image = Image.new("RGB", SIZE, "red")
    image.paste("blue", (SIZE[0] // 2, 0, *SIZE))
    return image


def jpeg(image: Image.Image) -> bytes:
    """The picture as JPEG."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def make_raw(kind: str, turned: int = 1) -> bytes:
    """`dng`, `nef` (other tags), `arw` (the preview first), `bare` (no preview), `tiny` (a small one)."""
    small = bytes(SMALL[0] * SMALL[1] * 3)
    size = (*_sized(SIZE), (277, _SHORT, (3,)))
    first = _Part(
        (
            *_sized(SMALL),
            (254, _LONG, (1,)),
            (262, _SHORT, (_RGB,)),
            (277, _SHORT, (3,)),
            (259, _SHORT, (1,)),
        ),
        small,
    )
    sensor = _Part(
        (*_sized((64, 48)), (254, _LONG, (0,)), (262, _SHORT, (_CFA,)), (259, _SHORT, (7,))),
        b"\xff\xd8\xff\xc3\x00\x0b\x10\x00\x30\x00\x40\x01\x01\x11\x00" + bytes(4000),
    )
    preview = _Part(
        (*size, (254, _LONG, (1,)), (262, _SHORT, (_YCC,)), (259, _SHORT, (7,))), jpeg(shown())
    )
    tiny = _Part((*size, (259, _SHORT, (6,))), jpeg(shown().resize((30, 20))), 513, 514)
    other = _Part((*size, (254, _LONG, (1,)), (259, _SHORT, (6,))), jpeg(shown()), 513, 514)
    below = {
        "dng": [sensor, tiny, preview],
        "nef": [other, sensor],
        "arw": [sensor],
        "bare": [sensor],
        "tiny": [sensor, tiny],
    }[kind]
    version: tuple[Tag, ...] = ((50706, _BYTE, (1, 4, 0, 0)),) if kind in ("dng", "bare") else ()
    main = other if kind == "arw" else first
    about: tuple[Tag, ...] = (
        (274, _SHORT, (turned,)),
        (306, _ASCII, TAKEN),
        (271, _ASCII, b"Maker\0"),
        *version,
    )
    return _written(_Part((*main.tags, *about), main.data, main.at, main.length), below)


def make_canon() -> bytes:
    """A CR2: the preview first, then what the sensor saw; no directory says what its numbers mean."""
    preview = _Part((*_sized(SIZE), (259, _SHORT, (6,))), jpeg(shown()))
    lossless = b"\xff\xd8\xff\xc3\x00\x0b\x0e\x00\x30\x00\x40\x01\x01\x11\x00" + bytes(400)
    out = bytearray(b"II*\0\0\0\0\0CR\x02\0\0\0\0\0")
    first = _put(out, preview)
    second = _put(out, _Part(((259, _SHORT, (6,)),), lossless))
    struct.pack_into("<I", out, 4, first)
    tags = struct.unpack_from("<H", out, first)[0]
    struct.pack_into("<I", out, first + 2 + 12 * tags, second)
    return bytes(out)


def _sized(size: tuple[int, int]) -> tuple[Tag, ...]:
    return (256, _LONG, (size[0],)), (257, _LONG, (size[1],))


def make_tiff(
    size: tuple[int, int], bits: tuple[int, ...], data: bytes, *more: Tag, order: str = "<"
) -> bytes:
    """A picture in one strip, `bits` of each sample; grey unless `more` has another PhotometricInterpretation."""
    tags = {
        tag[0]: tag
        for tag in (*_sized(size), (262, _SHORT, (1,)), (277, _SHORT, (len(bits),)), *more)
    }
    part = _Part(
        (*tags.values(), (258, _SHORT, bits), (259, _SHORT, (1,)), (278, _LONG, (size[1],))), data
    )
    out = bytearray((b"II*\0" if order == "<" else b"MM\0*") + bytes(4))
    struct.pack_into(f"{order}I", out, 4, _put(out, part, order=order))
    return bytes(out)


def _written(first: _Part, below: list[_Part]) -> bytes:
    """Head, data of all parts, then the directories, the first one last."""
    out = bytearray(b"II*\0\0\0\0\0")
    places = [_put(out, one) for one in below]
    struct.pack_into("<I", out, 4, _put(out, first, ((330, _LONG, tuple(places)),)))
    return bytes(out)


def _put(out: bytearray, part: _Part, more: tuple[Tag, ...] = (), order: str = "<") -> int:
    """The part at the end of the file; gives the place of its directory."""
    data_at = len(out)
    out += part.data + b"\0" * (len(part.data) % 2)
    tags = (
        *part.tags,
        *more,
        (part.at, _LONG, (data_at,)),
        (part.length, _LONG, (len(part.data),)),
    )
    packed = [
        (tag, kind, *_packed(kind, value, order))
        for tag, kind, value in sorted(tags, key=lambda one: one[0])
    ]
    entries = bytearray(struct.pack(f"{order}H", len(packed)))
    for tag, kind, count, value in packed:
        if len(value) > 4:
            place, value = len(out), value + b"\0" * (len(value) % 2)
            out += value
            value = struct.pack(f"{order}I", place)
        entries += struct.pack(f"{order}HHI4s", tag, kind, count, value)
    place = len(out)
    out += entries + bytes(4)
    return place


def _packed(kind: int, value: bytes | tuple[int, ...], order: str) -> tuple[int, bytes]:
    if isinstance(value, bytes):
        return len(value), value
    return len(value), struct.pack(f"{order}{len(value)}{_WIDTHS[kind]}", *value)
