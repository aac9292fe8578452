"""The first segment that is measured decides, once; what it decides is what every later run makes."""

import subprocess
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import anyio
import pytest

from tests.films import film, packets
from tests.media.segment_makers import Shelf, decoder_child
from transload.errors import UnverifiedError
from transload.media.decoder_pool import DecoderPool
from transload.media.encode.converter import Converter
from transload.media.encode.ffmpeg import EncoderLimits, wheel_binary
from transload.media.encode.quality import (
    EncoderSettings,
    QualityStep,
    SpeedProbe,
    TooSlowError,
    quality_steps,
)
from transload.media.encode.stream_encoder import StreamEncoder
from transload.media.toolbox import MediaToolbox
from transload.model import Recipe
from transload.plans import ConversionTerms, Converted, QualityChoice, segment_file
from transload.ports import Probed

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(60)]

LADDER = quality_steps("medium", 1080)


class Hand:
    """A clock that is moved by hand."""

    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


async def test_a_film_in_time_stays_as_it_is_for_good(tmp_path: Path) -> None:
    shelf, clock = Shelf(tmp_path), Hand()
    pace = SpeedProbe(LADDER, 100.0, shelf, "film", clock)
    pace.begin()
    clock.now_s = 1.0
    await pace.made(10, 1000)
    clock.now_s = 1e6
    await pace.made(10, 1000)
    assert shelf.choices == {"film": QualityChoice("medium", 1080, "")}
    assert (pace.step, pace.note) == (LADDER[0], "")


async def test_a_slow_film_begins_anew_and_the_next_run_knows(tmp_path: Path) -> None:
    shelf, clock = Shelf(tmp_path), Hand()
    pace = SpeedProbe(LADDER, 100.0, shelf, "film", clock)
    assert await pace.known() is None
    clock.now_s = 5.0  # spent before: it counts
    pace.begin()
    clock.now_s = 6.2
    with pytest.raises(TooSlowError):
        await pace.made(10, 1000)
    assert pace.step == QualityStep("fast", 1080)
    later = SpeedProbe(LADDER, 100.0, shelf, "film", clock)
    assert await later.known() == pace.step
    assert later.note == pace.note == "1080p, fast: medium would have taken 125 s of 100"
    assert await SpeedProbe(LADDER, 100.0, shelf, "another", clock).known() is None


class Taken(Shelf):
    """Another task takes the segments as soon as the first choice is made."""

    async def choose(self, settings: str, choice: QualityChoice) -> None:
        await super().choose(settings, choice)
        self.busy = True


SLOW = EncoderSettings("medium", 30.0)
QUICK = EncoderSettings("veryfast", 0.0)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return film(tmp_path_factory.mktemp("films") / "asp.avi")


async def judged_wrong(decoder: DecoderPool, source: Path, into: Path, shelf: Shelf) -> None:
    """A conversion whose every result is probed as if it were the source."""
    async with MediaToolbox() as toolbox:

        async def probe(path: Path, name: str) -> Probed:
            return await toolbox.probe(source, name)

        judgement = toolbox.judge((await probe(source, source.name)).facts, Recipe.TELEGRAM, "keep")
        streams = StreamEncoder(decoder, None, QUICK, EncoderLimits(threads=2))
        converter = Converter(streams, probe)
        await converter.convert(source, judgement, into, lambda _: None, ConversionTerms(shelf))


async def test_segments_of_a_film_that_is_judged_wrong_are_forgotten(
    tmp_path: Path, source: Path
) -> None:
    shelf = Shelf(tmp_path / "segments")
    async with decoder_child() as decoder:
        with pytest.raises(UnverifiedError, match="still judged transcode"):
            await judged_wrong(decoder, source, tmp_path, shelf)
    assert (shelf.dropped, shelf.segments) == (1, {})


async def made(
    decoder: DecoderPool,
    files: tuple[Path, Path],
    effort: EncoderSettings,
    terms: ConversionTerms,
    clock: Iterator[float],
) -> Converted:
    source, into = files
    await anyio.Path(into).mkdir()
    async with MediaToolbox() as toolbox:
        probed = await toolbox.probe(source, source.name)
        judgement = toolbox.judge(probed.facts, Recipe.TELEGRAM, "keep")
        streams = StreamEncoder(decoder, None, effort, EncoderLimits(threads=2))
        converter = Converter(streams, toolbox.probe, clock.__next__)
        return await converter.convert(source, judgement, into, lambda _: None, terms)


async def test_what_was_chosen_once_is_what_every_later_run_makes(
    tmp_path: Path, source: Path
) -> None:
    shelf, plain = Shelf(tmp_path / "segments"), Shelf(tmp_path / "plain")
    async with decoder_child() as decoder:
        first = await made(
            decoder, (source, tmp_path / "a"), SLOW, ConversionTerms(shelf), count(0.0, 10.0)
        )
        note = "64p, veryfast: medium would have taken 35 s of 30"
        assert first.note == f"{note}; took 40 s of 30, nothing cheaper was left"
        assert list(shelf.choices.values()) == [QualityChoice("veryfast", 64, note)]
        assert shelf.dropped == 1
        shelf.segments = {n: segment for n, segment in shelf.segments.items() if n == 0}
        shelf.added.clear()
        later = await made(decoder, (source, tmp_path / "b"), SLOW, ConversionTerms(shelf), count())
        assert shelf.added == [1, 2, -1]
        quick = await made(
            decoder, (source, tmp_path / "c"), QUICK, ConversionTerms(plain), count()
        )
    assert (later.note, quick.note) == (note, "")
    assert packets(first.local) == packets(later.local) == packets(quick.local)


async def test_a_film_that_does_not_fit_segments_is_made_as_it_was_chosen(
    tmp_path: Path, source: Path
) -> None:
    shelf = Taken(tmp_path / "segments")
    async with decoder_child() as decoder:
        done = await made(
            decoder, (source, tmp_path / "a"), SLOW, ConversionTerms(shelf), count(0.0, 10.0)
        )
        plain = await made(decoder, (source, tmp_path / "b"), QUICK, ConversionTerms(), count())
    assert done.note.startswith("64p, veryfast: medium would have taken 35 s of 30")
    assert shelf.added == [0]
    assert packets(done.local) == packets(plain.local)


async def test_one_piece_that_took_too_long_says_so(tmp_path: Path) -> None:
    short, notes = film(tmp_path / "asp.avi", seconds=2), []
    async with decoder_child() as decoder:
        for preset in ("veryfast", "medium"):
            effort, files = EncoderSettings(preset, 2.0), (short, tmp_path / preset)
            notes.append(
                (await made(decoder, files, effort, ConversionTerms(), count(0.0, 8.8))).note
            )
    assert notes == ["took 9 s of 2, nothing cheaper was left", "took 9 s of 2"]


async def test_in_time_nothing_changes(tmp_path: Path, source: Path) -> None:
    shelf = Shelf(tmp_path / "segments")
    async with decoder_child() as decoder:
        done = await made(
            decoder, (source, tmp_path / "a"), SLOW, ConversionTerms(shelf), count(0.0, 1.0)
        )
    assert done.note == ""
    assert list(shelf.choices.values()) == [QualityChoice("medium", 64)]
    assert shelf.dropped == 0


async def test_segments_of_a_film_that_came_out_too_short_are_made_anew(tmp_path: Path) -> None:
    source, shelf = film(tmp_path / "asp.mkv", kind="asp.avi"), Shelf(tmp_path / "segments")
    async with decoder_child() as decoder:
        whole = await made(
            decoder, (source, tmp_path / "a"), QUICK, ConversionTerms(shelf), count()
        )
        hasten(next(shelf.root.glob(f"*/{segment_file(2)}")))
        with pytest.raises(UnverifiedError, match="video lasts"):
            await made(decoder, (source, tmp_path / "b"), QUICK, ConversionTerms(shelf), count())
        assert shelf.dropped == 1
        again = await made(
            decoder, (source, tmp_path / "c"), QUICK, ConversionTerms(shelf), count()
        )
    assert packets(again.local) == packets(whole.local)


def hasten(segment: Path) -> None:
    """The same pictures, each half as long."""
    fast = segment.with_suffix(".fast")
    ts = "setts=pts=STARTPTS+(PTS-STARTPTS)/2:dts=STARTDTS+(DTS-STARTDTS)/2"
    words = ["-v", "error", "-copyts", "-i", str(segment), "-c", "copy", "-bsf:v", ts]
    end = ["-avoid_negative_ts", "disabled", "-f", "nut", str(fast)]
    subprocess.run([str(wheel_binary()), *words, *end], check=True)
    fast.replace(segment)


async def test_a_limit_bounds_the_rate_from_the_start(tmp_path: Path) -> None:
    loud = film(tmp_path / "asp.avi", size="640x480")
    sizes, notes = [], []
    async with decoder_child() as decoder:
        for name, limit in (("free", None), ("bound", 1_500_000)):
            terms = ConversionTerms(Shelf(tmp_path / f"segments-{name}"), limit)
            done = await made(decoder, (loud, tmp_path / name), QUICK, terms, count())
            sizes.append(done.size_bytes)
            notes.append(done.note)
    assert sizes[1] < 1_500_000 < sizes[0]
    assert notes == ["", ""]
