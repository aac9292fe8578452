"""Photos in wide colours: what a viewer with colour management shows of the copy is what it shows of the original."""

import io
import struct
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageCms, ImageOps, ImageStat

from transload.media.toolbox import MediaToolbox
from transload.model import Recipe

SIZE = (96, 64)
APART = 4.0
Primaries = tuple[
    tuple[float, float, float], tuple[float, float, float], tuple[float, float, float]
]
SPACES: dict[str, Primaries] = {
    "Display P3": ((0.5151, 0.2412, -0.0011), (0.2920, 0.6922, 0.0419), (0.1571, 0.0666, 0.7841)),
    "Adobe RGB": ((0.6097, 0.3111, 0.0195), (0.2053, 0.6257, 0.0609), (0.1492, 0.0632, 0.7446)),
}
"""Red, green and blue as X, Y, Z at D50, of the profiles that Apple and Adobe give away."""
D50 = (0.9642, 1.0, 0.8249)


def profile(primaries: Primaries) -> bytes:
    """A display profile of three primaries and gamma 2.2 (ICC.1:2001-04, 6.1, 6.3.1)."""
    text = b"desc" + bytes(4) + struct.pack(">I", 2) + b"x\0" + bytes(78)
    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, round(2.2 * 256)) + bytes(2)
    parts = {b"desc": text, b"cprt": b"text" + bytes(4) + b"none\0\0\0\0", b"wtpt": _xyz(D50)}
    parts |= {
        name: _xyz(one) for name, one in zip((b"rXYZ", b"gXYZ", b"bXYZ"), primaries, strict=True)
    }
    parts |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)
    at, table, body = 128 + 4 + 12 * len(parts), b"", b""
    for name, data in parts.items():
        padded = data + bytes(-len(data) % 4)
        table += name + struct.pack(">II", at + len(body), len(data))
        body += padded
    head = struct.pack(">I4sI", at + len(body), b"none", 0x02100000) + b"mntrRGB XYZ "
    head += bytes(12) + b"acsp" + bytes(28) + struct.pack(">3i", *(round(v * 65536) for v in D50))
    return head.ljust(128, b"\0") + struct.pack(">I", len(parts)) + table + body


def _xyz(values: tuple[float, float, float]) -> bytes:
    return b"XYZ " + bytes(4) + struct.pack(">3i", *(round(value * 65536) for value in values))


def shown(image: Image.Image) -> Image.Image:
    """In sRGB, by the profile that the image carries."""
    cms: Any = ImageCms
    icc = image.info.get("icc_profile")
    if not icc:
        return image.convert("RGB")
    source = cms.ImageCmsProfile(io.BytesIO(icc))
    made: Image.Image = cms.profileToProfile(
        image.convert("RGB"), source, cms.createProfile("sRGB")
    )
    return made


@pytest.mark.media
@pytest.mark.anyio
@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("name", ["a.tif", "a.heic", "a.avif", "a.webp", "large.png"])
async def test_wide_colours_stay_as_they_are_seen(tmp_path: Path, name: str, space: str) -> None:
    if name.endswith("heic"):
        pytest.importorskip("pillow_heif").register_heif_opener()
    across = Image.linear_gradient("L").resize(SIZE)
    picture = Image.merge(
        "RGB", (across, across.rotate(180), Image.radial_gradient("L").resize(SIZE))
    )
    exif = Image.Exif()
    exif[0x0112] = 3  # so that WebP and PNG are made anew, too
    words: dict[str, Any] = {"icc_profile": profile(SPACES[space]), "exif": exif.tobytes()}
    picture.save(
        tmp_path / name, **words | ({"quality": 95} if name[-4:] in ("heic", "avif") else {})
    )
    with Image.open(tmp_path / name) as source:
        wanted = shown(ImageOps.exif_transpose(source))
        assert source.info["icc_profile"] == words["icc_profile"]
    async with MediaToolbox() as toolbox:
        facts = (await toolbox.probe(tmp_path / name, name)).facts
        for recipe in (Recipe.PLAYABLE, Recipe.TELEGRAM):
            judged = toolbox.judge(facts, recipe, "keep")
            room = tmp_path / recipe.name
            room.mkdir()
            made = await toolbox.convert(tmp_path / name, judged, room, lambda _: None)
            with Image.open(made.local) as copy:
                found = shown(copy.copy())
            apart = ImageChops.difference(found, wanted)
            assert max(ImageStat.Stat(apart).mean) < APART
    assert max(ImageStat.Stat(ImageChops.difference(wanted, picture.rotate(180))).mean) > APART
