"""HEIF files with more than one picture: collections, sequences, and both in one file."""

from collections.abc import Iterator
from pathlib import Path

import pillow_heif
from PIL import Image

from tests.media.samples import PICTURE, QUIET_HEVC, by_ffmpeg

PAGES = (("red", (128, 64)), ("green", (96, 160)), ("blue", (256, 128)))
"""Colours and sizes of the stills; the sequence has testsrc's 64 x 48."""


def page(at: int, orientation: int = 1) -> Image.Image:
    """A still of one colour whose stored top left corner is white."""
    colour, size = PAGES[at]
    made = Image.new("RGB", size, colour)
    made.paste("white", (0, 0, 32, 32))
    exif = Image.Exif()
    exif[0x0112] = orientation
    made.info["exif"] = exif.tobytes()
    return made


def collection(target: Path, primary: int = 0, orientation: int = 1) -> None:
    """Three stills of different sizes."""
    pages = pillow_heif.HeifFile()  # type: ignore[no-untyped-call]
    for at in range(len(PAGES)):
        pages.add_from_pillow(page(at, orientation))
    pages.save(target, primary_index=primary, quality=90)


def sequence(target: Path, major: bytes = b"hevc") -> None:
    """Ten pictures in a track of kind `pict`, as ISO 23008-12, 7 has it."""
    target.write_bytes(b"".join(_sequence(target, major)))


def both(target: Path, major: bytes, primary: int = 0) -> None:
    """The stills and the sequence in one file, with everything that a reader of either needs."""
    collection(target, primary)
    still = dict(_boxes(target.read_bytes()))
    film = list(_sequence(target, major))
    size = len(film[0]) + len(still[b"meta"])
    moved = [_moved_chunks(box, len(still[b"meta"])) for box in film[1:]]
    at_old = len(still[b"ftyp"]) + len(still[b"meta"])
    at_new = size + sum(map(len, moved))
    meta = _moved_items(still[b"meta"], at_new - at_old)
    target.write_bytes(b"".join((film[0], meta, *moved, still[b"mdat"])))


def _sequence(target: Path, major: bytes) -> Iterator[bytes]:
    """The boxes of a film as those of an image sequence, of the same lengths."""
    film = target.with_name(f"film-of-{target.name}.mp4")
    by_ffmpeg(*PICTURE, *QUIET_HEVC, "-tag:v", "hvc1", "-movflags", "+faststart")(film)
    for kind, box in _boxes(film.read_bytes()):
        if kind == b"ftyp":
            brands = (b"msf1" + b"hevc" + b"mif1" + b"heic")[: len(box) - 16]
            yield box[:8] + major + bytes(4) + brands
        else:
            yield box.replace(b"vide" + bytes(12), b"pict" + bytes(12))
    film.unlink()


def _boxes(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at < len(content):
        size = int.from_bytes(content[at : at + 4], "big") or len(content) - at
        yield content[at + 4 : at + 8], content[at : at + size]
        at += size


def _moved_chunks(box: bytes, by: int) -> bytes:
    """A `moov` whose chunks (`stco`: version, number, offsets) begin `by` bytes later; any other box as it is."""
    at = box.find(b"stco") + 8
    if box[4:8] != b"moov":
        return box
    assert at > 8
    count = int.from_bytes(box[at : at + 4], "big")
    end = at + 4 + 4 * count
    offsets = [int.from_bytes(box[n : n + 4], "big") for n in range(at + 4, end, 4)]
    return box[: at + 4] + b"".join((old + by).to_bytes(4, "big") for old in offsets) + box[end:]


def _moved_items(meta: bytes, by: int) -> bytes:
    """A `meta` as pillow-heif writes it (`iloc` 0, base and offset of four bytes each), its items `by` bytes later."""
    moved = bytearray(meta)
    at = meta.find(b"iloc") + 4
    assert meta[at : at + 6] == bytes([0, 0, 0, 0, 0x44, 0x40])
    count, at = int.from_bytes(meta[at + 6 : at + 8], "big"), at + 8
    for _ in range(count):
        base = int.from_bytes(meta[at + 4 : at + 8], "big")
        moved[at + 4 : at + 8] = (base + by).to_bytes(4, "big")
        extents = int.from_bytes(meta[at + 8 : at + 10], "big")
        at += 10 + 8 * extents
    return bytes(moved)
