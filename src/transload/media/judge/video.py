"""What a video needs so that it plays in Telegram, in browsers and on phones. Pure.

The target is an MP4 of one H.264 stream (8-bit 4:2:0, progressive, even size) with no sound or AAC of two channels
(`playable`: six), index in front. Streams that fit are copied, never encoded again, whatever they are wrapped in.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeVar

from transload.faults import Fault
from transload.media.judge.audio import AUDIO_S_PER_S, DEFER_ABOVE_S, STEREO, channels_kept, is_cut
from transload.media.judge.phone_limits import demands, side_of, stated_level
from transload.media.judge.streams import StreamFacts
from transload.media.judge.tracks import ChosenTracks, choose_tracks
from transload.media.judge.video_colours import with_colours
from transload.model import Hevc, ItemKind, Judgement, Recipe, Verdict
from transload.plans import FilmPlan, NewSoundPlan, RewrapPlan, TranscodePlan, UntouchedPlan

AnyFilmPlan = TypeVar("AnyFilmPlan", bound=FilmPlan)

MOOV_WITHIN = 131_072  # tdesktop's streaming check: `moov` must begin within the first 128 KiB.
MP3_HERTZ_LEAST = 16_000  # MP4 takes no MP3 of MPEG-2.5 (ISO 14496-3, table of object types).
PQ, HLG = 16, 18  # Transfer characteristics of HDR (ITU-T H.273).
PIXELS_PER_S = 25e6
"""x264 veryfast on one slow core, for estimates; corrected by the first measured segment later."""
COPY_BYTES_PER_S = 200e6
LOST_TOLD_S = 1.0
"""Recordings of broadcasts begin between keyframes, which come twice a second there: that is no damage."""

OTHER_COLOURS = "Get it as HDR10, HLG or SDR, or send it with the recipe original."
_EIGHT_BIT_420 = frozenset({"yuv420p", "yuvj420p"})
_HEVC_PIX = frozenset({"yuv420p", "yuvj420p", "yuv420p10le"})
_SOUND_KEPT = frozenset({"aac", "mp3"})
_HIDING = frozenset({"vp8", "vp9", "av1"})
"""Codecs with packets whose picture is only looked at by others."""
_HVC1, _AGAIN = "tagged hvc1", "second chance: its sound made AAC"
_DOLBY = "Dolby Vision whose colours only its own players know"
_MP4_SUFFIXES = (".mp4", ".m4v")


def judge_video(
    raw: dict[str, Any],
    hevc: Hevc,
    recipe: Recipe = Recipe.TELEGRAM,
    languages: Sequence[str] = (),
) -> Judgement:
    """as_is, rewrap, audio or transcode, with the plan for it. The facts hold a video stream that decodes.

    `languages` are those wished for the sound, the best first.
    """
    tracks = _tracks(raw, recipe, languages)
    picture, wrapper = _picture_faults(raw, tracks.picture, hevc), _wrapper_faults(raw, tracks)
    if _is_above(tracks.picture, recipe):
        picture.append(f"above {recipe.height_max} lines")
    sound = _sound_faults(tracks.sound, recipe)
    name = f"{tracks.picture.codec} in {raw['container']}"
    if raw.get("dolby_only"):
        name, wrapper = f"{name}, {_DOLBY}", [one for one in wrapper if one != _HVC1]
    if picture and raw.get("dolby_only"):
        return _in_no_colours(f"{name}: {', '.join(picture)}")
    if picture:
        return _transcoded(
            raw, tracks, recipe, f"{name}: {', '.join(picture)}", keep_sound=not sound
        )
    if sound:
        return _with_new_sound(raw, tracks, recipe, f"{name}: {sound}")
    if wrapper:
        return _rewrapped(raw, tracks, recipe, f"{name}: {', '.join(wrapper)}")
    return Judgement(
        ItemKind.VIDEO,
        Verdict.AS_IS,
        f"{name}, untouched" if raw.get("dolby_only") else f"{name}, plays as it is",
        suffix=None if raw.get("suffix") in _MP4_SUFFIXES else ".mp4",
        plan=UntouchedPlan(nosound_video=tracks.sound is None),
    )


def recover_video(
    raw: dict[str, Any],
    recipe: Recipe = Recipe.TELEGRAM,
    languages: Sequence[str] = (),
    copied: Judgement | None = None,
) -> list[Judgement]:
    """What to try, one after the other; `copied` is the conversion that failed, None where it was the destination.

    Where copying both streams failed, only the sound is made anew; then everything; then the picture alone.
    """
    tracks = _tracks(raw, recipe, languages)
    if raw.get("dolby_only"):
        again = copied is not None and copied.verdict is Verdict.REWRAP and tracks.sound is not None
        return [_with_new_sound(raw, tracks, recipe, _AGAIN)] if again else []
    ways = [_transcoded(raw, tracks, recipe, "second chance", keep_sound=False)]
    if copied is None:
        return ways
    if copied.verdict is Verdict.REWRAP and tracks.sound is not None:
        ways.insert(0, _with_new_sound(raw, tracks, recipe, _AGAIN))
    if tracks.sound is not None:
        silent = replace(tracks, sound=None, mute=True)
        ways.append(_transcoded(raw, silent, recipe, "second chance", keep_sound=False))
    return ways


def _tracks(raw: dict[str, Any], recipe: Recipe, languages: Sequence[str]) -> ChosenTracks:
    """Telegram's players show neither subtitles nor covers of a file."""
    return choose_tracks(raw, languages, rich=recipe is not Recipe.TELEGRAM)


def _is_above(picture: StreamFacts, recipe: Recipe) -> bool:
    """Whether the short side, which is the height of upright and of lying pictures alike, is above the recipe's."""
    lines = recipe.height_max
    return lines is not None and min(picture.width, picture.height) > lines


def _picture_faults(raw: dict[str, Any], picture: StreamFacts, hevc: Hevc) -> list[str]:
    """Why the picture must be encoded anew; empty when it can be copied."""
    faults: list[str] = []
    codec, pix = picture.codec, picture.pix_fmt
    if codec == "hevc" and hevc == "keep" and pix in _HEVC_PIX:
        pass
    elif codec not in ("h264", "hevc") or (codec == "hevc" and hevc == "convert"):
        faults.append(f"{codec} does not play everywhere")
    elif pix not in _EIGHT_BIT_420:
        faults.append(f"{pix} does not play everywhere")
    if picture.transfer in (PQ, HLG) and not raw.get("dolby_only"):
        faults.append("HDR")
    if raw.get("interlaced"):
        faults.append("interlaced")
    if picture.width % 2 or picture.height % 2:
        faults.append("odd size")
    faults += demands(picture)
    if raw.get("order") == "lost":
        faults.append(f"{raw['container']} does not say when its reordered frames are shown")
    return faults


def _sound_faults(sound: StreamFacts | None, recipe: Recipe) -> str:
    if sound is None:
        return ""
    if sound.codec not in _SOUND_KEPT:
        return f"{sound.codec} sound made AAC"
    if sound.codec == "mp3" and sound.hertz is not None and sound.hertz < MP3_HERTZ_LEAST:
        return f"mp3 sound of {sound.hertz} Hz made AAC"
    kept = channels_kept(sound, recipe)
    if sound.channels > kept:
        return f"{sound.channels} channels mixed to {'stereo' if kept <= STEREO else '5.1'}"
    return ""


def _wrapper_faults(raw: dict[str, Any], tracks: ChosenTracks) -> list[str]:
    """Why the streams must be wrapped anew; empty for an MP4 that streams."""
    if raw["sniffed"] != "mov":
        return ["copied into MP4"]
    faults: list[str] = []
    if raw.get("brand") in (None, "qt  "):
        faults.append("QuickTime file copied into MP4")
    if raw.get("fragmented"):
        faults.append("fragments joined")
    elif raw.get("moov") != "front" or raw.get("moov_at", 0) >= MOOV_WITHIN:
        faults.append("index moved to the front")
    if tracks.extra:
        faults.append("extra streams left out")
    if raw.get("missing_bytes"):
        faults.append("cut short, the readable part kept")
    if tracks.picture.codec == "hevc" and tracks.picture.tag != "hvc1":
        faults.append(_HVC1)
    return faults


def _plan(
    kind: type[AnyFilmPlan], raw: dict[str, Any], tracks: ChosenTracks, recipe: Recipe
) -> AnyFilmPlan:
    """What every way of making an MP4 needs to know of its source."""
    return kind(
        recipe=recipe.value,
        original="beside" if tracks.mute else None,
        sniffed=raw["sniffed"],
        hevc=tracks.picture.codec == "hevc",
        dolby_only=bool(raw.get("dolby_only")),
        sound=tracks.sound is not None,
        sound_n=tracks.sound_n,
        mute=tracks.mute,
        channels=channels_kept(tracks.sound, recipe) if tracks.sound is not None else 0,
        subtitles=tracks.subtitles_n,
        promised_s=raw.get("promised_s"),
        promised_picture_s=raw.get("promised_picture_s"),
        hides=bool(raw.get("interlaced")) or tracks.picture.codec in _HIDING,
        duration_s=raw.get("readable_s") or raw.get("duration_s"),
        fps=tracks.picture.fps,
        partial=bool(raw.get("missing_bytes")),
        lost_s=raw.get("lost_s", 0.0),
        order=raw.get("order", "kept"),
    )


def _rewrapped(raw: dict[str, Any], tracks: ChosenTracks, recipe: Recipe, why: str) -> Judgement:
    return Judgement(
        ItemKind.VIDEO,
        Verdict.REWRAP,
        why + _left_behind(tracks),
        suffix=_mp4(raw),
        partial=_is_partial(raw, tracks),
        cost_s=round(raw["size"] / COPY_BYTES_PER_S, 2),
        plan=_plan(RewrapPlan, raw, tracks, recipe),
    )


def _with_new_sound(
    raw: dict[str, Any], tracks: ChosenTracks, recipe: Recipe, why: str
) -> Judgement:
    cost = (raw.get("duration_s") or 0.0) * AUDIO_S_PER_S
    return Judgement(
        ItemKind.VIDEO,
        Verdict.AUDIO,
        why + _left_behind(tracks),
        suffix=_mp4(raw),
        deferred=cost > DEFER_ABOVE_S,
        partial=_is_partial(raw, tracks),
        cost_s=round(cost, 2),
        plan=_plan(NewSoundPlan, raw, tracks, recipe),
    )


def _transcoded(
    raw: dict[str, Any], tracks: ChosenTracks, recipe: Recipe, why: str, *, keep_sound: bool
) -> Judgement:
    picture = tracks.picture
    pixels = picture.width * picture.height * (picture.fps or 25.0)
    side = side_of(picture)
    smaller = f" of {side} pixels at the longer side" if side is not None else ""
    plan = replace(
        _plan(TranscodePlan, raw, tracks, recipe),
        hevc=False,
        keep_sound=keep_sound and tracks.sound is not None,
        interlaced=bool(raw.get("interlaced")),
        hdr=picture.transfer in (PQ, HLG),
        by_order=raw.get("order") in ("lost", "unsure"),
        rate=picture.rate,
        side=side,
        level=stated_level(picture, side),
        short=recipe.height_max if _is_above(picture, recipe) else None,
    )
    return Judgement(
        ItemKind.VIDEO,
        Verdict.TRANSCODE,
        f"{why}: made H.264{smaller}{_left_behind(tracks)}",
        suffix=_mp4(raw),
        deferred=True,
        partial=_is_partial(raw, tracks),
        cost_s=round(pixels * (raw.get("duration_s") or 0.0) / PIXELS_PER_S, 1),
        plan=with_colours(plan, raw, picture),
    )


def _in_no_colours(why: str) -> Judgement:
    """What would have to be encoded from pictures whose colours no decoder here knows."""
    fault = Fault("input.unsupported", why, suggestion=OTHER_COLOURS, stage="probe")
    return Judgement(ItemKind.VIDEO, Verdict.UNSAVABLE, why, fault=fault)


def _left_behind(tracks: ChosenTracks) -> str:
    """What the copy has no room for, as the reason says it."""
    silent = "; no decoder here reads its sound, the original goes beside it" if tracks.mute else ""
    return silent + (f"; left behind: {', '.join(tracks.left)}" if tracks.left else "")


def _is_partial(raw: dict[str, Any], tracks: ChosenTracks) -> bool:
    """Whether its sound or bytes at its end are missing, or more of its beginning than a tuner usually loses."""
    return tracks.mute or is_cut(raw) or raw.get("lost_s", 0.0) >= LOST_TOLD_S


def _mp4(raw: dict[str, Any]) -> str | None:
    return None if raw.get("suffix") in _MP4_SUFFIXES else ".mp4"
