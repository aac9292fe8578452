"""Rules for sound, by values: what no small file shows."""

from dataclasses import replace

import pytest

from transload.facts import FileFacts, StreamFacts
from transload.media.judge.audio import (
    fitting_suffix,
    is_streamable_sound,
    judge_mp3,
    judge_sound,
)
from transload.model import ItemKind, Recipe, Verdict
from transload.plans import M4aPlan, Mp3Plan, StreamPlan

SOUND = StreamFacts(type="audio", codec="mp3", channels=2, hertz=44100)
MP3 = FileFacts(suffix=".mp3", sniffed="mp3", container="mp3", frames_decoded=1, streams=(SOUND,))


@pytest.mark.parametrize(
    ("rate", "verdict"),
    [(128_000, "as_is"), (192_000, "as_is"), (256_000, "audio"), (None, "as_is")],
)
def test_an_mp3_is_made_anew_only_to_get_smaller(rate: int | None, verdict: str) -> None:
    found = replace(MP3, streams=(replace(SOUND, bit_rate=rate),), duration_s=60.0)
    assert judge_mp3(found, ItemKind.AUDIO, Recipe.MP3_192, 192).verdict == verdict


def test_what_has_no_sound_is_passed_over() -> None:
    found = judge_mp3(replace(MP3, streams=()), ItemKind.VIDEO, Recipe.MP3_192, 192)
    assert (found.kind, found.verdict) == (ItemKind.VIDEO, Verdict.SKIP)


def test_the_cover_is_found_and_low_rates_are_raised() -> None:
    cover = StreamFacts(type="video", codec="png", cover=True, width=64, height=64)
    low = replace(SOUND, codec="flac", hertz=22050, channels=6)
    found = replace(MP3, sniffed="flac", streams=(low, cover))
    plan = judge_mp3(found, ItemKind.AUDIO, Recipe.MP3_320, 320).plan
    assert isinstance(plan, Mp3Plan)
    assert (plan.cover, plan.raise_hertz, plan.downmix) == (1, True, True)
    assert (plan.recipe, plan.kbit_s) == ("mp3:320", 320)


def test_a_copy_takes_the_cover_that_mp4_has_and_none_without_a_size() -> None:
    flac = replace(SOUND, codec="flac")
    covers = [
        StreamFacts(type="video", codec=codec, cover=True, width=side, height=side)
        for codec, side in (("webp", 64), ("png", 0), ("mjpeg", 64))
    ]
    found = replace(MP3, sniffed="flac", streams=(flac, *covers))
    plan = judge_sound(found, Recipe.TELEGRAM).plan
    assert isinstance(plan, M4aPlan)
    assert plan.cover == 3
    bare = judge_sound(replace(found, streams=(flac, *covers[:2])), Recipe.TELEGRAM).plan
    assert isinstance(bare, M4aPlan)
    assert bare.cover is None


def test_a_file_cut_short_is_partial_with_what_can_be_heard() -> None:
    cut = replace(MP3, sniffed="wav", missing_bytes=9, duration_s=9.0, readable_s=4.0)
    cut = replace(cut, streams=(replace(SOUND, codec="pcm_s24le"),))
    found = judge_sound(cut, Recipe.TELEGRAM)
    assert isinstance(found.plan, StreamPlan)
    assert (found.partial, found.plan.duration_s) == (True, 4.0)


def test_sound_files_by_recipe() -> None:
    assert is_streamable_sound("mp3", "mp3", browsers=False)
    assert not is_streamable_sound("flac", "flac", browsers=False)
    assert is_streamable_sound("flac", "flac", browsers=True)


def test_an_ending_is_given_only_where_none_fits() -> None:
    assert fitting_suffix(FileFacts(suffix=".m4b"), (".m4a", ".m4b")) is None
    assert fitting_suffix(FileFacts(suffix=".dat"), (".m4a", ".m4b")) == ".m4a"
    assert fitting_suffix(FileFacts(suffix=".dat"), None) is None
