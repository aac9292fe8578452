"""Both probers over the same files: same facts, same verdicts."""

import shutil
from collections.abc import Iterator
from dataclasses import asdict
from functools import partial
from operator import attrgetter
from pathlib import Path

import pytest
from anyio.from_thread import BlockingPortal

from tests.media.conftest import Probe, Samples
from tests.media.rare_samples import RARE
from tests.media.samples import SAMPLES, SOUND, by_ffmpeg, jpeg_bytes
from tests.media.song_makers import TAGS, song_with_cover
from transload.facts import FileFacts
from transload.media.judge.verdict import judge
from transload.media.probe.ffprobe import Ffprobe
from transload.media.toolbox import MediaToolbox
from transload.model import ItemKind, Recipe

PROGRAM = shutil.which("ffprobe")
STREAMED = [s.name for s in SAMPLES if s.kind in (ItemKind.VIDEO, ItemKind.AUDIO) and not s.fault]

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="no ffprobe program here")


def essence(found: FileFacts) -> list[tuple[object, ...]]:
    """What both back-ends must agree on."""
    keys = ("width", "height", "moov", "brand", "fragmented", "interlaced")
    told = ("type", "codec", "cover", "width", "height", "level", "pix_fmt", "channels")
    turn = (found.rotation or 0,)
    return [(*turn, *attrgetter(*keys)(found)), *map(attrgetter(*told), found.streams)]


@pytest.fixture(scope="module")
def other(portal: BlockingPortal) -> Iterator[Probe]:
    """What a toolbox that has no PyAV finds."""
    with portal.wrap_async_context_manager(MediaToolbox(ffprobe=Path(str(PROGRAM)))) as open_studio:
        yield partial(portal.call, open_studio.probe)


@pytest.mark.parametrize("name", STREAMED)
def test_both_probers_agree(probe: Probe, other: Probe, samples: Samples, name: str) -> None:
    path = samples(name)
    ours, theirs = probe(path, name).facts, other(path, name).facts
    assert essence(theirs.found) == essence(ours.found)
    first, second = (judge(f, Recipe.TELEGRAM, "keep") for f in (ours, theirs))
    assert (first.kind, first.verdict, first.partial) == (
        second.kind,
        second.verdict,
        second.partial,
    )


@pytest.mark.parametrize(("name", "word"), [("matroska.mkv", "matroska"), ("trimmed.mp4", "mov")])
def test_measures_agree(samples: Samples, name: str, word: str) -> None:
    from transload.media.probe import video

    path = samples(name)
    theirs = Ffprobe(Path(str(PROGRAM))).measure(path, word, lambda: None)
    ours = video.measure(path, word, lambda: None)
    ends = {"end_s": 0.0}  # only PyAV tells
    assert asdict(theirs) == pytest.approx(asdict(ours) | ends, abs=0.03)


def test_damage_is_a_fact(samples: Samples) -> None:
    found, frame = Ffprobe(Path(str(PROGRAM))).probe_video(
        samples("no_index.mp4"), "mov", lambda: None
    )
    assert found.error is not None
    assert frame is None


@pytest.mark.anyio
@pytest.mark.parametrize(
    "name",
    ["hollow.m4a", "hollow.flac", "unheard_of.wav", "unheard_of.avi", "tagged.flac", "tagged.aac"],
)
async def test_what_does_not_decode_is_told_apart_from_what_nobody_knows(
    samples: Samples, name: str
) -> None:
    wanted = next(sample for sample in RARE if sample.name == name)
    async with MediaToolbox(ffprobe=Path(str(PROGRAM))) as toolbox:
        facts = (await toolbox.probe(samples(name), name)).facts
        found = toolbox.judge(facts, Recipe.TELEGRAM, "keep")
    assert (found.kind, found.verdict) == (wanted.kind, wanted.verdict)
    assert (found.fault.kind if found.fault else None) == wanted.fault


@pytest.mark.parametrize("ending", ["mp3", "m4a", "flac", "ogg"])
def test_titles_agree(probe: Probe, other: Probe, tmp_path: Path, ending: str) -> None:
    path = song_with_cover(tmp_path / f"song.{ending}", jpeg_bytes())
    ours, theirs = (one(path, path.name).looks for one in (probe, other))
    assert (ours.title, ours.performer) == (theirs.title, theirs.performer) == ("Sea", "Wind")
    assert theirs.thumb is None


def test_titles_of_films_agree(
    probe: Probe, other: Probe, samples: Samples, tmp_path: Path
) -> None:
    path = tmp_path / "film.mkv"
    track = ("-metadata:s:a:0", "title=Surround")
    by_ffmpeg("-i", str(samples("plain.mp4")), *SOUND, "-c:v", "copy", *TAGS[:2], *track)(path)
    for one in (probe, other):
        looks = one(path, path.name).looks
        assert (looks.title, looks.performer) == ("Sea", "")
        assert (looks.width, looks.height) == (64, 48)
        assert looks.duration_s == pytest.approx(1.0, abs=0.1)
