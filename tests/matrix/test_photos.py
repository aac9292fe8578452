"""Each photo of the matrix as it arrives: upright, of its size, in its colours, by a decoder that had no part in it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageCms, ImageStat

from transload.media.toolbox import MediaToolbox
from transload.model import ItemKind, Recipe, Verdict

SIZE = (160, 96)
APART = 6.0
"""Levels of 255 between a picture and its JPEG, on average over all of it."""
RECIPES = (Recipe.PLAYABLE, Recipe.TELEGRAM)
Save = Callable[[Path], None]
Row = tuple[str, str, dict[str, Any]]


def _rows() -> list[Row]:
    """Name of the file, mode of the picture, how it is saved."""
    rows: list[Row] = []
    for mode in ("L", "RGB", "CMYK"):
        rows += [(f"{mode} {q}.jpg", mode, {"quality": q}) for q in (30, 75, 95)]
        rows += [(f"{mode} progressive.jpg", mode, {"progressive": True, "quality": 90})]
    rows += [(f"subsampled {n}.jpg", "RGB", {"subsampling": n, "quality": 90}) for n in (0, 1, 2)]
    for ending in ("jpg", "tif", "png", "webp", "heic", "avif"):
        rows += [(f"turned {n}.{ending}", "RGB", {"turned": n}) for n in range(1, 9)]
    for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"):
        rows += [
            (f"{mode.replace(';', '')}.png", mode, {}),
            (f"{mode.replace(';', '')} small.png", mode, {"optimize": True}),
        ]
    for mode in ("L", "RGB", "RGBA"):
        rows += [
            (f"{mode} {how}.webp", mode, {"lossless": how == "lossless"})
            for how in ("lossy", "lossless")
        ]
        rows += [(f"{mode}.avif", mode, {"quality": 90}), (f"{mode}.jp2", mode, {})]
    for mode in ("1", "L", "P", "RGB"):
        rows += [(f"{mode}.bmp", mode, {}), (f"{mode}.gif", mode, {})]
        rows += [(f"{mode}.pcx", mode, {}), (f"{mode}.tga", mode, {})] if mode != "1" else []
    rows += [(f"{mode}.ppm", mode, {}) for mode in ("1", "L", "RGB")]
    for mode in ("1", "L", "P", "RGB", "RGBA", "CMYK", "I;16", "LA"):
        for compression in ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits"):
            rows.append(
                (f"{mode.replace(';', '')} {compression}.tif", mode, {"compression": compression})
            )
    rows += [
        ("fax.tif", "1", {"compression": "group4"}),
        ("photo.tif", "RGB", {"compression": "jpeg"}),
    ]
    for mode in ("L", "RGB", "RGBA"):
        rows += [(f"{mode} {q}.heic", mode, {"quality": q}) for q in (60, 90)]
    rows += [
        (f"{space}.{ending}", "RGB", {"icc": space})
        for space in ("srgb",)
        for ending in ("jpg", "tif", "png", "webp", "heic")
    ]
    return rows


ROWS = _rows()


def source_of(mode: str) -> Image.Image:
    """Gradients in a mode, smooth, so that no codec has to lose much."""
    across = Image.linear_gradient("L").resize(SIZE)
    plain = Image.merge(
        "RGB", (across, across.rotate(180), Image.radial_gradient("L").resize(SIZE))
    )
    if mode == "P":
        return plain.quantize(64, dither=Image.Dither.NONE)
    if mode == "I;16":
        grey = plain.convert("L")
        return Image.frombytes("I;16", SIZE, b"".join(bytes((v, v)) for v in grey.tobytes()))
    if mode in ("LA", "RGBA"):
        seen = plain.convert(mode)
        seen.putalpha(Image.linear_gradient("L").resize(SIZE))
        return seen
    return plain.convert(mode)


def save(row: Row, path: Path) -> Image.Image:
    """Write the source; gives what a person should see: upright, alpha on white."""
    _, mode, given = row
    words = dict(given)
    image = source_of(mode)
    if turned := words.pop("turned", 0):
        exif = Image.Exif()
        exif[0x0112] = turned
        words["exif"] = exif.tobytes()
    if words.pop("icc", None):
        srgb: Any = ImageCms
        words["icc_profile"] = bytes(srgb.ImageCmsProfile(srgb.createProfile("sRGB")).tobytes())
    image.save(path, **words)
    return upright(flat(image), turned)


def flat(image: Image.Image) -> Image.Image:
    """RGB, alpha on white."""
    if image.mode == "I;16":
        return image.point(lambda v: v / 256).convert("L").convert("RGB")
    if image.mode in ("LA", "RGBA"):
        alpha = image.convert("RGBA")
        white = Image.new("RGB", image.size, "white")
        white.paste(alpha, mask=alpha.getchannel("A"))
        return white
    return image.convert("RGB")


def upright(image: Image.Image, turned: int) -> Image.Image:
    """As the orientation tag says (EXIF 2.3, table 6)."""
    way = Image.Transpose
    steps = {
        2: way.FLIP_LEFT_RIGHT,
        3: way.ROTATE_180,
        4: way.FLIP_TOP_BOTTOM,
        5: way.TRANSPOSE,
        6: way.ROTATE_270,
        7: way.TRANSVERSE,
        8: way.ROTATE_90,
    }
    return image.transpose(steps[turned]) if turned in steps else image


@pytest.mark.media
@pytest.mark.anyio
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
async def test_a_photo_arrives_as_it_is(tmp_path: Path, row: Row) -> None:
    if row[0].endswith("heic"):
        pytest.importorskip("pillow_heif").register_heif_opener()
    path = tmp_path / row[0]
    wanted = save(row, path)
    async with MediaToolbox() as toolbox:
        facts = (await toolbox.probe(path, path.name)).facts
        for recipe in RECIPES:
            judged = toolbox.judge(facts, recipe, "keep")
            assert (judged.kind, judged.partial) == (ItemKind.PHOTO, False), judged.why
            if judged.verdict is Verdict.AS_IS:
                assert row[0].endswith(("jpg", "png", "webp", "gif"))
                continue
            room = tmp_path / recipe.name
            room.mkdir()
            result = await toolbox.convert(path, judged, room, lambda _: None)
            with Image.open(result.local) as shown:
                assert (shown.format, shown.size) == ("JPEG", wanted.size)
                apart = ImageStat.Stat(ImageChops.difference(shown.convert("RGB"), wanted)).mean
            assert max(apart) < APART, (recipe.value, judged.why, apart)


def test_the_matrix_is_as_large_as_it_says() -> None:
    assert len(ROWS) >= 140
