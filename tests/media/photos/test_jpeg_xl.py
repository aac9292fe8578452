"""JPEG XL by the ffmpeg program: its pixels, its refusals, and what is said where there is no ffmpeg."""

from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageStat

from tests.media.probe.test_mp4_boxes import box
from tests.media.samples import by_ffmpeg, painting
from transload.media.photos.jpeg_xl import by_program, is_animated
from transload.media.photos.photo import probe_photo
from transload.media.toolbox import MediaToolbox
from transload.model import Recipe, Verdict

LIMIT = 1 << 30


def jxl(into: Path, size: tuple[int, int] = (320, 200), *words: str) -> Path:
    """A lossless JPEG XL of the painting."""
    picture = into.with_suffix(".png")
    painting(size=size).save(picture)
    by_ffmpeg("-i", str(picture), "-c:v", "libjxl", "-distance", "0", *words, "-update", "1")(into)
    return into


@pytest.mark.anyio
@pytest.mark.parametrize("words", [(), ("-pix_fmt", "rgba64le")])
@pytest.mark.parametrize("name", ["a.jxl", "nameless"])
async def test_a_jpeg_xl_becomes_a_jpeg(tmp_path: Path, name: str, words: tuple[str, ...]) -> None:
    source = jxl(tmp_path / "a.jxl", (320, 200), *words).rename(tmp_path / name)
    async with MediaToolbox() as toolbox:
        probed = await toolbox.probe(source, name)
        judged = toolbox.judge(probed.facts, Recipe.PLAYABLE, "keep")
        made = await toolbox.convert(source, judged, tmp_path, lambda _: None)
    assert (judged.verdict, judged.width, judged.height) == (Verdict.SHRINK, 320, 200)
    assert probed.thumb is not None
    with Image.open(made.local) as shown:
        apart = ImageChops.difference(shown.convert("RGB"), painting(size=(320, 200)))
        assert max(ImageStat.Stat(apart).mean) < 6  # as Pillow alone makes of it
    exact = by_program(source, "jxl").convert("RGB")
    apart = ImageChops.difference(exact, painting(size=(320, 200)))
    assert max(ImageStat.Stat(apart).mean) < 1  # of sixteen bits Pillow keeps the upper eight


@pytest.mark.parametrize("share", [0.9, 0.5, 0.1])
def test_one_that_is_cut_is_told_as_damaged(tmp_path: Path, share: float) -> None:
    source = jxl(tmp_path / "a.jxl")
    whole = source.read_bytes()
    source.write_bytes(whole[: int(len(whole) * share)])
    found, thumb = probe_photo(source, "jxl", LIMIT)
    assert (found.decoded, thumb) == ("damaged", None)
    with pytest.raises(ValueError, match="no picture"):
        by_program(source, "jxl")


def test_without_ffmpeg_it_is_not_called_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = jxl(tmp_path / "a.jxl")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.path", [])
    monkeypatch.delitem(__import__("sys").modules, "imageio_ffmpeg", raising=False)
    monkeypatch.setattr("sys.path_importer_cache", {})
    found, _ = probe_photo(source, "jxl", LIMIT)
    assert found.decoded == "unknown"


def claimed(across: int, down: int, *, animated: bool = False) -> bytes:
    """The header of a codestream with sides of 30 bits (ISO 18181-1), and nothing behind it."""
    fields = [(0, 1), (3, 2), (down - 1, 30), (0, 3), (3, 2), (across - 1, 30)]
    fields += [(0, 1), (1, 1), (0, 3), (0, 1), (0, 1), (animated, 1)] if animated else [(1, 1)]
    value, at = 0, 0
    for number, width in fields:
        value, at = value | number << at, at + width
    return b"\xff\x0a" + value.to_bytes(-(-at // 8), "little") + bytes(40)


@pytest.mark.parametrize("wrapped", [False, True])
def test_what_may_be_too_large_is_not_called_damaged(tmp_path: Path, wrapped: bool) -> None:
    source = tmp_path / "a.jxl"
    boxes = box(b"JXL ", b"\r\n\x87\n") + box(b"ftyp", b"jxl \0\0\0\0jxl ")
    content = claimed(12_000, 9_000)
    source.write_bytes(boxes + box(b"jxlc", content) if wrapped else content)
    found, _ = probe_photo(source, "jxl", LIMIT)
    assert (found.decoded, "12000 x 9000" in str(found.error)) == ("unproven", True)
    assert not found.width


@pytest.mark.parametrize("animated", [False, True])
def test_an_animation_is_told_by_its_header(tmp_path: Path, animated: bool) -> None:
    source = tmp_path / "a.jxl"
    source.write_bytes(claimed(320, 200, animated=animated))
    assert is_animated(source) is animated
    assert not is_animated(jxl(tmp_path / "b.jxl"))


@pytest.mark.anyio
async def test_the_frames_of_an_animation_stay_beside(tmp_path: Path) -> None:
    source = tmp_path / "a.jxl"
    still = jxl(source)
    async with MediaToolbox() as toolbox:
        found = (await toolbox.probe(still, still.name)).facts
        assert "beside" not in toolbox.judge(found, Recipe.TELEGRAM, "keep").why
        paged = replace(found.found, pages=2, format="JXL", sniffed="jxl", reader="program")
        several = replace(found, found=paged)
        judged = toolbox.judge(several, Recipe.TELEGRAM, "keep")
    assert "first of several pictures" in judged.why
    assert judged.plan.original == "beside"
