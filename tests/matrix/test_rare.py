"""What no encoder at hand makes, or what is only seen in large pictures: written by hand, judged like the matrix."""

import subprocess
from pathlib import Path

import pytest

from tests.kept import encode
from tests.matrix import judge
from tests.matrix.caption_pictures import captions
from tests.matrix.field_pictures import RATE, film
from tests.media.browser import played
from tests.media.decoded import program
from transload.media.toolbox import MediaToolbox
from transload.model import Judgement, Recipe, Verdict

FRAMES = 50
ALIKE_OF_FIELDS_DB = 32.0
"""The picture before or behind is at most 22 dB alike."""
ALIKE_DB = 35.0
HALF_A_PICTURE_S = 0.02
LENGTH_S = 0.2
LEVEL_MAX = 52
WRAPPED = ("h264", "mkv", "ts", "mp4", "mov", "avi", "wmv")
_SOUND = "-f lavfi -i sine=d=2 -c:a aac"
_FILM = f"-f lavfi -i testsrc2=s=192x108:r=25:d=2 {_SOUND} -c:v libx264 -preset ultrafast -pix_fmt yuv420p"


def gliding(field: int, column: int, line: int) -> int:
    """Slopes that move by the field, so slowly that two fields make a picture."""
    return 30 + (column * 2 + field * 2 + line) // 4 % 50 * 4


async def converted(source: Path, room: Path, recipe: Recipe) -> tuple[Judgement, Path]:
    """How a file was judged, and what it became."""
    into = room / recipe.name
    into.mkdir()
    async with MediaToolbox() as toolbox:
        facts = (await toolbox.probe(source, source.name)).facts
        judged = toolbox.judge(facts, recipe, "keep")
        made = await toolbox.convert(source, judged, into, lambda _: None)
    assert not made.short
    return judged, made.local


@pytest.mark.media
@pytest.mark.anyio
@pytest.mark.parametrize("ending", WRAPPED)
async def test_pictures_of_single_fields_are_whole_and_in_order(
    tmp_path: Path, ending: str
) -> None:
    raw, source = tmp_path / "raw.h264", tmp_path / f"film.{ending}"
    raw.write_bytes(film(FRAMES, gliding))
    if ending == "h264":
        source.write_bytes(raw.read_bytes())
    else:
        encode(source, ("-fflags", "+genpts", "-r", str(2 * RATE), "-i", raw, "-c", "copy"))
    judged, made = await converted(source, tmp_path, Recipe.TELEGRAM)
    assert (judged.verdict, judged.partial) == (Verdict.TRANSCODE, False)
    assert "interlaced" in judged.why
    result, wanted = judge.seen(made, tmp_path), judge.seen(raw, tmp_path)
    assert len(result.shown) == len(wanted.shown) == FRAMES
    assert judge.least_likeness(wanted, result, ordered=True) >= ALIKE_OF_FIELDS_DB
    assert abs(result.duration_s - FRAMES / RATE) <= LENGTH_S


def of_two_sizes(room: Path, codec: str, ending: str) -> Path:
    """A second of 320 x 180 and three of 192 x 144 behind it, as a tuner writes them where the programme changes."""
    joined = room / f"film.{ending}"
    parts: list[Path] = []
    for size, seconds in (("320x180", 1), ("192x144", 3)):
        picture = f"testsrc2=s={size}:r=25:d={seconds}"
        part = room / f"{size}.{'h264' if ending == 'h264' else 'ts'}"
        parts.append(encode(part, ("-f", "lavfi", "-i", picture, *codec.split(), "-bitexact")))
    if ending == "h264":
        joined.write_bytes(b"".join(part.read_bytes() for part in parts))
        return joined
    names = room / "parts.txt"
    names.write_text("".join(f"file {part}\n" for part in parts))
    words = ["-f", "concat", "-safe", "0", "-i", str(names), "-c", "copy", str(joined)]
    subprocess.run([program(), "-v", "error", *words], check=True)
    return joined


@pytest.mark.media
@pytest.mark.anyio
@pytest.mark.parametrize(
    ("codec", "ending", "verdict"),
    [
        ("-c:v libx264 -pix_fmt yuv420p", "h264", Verdict.TRANSCODE),
        ("-c:v libx264 -pix_fmt yuv420p", "ts", Verdict.REWRAP),
        ("-c:v libx264 -pix_fmt yuv420p", "mkv", Verdict.REWRAP),
        ("-c:v mpeg2video -q:v 2", "ts", Verdict.TRANSCODE),
        ("-c:v mpeg2video -q:v 2", "mkv", Verdict.TRANSCODE),
    ],
)
async def test_films_whose_size_changes(
    tmp_path: Path, codec: str, ending: str, verdict: Verdict
) -> None:
    source = of_two_sizes(tmp_path, codec, ending)
    judged, made = await converted(source, tmp_path, Recipe.TELEGRAM)
    assert (judged.verdict, judged.partial) == (verdict, False)
    wanted, result = judge.seen(source, tmp_path), judge.seen(made, tmp_path)
    assert len(result.shown) == len(wanted.shown) >= 99
    assert judge.least_likeness(wanted, result, ordered=True) >= ALIKE_DB
    assert judge.latest(wanted, result) <= HALF_A_PICTURE_S
    (seen,) = played([made], tmp_path / "profile").values()
    assert not seen.error
    assert seen.at == pytest.approx(2.0, abs=0.1)
    assert seen.contrast > 30


@pytest.mark.media
@pytest.mark.anyio
@pytest.mark.parametrize("ending", ["mkv", "m2ts"])
@pytest.mark.parametrize("recipe", [Recipe.PLAYABLE, Recipe.TELEGRAM])
async def test_subtitles_that_are_pictures_are_told(
    tmp_path: Path, ending: str, recipe: Recipe
) -> None:
    text, source = tmp_path / "captions.sup", tmp_path / f"film.{ending}"
    text.write_bytes(captions())
    tracks = ("-map", "1", "-map", "2", "-map", "0", "-c:s", "copy")
    encode(source, ("-i", text, *_FILM.split(), *tracks, "-bitexact"))
    kinds = [one.get("codec_name") for one in judge.asked(source)["streams"]]
    assert "hdmv_pgs_subtitle" in kinds
    judged, made = await converted(source, tmp_path, recipe)
    assert "subtitles (hdmv_pgs_subtitle)" in judged.why
    assert not judged.partial
    assert abs(judge.lasts(made) - 2.0) <= LENGTH_S


@pytest.mark.media
@pytest.mark.timeout(300)
@pytest.mark.anyio
@pytest.mark.parametrize(("size", "rate"), [("5312x3984", 4), ("3840x2160", 120)])
async def test_large_films_become_what_phones_decode(tmp_path: Path, size: str, rate: int) -> None:
    source = tmp_path / "film.avi"
    encode(
        source, ("-f", "lavfi", "-i", f"testsrc2=s={size}:r={rate}", "-frames:v", "4", "-q:v", "3")
    )
    _, made = await converted(source, tmp_path, Recipe.TELEGRAM)
    (picture,) = judge.asked(made)["streams"]
    assert picture["level"] <= LEVEL_MAX
    across, down = (int(pixels) for pixels in size.split("x"))
    assert picture["width"] / picture["height"] == pytest.approx(across / down, abs=0.01)
    assert picture["width"] >= 2700


def large_film(target: Path, flash_s: float, seconds: int) -> None:
    """A film of raw pictures, black but for one with a burst beside it: a few megabytes on the disk."""
    lit = f"drawbox=c=white:t=fill:enable='between(t,{flash_s - 0.001},{flash_s + 0.02})'"
    picture = f"color=black:s=1280x720:r=25:d={seconds},{lit},format=bgr24"
    tone = f"0.7*sin(1760*t*6.28)*between(t,{flash_s},{flash_s + 0.3})"
    inputs = ["-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", f"aevalsrc='{tone}':s=48000"]
    words = ["-t", str(seconds), "-c:v", "rawvideo", "-c:a", "pcm_s16le", str(target)]
    subprocess.run([program(), "-v", "error", *inputs, *words], check=True)
    subprocess.run(["fallocate", "--dig-holes", str(target)], check=True)  # black is zeros here


@pytest.mark.media
@pytest.mark.timeout(300)
@pytest.mark.anyio
async def test_an_avi_of_more_than_two_gigabytes_is_whole(tmp_path: Path) -> None:
    source, flash_s, seconds = tmp_path / "film.avi", 30.0, 32
    large_film(source, flash_s, seconds)
    assert source.stat().st_size > 1 << 31
    judged, made = await converted(source, tmp_path, Recipe.TELEGRAM)
    result = judge.seen(made, tmp_path)
    assert (len(result.shown), judged.partial) == (25 * seconds, False)
    assert result.flash_s == pytest.approx(flash_s, abs=0.02)
    assert result.burst_s == pytest.approx(flash_s, abs=0.045)
