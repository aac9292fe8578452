"""A video in segments: the result does not depend on which run made which one; odd videos are made in one piece."""

import logging
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest

from tests.films import film, odd_film, packets
from tests.kept import encode
from tests.media.segment_makers import Shelf, decoder_child, made, planned
from transload.errors import DiskFullError, MemoryLimitError, UnverifiedError
from transload.media.encode.ffmpeg import EncoderLimits, find_ffmpeg, wheel_binary
from transload.media.encode.ffmpeg_args import arguments
from transload.media.segments.cut_plan import Cut, Cuts, fewer
from transload.media.segments.encoder import (
    MARGINS_S,
    SegmentEncoder,
    SegmentRequest,
    UnfitError,
    encoders_at_once,
    seek_us,
)
from transload.plans import Yielded, segment_file

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(60)]

CROWDED = EncoderLimits(memory_bytes=600 << 20)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return film(tmp_path_factory.mktemp("films") / "open.mkv")


def quickly(names: Iterable[str], few: set[str]) -> list[object]:
    """Names as parameters: all but these few are for `make prove`."""
    return [name if name in few else pytest.param(name, marks=pytest.mark.media) for name in names]


@pytest.mark.parametrize("name", quickly(["open.mkv", "interlaced.ts", "avc.avi"], {"avc.avi"}))
async def test_a_resumed_film_is_the_uninterrupted_one(tmp_path: Path, name: str) -> None:
    source = film(tmp_path / name)
    async with decoder_child() as decoder:
        planned_film = await planned(
            decoder, source, interlaced=name == "interlaced.ts", by_order=name == "avc.avi"
        )
        whole, again = Shelf(tmp_path / "segments"), Shelf(tmp_path / "segments")
        told = await made(decoder, planned_film, whole, tmp_path / "whole.mp4")
        again.segments = {n: segment for n, segment in whole.segments.items() if n not in (-1, 1)}
        await made(decoder, planned_film, again, tmp_path / "again.mp4")
    assert again.added == [1, -1]
    assert len(whole.segments) == len(planned_film.cuts.segments) + 1 > 2
    assert packets(tmp_path / "again.mp4") == packets(tmp_path / "whole.mp4")
    assert told == sorted(told)
    assert whole.files() == sorted(segment.file for segment in whole.segments.values())


async def test_longer_segments_of_a_film_of_one_keyframe_are_resumed(tmp_path: Path) -> None:
    source = film(tmp_path / "one_key.mkv", seconds=45, rate="10")
    async with decoder_child() as decoder:
        planned_film = await planned(decoder, source)
        cuts = fewer(planned_film.cuts, 3)
        assert [segment.frames for segment in cuts.segments] == [100, 200, 150]
        few = replace(planned_film, cuts=cuts)
        whole, again = Shelf(tmp_path / "segments"), Shelf(tmp_path / "segments")
        await made(decoder, few, whole, tmp_path / "whole.mp4")
        again.segments = {n: segment for n, segment in whole.segments.items() if n != 1}
        await made(decoder, few, again, tmp_path / "again.mp4")
    assert again.added == [1]
    assert packets(tmp_path / "again.mp4") == packets(tmp_path / "whole.mp4")
    assert few.settings("a") != planned_film.settings("a")


ODD = {
    "hdr.mkv": {"hdr": True},
    "turned.mov": {},
    "late_sound.ts": {},
    "late_video.ts": {},
    "cut.mkv": {"partial": True},
    "avc.avi": {"by_order": True},
}


@pytest.mark.parametrize("name", quickly(sorted(ODD), {"cut.mkv", "late_sound.ts"}))
async def test_an_odd_film_is_made_in_segments_as_in_one_piece(tmp_path: Path, name: str) -> None:
    source = odd_film(tmp_path / name)
    async with decoder_child() as decoder:
        planned_film = await planned(decoder, source, **ODD[name])
        whole, again = Shelf(tmp_path / "segments"), Shelf(tmp_path / "segments")
        await made(decoder, planned_film, whole, tmp_path / "whole.mp4")
        again.segments = {n: segment for n, segment in whole.segments.items() if n != 1}
        await made(decoder, planned_film, again, tmp_path / "again.mp4")
    assert again.added == [1]
    assert packets(tmp_path / "again.mp4") == packets(tmp_path / "whole.mp4")
    in_one_piece(planned_film, tmp_path / "plain.mp4")
    (size, times, begin), (plain_size, plain_times, plain_begin) = (
        shown(tmp_path / name) for name in ("whole.mp4", "plain.mp4")
    )
    assert (size, len(times)) == (plain_size, len(plain_times))
    assert times == pytest.approx(plain_times, abs=1)
    assert begin == pytest.approx(plain_begin, abs=0.005)


@pytest.mark.parametrize("lost", [0, 2])
async def test_a_clock_whose_ticks_are_pictures_is_cut_as_planned(
    tmp_path: Path, lost: int
) -> None:
    source = film(tmp_path / "asp.avi", rate="30000/1001")
    async with decoder_child() as decoder:
        planned_film = await planned(decoder, source)
        whole, again = Shelf(tmp_path / "segments"), Shelf(tmp_path / "segments")
        await made(decoder, planned_film, whole, tmp_path / "whole.mp4")
        again.segments = {n: segment for n, segment in whole.segments.items() if n != lost}
        await made(decoder, planned_film, again, tmp_path / "again.mp4")
    assert planned_film.cuts.clock == (1001, 30_000)
    assert again.added == [lost]
    assert packets(tmp_path / "again.mp4") == packets(tmp_path / "whole.mp4")


def in_one_piece(planned_film: SegmentRequest, into: Path) -> None:
    """What one run of ffmpeg makes of it."""
    words = arguments(planned_film.plan, planned_film.local, into, planned_film.style)
    subprocess.run([str(wheel_binary()), *words], check=True, capture_output=True)


def shown(path: Path) -> tuple[tuple[int, int], list[int], float]:
    """Size of the pictures, when each is shown in thousandths, and when the sound begins."""
    with av.open(str(path)) as box:
        video, sound = box.streams.video[0], box.streams.audio[0]
        size = (video.codec_context.width, video.codec_context.height)
        begins = [
            (packet.stream, packet.pts * Fraction(packet.time_base))
            for packet in box.demux()
            if packet.pts is not None
        ]
    times = sorted(round(begin * 1000) for stream, begin in begins if stream == video)
    begin = min(begin for stream, begin in begins if stream == sound)
    return size, times, round(float(begin), 3)


async def test_a_mismatch_behind_a_seek_ends_in_one_piece(
    tmp_path: Path, source: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="transload.media.segments.encoder")
    async with decoder_child() as decoder:
        planned_film = await planned(decoder, source)
        shelf = Shelf(tmp_path / "segments")
        await made(decoder, planned_film, shelf, tmp_path / "whole.mp4")
        shelf.segments = {0: replace(shelf.segments[0], guard="of another picture")}
        with pytest.raises(UnfitError):
            await made(decoder, planned_film, shelf, tmp_path / "again.mp4")
    assert shelf.dropped == 1
    assert not [name for name in shelf.files() if name.endswith(".part")]
    runs = [vars(record)["margin"] for record in caplog.records if record.msg == "segments_drifted"]
    sought = [seek_us(planned_film, 1, margin) for margin in runs]
    assert sought.count(None) == 1
    assert sought[-1] is None


@pytest.mark.parametrize("odd", [{"frames": 1}, {"first": 1}, {"first_tick": 1}, {"n": 7}])
async def test_only_segments_of_the_same_plan_are_taken_over(
    tmp_path: Path, source: Path, odd: dict[str, Any]
) -> None:
    async with decoder_child() as decoder:
        planned_film = await planned(decoder, source)
        shelf = Shelf(tmp_path / "segments")
        await made(decoder, planned_film, shelf, tmp_path / "whole.mp4")
        other = replace(shelf.segments.pop(1), **odd)
        shelf.segments[other.n] = other
        shelf.added.clear()
        await made(decoder, planned_film, shelf, tmp_path / "again.mp4")
    assert shelf.added == [1]
    assert packets(tmp_path / "again.mp4") == packets(tmp_path / "whole.mp4")


async def test_a_film_gives_way_between_two_runs_and_goes_on(tmp_path: Path, source: Path) -> None:
    answers = [False, True]

    shares = list[float]()

    async def second(left: float) -> bool:
        shares.append(left)
        return answers.pop(0)

    async with decoder_child() as decoder:
        planned_film = await planned(decoder, source)
        whole, shelf = Shelf(tmp_path / "whole"), Shelf(tmp_path / "segments")
        await made(decoder, planned_film, whole, tmp_path / "whole.mp4")
        tool, one_by_one = await find_ffmpeg(None), EncoderLimits(beside_bytes=1)
        maker = SegmentEncoder(decoder, tool, one_by_one, planned_film, shelf)
        with pytest.raises(Yielded):
            await maker.make(tmp_path / "not.mp4", lambda _: None, unchecked, second)
        assert (shelf.added, shelf.dropped) == ([0, 1], 0)
        assert shelf.files() == [segment_file(0), segment_file(1)]
        await made(decoder, planned_film, shelf, tmp_path / "again.mp4", one_by_one)
    assert shares == sorted(shares, reverse=True)
    assert 0 < min(shares) < max(shares) < 1
    assert shelf.added == [*range(len(planned_film.cuts.segments)), -1]
    assert packets(tmp_path / "again.mp4") == packets(tmp_path / "whole.mp4")


async def test_nobody_is_asked_behind_the_last_run(tmp_path: Path, source: Path) -> None:
    async with decoder_child() as decoder:
        planned_film = await planned(decoder, source)
        shelf = Shelf(tmp_path / "segments")
        maker = SegmentEncoder(
            decoder, await find_ffmpeg(None), EncoderLimits(), planned_film, shelf
        )
        await maker.make(tmp_path / "o.mp4", lambda _: None, unchecked, waited_for)
    assert shelf.files() == sorted(segment.file for segment in shelf.segments.values())


async def unchecked(_frames: int) -> None:
    """Whatever was joined is right."""


async def waited_for(_left: float) -> bool:
    """Somebody waits, always."""
    return True


async def test_segments_whose_film_does_not_stand_the_check_are_forgotten(
    tmp_path: Path, source: Path
) -> None:
    async def check(frames: int) -> None:
        raise UnverifiedError(f"{frames} pictures")

    async with decoder_child() as decoder:
        planned_film = await planned(decoder, source)
        shelf = Shelf(tmp_path / "segments")
        maker = SegmentEncoder(
            decoder, await find_ffmpeg(None), EncoderLimits(), planned_film, shelf
        )
        with pytest.raises(UnverifiedError, match="600 pictures"):
            await maker.make(tmp_path / "o.mp4", lambda _: None, check)
    assert (shelf.dropped, shelf.segments) == (1, {})


async def test_a_joined_film_that_lacks_pictures_forgets_its_segments(
    tmp_path: Path, source: Path
) -> None:
    async with decoder_child() as decoder:
        planned_film = await planned(decoder, source)
        shelf = Shelf(tmp_path / "segments")
        await made(decoder, planned_film, shelf, tmp_path / "whole.mp4")
        folder = await shelf.begin(planned_film.settings((await find_ffmpeg(None)).build))
        assert folder is not None
        last = max(shelf.segments)
        cut_short(folder / shelf.segments[last].file)
        with pytest.raises(UnverifiedError, match="of 600 frames were joined"):
            await made(decoder, planned_film, shelf, tmp_path / "again.mp4")
    assert (shelf.dropped, shelf.segments) == (1, {})


def cut_short(path: Path) -> None:
    """Take the last third of a segment away."""
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size * 2 // 3)


async def test_a_full_disk_is_told_as_such_in_the_midst_of_a_run(
    tmp_path: Path, source: Path
) -> None:
    shelf = Shelf(tmp_path / "segments")
    async with decoder_child() as decoder:
        planned_film = await planned(decoder, source)
        folder = await shelf.begin(planned_film.settings((await find_ffmpeg(None)).build))
        assert folder is not None
        (folder / f"{segment_file(0)}.copy.part").symlink_to("/dev/full")
        with pytest.raises(DiskFullError):
            await made(decoder, planned_film, shelf, tmp_path / "o.mp4")
    assert (shelf.added, shelf.dropped, shelf.files()) == ([], 0, [])


async def test_segments_that_do_not_join_end_in_one_piece(tmp_path: Path, source: Path) -> None:
    async with decoder_child() as decoder:
        planned_film = await planned(decoder, source)
        shelf = Shelf(tmp_path / "segments")
        await made(decoder, planned_film, shelf, tmp_path / "whole.mp4")
        folder = await shelf.begin(planned_film.settings((await find_ffmpeg(None)).build))
        assert folder is not None
        shutil.copy(folder / shelf.segments[0].file, folder / shelf.segments[1].file)
        with pytest.raises(UnfitError, match="do not join"):
            await made(decoder, planned_film, shelf, tmp_path / "again.mp4")
    assert shelf.dropped == 1


async def test_a_segment_that_lacks_pictures_is_not_kept(tmp_path: Path, source: Path) -> None:
    async with decoder_child() as decoder:
        planned_film = await planned(decoder, source)
        first, *rest = planned_film.cuts.segments
        wrong = replace(
            planned_film.cuts, segments=(replace(first, frames=first.frames + 1), *rest)
        )
        shelf = Shelf(tmp_path / "segments")
        with pytest.raises(UnfitError):
            await made(decoder, replace(planned_film, cuts=wrong), shelf, tmp_path / "o.mp4")
    assert shelf.added == []


async def test_segments_in_other_hands_are_left_alone(tmp_path: Path, source: Path) -> None:
    async with decoder_child() as decoder:
        with pytest.raises(UnfitError):
            await made(
                decoder,
                await planned(decoder, source),
                Shelf(tmp_path / "segments", busy=True),
                tmp_path / "o.mp4",
            )
    assert Shelf(tmp_path).files() == []


async def test_room_is_looked_for_before_work(tmp_path: Path, source: Path) -> None:
    shelf = Shelf(tmp_path / "segments", free=1000)
    async with decoder_child() as decoder:
        planned_film = await planned(decoder, source)
        with pytest.raises(DiskFullError, match="1000 are free"):
            await made(decoder, planned_film, shelf, tmp_path / "o.mp4")
    assert shelf.files() == []


def test_how_many_encoders_stand_side_by_side_follows_the_limits() -> None:
    usual, small = EncoderLimits(), EncoderLimits(beside_bytes=96 << 20)
    tight = EncoderLimits(memory_bytes=600 << 20)
    assert [encoders_at_once("slow", 640 * 360, limits) for limits in (usual, small, tight)] == [
        5,
        1,
        1,
    ]
    assert [
        encoders_at_once("veryfast", 640 * 360, limits) for limits in (usual, small, tight)
    ] == [12, 3, 2]


async def test_a_crowded_run_is_made_by_fewer_encoders(tmp_path: Path, source: Path) -> None:
    async with decoder_child() as decoder:
        known = await planned(decoder, source)
        many = replace(known, style=replace(known.style, threads=12))  # each needs a stack
        assert encoders_at_once("veryfast", known.pixels, CROWDED) >= len(known.cuts.segments)
        shelf, roomy = Shelf(tmp_path / "segments"), Shelf(tmp_path / "others")
        await made(decoder, many, shelf, tmp_path / "crowded.mp4", CROWDED)
        await made(decoder, many, roomy, tmp_path / "roomy.mp4")
    assert shelf.added == [*range(len(known.cuts.segments)), -1]
    assert packets(tmp_path / "crowded.mp4") == packets(tmp_path / "roomy.mp4")


async def test_one_encoder_that_lacks_memory_says_so(tmp_path: Path, source: Path) -> None:
    async with decoder_child() as decoder:
        known = await planned(decoder, source)
        with pytest.raises(MemoryLimitError):
            await made(
                decoder,
                replace(known, style=replace(known.style, threads=12)),
                Shelf(tmp_path / "segments"),
                tmp_path / "o.mp4",
                EncoderLimits(memory_bytes=250 << 20),
            )


async def test_other_settings_have_other_segments(source: Path) -> None:
    async with decoder_child() as decoder:
        planned_film = await planned(decoder, source)
    other = replace(planned_film, style=replace(planned_film.style, preset="medium"))
    turned = replace(planned_film, plan=replace(planned_film.plan, interlaced=True))
    later = replace(planned_film, origin_us=planned_film.origin_us + 1)
    finer = replace(planned_film, cuts=replace(planned_film.cuts, clock=(1, 90_000)))
    films = (planned_film, other, turned, later, finer)
    assert len({one.settings(build) for one in films for build in "ab"}) == 10


async def test_where_decoding_begins(source: Path) -> None:
    async with decoder_child() as decoder:
        planned_film = await planned(decoder, source)
    segment = Cut(250, 250, 10_000, 19_960, 9_980_000, 10_020_000, 8_020_000)
    first = Cut(0, 250, 0, 9_960, -500_000, None, None)
    exact = replace(planned_film, cuts=Cuts((1, 1000), (first, segment), timed=True, coarse=False))
    coarse = replace(exact, cuts=replace(exact.cuts, coarse=True))
    woven = replace(exact, plan=replace(exact.plan, interlaced=True))
    assert seek_us(exact, 0, 0) is None
    assert seek_us(exact, 1, 0) == 10_020_000
    assert seek_us(woven, 1, 0) == 8_020_000
    assert seek_us(coarse, 1, 0) == 7_980_000
    assert seek_us(exact, 1, 2) == 1_980_000
    assert seek_us(exact, 1, len(MARGINS_S)) is None
    assert seek_us(replace(exact, cuts=replace(exact.cuts, timed=False)), 1, 0) is None


async def test_tracks_keep_their_names_and_marks(tmp_path: Path) -> None:
    source, text = film(tmp_path / "open.mkv", seconds=25), tmp_path / "a.srt"
    text.write_text("1\n00:00:01,000 --> 00:00:02,000\nhello\n")
    named = encode(
        tmp_path / "named.mkv",
        [
            *("-i", source, "-i", text, "-i", text, "-map", "0", "-map", "1", "-map", "2"),
            *("-c", "copy", "-metadata:s:a:0", "language=fre", "-metadata:s:s:0", "language=fre"),
            *("-metadata:s:s:1", "language=ger", "-metadata:s:s:1", "title=Kommentar"),
            *("-disposition:s:0", "0", "-disposition:s:1", "default+forced", "-bitexact"),
        ],
    )
    async with decoder_child() as decoder:
        planned_film = await planned(decoder, named, subtitles=(0, 1))
        shelf = Shelf(tmp_path / "segments")
        await made(decoder, planned_film, shelf, tmp_path / "whole.mp4")
    in_one_piece(planned_film, tmp_path / "plain.mp4")
    told = [tracks_of(tmp_path / name) for name in ("whole.mp4", "plain.mp4")]
    assert told[0] == told[1]
    assert [row[1] for row in told[0]] == ["fre", "fre", "ger"]


def tracks_of(path: Path) -> list[tuple[str, str | None, str | None, int]]:
    """Kind, language, title and marks of all tracks but the picture."""
    with av.open(str(path)) as box:
        return [
            (
                one.type,
                one.metadata.get("language"),
                one.metadata.get("handler_name"),
                one.disposition,
            )
            for one in box.streams
            if one.type != "video"
        ]
