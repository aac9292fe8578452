"""What a photo's header tells."""

from pathlib import Path

from PIL import Image

from tests.media.conftest import Probe
from transload.facts import FileFacts
from transload.media.judge.verdict import judge
from transload.media.photos.header import with_header
from transload.model import Recipe

SIZE = (128, 96)


def test_other_pictures_of_the_file_are_told_and_kept(tmp_path: Path, probe: Probe) -> None:
    first, *more = (Image.new("RGB", SIZE, name) for name in ("red", "green", "blue"))
    first.save(tmp_path / "pages.tif", save_all=True, append_images=more)
    first.save(tmp_path / "one.tif")
    for name, pages in (("pages.tif", 3), ("one.tif", 1)):
        facts = probe(tmp_path / name, name).facts
        assert facts.found.pages == pages
        for recipe in (Recipe.PLAYABLE, Recipe.TELEGRAM):
            judged = judge(facts, recipe, "keep")
            assert (judged.plan.original == "beside") is (pages > 1)
            assert ("the first of 3 pictures" in judged.why) is (pages > 1)


def test_small_copies_are_no_pages(tmp_path: Path) -> None:
    small = Image.new("RGB", (16, 12), "red")
    small.encoderinfo = {"tiffinfo": {254: 1}}
    Image.new("RGB", SIZE, "red").save(tmp_path / "a.tif", save_all=True, append_images=[small])
    with Image.open(tmp_path / "a.tif") as image:
        assert (getattr(image, "n_frames", 1), with_header(FileFacts(), image).pages) == (2, 1)
        assert image.tell() == 0
