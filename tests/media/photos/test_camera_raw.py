"""Raw photos of cameras: the largest JPEG in them is the photo, never the small picture that comes first."""

import io
import struct
from pathlib import Path

import pytest
from PIL import ExifTags, Image

from tests.media.tiff_makers import SIZE, jpeg, make_canon, make_raw, shown
from transload.facts import FileFacts
from transload.media.photos.camera_raw import raw_of
from transload.media.toolbox import MediaToolbox
from transload.model import Facts, ItemKind, Recipe, Verdict


@pytest.mark.anyio
@pytest.mark.parametrize("recipe", [Recipe.PLAYABLE, Recipe.TELEGRAM])
@pytest.mark.parametrize(("kind", "turned"), [("dng", 1), ("dng", 6), ("nef", 8), ("arw", 1)])
async def test_its_largest_preview_arrives(
    tmp_path: Path, kind: str, turned: int, recipe: Recipe
) -> None:
    path = tmp_path / f"a.{kind}"
    path.write_bytes(make_raw(kind, turned))
    async with MediaToolbox() as toolbox:
        probe = await toolbox.probe(path, path.name)
        judged = toolbox.judge(probe.facts, recipe, "keep")
        assert (judged.kind, judged.verdict) == (ItemKind.PHOTO, Verdict.SHRINK)
        assert "whose preview of" in judged.why
        assert judged.plan.original == "beside"
        result = await toolbox.convert(path, judged, tmp_path, lambda _: None)
    with Image.open(result.local) as made:
        assert made.size == (SIZE if turned == 1 else SIZE[::-1])
        corner = made.convert("RGB").getpixel((5, 5))
        is_red_first = turned != 8  # turned left, what was right is above
        assert (corner[0] > 200) == is_red_first  # type: ignore[index]
        assert made.getexif().get(ExifTags.Base.DateTime, "").startswith("2021") == (
            recipe is Recipe.PLAYABLE
        )


@pytest.mark.anyio
async def test_one_without_a_preview_is_kept_and_told(tmp_path: Path) -> None:
    path = tmp_path / "a.dng"
    path.write_bytes(make_raw("bare"))
    async with MediaToolbox() as toolbox:
        judged = toolbox.judge(
            (await toolbox.probe(path, path.name)).facts, Recipe.TELEGRAM, "keep"
        )
    assert judged.verdict is Verdict.UNSAVABLE
    assert judged.fault is not None
    assert judged.fault.kind == "input.unsupported"
    assert "raw photo of a camera without a preview" in judged.why


def test_a_plain_tiff_is_none(tmp_path: Path) -> None:
    for words in ({}, {"compression": "jpeg"}, {"compression": "tiff_lzw"}, {"big_tiff": True}):
        path = tmp_path / "a.tif"
        shown().save(path, **words)
        with path.open("rb") as file:
            assert raw_of(file) is None
            assert file.tell() == 0


def test_what_the_sensor_saw_is_no_preview() -> None:
    found = raw_of(io.BytesIO(make_raw("bare")))
    assert found is not None
    assert found.jpeg is None
    with pytest.raises(ValueError, match="without a preview"):
        found.preview()


def test_the_largest_of_several_is_taken() -> None:
    for kind, size in (("dng", SIZE), ("tiny", (30, 20))):
        found = raw_of(io.BytesIO(make_raw(kind)))
        assert found is not None
        assert found.preview().size == size


def test_damage_at_every_place_ends_in_an_answer() -> None:
    """A byte turned in each of the directories: never more than an answer, and never a loop."""
    whole = make_raw("dng")
    answers = 0
    for at in range(len(whole) - 700, len(whole)):
        found = raw_of(io.BytesIO(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :]))
        answers += found is not None and found.jpeg == jpeg(shown())
    for cut in range(0, len(whole), 97):
        raw_of(io.BytesIO(whole[:cut]))
    assert answers > 300


@pytest.mark.anyio
async def test_a_canon_is_told_by_its_header(tmp_path: Path) -> None:
    path = tmp_path / "a.cr2"
    path.write_bytes(make_canon())
    async with MediaToolbox() as toolbox:
        facts = (await toolbox.probe(path, path.name)).facts
        judged = toolbox.judge(facts, Recipe.TELEGRAM, "keep")
    assert (judged.verdict, judged.width, judged.height) == (Verdict.SHRINK, *SIZE)


def test_a_directory_that_claims_gigabytes_takes_none() -> None:
    content = make_raw("dng")
    length = struct.pack("<I", len(jpeg(shown())))
    assert content.count(length) == 1
    found = raw_of(io.BytesIO(content.replace(length, b"\xf0\xff\xff\xff")))
    assert found is not None
    assert found.preview().size == SIZE


@pytest.mark.anyio
async def test_a_header_that_takes_all_memory_is_told(toolbox: MediaToolbox) -> None:
    found = FileFacts(sniffed="tiff", size=9, error="no memory", decoded="unproven")
    facts = Facts(ItemKind.PHOTO, found)
    judged = toolbox.judge(facts, Recipe.TELEGRAM, "keep")
    assert judged.fault is not None
    assert judged.fault.kind == "tool.memory"
