"""What an encoder is about to make, by values."""

from pathlib import Path

import pytest

from transload.conversions import ConversionTerms
from transload.media.encode.conversion import Conversion
from transload.media.encode.ffmpeg import EncoderLimits
from transload.media.encode.memory_fit import MemoryStep
from transload.model import ItemKind, Judgement, Verdict

USUAL = MemoryStep(2)


def work(size: tuple[int, int], plan: dict[str, int], way: MemoryStep = USUAL) -> Conversion:
    """A transcode of pictures of this size."""
    judged = Judgement(
        ItemKind.VIDEO, Verdict.TRANSCODE, "", plan={**plan}, width=size[0], height=size[1]
    )
    return Conversion(Path("a"), judged, Path("b"), lambda _: None, ConversionTerms(), way)


@pytest.mark.parametrize(
    ("size", "plan", "lines"),
    [
        ((1920, 1080), {}, 1080),
        ((1080, 1920), {"short": 720}, 720),
        ((640, 360), {"short": 720}, 360),
        ((5312, 4648), {"side": 3840}, 3360),
        ((5312, 2988), {"side": 3840, "short": 1080}, 1080),
    ],
)
def test_the_shape_is_that_of_the_result(
    size: tuple[int, int], plan: dict[str, int], lines: int
) -> None:
    shape = work(size, plan).shape
    assert shape.lines == lines
    assert shape.pixels == pytest.approx(size[0] * size[1] * (lines / min(size)) ** 2, rel=0.001)


def test_fewer_lines_take_less_memory() -> None:
    usual = EncoderLimits(most_bytes=1 << 40)
    wished = work((7680, 4320), {"side": 3840}).limits(usual, "veryfast")
    spared = work((7680, 4320), {"side": 3840}, MemoryStep(1, 720)).limits(usual, "veryfast")
    assert usual.memory_bytes < spared.memory_bytes < wished.memory_bytes
    assert (wished.threads, spared.threads) == (2, 1)
