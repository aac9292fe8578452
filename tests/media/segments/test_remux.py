"""The packet list, a segment's count and the join, inside this process and against real files."""

import subprocess
from pathlib import Path

import pytest

from tests.films import film, packets
from transload.media.encode.ffmpeg import wheel_binary
from transload.media.failures import DamagedError
from transload.media.requests import Joined, JoinSegments, PlanSegments, SegmentPlan
from transload.media.segments import remux


def beat() -> None:
    """A sign of life that nobody waits for."""


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return film(tmp_path_factory.mktemp("films") / "open.mkv")


def segment(path: Path, begin: int, frames: int, *words: str) -> Path:
    """A segment of plain colour that begins at a second of its own."""
    binary = wheel_binary()
    assert binary is not None
    picture = ["-f", "lavfi", "-i", f"testsrc2=s=96x64:r=25:d={frames / 25}"]
    late = ["-vf", f"setpts=PTS+{begin}/TB", "-fps_mode", "passthrough", "-enc_time_base", "1:1000"]
    how = ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-threads", "1", *words]
    end = ["-avoid_negative_ts", "disabled", "-f", "nut", str(path)]
    subprocess.run([binary, "-v", "error", "-y", *picture, *late, *how, *end], check=True)
    return path


def request(source: Path, into: Path, *segments: Path) -> JoinSegments:
    return JoinSegments(
        path=str(source),
        sniffed="matroska",
        segments=tuple(str(one) for one in segments),
        audio=None,
        clock=(1, 1000),
        origin_us=0,
        into=str(into),
    )


def test_the_plan_of_a_real_file_holds_its_pictures(source: Path) -> None:
    plan = remux.plan(PlanSegments(path=str(source), sniffed="matroska"), beat)
    assert plan.cuts is not None
    assert (plan.cuts.frames, plan.pixels, plan.origin_us) == (600, 96 * 64, 0)


def test_a_cover_stored_in_front_is_not_the_picture(tmp_path: Path, source: Path) -> None:
    binary, path = wheel_binary(), tmp_path / "a.mp4"
    assert binary is not None
    cover = ["-f", "lavfi", "-i", "color=s=640x480:d=0.04:r=25", "-i", str(source)]
    words = ["-map", "0:v", "-map", "1:v", "-c:v:0", "mjpeg", "-c:v:1", "copy"]
    end = ["-disposition:v:0", "attached_pic", str(path)]
    subprocess.run([binary, "-v", "error", "-y", *cover, *words, *end], check=True)
    tags_first(path)
    with remux.opened(path, "mov") as box:
        assert [stream.width for stream in box.streams.video] == [640, 96]
    plan = remux.plan(PlanSegments(path=str(path), sniffed="mov"), beat)
    assert plan.pixels == 96 * 64


def tags_first(path: Path) -> None:
    """Move the tags, where covers are, in front of the tracks; nothing changes its size."""
    data = path.read_bytes()
    begin = data.index(b"moov") + 4
    end = begin - 8 + int.from_bytes(data[begin - 8 : begin - 4])
    boxes, at = [], begin
    while at < end:
        size = int.from_bytes(data[at : at + 4])
        boxes.append(data[at : at + size])
        at += size
    boxes.sort(key=lambda box: box[4:8] == b"trak")
    path.write_bytes(data[:begin] + b"".join(boxes) + data[end:])


def test_what_is_no_video_has_no_plan(tmp_path: Path) -> None:
    (tmp_path / "a.mkv").write_bytes(b"\x1aE\xdf\xa3 nothing")
    asked = PlanSegments(path=str(tmp_path / "a.mkv"), sniffed="matroska")
    assert remux.plan(asked, beat) == SegmentPlan()


def test_a_segment_is_counted_in_the_sources_clock(tmp_path: Path) -> None:
    found = remux.count(segment(tmp_path / "a.nut", 7, 50), (1, 1000), beat)
    assert (found.frames, found.first, found.last) == (50, 7000, 8960)


def test_a_segment_that_is_being_written_counts_what_is_there(tmp_path: Path) -> None:
    whole = segment(tmp_path / "a.nut", 7, 50, "-flush_packets", "1").read_bytes()
    (tmp_path / "half.nut").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "none.nut").write_bytes(b"")
    assert 0 < remux.count(tmp_path / "half.nut", (1, 1000), beat).frames < 50
    assert remux.count(tmp_path / "none.nut", (1, 1000), beat).frames == 0


def test_joined_segments_have_rising_times_and_a_picture_each(tmp_path: Path, source: Path) -> None:
    segments = [segment(tmp_path / "a.nut", 0, 50), segment(tmp_path / "b.nut", 3, 50)]
    asked = request(source, tmp_path / "out.mp4", *segments)
    assert remux.join(asked, beat) == Joined(frames=100)
    video = packets(tmp_path / "out.mp4")
    decoded = [dts for _, _, dts, *_ in video if dts is not None]
    assert decoded == sorted(set(decoded))
    assert len({pts for _, pts, *_ in video}) == 100
    assert all((pts or 0) >= (dts or 0) for _, pts, dts, *_ in video)


def test_segments_of_different_encoders_or_that_overlap_are_refused(
    tmp_path: Path, source: Path
) -> None:
    segments = [segment(tmp_path / "a.nut", 0, 50), segment(tmp_path / "b.nut", 1, 50)]
    with pytest.raises(DamagedError, match="overlap"):
        remux.join(request(source, tmp_path / "out.mp4", *segments), beat)
    other = segment(tmp_path / "c.nut", 3, 50, "-profile:v", "baseline")
    with pytest.raises(DamagedError, match="encoders"):
        remux.join(request(source, tmp_path / "out.mp4", segments[0], other), beat)
