"""What an encoder is about to make, by values."""

from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from transload.media.encode.conversion import Conversion, ProgressReporter
from transload.media.encode.ffmpeg import Counters, EncoderLimits
from transload.media.encode.memory_fit import MemoryStep
from transload.model import ItemKind, Judgement, Progress, Verdict
from transload.plans import ConversionTerms, TranscodePlan

USUAL = MemoryStep(2)
FILM = TranscodePlan(sniffed="mov")


def work(size: tuple[int, int], plan: TranscodePlan, way: MemoryStep = USUAL) -> Conversion:
    """A transcode of pictures of this size."""
    judged = Judgement(
        ItemKind.VIDEO, Verdict.TRANSCODE, "", plan=plan, width=size[0], height=size[1]
    )
    return Conversion(Path("a"), judged, Path("b"), lambda _: None, ConversionTerms(), way)


@pytest.mark.parametrize(
    ("size", "plan", "lines"),
    [
        ((1920, 1080), FILM, 1080),
        ((1080, 1920), replace(FILM, short=720), 720),
        ((640, 360), replace(FILM, short=720), 360),
        ((5312, 4648), replace(FILM, side=3840), 3360),
        ((5312, 2988), replace(FILM, side=3840, short=1080), 1080),
    ],
)
def test_the_shape_is_that_of_the_result(
    size: tuple[int, int], plan: TranscodePlan, lines: int
) -> None:
    shape = work(size, plan).shape
    assert shape.lines == lines
    assert shape.pixels == pytest.approx(size[0] * size[1] * (lines / min(size)) ** 2, rel=0.001)


def test_fewer_lines_take_less_memory() -> None:
    usual = EncoderLimits(most_bytes=1 << 40)
    wished = work((7680, 4320), replace(FILM, side=3840)).limits(usual, "veryfast")
    spared = work((7680, 4320), replace(FILM, side=3840), MemoryStep(1, 720)).limits(
        usual, "veryfast"
    )
    assert usual.memory_bytes < spared.memory_bytes < wished.memory_bytes
    assert (wished.threads, spared.threads) == (2, 1)


@pytest.mark.anyio
async def test_it_never_goes_back_nor_beyond_the_whole() -> None:
    told: list[Progress] = []
    reporter = ProgressReporter(2.0, told.append, anyio.current_time() - 1.0)
    for out_us in (500_000, 400_000, 1_500_000, 2_600_000):
        reporter.update(Counters(out_us=out_us))
    assert [one.done for one in told] == [500_000, 500_000, 1_500_000, 2_000_000]
    assert {one.total for one in told} == {2_000_000}
    assert told[0].eta_s == pytest.approx(3.0, rel=0.2)
    assert told[-1].eta_s == 0


@pytest.mark.anyio
async def test_what_an_earlier_run_made_is_no_rate_of_this_one() -> None:
    told: list[Progress] = []
    reporter = ProgressReporter(10.0, told.append, anyio.current_time() - 1.0)
    reporter.reached(6_000_000)
    reporter.reached(7_000_000)
    assert told[0].rate is None
    assert told[1].rate == pytest.approx(1_000_000, rel=0.2)


@pytest.mark.anyio
async def test_without_a_length_only_what_is_done_is_told() -> None:
    told: list[Progress] = []
    ProgressReporter(None, told.append, anyio.current_time() - 1.0).update(Counters(out_us=700_000))
    assert (told[0].done, told[0].total, told[0].eta_s) == (700_000, None, None)
