"""Archives for measuring, made once into a folder; nothing is downloaded."""

import io
import os
import random
import subprocess
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from PIL import Image

from tests.media.damaged_photos import with_thumbnail

MIB = 1 << 20
GRAINY_BASES = 12


def jpeg(width: int, height: int, seed: int, quality: int = 88) -> bytes:
    """A photo-like JPEG: smooth colours with some noise, so that it packs like one."""
    rng = random.Random(seed)
    small = Image.frombytes("RGB", (16, 12), rng.randbytes(16 * 12 * 3))
    picture = small.resize((width, height), Image.Resampling.BICUBIC)
    grain = Image.frombytes("L", (256, 256), rng.randbytes(256 * 256)).resize((width, height))
    picture = Image.blend(picture, Image.merge("RGB", (grain, grain, grain)), 0.12)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=quality)
    return out.getvalue()


def tiny_files(path: Path, count: int, size: int = 2048) -> Path:
    """A zip of `count` text-like entries of `size` bytes in a hundred folders."""
    if not path.exists():
        words = [f"word{n} ".encode() for n in range(500)]
        rng = random.Random(1)
        with zipfile.ZipFile(path.with_suffix(".tmp"), "w", zipfile.ZIP_DEFLATED) as archive:
            for n in range(count):
                body = (b"%d " % n + b"".join(rng.choices(words, k=400)))[:size]
                archive.writestr(f"d{n % 100:02d}/{n:06d}.txt", body)
        path.with_suffix(".tmp").replace(path)
    return path


def plain_files(path: Path, count: int, size: int) -> Path:
    """A zip of `count` stored entries of `size` random bytes, of no known kind."""
    rng = random.Random(size)
    bodies = (b"\x00\x01" + rng.randbytes(size - 2) for _ in range(count))
    return _zipped(path, ((f"d{n % 100:02d}/{n:06d}.dat", body) for n, body in enumerate(bodies)))


def photos(path: Path, count: int, each: int) -> Path:
    """A zip of `count` stored photos of about `each` bytes, all different (a comment block fills them up)."""
    base, rng = jpeg(4000, 3000, 7, quality=80), random.Random(2)
    salted = (_padded(base, each, rng.randbytes(16)) for _ in range(count))
    return _zipped(path, ((f"album/IMG_{n:04d}.jpg", one) for n, one in enumerate(salted)))


def _padded(picture: bytes, size: int, salt: bytes) -> bytes:
    """The JPEG with comment segments (marker FFFE, at most 65,533 bytes each) behind its start marker."""
    missing, blocks = max(0, size - len(picture)), [picture[:2]]
    while missing > 0:
        length = min(missing, 65_000)
        blocks.append(b"\xff\xfe" + (length + 2).to_bytes(2, "big") + salt.ljust(length, b"."))
        missing -= length + 4
    return b"".join([*blocks, picture[2:]])


def camera_photos(path: Path, count: int, *, thumbnails: bool) -> Path:
    """A zip of `count` stored photos of 12 megapixels and 2.4 MB, all of it coded picture, no two of equal bytes.

    `thumbnails`: with one in the metadata of each, as cameras write it.
    """
    rng = random.Random(3)
    bases = (
        [grainy_jpeg(4000, 3000, seed) for seed in range(GRAINY_BASES)] if not path.exists() else []
    )
    shown = [with_thumbnail(base) for base in bases] if thumbnails else bases
    salted = (
        _padded(shown[n % GRAINY_BASES], len(shown[n % GRAINY_BASES]) + 20, rng.randbytes(16))
        for n in range(count)
    )
    return _zipped(path, ((f"album/IMG_{n:04d}.jpg", one) for n, one in enumerate(salted)))


def grainy_jpeg(width: int, height: int, seed: int) -> bytes:
    """A photo with the grain of a sensor: a fifth of a byte for each pixel, as cameras write it."""
    rng = random.Random(seed)
    colours = Image.frombytes("RGB", (64, 48), rng.randbytes(64 * 48 * 3)).resize((width, height))
    fine = Image.frombytes("L", (width, height), rng.randbytes(width * height))
    third = (width // 3, height // 3)
    coarse = Image.frombytes("L", third, rng.randbytes(third[0] * third[1])).resize((width, height))
    grain = Image.blend(fine, coarse, 0.6)
    out = io.BytesIO()
    Image.blend(colours, grain.convert("RGB"), 0.2).save(out, "JPEG", quality=80)
    return out.getvalue()


def few_photos(path: Path, count: int, each: int, every: int) -> Path:
    """A zip of `count` stored entries of about `each` bytes: one in `every` a photo, the others of no known kind."""
    base = jpeg(4000, 3000, 7, quality=80)

    def one(n: int) -> tuple[str, bytes]:
        rng = random.Random(n)
        if n % every == 0:
            return f"mixed/{n:04d}.jpg", _padded(base, each, rng.randbytes(16))
        return f"mixed/{n:04d}.dat", b"\x00\x01" + rng.randbytes(each)

    return _zipped(path, (one(n) for n in range(count)))


def many_photos(path: Path, count: int) -> Path:
    """A zip of `count` entries: a hundred small photos first, the rest names that are passed over as junk."""
    return _zipped(path, _photos_then_junk(count))


def _photos_then_junk(count: int) -> Iterator[tuple[str, bytes]]:
    for n in range(100):
        yield f"a/{n:03d}.jpg", jpeg(320, 240, n)
    for n in range(count - 100):
        yield f"__MACOSX/._{n:06d}.jpg", b"x"


def _zipped(path: Path, entries: Iterable[tuple[str, bytes]]) -> Path:
    """The entries as a stored zip, unless it is there already."""
    if not path.exists():
        rough = path.with_suffix(".tmp")
        with zipfile.ZipFile(rough, "w", zipfile.ZIP_STORED) as archive:
            for name, body in entries:
                archive.writestr(name, body)
        rough.replace(path)
    return path


def big_pictures(path: Path, count: int) -> Path:
    """A zip of pictures of 12 megapixels that must be shrunk: TIFF and CMYK JPEG in turn."""
    return _zipped(path, (_big_picture(n) for n in range(count)))


def _big_picture(n: int) -> tuple[str, bytes]:
    picture, out = Image.open(io.BytesIO(jpeg(4000, 3000, n, quality=70))), io.BytesIO()
    if n % 2:
        picture.save(out, "TIFF", compression="tiff_lzw")
        return f"scan{n}.tif", out.getvalue()
    picture.convert("CMYK").save(out, "JPEG", quality=70)
    return f"scan{n}.jpg", out.getvalue()


def video(
    path: Path, ffmpeg: str, seconds: int, size: str = "640x360", codec: str = "mpeg4"
) -> Path:
    """A moving test picture with a tone, in a codec that must be converted."""
    if not path.exists():
        command = [
            ffmpeg,
            "-v",
            "error",
            "-f",
            "lavfi",
            "-i",
            f"testsrc2=s={size}:r=25:d={seconds}",
        ]
        command += [
            "-f",
            "lavfi",
            "-i",
            f"sine=440:d={seconds}",
            "-c:v",
            codec,
            "-q:v",
            "4",
            "-c:a",
            "mp3",
        ]
        subprocess.run([*command, "-y", os.fspath(path)], check=True)
    return path


def with_videos(path: Path, ffmpeg: str, clips: int, stills: int, seconds: int) -> Path:
    """A zip of photos behind AVI clips, each clip's bytes its own."""
    clip = video(path.with_suffix(".avi"), ffmpeg, seconds).read_bytes()
    films = [(f"clip{n}.avi", clip + b"\0" * n) for n in range(clips)]
    return _zipped(path, [*films, *((f"still{n}.jpg", jpeg(640, 480, n)) for n in range(stills))])
