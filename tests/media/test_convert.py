"""Conversions of real files, verified by probing the result anew."""

import hashlib
from pathlib import Path

import pytest

from tests.media.conftest import Samples
from tests.media.samples import SAMPLES
from transload.errors import ConvertError, FfmpegMissingError, MemoryLimitError, UnverifiedError
from transload.media.ffmpeg import EncoderLimits
from transload.media.studio import Studio
from transload.model import Judgement, Progress, Recipe, Verdict
from transload.ports import Made

CONVERTED = [
    sample.name
    for sample in SAMPLES
    if sample.verdict not in (Verdict.AS_IS, Verdict.UNSAVABLE, Verdict.SKIP)
]


def names_in(folder: Path) -> list[str]:
    """Everything in a folder."""
    return [path.name for path in folder.iterdir()]


async def converted(
    studio: Studio, path: Path, into: Path, judgement: Judgement | None = None
) -> tuple[Made, list[Progress]]:
    """The result of carrying out a file's judgement, and the progress told."""
    told: list[Progress] = []
    if judgement is None:
        probed = await studio.probe(path, path.name)
        judgement = studio.judge(probed.facts, Recipe.TELEGRAM, "keep")
    return await studio.convert(path, judgement, into, told.append), told


@pytest.mark.anyio
@pytest.mark.parametrize("name", CONVERTED)
async def test_each_result_needs_nothing_more(
    studio: Studio, samples: Samples, tmp_path: Path, name: str
) -> None:
    made, _ = await converted(studio, samples(name), tmp_path)
    again = await studio.probe(made.local, made.local.name)
    assert studio.judge(again.facts, Recipe.TELEGRAM, "keep").verdict is Verdict.AS_IS
    assert names_in(tmp_path) == [made.local.name]
    content = made.local.read_bytes()
    assert (made.size_bytes, made.sha256) == (len(content), hashlib.sha256(content).hexdigest())


@pytest.mark.anyio
async def test_progress_is_told_in_media_time(
    studio: Studio, samples: Samples, tmp_path: Path
) -> None:
    _, told = await converted(studio, samples("windows.wmv"), tmp_path)
    assert told[-1].done > 800_000
    assert {(progress.stage, progress.unit) for progress in told} == {("convert", "us")}
    assert all(progress.done <= (progress.total or 0) for progress in told)


@pytest.mark.anyio
async def test_frames_and_sound_survive_a_rewrap(
    studio: Studio, samples: Samples, tmp_path: Path
) -> None:
    made, _ = await converted(studio, samples("matroska.mkv"), tmp_path)
    facts = (await studio.probe(made.local, "m.mp4")).facts.raw
    assert [stream["codec"] for stream in facts["streams"]] == ["h264", "aac"]
    assert facts["streams"][0]["frames"] == 10
    assert made.thumb is not None


@pytest.mark.anyio
async def test_turned_pictures_are_encoded_upright(
    studio: Studio, samples: Samples, tmp_path: Path
) -> None:
    probed = await studio.probe(samples("turned.mp4"), "turned.mp4")
    again = studio.judge_recovery(probed.facts, Recipe.TELEGRAM)
    made, _ = await converted(studio, samples("turned.mp4"), tmp_path, again)
    facts = (await studio.probe(made.local, "m.mp4")).facts.raw
    assert (facts["width"], facts["height"], facts["rotation"]) == (48, 64, 0)


@pytest.mark.anyio
async def test_a_failed_conversion_leaves_nothing(
    studio: Studio, samples: Samples, tmp_path: Path
) -> None:
    probed = await studio.probe(samples("matroska.mkv"), "matroska.mkv")
    judgement = studio.judge(probed.facts, Recipe.TELEGRAM, "keep")
    with pytest.raises((ConvertError, UnverifiedError)):
        await converted(studio, samples("noise.mp4"), tmp_path, judgement)
    assert names_in(tmp_path) == []


@pytest.mark.anyio
async def test_a_shortened_source_does_not_pass_for_whole(
    studio: Studio, samples: Samples, tmp_path: Path
) -> None:
    """The judgement was made of a file that lost its tail afterwards."""
    probed = await studio.probe(samples("ten_bit.mp4"), "ten_bit.mp4")
    judgement = studio.judge(probed.facts, Recipe.TELEGRAM, "keep")
    into = tmp_path / "into"
    into.mkdir()
    short = tmp_path / "short.mp4"
    short.write_bytes(samples("ten_bit.mp4").read_bytes()[:1200])
    with pytest.raises((ConvertError, UnverifiedError)):
        await converted(studio, short, into, judgement)
    assert names_in(into) == []


@pytest.mark.anyio
async def test_without_ffmpeg_the_next_step_is_said(samples: Samples, tmp_path: Path) -> None:
    async with Studio(ffmpeg=tmp_path / "none") as studio:
        with pytest.raises(FfmpegMissingError) as caught:
            await converted(studio, samples("matroska.mkv"), tmp_path)
    assert caught.value.fault().as_dict()["suggestion"]


@pytest.mark.anyio
async def test_an_encoder_beyond_its_memory_fails_cleanly(samples: Samples, tmp_path: Path) -> None:
    async with Studio(encoder=EncoderLimits(memory_bytes=120 << 20)) as studio:
        with pytest.raises((MemoryLimitError, ConvertError)):
            await converted(studio, samples("vp9.webm"), tmp_path)
    assert names_in(tmp_path) == []
