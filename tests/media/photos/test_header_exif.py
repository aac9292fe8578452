"""What a converted photo tells of itself, read by another program, and its colours where its profile is not sRGB."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from PIL import ExifTags, Image

from tests.media.samples import painting
from transload.media.judge.verdict import Wishes
from transload.media.photos.header import BYTES_MAX, kept_of
from transload.media.photos.photo import JpegTarget, shrink
from transload.media.toolbox import MediaToolbox
from transload.model import Recipe
from transload.plans import JpegPlan

TAKEN = "2024:05:06 07:08:09"
NORTH = (48.0, 12.0, 30.0)
BASE, IFD = ExifTags.Base, ExifTags.IFD


def full_exif(**more: Any) -> Image.Exif:  # noqa: ANN401  whatever a tag takes
    """Metadata as a camera writes it: itself, the date, the place, a note of its own, the small picture's size."""
    exif = Image.Exif()
    exif[BASE.Make], exif[BASE.Model], exif[BASE.Orientation] = "Maker", "Model 7", 6
    exif[BASE.StripOffsets] = 8
    about = {BASE.DateTimeOriginal: TAKEN, BASE.ISOSpeedRatings: 400, BASE.FNumber: 2.8}
    about |= {
        BASE.MakerNote: b"offsets",
        BASE.ExifImageWidth: 9999,
        BASE.OffsetTimeOriginal: "+02:00",
    }
    exif[IFD.Exif] = about | more.get("about", {})
    exif[IFD.GPSInfo] = {1: "N", 2: NORTH, 3: "E", 4: (16.0, 22.0, 0.0)}
    return exif


def kept_in(path: Path) -> tuple[dict[int, Any], dict[int, Any], dict[int, Any]]:
    """The three directories of a JPEG."""
    with Image.open(path) as image:
        exif = image.getexif()
        return dict(exif), exif.get_ifd(IFD.Exif), exif.get_ifd(IFD.GPSInfo)


@pytest.mark.anyio
@pytest.mark.parametrize("name", ["a.tif", "a.webp", "a.png", "a.heic", "a.avif"])
async def test_all_that_fits_is_kept_at_full_quality(tmp_path: Path, name: str) -> None:
    if name.endswith("heic"):
        pillow_heif = pytest.importorskip("pillow_heif")
        pillow_heif.register_heif_opener()
    recipe = Recipe.PLAYABLE if name in ("a.tif", "a.heic", "a.avif") else Recipe.MP4_720
    painting(size=(320, 200)).save(tmp_path / name, exif=full_exif().tobytes())
    async with MediaToolbox() as toolbox:
        facts = (await toolbox.probe(tmp_path / name, name)).facts
        judged = toolbox.judge(facts, recipe, "keep")
        if name == "a.png":  # turned by a tag
            assert isinstance(judged.plan, JpegPlan)
            assert judged.plan.exif == "all"
        made = await toolbox.convert(tmp_path / name, judged, tmp_path, lambda _: None)
    first, about, place = kept_in(made.local)
    assert (first[BASE.Make], first[BASE.Model]) == ("Maker", "Model 7")
    assert first.get(BASE.Orientation, 1) == 1
    assert (about[BASE.DateTimeOriginal], about[BASE.ISOSpeedRatings]) == (TAKEN, 400)
    assert about[BASE.OffsetTimeOriginal] == "+02:00"
    assert BASE.MakerNote not in about
    assert BASE.ExifImageWidth not in about
    assert (place[1], tuple(float(part) for part in place[2])) == ("N", NORTH)


@pytest.mark.anyio
@pytest.mark.parametrize("place", [False, True])
async def test_a_chat_is_told_the_date_and_by_wish_the_place(
    tmp_path: Path, *, place: bool
) -> None:
    painting().save(tmp_path / "a.tif", exif=full_exif().tobytes())
    async with MediaToolbox(wishes=Wishes(place=place)) as toolbox:
        facts = (await toolbox.probe(tmp_path / "a.tif", "a.tif")).facts
        judged = toolbox.judge(facts, Recipe.TELEGRAM, "keep")
        made = await toolbox.convert(tmp_path / "a.tif", judged, tmp_path, lambda _: None)
    first, about, where = kept_in(made.local)
    assert about == {BASE.DateTimeOriginal: TAKEN, BASE.OffsetTimeOriginal: "+02:00"}
    assert first[BASE.DateTime] == TAKEN
    assert BASE.Model not in first
    assert bool(where) is place


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")
def test_another_program_reads_it(tmp_path: Path) -> None:
    painting().save(tmp_path / "a.tif", exif=full_exif().tobytes())
    shrink(tmp_path / "a.tif", "tiff", JpegTarget(None, 87, exif="all"), tmp_path / "a.jpg")
    words = ["exiftool", "-s3", "-n", "-Model", "-DateTimeOriginal", "-GPSLatitude", "-warning"]
    said = subprocess.run([*words, str(tmp_path / "a.jpg")], check=True, capture_output=True)
    assert said.stdout.decode().split("\n") == ["Model 7", TAKEN, "48.2083333333333", ""]


def test_what_does_not_fit_is_left_out_largest_first(tmp_path: Path) -> None:
    exif = full_exif(about={BASE.UserComment: b"ASCII\0\0\0" + b"x" * BYTES_MAX})
    painting().save(tmp_path / "a.tif", exif=exif.tobytes())
    with Image.open(tmp_path / "a.tif") as image:
        data = kept_of(image, "all")
    assert 100 < len(data) <= BYTES_MAX
    read = Image.Exif()
    read.load(data)
    assert read.get_ifd(IFD.Exif)[BASE.DateTimeOriginal] == TAKEN


def test_metadata_that_makes_no_sense_costs_no_photo(tmp_path: Path) -> None:
    broken = b"Exif\0\0II*\0\x08\0\0\0\x02\0\x69\x87\x04\0\x01\0\0\0\xff\xff\xff\x7f" + b"\xff" * 40
    painting().save(tmp_path / "a.jpg", exif=broken)
    shrink(tmp_path / "a.jpg", "jpeg", JpegTarget(None, 87, exif="all"), tmp_path / "b.jpg")
    with Image.open(tmp_path / "b.jpg") as made:
        made.load()
        assert made.size == painting().size


def test_a_long_description_costs_no_date(tmp_path: Path) -> None:
    exif = full_exif()
    exif[BASE.ImageDescription] = "x" * (BYTES_MAX + 1)
    painting().save(tmp_path / "a.tif", exif=exif.tobytes())
    with Image.open(tmp_path / "a.tif") as image:
        data = kept_of(image, "all")
    read = Image.Exif()
    read.load(data)
    assert BASE.ImageDescription not in read
    assert read.get_ifd(IFD.Exif)[BASE.DateTimeOriginal] == TAKEN
