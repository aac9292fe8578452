"""Times of reordered pictures: what the first ones tell, and that what is made shows them when they were."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.kept import encode
from tests.media.decoded import pictures, psnr
from transload.errors import UnverifiedError
from transload.facts import StreamFacts
from transload.media.probe.frame_order import FRAMES_FOR_ORDER, FRAMES_WANTED, FrameOrder
from transload.media.toolbox import MediaToolbox
from transload.model import Recipe, Verdict

REORDERED = StreamFacts(type="video", codec="h264", has_b_frames=True)


@pytest.mark.parametrize(
    ("container", "stream", "doubted"),
    [
        ("avi", REORDERED, True),
        ("asf", REORDERED, True),
        ("h264", REORDERED, True),
        ("mpeg", replace(REORDERED, codec="hevc"), True),
        ("avi", replace(REORDERED, has_b_frames=False), False),
        ("avi", replace(REORDERED, codec="mpeg4"), False),
        ("mov,mp4,m4a,3gp,3g2,mj2", REORDERED, False),
        ("matroska,webm", REORDERED, False),
        ("mpegts", REORDERED, False),
    ],
)
def test_only_containers_without_times_of_presentation_are_doubted(
    container: str, stream: StreamFacts, doubted: bool
) -> None:
    order = FrameOrder.of(container, stream)
    assert order.doubted is doubted
    assert order.frames_wanted == (FRAMES_FOR_ORDER if doubted else FRAMES_WANTED)


@pytest.mark.parametrize(
    ("times", "b_at", "found"),
    [
        ([0, 3, 2, 4, 1], 1, "lost"),
        ([None, None, None], 2, "lost"),
        ([0, 1, None, 3], 1, "lost"),
        ([0, 1, 2, 3], 1, "unsure"),
        ([None, None, None], -1, "unsure"),
    ],
)
def test_pictures_that_jump_have_lost_their_times(
    times: list[int | None], b_at: int, found: str
) -> None:
    order = FrameOrder.of("avi", REORDERED)
    for at, pts in enumerate(times):
        order.note(pts, is_b=at == b_at)
    assert order.found == found
    kept = FrameOrder.of("mpegts", REORDERED)
    kept.note(1, is_b=True)
    kept.note(0, is_b=True)
    assert kept.found == "kept"


RATE = 30
FILM = ("-f", "lavfi", "-i", f"testsrc2=s=128x96:r={RATE}:d=3", "-f", "lavfi", "-i", "sine=d=3")
B_FRAMES = ("-c:v", "libx264", "-qp", "8", "-x264-params", "bframes=3:b-adapt=0", "-c:a")
LATE = ("-force_key_frames", "expr:lt(n,40)")
"""Keyframes alone for longer than anybody looks, then B-frames."""


def shown_as_made(made: Path, room: Path) -> None:
    """Whether a result shows the pictures of `FILM`, each at its time."""
    truth = encode(room / "truth.mkv", (*FILM, "-map", "0", "-c:v", "ffv1"))
    wanted, got = pictures(truth, room), pictures(made, room)
    assert len(got) == len(wanted) == 3 * RATE
    begin = got[0].at_s
    assert begin < 0.045
    assert [round((one.at_s - begin) * RATE, 1) for one in got] == list(range(len(got)))
    assert min(psnr(a.points, b.points) for a, b in zip(wanted, got, strict=True)) > 35


@pytest.mark.anyio
@pytest.mark.parametrize("more", [(), LATE], ids=["early", "late"])
@pytest.mark.parametrize(
    ("name", "sound"),
    [
        ("film.avi", "mp3"),
        ("film.wmv", "aac"),
        ("film.mxf", "pcm_s16le"),
        ("film.mpg", "mp2"),
        ("film.h264", ""),
        ("film.mkv", "aac"),
        ("film.ts", "aac"),
        ("film.flv", "aac"),
    ],
)
async def test_reordered_pictures_are_shown_when_they_were(
    toolbox: MediaToolbox, tmp_path: Path, name: str, sound: str, more: tuple[str, ...]
) -> None:
    rate = ("-ar", "48000" if name.endswith("mxf") else "44100")
    heard = (*B_FRAMES, sound, *rate) if sound else (*B_FRAMES[:-1], "-an")
    source = encode(tmp_path / name, (*FILM, *heard, *more))
    probed = await toolbox.probe(source, name)
    judged = toolbox.judge(probed.facts, Recipe.TELEGRAM, "keep")
    trusted = name in ("film.mkv", "film.ts", "film.flv")
    assert probed.facts.found.order == ("kept" if trusted else "unsure" if more else "lost")
    assert (judged.verdict is Verdict.TRANSCODE) == (not trusted and not more)
    if more and not trusted:
        with pytest.raises(UnverifiedError, match=r"out of order|frames were copied"):
            await toolbox.convert(source, judged, tmp_path, lambda _: None)
        (judged,) = toolbox.judge_recovery(probed.facts, Recipe.TELEGRAM)
    made = await toolbox.convert(source, judged, tmp_path, lambda _: None)
    shown_as_made(made.local, tmp_path)
