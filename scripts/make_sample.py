"""Draw and pack the archive of `make demo`: photos in several formats, clips, a broken file, junk. Nothing is fetched.

python scripts/make_sample.py demo/sample.zip
"""

import io
import math
import random
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import imageio_ffmpeg
import pillow_heif
from PIL import Image, ImageDraw, ImageFilter

SIZE = (1200, 900)
SKIES = [
    ((252, 176, 96), (96, 60, 110)), ((250, 214, 165), (60, 110, 160)), ((180, 220, 245), (40, 90, 170)),
    ((245, 130, 120), (70, 40, 90)), ((200, 235, 220), (30, 110, 130)), ((255, 235, 190), (210, 120, 90)),
]  # fmt: skip


def blend(low: tuple[int, int, int], high: tuple[int, int, int], share: float) -> tuple[int, ...]:
    """A colour between two."""
    return tuple(round(a + (b - a) * share) for a, b in zip(low, high, strict=True))


def landscape(number: int, size: tuple[int, int] = SIZE) -> Image.Image:
    """Hills under a sky with a sun or moon; every number gives another view."""
    rng, (width, height) = random.Random(number), size
    low, high = SKIES[number % len(SKIES)]
    picture = Image.new("RGB", size)
    draw = ImageDraw.Draw(picture)
    for y in range(height):
        draw.line(((0, y), (width, y)), fill=blend(high, low, y / height))
    left, top, r = rng.uniform(0.2, 0.8) * width, rng.uniform(0.2, 0.5) * height, width * 0.05
    draw.ellipse((left - r, top - r, left + r, top + r), fill=blend(low, (255, 255, 240), 0.8))
    picture = picture.filter(ImageFilter.GaussianBlur(2))
    draw = ImageDraw.Draw(picture)
    for layer in range(4):
        depth, phase = layer / 4, rng.uniform(0, 6)
        base, swing = height * (0.55 + 0.12 * layer), height * (0.09 - 0.012 * layer)
        ridge = [
            (
                px,
                base
                - swing
                * (
                    math.sin(px / width * (5 + layer) + phase)
                    + 0.4 * math.sin(px / width * 17 + phase)
                ),
            )
            for px in range(0, width + 8, 8)
        ]
        draw.polygon(
            [*ridge, (width, height), (0, height)],
            fill=blend(high, (18, 32, 28), 0.35 + 0.6 * depth),
        )
    return picture


def encoded(picture: Image.Image, kind: str, **options: object) -> bytes:
    """The picture's file."""
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def photos() -> Iterator[tuple[str, bytes]]:
    """Twenty-eight pictures as cameras, phones and scanners leave them."""
    for n in range(18):
        yield f"Summer/IMG_{2100 + n}.jpg", encoded(landscape(n), "JPEG", quality=85)
    turned = Image.Exif()
    turned[0x0112] = 6  # orientation: the camera was held upright
    upright = landscape(18, (900, 1200)).rotate(90, expand=True)
    yield "Summer/upright.jpg", encoded(upright, "JPEG", exif=turned)
    yield "Summer/IMG_2100 copy.jpg", encoded(landscape(0), "JPEG", quality=85)
    yield "京都/寺 1.png", encoded(landscape(19), "PNG")
    yield "京都/寺 2.webp", encoded(landscape(20), "WEBP", quality=80)
    yield "Été à la mer/plage.tif", encoded(landscape(21), "TIFF")
    yield "Été à la mer/port.bmp", encoded(landscape(22), "BMP")
    heif = pillow_heif.from_pillow(landscape(23))
    out = io.BytesIO()
    heif.save(out, quality=70)
    yield "Été à la mer/IMG_0042.HEIC", out.getvalue()
    yield "Море/закат.avif", encoded(landscape(24), "AVIF", quality=70)
    yield "Море/скан.jpg", encoded(landscape(25).convert("CMYK"), "JPEG")
    yield "wrong ending.mp4", encoded(landscape(26), "JPEG")


def clips(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Four short films: one plays everywhere, one needs another wrapper and sound, two need a new encoding."""
    ways = {
        "Films/walk.mp4": (
            "-c:v",
            "libx264",
            "-pix_fmt",
            "yuv420p",
            "-c:a",
            "aac",
            "-movflags",
            "+faststart",
        ),
        "Films/concert.mkv": ("-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "ac3"),
        "Films/old camcorder.avi": ("-c:v", "mpeg4", "-q:v", "5", "-c:a", "mp3"),
        "Films/presentation.wmv": ("-c:v", "wmv2", "-q:v", "5", "-c:a", "wmav2"),
    }
    landscape(27, (960, 720)).save(folder / "view.png")
    for name, words in ways.items():
        target = folder / Path(name).name
        pan = "scale=960:720,crop=640:360:x='(iw-ow)*t/6':y='(ih-oh)/2',format=yuv420p"
        command = [
            imageio_ffmpeg.get_ffmpeg_exe(),
            "-v",
            "error",
            "-y",
            "-loop",
            "1",
            "-framerate",
            "25",
        ]
        command += [
            "-i",
            str(folder / "view.png"),
            "-f",
            "lavfi",
            "-i",
            "sine=330:d=6",
            "-t",
            "6",
            "-vf",
            pan,
        ]
        subprocess.run([*command, *words, str(target)], check=True)
        yield name, target.read_bytes()


def junk() -> Iterator[tuple[str, bytes]]:
    """What nobody wants, and what nobody can save."""
    yield "Summer/.DS_Store", b"\0\0\0\1Bud1" + bytes(64)
    yield "Summer/Thumbs.db", bytes(512)
    yield "__MACOSX/Summer/._IMG_2100.jpg", b"\0\5\26\7" + bytes(64)
    yield "readme.nfo", b"packed by somebody\n"
    yield "Summer/broken.jpg", encoded(landscape(28), "JPEG")[:9000]
    yield "Summer/not a photo.jpg", b"<!doctype html><title>404</title>"


def main() -> None:
    """Make the archive unless it is there."""
    target = Path(sys.argv[1])
    if target.exists():
        return
    print(f"drawing and packing {target} (about ten seconds, once)", flush=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    rough = target.with_suffix(".part")
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(rough, "w") as archive:
        for name, content in (*photos(), *clips(Path(folder)), *junk()):
            archive.writestr(zipfile.ZipInfo(name, (2026, 7, 14, 18, 20, 0)), content)
    rough.replace(target)


if __name__ == "__main__":
    main()
