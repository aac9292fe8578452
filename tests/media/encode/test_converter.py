"""Conversions of real files, verified by probing the result anew."""

import hashlib
import io
from itertools import pairwise
from pathlib import Path

import av
import pytest
from PIL import Image

from tests.films import film
from tests.inputs import clip
from tests.media.conftest import CONVERTED, Probe, Results, Samples
from tests.media.rare_samples import begun
from tests.media.samples import H264, SOUND, Sample, by_ffmpeg, jpeg_bytes
from tests.media.segment_makers import Shelf
from tests.media.song_makers import TAGS, song_with_cover
from transload.errors import ConvertError, UnverifiedError
from transload.media.encode.ffmpeg import EncoderLimits
from transload.media.judge.verdict import judge
from transload.media.toolbox import MediaToolbox
from transload.model import ItemKind, Judgement, Progress, Recipe, Verdict
from transload.plans import ConversionTerms, Converted, Looks


def names_in(folder: Path) -> list[str]:
    """Everything in a folder."""
    return [path.name for path in folder.iterdir()]


async def converted(
    toolbox: MediaToolbox, path: Path, into: Path, judgement: Judgement | None = None
) -> tuple[Converted, list[Progress]]:
    """The result of carrying out a file's judgement, and the progress told."""
    told: list[Progress] = []
    if judgement is None:
        probed = await toolbox.probe(path, path.name)
        judgement = toolbox.judge(probed.facts, Recipe.TELEGRAM, "keep")
    return await toolbox.convert(path, judgement, into, told.append), told


@pytest.mark.parametrize("sample", CONVERTED, ids=lambda sample: sample.name)
def test_each_result_needs_nothing_more(results: Results, probe: Probe, sample: Sample) -> None:
    made = results(sample.name)
    probed = probe(made.local, made.local.name)
    again, thumb = judge(probed.facts, Recipe.TELEGRAM, "keep"), probed.thumb
    assert again.verdict is Verdict.AS_IS
    assert names_in(made.local.parent) == [made.local.name]
    content = made.local.read_bytes()
    if again.kind is not ItemKind.AUDIO:
        assert thumb is not None
        assert made.looks is not None
        assert thumb == made.looks.thumb
        with Image.open(io.BytesIO(thumb)) as small:
            assert small.format == "JPEG"
            assert max(small.size) <= 320
        assert len(thumb) < 200_000
        assert min(again.width or 0, again.height or 0) > 0
    assert (made.size_bytes, made.sha256) == (len(content), hashlib.sha256(content).hexdigest())


@pytest.mark.anyio
async def test_progress_is_told_in_media_time(
    toolbox: MediaToolbox, samples: Samples, tmp_path: Path
) -> None:
    _, told = await converted(toolbox, samples("windows.wmv"), tmp_path)
    assert told[-1].done > 800_000
    assert {(progress.stage, progress.unit) for progress in told} == {("convert", "us")}
    assert all(progress.done <= (progress.total or 0) for progress in told)


@pytest.mark.anyio
async def test_frames_and_sound_survive_a_rewrap(
    toolbox: MediaToolbox, samples: Samples, tmp_path: Path
) -> None:
    made, _ = await converted(toolbox, samples("matroska.mkv"), tmp_path)
    found = (await toolbox.probe(made.local, "m.mp4")).facts.found
    assert [stream.codec for stream in found.streams] == ["h264", "aac"]
    assert found.streams[0].frames == 10
    assert made.looks is not None
    assert made.looks.thumb is not None


@pytest.mark.anyio
async def test_turned_pictures_are_encoded_upright(
    toolbox: MediaToolbox, samples: Samples, tmp_path: Path
) -> None:
    probed = await toolbox.probe(samples("turned.mp4"), "turned.mp4")
    (again,) = toolbox.judge_recovery(probed.facts, Recipe.TELEGRAM)
    made, _ = await converted(toolbox, samples("turned.mp4"), tmp_path, again)
    found = (await toolbox.probe(made.local, "m.mp4")).facts.found
    assert (found.width, found.height, found.rotation) == (48, 64, 0)


@pytest.mark.anyio
async def test_a_failed_conversion_leaves_nothing(
    toolbox: MediaToolbox, samples: Samples, tmp_path: Path
) -> None:
    probed = await toolbox.probe(samples("matroska.mkv"), "matroska.mkv")
    judgement = toolbox.judge(probed.facts, Recipe.TELEGRAM, "keep")
    with pytest.raises((ConvertError, UnverifiedError)):
        await converted(toolbox, samples("noise.mp4"), tmp_path, judgement)
    assert names_in(tmp_path) == []


@pytest.mark.anyio
async def test_a_shortened_source_does_not_pass_for_whole(
    toolbox: MediaToolbox, samples: Samples, tmp_path: Path
) -> None:
    """The judgement was made of a file that lost its tail afterwards."""
    probed = await toolbox.probe(samples("ten_bit.mp4"), "ten_bit.mp4")
    judgement = toolbox.judge(probed.facts, Recipe.TELEGRAM, "keep")
    into = tmp_path / "into"
    into.mkdir()
    short = tmp_path / "short.mp4"
    short.write_bytes(samples("ten_bit.mp4").read_bytes()[:1200])
    with pytest.raises((ConvertError, UnverifiedError)):
        await converted(toolbox, short, into, judgement)
    assert names_in(into) == []


@pytest.mark.anyio
async def test_a_film_that_begins_between_keyframes_is_made_in_segments(
    toolbox: MediaToolbox, tmp_path: Path
) -> None:
    source, shelf, into = tmp_path / "late.ts", Shelf(tmp_path / "segments"), tmp_path / "into"
    begun(*H264, "-pix_fmt", "yuv422p", seconds=40)(source)
    into.mkdir()
    probed = await toolbox.probe(source, source.name)
    judgement = toolbox.judge(probed.facts, Recipe.TELEGRAM, "keep")
    assert (judgement.verdict, judgement.partial) == (Verdict.TRANSCODE, True)
    assert judgement.why.endswith("24.4 s of 30.4 s are there")
    await toolbox.convert(source, judgement, into, lambda _: None, ConversionTerms(shelf))
    assert shelf.added == [0, 1, 2, -1]


@pytest.mark.anyio
async def test_a_film_that_cannot_be_sought_is_made_in_few_segments(tmp_path: Path) -> None:
    """Every run decodes from the start: with one encoder a run, six segments would be six decodes."""
    source, into = film(tmp_path / "avc.avi", seconds=60), tmp_path / "into"
    into.mkdir()
    many, few = Shelf(tmp_path / "many"), Shelf(tmp_path / "few")
    for shelf, limits in ((many, EncoderLimits()), (few, EncoderLimits(beside_bytes=1))):
        async with MediaToolbox(encoder=limits) as toolbox:
            probed = await toolbox.probe(source, source.name)
            judgement = toolbox.judge(probed.facts, Recipe.TELEGRAM, "keep")
            await toolbox.convert(source, judgement, into, lambda _: None, ConversionTerms(shelf))
    assert many.added == [*range(6), -1]
    assert few.added == [0, 1, 2, -1]


@pytest.mark.anyio
async def test_uneven_times_stay_as_they_are(
    toolbox: MediaToolbox, samples: Samples, tmp_path: Path
) -> None:
    for name in ("uneven.mkv", "uneven_vp8.mkv"):
        into = tmp_path / name
        into.mkdir()
        made, _ = await converted(toolbox, samples(name), into)
        before, after = shown_at(samples(name)), shown_at(made.local)
        assert len({round(later - time, 2) for time, later in pairwise(before)}) > 1
        assert after == pytest.approx(before, abs=0.002)


def shown_at(path: Path) -> list[float]:
    """When each picture is shown, from the first."""
    with av.open(str(path)) as box:
        times = sorted(float(frame.time or 0) for frame in box.decode(video=0))
    return [time - times[0] for time in times]


@pytest.mark.anyio
@pytest.mark.parametrize(("name", "frames"), [("slow.avi", 3), ("fast.avi", 120)])
async def test_no_frame_rate_is_forced(
    toolbox: MediaToolbox, samples: Samples, tmp_path: Path, name: str, frames: int
) -> None:
    made, _ = await converted(toolbox, samples(name), tmp_path)
    assert len(shown_at(made.local)) == frames


@pytest.mark.anyio
async def test_hdr_comes_down_to_common_colours(
    toolbox: MediaToolbox, samples: Samples, tmp_path: Path
) -> None:
    made, _ = await converted(toolbox, samples("pq.mp4"), tmp_path)
    picture = (await toolbox.probe(made.local, "m.mp4")).facts.found.streams[0]
    assert (picture.transfer, picture.pix_fmt) == (1, "yuv420p")


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("size", "shown"), [("800x480", (600, 360)), ("480x800", (360, 600)), ("322x240", (322, 240))]
)
async def test_the_short_side_is_capped(
    toolbox: MediaToolbox, tmp_path: Path, size: str, shown: tuple[int, int]
) -> None:
    source = tmp_path / "a.avi"
    picture = ("-f", "lavfi", "-i", f"testsrc=size={size}:rate=5:duration=0.4")
    by_ffmpeg(*picture, "-c:v", "mpeg4")(source)
    probed = await toolbox.probe(source, source.name)
    judgement = toolbox.judge(probed.facts, Recipe.MP4_360, "keep")
    made, _ = await converted(toolbox, source, tmp_path, judgement)
    again = await toolbox.probe(made.local, "m.mp4")
    assert (again.facts.found.width, again.facts.found.height) == shown
    assert toolbox.judge(again.facts, Recipe.MP4_360, "keep").verdict is Verdict.AS_IS


@pytest.mark.anyio
async def test_an_mp3_has_its_rate_tags_and_cover(
    toolbox: MediaToolbox, samples: Samples, tmp_path: Path
) -> None:
    tagged = tmp_path / "tagged.mp4"
    words = ("-metadata", "title=Sea", "-metadata", "artist=Wind")
    by_ffmpeg("-i", str(samples("cover.mp4")), "-map", "0", "-c", "copy", *words)(tagged)
    probed = await toolbox.probe(tagged, tagged.name)
    judgement = toolbox.judge(probed.facts, Recipe.MP3_192, "keep")
    made, _ = await converted(toolbox, tagged, tmp_path, judgement)
    found = (await toolbox.probe(made.local, "m.mp3")).facts.found
    assert [(one.type, one.codec) for one in found.streams] == [
        ("audio", "mp3"),
        ("video", "mjpeg"),
    ]
    assert found.streams[0].bit_rate == 192_000
    with av.open(str(made.local)) as box:
        kept = box.metadata
    assert (kept["title"], kept["artist"]) == ("Sea", "Wind")
    assert "major_brand" not in kept


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("quick.mkv", "testsrc2=s=1280x720:r=1000:d=0.05 -c:v mpeg4 -q:v 8"),
        ("wide.mkv", "testsrc2=s=2880x2160:r=2:d=1,setsar=2/1 -c:v mpeg4"),
        ("wide.gif", "testsrc2=s=5000x600:r=4:d=0.5"),
    ],
)
async def test_what_phones_cannot_show_becomes_what_they_can(
    toolbox: MediaToolbox, tmp_path: Path, name: str, words: str
) -> None:
    source = tmp_path / name
    by_ffmpeg("-f", "lavfi", "-i", *words.split())(source)
    facts = (await toolbox.probe(source, name)).facts
    judged = toolbox.judge(facts, Recipe.TELEGRAM, "keep")
    made = await toolbox.convert(source, judged, tmp_path, lambda _: None)
    with av.open(str(made.local)) as box:
        video = box.streams.video[0]
        assert max(video.width, video.height) <= 3840
        assert video.codec_context.level <= 52


@pytest.mark.anyio
@pytest.mark.parametrize(
    "words",
    [(), ("-c:a", "pcm_s16le"), ("-c:a", "flac"), ("-c:a", "wmav2"), ("-c:a", "ac3")],
    ids=["song.flac", "song.wav", "song.ogg", "song.wma", "song.mka"],
)
async def test_audio_made_anew_keeps_its_title_and_its_performer(
    toolbox: MediaToolbox, tmp_path: Path, request: pytest.FixtureRequest, words: tuple[str, ...]
) -> None:
    song = tmp_path / request.node.callspec.id
    by_ffmpeg(*SOUND, *words, *TAGS)(song)
    made, _ = await converted(toolbox, song, tmp_path)
    assert made.looks is not None
    assert (made.looks.title, made.looks.performer) == ("Sea", "Wind")
    assert made.looks.duration_s == pytest.approx(1.0, abs=0.1)


@pytest.mark.anyio
async def test_an_m4a_has_the_cover_also_a_damaged_one(
    toolbox: MediaToolbox, tmp_path: Path
) -> None:
    for name, picture, is_shown in (("a", jpeg_bytes(), True), ("b", jpeg_bytes()[:300], False)):
        into = tmp_path / name
        into.mkdir()
        song = song_with_cover(tmp_path / f"{name}.flac", picture)
        made, _ = await converted(toolbox, song, into)
        assert made.looks is not None
        assert (made.looks.thumb is not None) == is_shown


@pytest.mark.anyio
async def test_a_made_film_looks_as_it_is_shown(
    toolbox: MediaToolbox, samples: Samples, tmp_path: Path
) -> None:
    probed = await toolbox.probe(samples("turned.mp4"), "turned.mp4")
    assert (probed.looks.width, probed.looks.height) == (48, 64)
    (again,) = toolbox.judge_recovery(probed.facts, Recipe.TELEGRAM)
    made, _ = await converted(toolbox, samples("turned.mp4"), tmp_path, again)
    assert made.looks is not None
    assert (made.looks.width, made.looks.height) == (48, 64)
    assert made.looks.duration_s == pytest.approx(1.0, abs=0.1)


@pytest.mark.anyio
async def test_each_file_of_a_split_film_has_its_own_looks(
    toolbox: MediaToolbox, tmp_path: Path
) -> None:
    source = clip(tmp_path / "film.mkv", seconds=12, words=(*H264, "-g", "10", "-c:a", "aac"))
    judgement = toolbox.judge(
        (await toolbox.probe(source, source.name)).facts, Recipe.TELEGRAM, "keep"
    )
    terms = ConversionTerms(None, source.stat().st_size * 2 // 5)
    made = await toolbox.convert(source, judgement, tmp_path, lambda _: None, terms)
    assert len(made.pieces) == 3
    looks = [piece.looks or Looks() for piece in made.pieces]
    for piece, one in zip(made.pieces, looks, strict=True):
        assert one == (await toolbox.probe(piece.local, piece.local.name)).looks
    assert len({one.thumb for one in looks}) == 3
    assert sum(one.duration_s or 0.0 for one in looks) == pytest.approx(12.0, abs=0.3)
