"""Songs with tags and a cover picture, also damaged and hostile ones."""

import base64
import struct
import zlib
from pathlib import Path

from tests.media.samples import SOUND, by_ffmpeg

TAGS = ("-metadata", "TITLE=Sea", "-metadata", "ARTIST=Wind")
FRONT_COVER = 3  # APIC and METADATA_BLOCK_PICTURE have the same numbers


def song_with_cover(target: Path, picture: bytes, mime: str = "image/jpeg") -> Path:
    """An MP3, M4A, FLAC or Ogg, by its name, with this cover and `TAGS`."""
    match target.suffix:
        case ".mp3":
            by_ffmpeg(*SOUND, "-c:a", "libmp3lame", "-id3v2_version", "0")(target)
            target.write_bytes(_id3(picture, mime) + target.read_bytes())
        case ".flac":
            by_ffmpeg(*SOUND, *TAGS)(target)
            target.write_bytes(_with_block(target.read_bytes(), flac_picture(picture, mime)))
        case ".ogg":
            text = base64.b64encode(flac_picture(picture, mime)).decode()
            by_ffmpeg(*SOUND, *TAGS, "-metadata", f"METADATA_BLOCK_PICTURE={text}")(target)
        case _:
            cover = target.with_name("cover-of-song")
            cover.write_bytes(picture)
            by_ffmpeg(
                *SOUND, "-i", str(cover), "-map", "0", "-map", "1", "-c:v", "copy", *TAGS,
                *("-disposition:v", "attached_pic", "-movflags", "+faststart"),
            )(target)  # fmt: skip
            cover.unlink()
    return target


def flac_picture(picture: bytes, mime: str) -> bytes:
    """A picture as FLAC and Ogg have it (RFC 9639, 8.8), of claimed 64 x 64 pixels."""
    kind = mime.encode()
    head = struct.pack(">II", FRONT_COVER, len(kind)) + kind + struct.pack(">I", 0)
    return head + struct.pack(">IIIII", 64, 64, 24, 0, len(picture)) + picture


def _with_block(flac: bytes, block: bytes) -> bytes:
    """A FLAC with one more metadata block, after STREAMINFO."""
    begin, rest = flac[:42], flac[42:]
    return begin + bytes([6]) + len(block).to_bytes(3, "big") + block + rest


def _id3(picture: bytes, mime: str) -> bytes:
    """A tag (ID3 2.3.0)."""
    shown = b"\0" + mime.encode() + bytes([0, FRONT_COVER, 0]) + picture
    frames = ((b"TIT2", b"\0Sea"), (b"TPE1", b"\0Wind"), (b"APIC", shown))
    body = b"".join(name + struct.pack(">IH", len(data), 0) + data for name, data in frames)
    size = bytes(len(body) >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x03\0\0" + size + body


def wide_png(side: int) -> bytes:
    """A black PNG of so many pixels a side, small in bytes."""
    packer = zlib.compressobj(9)
    row = bytes(1 + side)
    data = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        len(part).to_bytes(4, "big") + name + part + zlib.crc32(name + part).to_bytes(4, "big")
        for name, part in ((b"IHDR", header), (b"IDAT", data), (b"IEND", b""))
    )
