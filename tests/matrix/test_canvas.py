"""Colours of converted films on the canvas of a browser, beside those of a film that was made as it should be."""

from pathlib import Path

import pytest

from tests.kept import encode
from tests.media.browser import played
from transload.media.toolbox import MediaToolbox
from transload.model import Recipe, Verdict

BARS = "color=c=gray:s={w}x{h}:r=10:d=2"
COLOURS = ("white", "0xBEBEBE", "yellow", "cyan", "green", "magenta", "red", "blue")
LINES = (360, 480, 720, 1080)
APART = 4
"""Of 255. The browser's own decoder is up to 9 wrong in blue of BT.709, which the right film shows as well."""
SOURCES: dict[str, str] = {
    "mjpeg.avi": "-c:v mjpeg -q:v 1 -pix_fmt yuvj420p",
    "mjpeg.mov": "-c:v mjpeg -q:v 1 -pix_fmt yuvj422p",
    "png.mov": "-c:v png -pix_fmt rgb24",
    "qtrle.mov": "-c:v qtrle",
    "raw.avi": "-c:v rawvideo -pix_fmt bgr24",
    "rgb.mkv": "-c:v libx264rgb -qp 0",
    "ffv1.mkv": "-c:v ffv1 -pix_fmt bgr0",
}


def bars(lines: int) -> str:
    """Eight bars across a picture of so many lines, as ffmpeg draws them."""
    width = lines * 16 // 9 // 16 * 16
    each = width // len(COLOURS)
    boxes = [f"drawbox=x={n * each}:w={each}:c={name}:t=fill" for n, name in enumerate(COLOURS)]
    return ",".join([BARS.format(w=width, h=lines), "format=gbrp", *boxes])


def right_film(lines: int, into: Path) -> Path:
    """The bars in the matrix that players assume for the height, tagged, at a quality that loses nothing to see."""
    matrix, tag = ("bt709", "bt709") if lines >= 720 else ("bt601", "smpte170m")
    chain = f"{bars(lines)},scale=out_color_matrix={matrix}:out_range=tv,format=yuv420p"
    tags = f"-colorspace {tag} -color_primaries bt709 -color_trc bt709 -color_range tv"
    encode(
        into,
        ("-f", "lavfi", "-i", chain, "-c:v", "libx264", "-crf", "2", *tags.split(), "-bitexact"),
    )
    return into


@pytest.mark.media
@pytest.mark.timeout(300)
@pytest.mark.anyio
@pytest.mark.parametrize("lines", LINES)
async def test_a_browser_shows_the_colours_of_the_source(tmp_path: Path, lines: int) -> None:
    files = [right_film(lines, tmp_path / "right.mp4")]
    async with MediaToolbox() as toolbox:
        for name, words in SOURCES.items():
            source = tmp_path / name
            encode(source, ("-f", "lavfi", "-i", bars(lines), *words.split(), "-bitexact"))
            facts = (await toolbox.probe(source, name)).facts
            judged = toolbox.judge(facts, Recipe.PLAYABLE, "keep")
            assert judged.verdict is Verdict.TRANSCODE
            room = tmp_path / f"{name} out"
            room.mkdir()
            result = await toolbox.convert(source, judged, room, lambda _: None)
            files.append(result.local.rename(tmp_path / f"{name}.mp4"))
    found = played(files, tmp_path / "profile")
    assert {name: one.error for name, one in found.items() if one.error} == {}
    right = found["right.mp4"].colours
    apart = {
        name: max(
            abs(one - other)
            for ours, theirs in zip(seen.colours, right, strict=True)
            for one, other in zip(ours, theirs, strict=True)
        )
        for name, seen in found.items()
    }
    assert max(apart.values()) <= APART, apart
