"""Rules for videos, by values: what no small file shows."""

from dataclasses import replace
from typing import Any

import pytest

from transload.facts import FileFacts, StreamFacts
from transload.media.judge.video import MOOV_WITHIN, judge_video, recover_video
from transload.model import Recipe, Verdict
from transload.plans import FilmPlan, TranscodePlan, UntouchedPlan

PICTURE = StreamFacts(
    type="video",
    codec="h264",
    pix_fmt="yuv420p",
    width=640,
    height=360,
    fps=25.0,
    transfer=1,
    tag="avc1",
)
FILM = FileFacts(
    suffix=".mp4",
    size=1000,
    sniffed="mov",
    container="mov",
    brand="isom",
    moov="front",
    moov_at=32,
    duration_s=60.0,
    streams=(PICTURE,),
)


def verdict_of(picture: StreamFacts = PICTURE, moov_at: int = 32) -> Verdict:
    """The verdict of a plain file with these differences."""
    return judge_video(replace(FILM, streams=(picture,), moov_at=moov_at), "keep").verdict


@pytest.mark.parametrize(
    ("picture", "verdict"),
    [
        ({}, Verdict.AS_IS),
        ({"width": 3840, "height": 2160}, Verdict.AS_IS),
        ({"width": 4096, "height": 2160}, Verdict.TRANSCODE),
        ({"width": 641}, Verdict.TRANSCODE),
        ({"width": 3840, "height": 2880}, Verdict.TRANSCODE),
        ({"level": 52}, Verdict.AS_IS),
        ({"level": 62}, Verdict.TRANSCODE),
        ({"transfer": 16}, Verdict.TRANSCODE),
        ({"pix_fmt": "yuv422p"}, Verdict.TRANSCODE),
        ({"codec": "hevc", "tag": "hvc1", "pix_fmt": "yuv420p10le"}, Verdict.AS_IS),
        ({"codec": "hevc", "tag": "hev1"}, Verdict.REWRAP),
        ({"codec": "hevc", "tag": "hvc1", "pix_fmt": "yuv422p10le"}, Verdict.TRANSCODE),
        ({"codec": "hevc", "tag": "hvc1", "transfer": 18}, Verdict.TRANSCODE),
    ],
)
def test_pictures(picture: dict[str, Any], verdict: Verdict) -> None:
    assert verdict_of(replace(PICTURE, **picture)) is verdict


def test_what_becomes_smaller_is_said() -> None:
    quick = replace(PICTURE, codec="vp9", width=3840, height=2160, fps=120.0)
    judged = judge_video(replace(FILM, streams=(quick,)), "keep")
    assert "made H.264 of 2784 pixels at the longer side" in judged.why
    assert isinstance(judged.plan, TranscodePlan)
    assert judged.plan.side == 2784


def test_dolby_vision_is_copied_or_told() -> None:
    dolby = replace(
        PICTURE, codec="hevc", height=720, tag="dvh1", transfer=16, pix_fmt="yuv420p10le"
    )
    film = replace(FILM, streams=(dolby,), dolby_only=True)
    assert judge_video(film, "keep").verdict is Verdict.AS_IS
    copied = judge_video(replace(film, moov="behind"), "keep").plan
    assert isinstance(copied, FilmPlan)
    assert copied.dolby_only
    assert judge_video(film, "keep", Recipe.MP4_360).fault is not None
    assert judge_video(replace(film, dolby_only=False), "keep").verdict is Verdict.TRANSCODE


def test_the_index_must_begin_early() -> None:
    assert verdict_of(moov_at=MOOV_WITHIN - 1) is Verdict.AS_IS
    assert verdict_of(moov_at=MOOV_WITHIN) is Verdict.REWRAP


def test_silent_videos_are_marked_for_telegram() -> None:
    sound = StreamFacts(type="audio", codec="aac", channels=2)
    assert judge_video(FILM, "keep").plan == UntouchedPlan(nosound_video=True)
    heard = judge_video(replace(FILM, streams=(PICTURE, sound)), "keep")
    assert heard.plan == UntouchedPlan(nosound_video=False)


def test_transcodes_wait_and_cheap_sound_does_not() -> None:
    sound = StreamFacts(type="audio", codec="ac3", channels=2)
    film = replace(FILM, streams=(PICTURE, sound))
    short = judge_video(film, "keep")
    long = judge_video(replace(film, duration_s=7200.0), "keep")
    video = judge_video(replace(FILM, streams=(replace(PICTURE, codec="vp9"), sound)), "keep")
    assert (short.verdict, short.deferred, long.deferred) == (Verdict.AUDIO, False, True)
    assert isinstance(video.plan, TranscodePlan)
    assert (video.deferred, video.plan.keep_sound) == (True, False)


@pytest.mark.parametrize(
    ("size", "recipe", "short"),
    [
        ((1920, 1080), Recipe.MP4_720, 720),
        ((1080, 1920), Recipe.MP4_720, 720),
        ((1280, 720), Recipe.MP4_720, None),
        ((640, 360), Recipe.MP4_1080, None),
    ],
)
def test_lines_are_capped_and_never_added(
    size: tuple[int, int], recipe: Recipe, short: int | None
) -> None:
    film = replace(FILM, streams=(replace(PICTURE, width=size[0], height=size[1]),))
    found = judge_video(film, "keep", recipe)
    assert found.verdict is (Verdict.AS_IS if short is None else Verdict.TRANSCODE)
    assert getattr(found.plan, "short", None) == short
    assert [getattr(way.plan, "short", None) for way in recover_video(film, recipe)] == [short]
