"""JPEG XL by the ffmpeg program: its pixels, its refusals, and what is said where there is no ffmpeg."""

from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageStat

from tests.media.samples import by_ffmpeg, painting
from transload.media.photos.jpeg_xl import by_program
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
    raw, thumb = probe_photo(source, "jxl", LIMIT)
    assert (raw["decoded"], thumb) == ("damaged", None)
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
    raw, _ = probe_photo(source, "jxl", LIMIT)
    assert raw["decoded"] == "unknown"
