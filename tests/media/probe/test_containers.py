"""What containers say about themselves."""

import struct
from pathlib import Path

import pytest

from tests.media.conftest import Samples
from tests.media.decoded import pictures
from tests.media.samples import by_ffmpeg
from transload.facts import FileFacts
from transload.media.probe.containers import (
    SAFE_DEMUXERS,
    TAG_MAX,
    facts_of_wrapper,
    title_and_performer,
)
from transload.media.toolbox import MediaToolbox
from transload.model import ItemKind, Recipe, Verdict

_DV = "-f lavfi -i testsrc2=s=720x{}:r={}:d=2 -f lavfi -i sine=d=2 -ar 48000 -ac 2 -pix_fmt {}"
_FILM = "-f lavfi -i testsrc2=s=160x90:r=25:d=2 "
_SOUND = "-f lavfi -i sine=d=2 "
BARE = {
    "pal.dv": _DV.format(576, "25", "yuv420p"),
    "ntsc.dv": _DV.format(480, "30000/1001", "yuv411p"),
    "film.hevc": _FILM + "-c:v libx265 -preset ultrafast -x265-params log-level=none",
    "film.m4v": _FILM + "-c:v mpeg4 -f m4v",
    "film.obu": _FILM + "-c:v libaom-av1 -cpu-used 8 -usage realtime",
    "film.mjpeg": _FILM + "-c:v mjpeg",
    "film.nut": _FILM + "-c:v mpeg4",
    "song.tta": _SOUND,
    "song.au": _SOUND,
    "song.dts": _SOUND + "-ac 2 -ar 48000 -c:a dca -strict -2",
}
"""Streams without a container, and containers that few know."""


@pytest.mark.parametrize(
    "name",
    [
        *("matroska.mkv", "mpeg4.avi", "plain.mp4", "windows.wmv", "flash.flv", "song.wav"),
    ],
)
def test_bytes_cut_off_are_missed(samples: Samples, tmp_path: Path, name: str) -> None:
    whole = samples(name)
    words = {".mkv": "matroska", ".mp4": "mov", ".wmv": "asf"}
    word = words.get(whole.suffix, whole.suffix[1:])
    cut = tmp_path / name
    cut.write_bytes(whole.read_bytes()[:-1000])
    assert facts_of_wrapper(whole, word).missing_bytes == 0
    assert facts_of_wrapper(cut, word).missing_bytes == 1000


@pytest.mark.parametrize("name", ["mpeg4.avi", "song.wav", "song.mp3", "windows.wmv", "flash.flv"])
def test_a_cut_file_tells_how_long_it_was(samples: Samples, tmp_path: Path, name: str) -> None:
    words = {".wmv": "asf"}
    word = words.get(Path(name).suffix, Path(name).suffix[1:])
    cut = tmp_path / name
    cut.write_bytes(samples(name).read_bytes()[:-3000])
    assert facts_of_wrapper(cut, word).whole_s == pytest.approx(1.0, abs=0.15)
    cut.write_bytes(cut.read_bytes()[:30])
    assert facts_of_wrapper(cut, word).whole_s is None


def test_an_mp3_without_its_last_tag_is_whole(samples: Samples, tmp_path: Path) -> None:
    whole, cut = samples("song.mp3"), tmp_path / "song.mp3"
    assert facts_of_wrapper(whole, "mp3").missing_bytes == 0
    cut.write_bytes(whole.read_bytes()[:-1000])
    assert facts_of_wrapper(cut, "mp3").missing_bytes == 0
    cut.write_bytes(whole.read_bytes()[:-3000])
    assert facts_of_wrapper(cut, "mp3").missing_bytes == 3000


def test_recordings_that_never_ended_miss_nothing(tmp_path: Path) -> None:
    endless = tmp_path / "a.wav"
    endless.write_bytes(b"RIFF\xff\xff\xff\xffWAVE" + bytes(2000))
    assert facts_of_wrapper(endless, "wav").missing_bytes == 0
    assert facts_of_wrapper(endless, "ogg").missing_bytes == 0


@pytest.mark.parametrize("size", [0.0, -1.0, float("nan"), float("inf"), 1e300])
def test_a_flash_film_recorded_live_misses_nothing(tmp_path: Path, size: float) -> None:
    live = tmp_path / "a.flv"
    live.write_bytes(b"FLV\1\5\0\0\0\x09\0\0\0\0\0\x08filesize\0" + struct.pack(">d", size))
    assert facts_of_wrapper(live, "flv") == FileFacts()


def test_playlists_have_no_demuxer() -> None:
    names = SAFE_DEMUXERS.split(",")
    assert not {"hls", "concat", "sdp", "dash", "image2", "tty", "lavfi"} & set(names)


@pytest.mark.anyio
@pytest.mark.parametrize("name", BARE)
async def test_what_has_no_container_arrives(tmp_path: Path, name: str) -> None:
    source = tmp_path / name
    by_ffmpeg(*BARE[name].split())(source)
    async with MediaToolbox() as toolbox:
        judged = toolbox.judge((await toolbox.probe(source, name)).facts, Recipe.PLAYABLE, "keep")
        made = await toolbox.convert(source, judged, tmp_path, lambda _: None)
        found = (await toolbox.probe(made.local, "m.mp4")).facts
    wanted = ItemKind.AUDIO if name.startswith("song") else ItemKind.VIDEO
    assert (judged.kind, found.kind, made.short) == (wanted, wanted, "")
    assert judged.verdict in (Verdict.TRANSCODE, Verdict.AUDIO)
    assert found.found.duration_s == pytest.approx(2.0, abs=0.2)
    if wanted is ItemKind.VIDEO:
        assert len(pictures(made.local, tmp_path)) == (59 if name == "ntsc.dv" else 50)


@pytest.mark.parametrize("length", [0xFFFFFFFF, 0x7FFFFFFF, 0x7FFFF800, 0x80000000])
def test_a_wav_that_was_written_to_a_pipe_misses_nothing(tmp_path: Path, length: int) -> None:
    sound = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, 8000, 16000, 2, 16)
    head = struct.pack("<4sI4s", b"RIFF", length, b"WAVE") + sound
    path = tmp_path / "a.wav"
    path.write_bytes(head + struct.pack("<4sI", b"data", length) + bytes(16000))
    assert facts_of_wrapper(path, "wav") == FileFacts()


def test_a_title_is_what_screens_show_of_the_first_that_says_so() -> None:
    of_file, of_stream = {"TITLE": "A\x00\u202eb ", "x": "y"}, {"title": "other", "artist": "Who"}
    assert title_and_performer("ogg", of_file, [of_stream]) == ("Ab", "Who")
    assert title_and_performer("mp3", {"album_artist": "All", "artist": "\x00"}, []) == ("", "All")
    assert title_and_performer("ogg", {"title": " "}, [{}, {"Title": "x"}]) == ("x", "")
    assert title_and_performer("ogg", {}, []) == ("", "")


def test_a_title_is_one_short_line_that_keeps_its_joiners() -> None:
    assert title_and_performer("mp3", {"title": "x" * 5000}, [])[0] == "x" * TAG_MAX
    assert title_and_performer("mp3", {"title": "\x1b[2Ja\r\nb\u2028c"}, [])[0] == "[2Ja b c"
    assert (
        title_and_performer("mp3", {"title": "\u0645\u06cc\u200c\u062e"}, [])[0]
        == "\u0645\u06cc\u200c\u062e"
    )


def test_the_name_of_a_track_is_no_title_of_its_file() -> None:
    assert title_and_performer("matroska,webm", {}, [{"title": "Surround"}]) == ("", "")
