"""A film in several files: every picture is in one of them, and each plays by itself."""

from pathlib import Path

import av
import pytest

from tests.films import packets
from tests.inputs import clip
from tests.media.segment_makers import decoder_child
from transload.errors import TooBigError
from transload.media.decoder_pool import DecoderPool
from transload.media.encode.ffmpeg import EncoderLimits, find_ffmpeg
from transload.media.encode.splitter import Splitter

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(60)]

H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-g", "10", "-bf", "2", "-c:a", "aac")
OPEN = (*H264, "-x264-params", "open-gop=1")
HEVC = ("-c:v", "libx265", "-x265-params", "log-level=error:keyint=10", "-tag:v", "hvc1")


async def sawn(decoder: DecoderPool, film: Path, limit: int) -> list[Path]:
    saw = Splitter(decoder, await find_ffmpeg(None), EncoderLimits())
    return await saw.cut(film, limit, film.with_name("50% of it"))


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def pictures(path: Path) -> list[str]:
    """Hashes of the stored pictures."""
    with av.open(str(path)) as box:
        shown = box.streams.video[0].index
    return [row[-1] for row in packets(path) if row[0] == shown]


@pytest.mark.parametrize("words", [H264, OPEN, HEVC], ids=["closed", "open", "hevc"])
async def test_every_picture_is_in_one_file(tmp_path: Path, words: tuple[str, ...]) -> None:
    film = clip(tmp_path / "film.mp4", seconds=12, words=(*words, "-movflags", "+faststart"))
    limit = film.stat().st_size * 2 // 5
    async with decoder_child() as decoder:
        made = await sawn(decoder, film, limit)
    assert [path.name for path in made] == [f"50% of it-{n:03d}.mp4" for n in range(3)]
    assert all(path.stat().st_size <= limit for path in made)
    assert [one for path in made for one in pictures(path)] == pictures(film)
    for path in made:
        with av.open(str(path)) as box:
            picture, sound = box.streams.video[0], box.streams.audio[0]
            tags = {"h264": "avc1", "hevc": "hvc1"}
            assert picture.codec_context.codec_tag == tags[picture.codec_context.name]
            begins = [float((s.start_time or 0) * (s.time_base or 0)) for s in (picture, sound)]
            assert abs(begins[0] - begins[1]) < 0.1
            assert next(box.decode(video=0)).key_frame


async def test_the_same_film_gives_the_same_files(tmp_path: Path) -> None:
    film = clip(tmp_path / "film.mp4", seconds=6, words=H264)
    contents = []
    async with decoder_child() as decoder:
        for _ in range(2):
            made = await sawn(decoder, film, film.stat().st_size * 2 // 3)
            contents.append([path.read_bytes() for path in made])
    assert contents[0] == contents[1]
    assert len(contents[0]) == 2


async def test_a_film_of_one_keyframe_is_too_large(tmp_path: Path) -> None:
    film = clip(tmp_path / "film.mp4", seconds=6, words=(*H264, "-g", "1000"))
    async with decoder_child() as decoder:
        with pytest.raises(TooBigError):
            await sawn(decoder, film, film.stat().st_size - 1)
    assert names_in(tmp_path) == [film.name]
