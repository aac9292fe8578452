"""One run of ffmpeg, and what is believed of it."""

import sys
from pathlib import Path

import pytest

from tests.media.conftest import Samples
from tests.media.encode.test_converter import converted, names_in
from transload.errors import ConvertError, FfmpegMissingError, MemoryLimitError, UnverifiedError
from transload.faults import NextStep
from transload.media.encode.ffmpeg import EncoderLimits, wheel_binary
from transload.media.toolbox import MediaToolbox


@pytest.mark.anyio
async def test_without_ffmpeg_the_next_step_is_said(samples: Samples, tmp_path: Path) -> None:
    async with MediaToolbox(ffmpeg=tmp_path / "none") as toolbox:
        with pytest.raises(FfmpegMissingError) as caught:
            await converted(toolbox, samples("matroska.mkv"), tmp_path)
    assert caught.value.kind.step is NextStep.GET_TOOL


@pytest.mark.anyio
async def test_an_encoder_beyond_its_memory_fails_cleanly(samples: Samples, tmp_path: Path) -> None:
    async with MediaToolbox(encoder=EncoderLimits(memory_bytes=120 << 20, most_bytes=0)) as toolbox:
        with pytest.raises((MemoryLimitError, ConvertError)):
            await converted(toolbox, samples("vp9.webm"), tmp_path)
    assert names_in(tmp_path) == []


@pytest.mark.anyio
@pytest.mark.parametrize("name", ["windows.wmv", "matroska.mkv", "song.flac"])
async def test_an_encoder_that_ends_early_and_well_is_not_believed(
    samples: Samples, tmp_path: Path, name: str
) -> None:
    """It says 0 and leaves a file that plays: only the source tells that half of it is missing."""
    program, into = tmp_path / "ffmpeg", tmp_path / "into"
    program.write_text(
        f'#!{sys.executable}\nimport os, sys\nwords = sys.argv[1:]\nif "-i" in words:\n'
        f'    words[-1:-1] = ["-t", "0.4"]\nos.execv({str(wheel_binary())!r}, ["ffmpeg", *words])\n',
        "utf-8",
    )
    program.chmod(0o755)
    into.mkdir()
    async with MediaToolbox(ffmpeg=program) as early:
        with pytest.raises(UnverifiedError):
            await converted(early, samples(name), into)
    assert names_in(into) == []
