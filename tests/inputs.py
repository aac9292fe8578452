"""Small archives as users have them, made on the spot."""

import io
import zipfile
from pathlib import Path

from PIL import Image, ImageDraw

from tests.kept import encode


def photo(n: int, size: tuple[int, int] = (160, 120), kind: str = "JPEG") -> bytes:
    """A picture that differs from every other number's."""
    picture = Image.new("RGB", size, ((n * 37) % 256, (n * 91) % 256, (n * 53) % 256))
    ImageDraw.Draw(picture).text((8, 8), f"photo {n}", fill="white")
    out = io.BytesIO()
    picture.save(out, kind)
    return out.getvalue()


def clip(
    path: Path, n: int = 0, seconds: float = 1, size: str = "128x96", words: tuple[str, ...] = ()
) -> Path:
    """A short moving picture with sound; MPEG-4 in AVI unless `words` say otherwise. Needs the bundled ffmpeg."""
    source = ["-f", "lavfi", "-i", f"testsrc=s={size}:r=10:d={seconds}"]
    sound = ["-f", "lavfi", "-i", f"sine={300 + n}:d={seconds}"]
    how = words or ("-c:v", "mpeg4", "-c:a", "mp3")
    return encode(path, (*source, *sound, *how))


def packed(path: Path, entries: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> Path:
    """A zip of the entries in their order."""
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in entries.items():
            archive.writestr(zipfile.ZipInfo(name, (2024, 5, 17, 12, 30, 0)), content, method)
    return path


def mixed(folder: Path, photos: int, clips: int) -> Path:
    """A zip of photos and clips that must be converted, spread evenly, with one broken file and some junk."""
    entries: dict[str, bytes] = {}
    every = max(1, photos // max(1, clips))
    made = 0
    for n in range(photos):
        entries[f"trip/IMG_{n:03d}.jpg"] = photo(n)
        if n % every == 0 and made < clips:
            entries[f"trip/clip {made}.avi"] = clip(folder / f"clip{made}.avi", made).read_bytes()
            made += 1
    entries["trip/broken.jpg"] = photo(999)[:300]
    entries["trip/.DS_Store"] = b"junk"
    entries["trip/notes.txt"] = b"not media"
    return packed(folder / "mixed.zip", entries)
