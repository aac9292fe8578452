"""The decision table, over real files and by values."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.media.conftest import Probe, Samples
from tests.media.rare_samples import ALL
from tests.media.samples import Sample
from transload.facts import FileFacts, StreamFacts
from transload.media.judge.verdict import judge, judge_recovery, settled_kind
from transload.media.photos.photo import probe_photo
from transload.media.toolbox import MediaToolbox
from transload.model import Facts, ItemKind, Judgement, Recipe, Verdict
from transload.plans import UNTOUCHED, TranscodePlan

BROWSERS_SHOW = dict.fromkeys(
    (
        *("large.jpg", "still.webp", "still.gif", "moving.gif", "moving.webp", "moving.png"),
        *("song.wav", "song.flac", "song.aac", "silence.flac", "cut.wav"),
        *("tagged.flac", "tagged.aac", "titled.mp4", "cover.mp4"),
    ),
    Verdict.AS_IS,
)
"""What recipe `playable` leaves alone, and `telegram` does not."""


async def judged(
    toolbox: MediaToolbox,
    path: Path,
    recipe: Recipe = Recipe.TELEGRAM,
    *,
    convert_hevc: bool = False,
) -> Judgement:
    """The judgement of a file."""
    probed = await toolbox.probe(path, path.name)
    return toolbox.judge(probed.facts, recipe, "convert" if convert_hevc else "keep")


@pytest.mark.parametrize("sample", ALL, ids=lambda sample: sample.name)
def test_each_sample_gets_its_verdict(probe: Probe, samples: Samples, sample: Sample) -> None:
    path = samples(sample.name)
    probed = probe(path, path.name)
    found = judge(probed.facts, Recipe.TELEGRAM, "keep")
    assert (found.kind, found.verdict) == (sample.kind, sample.verdict), found.why
    assert found.why
    assert (found.fault.kind if found.fault else None) == sample.fault
    if sample.kind in (ItemKind.PHOTO, ItemKind.VIDEO) and found.fault is None:
        assert probed.thumb is not None or probed.facts.found.decoded == "unproven"
        assert min(found.width or 0, found.height or 0) > 0
        assert found.duration_s or sample.kind is ItemKind.PHOTO
    others = {
        recipe: judge(probed.facts, recipe, "keep").verdict
        for recipe in (Recipe.PLAYABLE, Recipe.ORIGINAL, Recipe.MP4_360, Recipe.MP3_128)
    }
    assert others == {
        Recipe.PLAYABLE: of_playable(sample),
        Recipe.ORIGINAL: Verdict.SKIP if sample.kind is ItemKind.JUNK else Verdict.AS_IS,
        Recipe.MP4_360: of_mp4(sample),
        Recipe.MP3_128: of_mp3(sample, probed.facts),
    }


def of_playable(sample: Sample) -> Verdict:
    """What browsers show stays as it is, AAC of six channels with it."""
    if sample.name == "six_channels.mp4":
        return Verdict.AS_IS
    return BROWSERS_SHOW.get(sample.name, sample.verdict)


def of_mp4(sample: Sample) -> Verdict:
    """As for browsers, but moving pictures become videos, and what is large becomes smaller."""
    if sample.name == "eight_k.mp4":
        return Verdict.TRANSCODE
    if sample.kind is ItemKind.ANIMATION:
        return Verdict.ANIMATION
    return BROWSERS_SHOW.get(sample.name, sample.verdict)


def of_mp3(sample: Sample, facts: Facts) -> Verdict:
    """Sound is made of what has some; pictures are passed over."""
    if sample.kind in (ItemKind.DOCUMENT, ItemKind.JUNK) or sample.verdict is Verdict.UNSAVABLE:
        # A strip is a photo until its form is judged.
        return Verdict.SKIP if sample.name == "strip.jpg" else sample.verdict
    if sample.name.endswith(".mp3"):
        return Verdict.AS_IS
    if sample.name == "unheard_of.wav":
        return Verdict.UNSAVABLE
    heard = any(stream.type == "audio" for stream in facts.found.streams)
    return Verdict.AUDIO if heard else Verdict.SKIP


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("large.jpg", Verdict.AS_IS),
        ("strip.jpg", Verdict.AS_IS),
        ("still.webp", Verdict.AS_IS),
        ("moving.gif", Verdict.AS_IS),
        ("apple.heic", Verdict.SHRINK),
        ("new.avif", Verdict.SHRINK),
        ("scan.tiff", Verdict.SHRINK),
        ("plain.mp4", Verdict.AS_IS),
        ("matroska.mkv", Verdict.REWRAP),
        ("page.jpg", Verdict.UNSAVABLE),
    ],
)
async def test_playable_keeps_what_browsers_show(
    toolbox: MediaToolbox, samples: Samples, name: str, verdict: Verdict
) -> None:
    found = await judged(toolbox, samples(name), Recipe.PLAYABLE)
    assert found.verdict is verdict
    assert getattr(found.plan, "side", None) is None


@pytest.mark.anyio
@pytest.mark.parametrize("name", ["windows.wmv", "cut.jpg", "apple.heic", "empty.mp4"])
async def test_original_leaves_everything_untouched(
    toolbox: MediaToolbox, samples: Samples, name: str
) -> None:
    found = await judged(toolbox, samples(name), Recipe.ORIGINAL)
    assert (found.verdict, found.plan) == (Verdict.AS_IS, UNTOUCHED)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("name", "suffix"),
    [
        ("named.dat", ".mp4"),
        ("picture_named.mp4", ".jpg"),
        ("plain.mp4", None),
        ("photo.jpg", None),
    ],
)
async def test_the_delivered_name_gets_a_fitting_ending(
    toolbox: MediaToolbox, samples: Samples, name: str, suffix: str | None
) -> None:
    assert (await judged(toolbox, samples(name))).suffix == suffix


@pytest.mark.anyio
async def test_hevc_is_encoded_anew_only_where_asked(
    toolbox: MediaToolbox, samples: Samples
) -> None:
    found = await judged(toolbox, samples("hevc.mp4"), convert_hevc=True)
    assert (found.verdict, found.deferred) == (Verdict.TRANSCODE, True)


@pytest.mark.anyio
async def test_sizes_are_those_of_the_upright_picture(
    toolbox: MediaToolbox, samples: Samples
) -> None:
    video = await judged(toolbox, samples("turned.mp4"))
    photo = await judged(toolbox, samples("upside.jpg"))
    stretched = await judged(toolbox, samples("stretched.mp4"))
    assert (stretched.width, stretched.height) == (85, 48)
    assert (video.width, video.height) == (48, 64)
    assert (photo.width, photo.height) == (64, 96)


@pytest.mark.anyio
async def test_a_cut_video_says_so(toolbox: MediaToolbox, samples: Samples) -> None:
    found = await judged(toolbox, samples("cut.mkv"))
    assert found.partial
    assert "cut" in found.why or "copied" in found.why


@pytest.mark.anyio
@pytest.mark.parametrize("recipe", [Recipe.TELEGRAM, Recipe.MP3_320])
async def test_a_cut_song_says_how_much_of_it_is_there(
    toolbox: MediaToolbox, samples: Samples, recipe: Recipe
) -> None:
    found = await judged(toolbox, samples("cut.mp3"), recipe)
    assert (found.verdict, found.partial) == (Verdict.AS_IS, True)
    assert 0.4 < (found.duration_s or 0) < 0.75
    assert " of 1." in found.why


@pytest.mark.anyio
async def test_recovery_encodes_everything_anew(toolbox: MediaToolbox, samples: Samples) -> None:
    probed = await toolbox.probe(samples("plain.mp4"), "plain.mp4")
    (again,) = judge_recovery(probed.facts, Recipe.TELEGRAM)
    assert isinstance(again.plan, TranscodePlan)
    assert not again.plan.keep_sound
    photo = await toolbox.probe(samples("photo.jpg"), "photo.jpg")
    (second,) = judge_recovery(photo.facts, Recipe.TELEGRAM)
    assert second.verdict is Verdict.SHRINK


@pytest.mark.anyio
async def test_nothing_is_left_to_try_for_lost_files_and_sound(
    toolbox: MediaToolbox, samples: Samples
) -> None:
    for name in ("empty.jpg", "no_index.mp4", "song.wav"):
        probed = await toolbox.probe(samples(name), name)
        assert judge_recovery(probed.facts, Recipe.TELEGRAM) == []


def test_a_weak_signature_that_does_not_decode_is_a_document() -> None:
    found = FileFacts(sniffed_kind="audio", sniffed="mp3", size=9)
    assert settled_kind(found) is ItemKind.DOCUMENT
    assert judge(Facts(ItemKind.DOCUMENT, found), Recipe.TELEGRAM, "keep").verdict is Verdict.AS_IS


def test_a_long_encode_is_put_behind_everything_else() -> None:
    sound = StreamFacts(type="audio", codec="flac", channels=2)
    song = FileFacts(sniffed="flac", container="flac", streams=(sound,), frames_decoded=1, size=9)
    short, long = (
        judge(Facts(ItemKind.AUDIO, replace(song, duration_s=s)), Recipe.TELEGRAM, "keep")
        for s in (60.0, 3600.0)
    )
    assert (short.deferred, long.deferred) == (False, True)


def test_pictures_without_a_decoder_are_not_called_damaged() -> None:
    film = StreamFacts(type="video", codec="unknown")
    found = FileFacts(size=9, sniffed="mov", streams=(film,), moov="front")
    fault = judge(Facts(ItemKind.VIDEO, found), Recipe.PLAYABLE, "keep").fault
    assert fault is not None
    assert fault.kind == "input.unsupported"


def test_the_text_of_a_library_is_evidence_and_no_reason(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(64) + b"IEND")
    found, _ = probe_photo(tmp_path / "a.png", "png", 1 << 20)
    seen = replace(found, size=72, sniffed="png")
    fault = judge(Facts(ItemKind.PHOTO, seen), Recipe.PLAYABLE, "keep").fault
    assert fault is not None
    assert "Error" not in fault.detail
    assert "Error" in (fault.evidence or "")
