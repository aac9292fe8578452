"""Each sound of the matrix as it arrives: when it gets loud, how long it lasts, how loud it is."""

import math
import subprocess
from array import array
from pathlib import Path

import pytest

from tests.kept import encode
from tests.matrix import judge
from tests.media.decoded import program
from transload.media.toolbox import MediaToolbox
from transload.model import ItemKind, Recipe, Verdict

SECONDS, BURST_S = 3, 1.5
MOVED_S, LENGTH_S, LOUDER_DB = 0.06, 0.2, 1.0
"""Codecs begin with up to 2,048 samples of silence that few containers tell."""
RECIPES = (Recipe.PLAYABLE, Recipe.TELEGRAM, Recipe.MP3_192)
_FORMATS: dict[str, tuple[str, ...]] = {
    "mp3": (
        "-b:a 128k",
        "-q:a 4",
        "-ar 22050",
        "-ar 11025",
        "-ar 32000",
        "-id3v2_version 4 -metadata title=a",
    ),
    "m4a": ("-c:a aac", "-c:a alac", "-c:a aac -movflags +faststart", "-c:a alac -sample_fmt s32p"),
    "aac": ("", "-ar 22050"),
    "ogg": ("-c:a libvorbis", "-c:a libopus", "-c:a flac"),
    "opus": ("", "-b:a 24k"),
    "flac": ("", "-sample_fmt s32 -ar 96000", "-ar 8000"),
    "wav": (
        "",
        "-c:a pcm_u8",
        "-c:a pcm_s24le",
        "-c:a pcm_s32le",
        "-c:a pcm_f32le",
        "-c:a adpcm_ms",
        "-c:a pcm_mulaw",
    ),
    "aiff": ("", "-c:a pcm_s24be"),
    "caf": ("", "-c:a alac", "-c:a pcm_f32le"),
    "ac3": ("", "-b:a 448k"),
    "eac3": ("",),
    "dts": ("-c:a dca -strict -2 -ar 48000",),
    "wma": ("-c:a wmav2", "-c:a wmav1"),
    "wv": ("",),
    "tta": ("",),
    "au": ("", "-c:a pcm_mulaw"),
    "mka": ("-c:a libopus", "-c:a ac3", "-c:a pcm_s16le"),
    "mp2": ("",),
}
ROWS = [
    (ending, f"{words} -ac {channels}".strip())
    for ending, all_words in _FORMATS.items()
    for n, words in enumerate(all_words)
    for channels in ((1, 2) if n == 0 else (2,))
]


def made(ending: str, words: str, room: Path) -> Path:
    """The source of a row: a quiet tone, loud from the middle on."""
    tone = f"'0.05*sin(440*t*6.28)+0.5*sin(880*t*6.28)*gte(t,{BURST_S})'"
    path = room / f"source.{ending}"
    encode(
        path,
        ("-f", "lavfi", "-i", f"aevalsrc={tone}:s=44100:d={SECONDS}", *words.split(), "-bitexact"),
    )
    return path


def loudness(path: Path) -> float:
    """Decibels of the whole as another ffmpeg decodes it."""
    words = ["-v", "error", "-i", str(path), "-map", "0:a:0", "-ac", "1", "-f", "s16le", "-"]
    done = subprocess.run([program(), *words], check=True, capture_output=True)
    samples = array("h", done.stdout)
    return 10 * math.log10(sum(one * one for one in samples) / len(samples))


@pytest.mark.media
@pytest.mark.anyio
@pytest.mark.parametrize(("ending", "words"), ROWS)
async def test_a_sound_arrives_as_it_is(tmp_path: Path, ending: str, words: str) -> None:
    path = made(ending, words, tmp_path)
    source = judge.burst(path)
    assert source is not None
    async with MediaToolbox() as toolbox:
        facts = (await toolbox.probe(path, path.name)).facts
        for recipe in RECIPES:
            judged = toolbox.judge(facts, recipe, "keep")
            assert (judged.kind, judged.partial) == (ItemKind.AUDIO, False)
            if judged.verdict is Verdict.AS_IS:
                continue
            room = tmp_path / recipe.name
            room.mkdir()
            result = await toolbox.convert(path, judged, room, lambda _: None)
            assert result.short == ""
            heard = judge.burst(result.local)
            assert heard is not None
            assert min(abs(heard - source), abs(heard - BURST_S)) < MOVED_S
            assert judge.lasts(result.local) == pytest.approx(SECONDS, abs=LENGTH_S)
            assert loudness(result.local) == pytest.approx(loudness(path), abs=LOUDER_DB)


def test_the_matrix_is_as_large_as_it_says() -> None:
    assert len(ROWS) >= 40
