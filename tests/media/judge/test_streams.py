"""Which sound and which subtitles of a film arrive, heard and read by another ffmpeg, and what is said of the rest."""

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.media.decoded import program
from tests.media.samples import by_ffmpeg
from tests.media.segment_makers import Shelf
from transload.facts import StreamFacts
from transload.media.judge.streams import language_of, sound_at
from transload.media.judge.verdict import Wishes
from transload.media.toolbox import MediaToolbox
from transload.model import Judgement, Recipe, Verdict
from transload.plans import ConversionTerms, Converted

SPOKEN = ("rus", "eng", "deu")
TONES = (440, 880, 1760)
"""Hertz of the sounds of a film, in their order."""
SECONDS = 3
WORDS = "1\n00:00:00,500 --> 00:00:01,500\nGood morning\n\n2\n00:00:02,000 --> 00:00:02,800\nGood night\n"
H264 = ("-c:v", "libx264", "-preset", "ultrafast")


@dataclass(frozen=True, slots=True)
class Seen:
    """What another ffmpeg tells of a result: the tone that is heard loudest, and what is read."""

    tone: int | None
    read: str


def film(into: Path, *words: str, seconds: int = SECONDS, tones: int = 3) -> Path:
    """A film with `tones` sounds and two lines of subtitles; `words` decide codecs and marks."""
    titles = into.with_suffix(".srt")
    titles.write_text(WORDS, "utf-8")
    inputs = ["-f", "lavfi", "-i", f"testsrc2=s=160x90:r=25:d={seconds}"]
    for tone in TONES[:tones]:
        inputs += ["-f", "lavfi", "-i", f"sine={tone}:d={seconds}"]
    inputs += ["-i", str(titles), "-map", "0"]
    for n in range(tones):
        inputs += ["-map", str(n + 1)]
    by_ffmpeg(*inputs, "-map", str(tones + 1), *words)(into)
    return into


def seen(path: Path) -> Seen:
    """The result as another ffmpeg decodes it: energies around each tone are compared."""
    loud: dict[int, float] = {}
    for tone in TONES:
        words = ["-v", "info", "-nostats", "-i", str(path), "-map", "0:a:0?", "-af"]
        words += [f"bandpass=f={tone}:width_type=h:w=40,volumedetect", "-f", "null", "-"]
        said = subprocess.run([program(), *words], check=False, capture_output=True).stderr.decode()
        if "mean_volume: " in said:
            loud[tone] = float(said.partition("mean_volume: ")[2].split()[0])
    words = ["-v", "error", "-i", str(path), "-map", "0:s:0?", "-f", "srt", "-"]
    read = subprocess.run([program(), *words], check=False, capture_output=True).stdout.decode()
    return Seen(max(loud, key=lambda tone: loud[tone]) if loud else None, read)


def room(path: Path) -> Path:
    """A new folder."""
    path.mkdir()
    return path


async def made_of(
    path: Path, into: Path, recipe: Recipe = Recipe.PLAYABLE, *languages: str, shelf: bool = False
) -> tuple[Judgement, Converted]:
    """The judgement of a film and what is made of it."""
    async with MediaToolbox(wishes=Wishes(languages)) as toolbox:
        judged = toolbox.judge((await toolbox.probe(path, path.name)).facts, recipe, "keep")
        terms = ConversionTerms(segments=Shelf(into)) if shelf else ConversionTerms()
        return judged, await toolbox.convert(path, judged, into, lambda _: None, terms)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("marks", "languages", "tone"),
    [
        (("-disposition:a:0", "comment", "-disposition:a:1", "default"), (), 880),
        (("-disposition:a:0", "comment", "-disposition:a:1", "0"), (), 1760),
        (("-disposition:a", "0", "-ac:a:2", "6"), (), 1760),
        (("-disposition:a:0", "default"), ("fra", "eng"), 880),
        (("-disposition:a:0", "default"), ("ger",), 1760),
        (("-disposition:a:0", "default"), ("jpn",), 440),
        (("-disposition:a:0", "visual_impaired+default", "-disposition:a:2", "default"), (), 1760),
    ],
)
async def test_the_sound_is_the_one_a_person_expects(
    tmp_path: Path, marks: tuple[str, ...], languages: tuple[str, ...], tone: int
) -> None:
    languages_said = [f"-metadata:s:a:{n} language={code}" for n, code in enumerate(SPOKEN)]
    spoken = " ".join(["-ac:a:2 2", *languages_said]).split()
    source = film(tmp_path / "film.mkv", *H264, "-c:a", "aac", "-c:s", "srt", *spoken, *marks)
    judged, made = await made_of(source, room(tmp_path / "out"), Recipe.PLAYABLE, *languages)
    assert judged.verdict is Verdict.REWRAP
    found = seen(made.local)
    assert found.tone == tone
    assert "Good morning" in found.read
    assert judged.why.count("audio (") == 2


@pytest.mark.anyio
async def test_a_film_in_parts_has_its_sound_and_its_subtitles(tmp_path: Path) -> None:
    words = ("-c:v", "mpeg4", "-c:a", "ac3", "-c:s", "ass", "-disposition:a:0", "comment")
    marks = ("-disposition:a:1", "default")
    source = film(tmp_path / "film.mkv", *words, *marks, seconds=25)
    judged, made = await made_of(source, room(tmp_path / "out"), shelf=True)
    assert judged.verdict is Verdict.TRANSCODE
    found = seen(made.local)
    assert found.tone == 880
    assert found.read.strip() == WORDS.strip()


@pytest.mark.anyio
async def test_telegram_is_told_what_stays_behind(tmp_path: Path) -> None:
    source = film(tmp_path / "film.mkv", *H264, "-c:a", "aac", "-c:s", "srt")
    judged, made = await made_of(source, room(tmp_path / "out"), Recipe.TELEGRAM)
    assert "left behind: 2 x audio (aac), subtitles (subrip)" in judged.why
    assert seen(made.local).read == ""


def unheard(path: Path) -> Path:
    """The same film, the codec of its sounds one that nobody knows."""
    path.write_bytes(path.read_bytes().replace(b"A_AC3", b"A_QQ9"))
    return path


@pytest.mark.anyio
@pytest.mark.parametrize("recipe", [Recipe.PLAYABLE, Recipe.TELEGRAM])
async def test_a_film_whose_sound_nobody_knows_arrives_without_it(
    tmp_path: Path, recipe: Recipe
) -> None:
    source = unheard(film(tmp_path / "film.mkv", *H264, "-c:a", "ac3", "-c:s", "srt", tones=1))
    judged, made = await made_of(source, room(tmp_path / "out"), recipe)
    assert (judged.verdict, judged.partial) == (Verdict.REWRAP, True)
    assert judged.plan.original == "beside"
    assert "no decoder here reads its audio" in judged.why
    assert seen(made.local).tone is None


@pytest.mark.anyio
async def test_a_sound_that_can_be_read_is_taken_before_one_that_cannot(tmp_path: Path) -> None:
    words = (*H264, "-c:a:0", "ac3", "-c:a:1", "aac", "-c:s", "srt", "-disposition:a:0", "default")
    source = unheard(film(tmp_path / "film.mkv", *words, tones=2))
    judged, made = await made_of(source, room(tmp_path / "out"))
    assert (judged.verdict, judged.partial) == (Verdict.REWRAP, False)
    assert "left behind: audio (unknown)" in judged.why
    assert seen(made.local).tone == TONES[1]


@pytest.mark.anyio
@pytest.mark.parametrize("codec", ["aac", "ac3"])
async def test_six_channels_stay_where_full_quality_is_wanted(tmp_path: Path, codec: str) -> None:
    words = (*H264, "-c:a", codec, "-ac", "6", "-c:s", "srt")
    source = film(tmp_path / "film.mkv", *words, tones=1)
    heard: dict[Recipe, Any] = {}
    for recipe in (Recipe.PLAYABLE, Recipe.TELEGRAM, Recipe.MP4_720):
        _, made = await made_of(source, room(tmp_path / recipe.name), recipe)
        async with MediaToolbox() as toolbox:
            streams = (await toolbox.probe(made.local, "m.mp4")).facts.found.streams
        heard[recipe] = [(one.codec, one.channels) for one in streams if one.type == "audio"]
    assert heard == {
        Recipe.PLAYABLE: [("aac", 6)],
        Recipe.TELEGRAM: [("aac", 2)],
        Recipe.MP4_720: [("aac", 2)],
    }


@pytest.mark.anyio
async def test_a_refused_copy_gets_new_sound_before_new_pictures(tmp_path: Path) -> None:
    """What MP4 refuses is not guessed: the way after the copy copies the pictures still."""
    source = film(tmp_path / "film.mkv", *H264, "-c:a", "aac", "-c:s", "srt", tones=1)
    async with MediaToolbox() as toolbox:
        facts = (await toolbox.probe(source, source.name)).facts
        first = toolbox.judge(facts, Recipe.PLAYABLE, "keep")
        ways = toolbox.judge_recovery(facts, Recipe.PLAYABLE, first)
        assert [way.verdict for way in ways] == [
            Verdict.AUDIO,
            Verdict.TRANSCODE,
            Verdict.TRANSCODE,
        ]
        assert [way.partial for way in ways] == [False, False, True]
        assert len(toolbox.judge_recovery(facts, Recipe.PLAYABLE)) == 1
        for n, way in enumerate(ways):
            made = await toolbox.convert(source, way, room(tmp_path / str(n)), lambda _: None)
            assert seen(made.local).tone == (None if n == 2 else TONES[0])


@pytest.mark.anyio
@pytest.mark.parametrize("name", ["film.mkv", "film.flv"])
async def test_mp3_of_few_hertz_is_made_aac(tmp_path: Path, name: str) -> None:
    words = (*H264, "-c:a", "libmp3lame", "-ar", "11025", "-sn")
    source = film(tmp_path / name, *words, tones=1)
    judged, made = await made_of(source, room(tmp_path / "out"), Recipe.TELEGRAM)
    assert judged.verdict is Verdict.AUDIO
    assert "mp3 audio of 11025 Hz" in judged.why
    assert seen(made.local).tone == TONES[0]


@pytest.mark.parametrize(
    ("tags", "language"),
    [
        ({"language": "GER"}, "deu"),
        ({"LANGUAGE": "eng"}, "eng"),
        ({"language": "und"}, None),
        ({}, None),
        ({"language": ""}, None),
    ],
)
def test_languages_are_written_one_way(tags: dict[str, str], language: str | None) -> None:
    assert language_of(tags) == language


def test_commentary_alone_is_better_than_silence() -> None:
    streams = [
        StreamFacts(type="video", codec="h264"),
        StreamFacts(type="audio", codec="aac", aside="commentary"),
    ]
    assert sound_at(streams) == 1
    assert sound_at(streams[:1]) is None
