"""What a video needs so that it plays in Telegram, in browsers and on phones. Pure.

The target is an MP4 of one H.264 stream (8-bit 4:2:0, progressive, even size) with no audio or AAC of two channels
(`playable`: six), index in front. Streams that fit are copied, never encoded again, whatever they are wrapped in.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import TypeVar

from transload.facts import FileFacts, StreamFacts
from transload.faults import Fault
from transload.media.judge.audio import AUDIO_S_PER_S, DEFER_ABOVE_S, STEREO, channels_kept, is_cut
from transload.media.judge.streams import ChosenTracks, choose_tracks
from transload.model import Hevc, ItemKind, Judgement, Recipe, Verdict
from transload.plans import (
    BT709,
    SMPTE170M,
    EncodePlan,
    FilmPlan,
    NewSoundPlan,
    RewrapPlan,
    TranscodePlan,
    UntouchedPlan,
)

# What decoders of phones take: profiles, levels, sizes, frames a second. Pure.


SIDE_MAX = 3840
BLOCKS_MAX, BLOCKS_S_MAX = 36_864, 2_073_600
"""Macroblocks of a frame and of a second at level 5.2 (ITU-T H.264, table A-1): 4K at 64 frames a second."""
BLOCK = 16
RATE_MAX = 240.0
"""Files that claim more frames a second are mostly wrong; so their frames become no smaller than for this many."""
STUDIO_PROFILES = frozenset(
    {"High 4:4:4 Predictive", "High 4:4:4", "High 4:4:4 Intra", "CAVLC 4:4:4 Intra", "Extended"}
)
"""Profiles of H.264 that no phone decodes even where their frames are 4:2:0 (lossless ones are), by libav's names."""
_LEVEL_MAX = 5.2
_OF_ONE = {"h264": 10, "hevc": 30}
"""In what a stream writes level 1 (ITU-T H.264, 7.4.2.1.1; H.265, 7.4.4)."""


def demands(picture: StreamFacts) -> list[str]:
    """What the picture asks of a decoder beyond what phones have, as reasons; empty when it fits."""
    codec, size = picture.codec, (picture.width, picture.height)
    found: list[str] = []
    if codec == "h264" and picture.profile in STUDIO_PROFILES:
        found.append(f"H.264 {picture.profile} does not play on phones")
    level = (picture.level or 0) / _OF_ONE.get(codec, math.inf)
    if level > _LEVEL_MAX:
        found.append(f"{codec} of level {level:.1f} does not play on phones")
    if max(size) > SIDE_MAX or (codec == "h264" and _blocks(size) > BLOCKS_MAX):
        found.append(f"{size[0]} x {size[1]} is too large for phones")
    return found


def side_of(picture: StreamFacts) -> int | None:
    """The longest side in pixels that it may have as H.264, shown in square pixels; None: it may stay as it is."""
    size = shown_size(picture)
    most = min(BLOCKS_MAX, BLOCKS_S_MAX / min(RATE_MAX, picture.fps or 1.0))
    if max(size) <= SIDE_MAX and _blocks(size) <= most:
        return None
    sides = range(min(SIDE_MAX, max(size)) // BLOCK * BLOCK, BLOCK, -BLOCK)
    return next((side for side in sides if _blocks(size, side / max(size)) <= most), BLOCK)


def stated_level(picture: StreamFacts, side: int | None) -> str | None:
    """The level to write where the encoder would write a higher one, as the file claims too many frames a second.

    None where the encoder may choose: its choice follows from the size and the rate.
    """
    size = shown_size(picture)
    claimed = max(picture.fps or 1.0, float(Fraction(picture.rate or 1)))
    share = min(1.0, side / max(size)) if side else 1.0
    return str(_LEVEL_MAX) if _blocks(size, share) * claimed > BLOCKS_S_MAX else None


def shown_size(picture: StreamFacts) -> tuple[int, int]:
    """Width and height with the coded width stretched by the shape of a pixel ("4:3"; players keep the height)."""
    width, height = picture.width, picture.height
    wide, _, high = (picture.sar or "").partition(":")
    if not (wide.isdigit() and high.isdigit()) or not int(wide) * int(high):
        return width, height
    return max(1, round(width * int(wide) / int(high))), height


def _blocks(size: tuple[int, int], share: float = 1.0) -> int:
    """Macroblocks of a picture with sides of that share, those at its edges whole."""
    return math.prod(math.ceil(pixels * share / BLOCK) for pixels in size)


# Colours of a video that is encoded: limited range, the matrix that players take at its height, all tagged. Pure.
#
# Numbers are those of ITU-T H.273. A player that reads no tags takes BT.709 from 720 lines on and BT.601 below
# (Chromium does, too, where the tags are missing): what is made follows that, so that tags and guesses agree. Full
# range is made limited: half-tagged it is shown too bright.


HD_LINES = 720
_UNTOLD = frozenset({0, 2, None})
"""Unspecified; 0 is reserved, and as a matrix it is RGB."""
_SWSCALE = {1: "bt709", 4: "fcc", 5: "bt470", 6: "smpte170m", 7: "smpte240m", 9: "bt2020"}
"""Matrices that ffmpeg's scale filter knows, by its words."""


def with_colours(plan: TranscodePlan, found: FileFacts, picture: StreamFacts) -> TranscodePlan:
    """The plan with the source's upright size in square pixels, and its colours as players take them."""
    matrix = picture.matrix
    coded = BT709 if picture.height >= HD_LINES else SMPTE170M
    return replace(
        plan,
        size=(found.width or picture.width, found.height or picture.height),
        matrix=coded if matrix is None or matrix in _UNTOLD else matrix,
        primaries=_told(picture.primaries),
        curve=_told(picture.transfer),
    )


def colour_conversion(plan: EncodePlan) -> str:
    """Options of the scale filter that bring colours where they belong; for RGB it ignores the matrix of the source.

    The first scale of a chain has them, and `format=yuv420p` after it: left to itself ffmpeg converts with BT.601.
    From one matrix to another it is three levels too dark and tinted unless it is made to round; that takes time.
    """
    source, made = plan.matrix, _matrix(plan)
    # Tone mapping says what it made.
    read = "auto" if plan.hdr else _SWSCALE.get(source, "auto")
    rounded = ":flags=bicubic+accurate_rnd" if read != _SWSCALE[made] else ""
    return f":in_color_matrix={read}:out_color_matrix={_SWSCALE[made]}:out_range=tv{rounded}"


def colour_tags(plan: EncodePlan) -> str:
    """The filter that says what the frames are; the encoder writes it into the stream and into the file."""
    primaries = BT709 if plan.hdr else plan.primaries
    curve = BT709 if plan.hdr else plan.curve
    named = f"color_primaries={primaries}:color_trc={curve}:colorspace={_matrix(plan)}"
    return f"setparams=range=tv:{named}"


def _told(number: int | None) -> int:
    return BT709 if number is None or number in _UNTOLD else number


def _matrix(plan: EncodePlan) -> int:
    """By the height of what is made: the short side may be bounded (`short`), and the long one (`side`)."""
    width, height = plan.size
    least, most = max(1, min(width, height)), max(1, width, height)
    share = min(1.0, (plan.short or least) / least)
    share = min(share, (plan.side or most) / most)
    return BT709 if round(height * share) >= HD_LINES else SMPTE170M


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
_HVC1, _AGAIN = "tagged hvc1", "second chance: its audio made AAC"
_DOLBY = "Dolby Vision whose colours only its own players know"
_MP4_SUFFIXES = (".mp4", ".m4v")


def judge_video(
    found: FileFacts,
    hevc: Hevc,
    recipe: Recipe = Recipe.TELEGRAM,
    languages: Sequence[str] = (),
) -> Judgement:
    """as_is, rewrap, audio or transcode, with the plan for it. The facts hold a video stream that decodes.

    `languages` are those wished for the audio, the best first.
    """
    tracks = _tracks(found, recipe, languages)
    picture, wrapper = _picture_faults(found, tracks.picture, hevc), _wrapper_faults(found, tracks)
    if _is_above(tracks.picture, recipe):
        picture.append(f"higher than {recipe.height_max}p")
    sound = _sound_faults(tracks.sound, recipe)
    name = f"{tracks.picture.codec} in {found.container}"
    if found.dolby_only:
        name, wrapper = f"{name}, {_DOLBY}", [one for one in wrapper if one != _HVC1]
    if picture and found.dolby_only:
        return _in_no_colours(f"{name}: {', '.join(picture)}")
    if picture:
        return _transcoded(
            found, tracks, recipe, f"{name}: {', '.join(picture)}", keep_sound=not sound
        )
    if sound:
        return _with_new_sound(found, tracks, recipe, f"{name}: {sound}")
    if wrapper:
        return _rewrapped(found, tracks, recipe, f"{name}: {', '.join(wrapper)}")
    return Judgement(
        ItemKind.VIDEO,
        Verdict.AS_IS,
        f"{name}, untouched" if found.dolby_only else f"{name}, plays as it is",
        suffix=None if found.suffix in _MP4_SUFFIXES else ".mp4",
        plan=UntouchedPlan(nosound_video=tracks.sound is None),
    )


def recover_video(
    found: FileFacts,
    recipe: Recipe = Recipe.TELEGRAM,
    languages: Sequence[str] = (),
    copied: Judgement | None = None,
) -> list[Judgement]:
    """What to try, one after the other; `copied` is the conversion that failed, None where it was the destination.

    Where copying both streams failed, only the audio is made anew; then everything; then the video alone.
    """
    tracks = _tracks(found, recipe, languages)
    if found.dolby_only:
        again = copied is not None and copied.verdict is Verdict.REWRAP and tracks.sound is not None
        return [_with_new_sound(found, tracks, recipe, _AGAIN)] if again else []
    ways = [_transcoded(found, tracks, recipe, "second chance", keep_sound=False)]
    if copied is None:
        return ways
    if copied.verdict is Verdict.REWRAP and tracks.sound is not None:
        ways.insert(0, _with_new_sound(found, tracks, recipe, _AGAIN))
    if tracks.sound is not None:
        silent = replace(tracks, sound=None, mute=True)
        ways.append(_transcoded(found, silent, recipe, "second chance", keep_sound=False))
    return ways


def _tracks(found: FileFacts, recipe: Recipe, languages: Sequence[str]) -> ChosenTracks:
    """Telegram's players show neither subtitles nor covers of a file."""
    return choose_tracks(found, languages, rich=recipe is not Recipe.TELEGRAM)


def _is_above(picture: StreamFacts, recipe: Recipe) -> bool:
    """Whether the short side, which is the height of upright and of lying video alike, is above the recipe's."""
    lines = recipe.height_max
    return lines is not None and min(picture.width, picture.height) > lines


def _picture_faults(found: FileFacts, picture: StreamFacts, hevc: Hevc) -> list[str]:
    """Why the picture must be encoded anew; empty when it can be copied."""
    faults: list[str] = []
    codec, pix = picture.codec, picture.pix_fmt
    if codec == "hevc" and hevc == "keep" and pix in _HEVC_PIX:
        pass
    elif codec not in ("h264", "hevc") or (codec == "hevc" and hevc == "convert"):
        faults.append(f"{codec} does not play everywhere")
    elif pix not in _EIGHT_BIT_420:
        faults.append(f"{pix} does not play everywhere")
    if picture.transfer in (PQ, HLG) and not found.dolby_only:
        faults.append("HDR")
    if found.interlaced:
        faults.append("interlaced")
    if picture.width % 2 or picture.height % 2:
        faults.append("odd size")
    faults += demands(picture)
    if found.order == "lost":
        faults.append(f"{found.container} does not say when its reordered frames are shown")
    return faults


def _sound_faults(sound: StreamFacts | None, recipe: Recipe) -> str:
    if sound is None:
        return ""
    if sound.codec not in _SOUND_KEPT:
        return f"{sound.codec} audio made AAC"
    if sound.codec == "mp3" and sound.hertz is not None and sound.hertz < MP3_HERTZ_LEAST:
        return f"mp3 audio of {sound.hertz} Hz made AAC"
    kept = channels_kept(sound, recipe)
    if sound.channels > kept:
        return f"{sound.channels} channels mixed to {'stereo' if kept <= STEREO else '5.1'}"
    return ""


def _wrapper_faults(found: FileFacts, tracks: ChosenTracks) -> list[str]:
    """Why the streams must be wrapped anew; empty for an MP4 that streams."""
    if found.sniffed != "mov":
        return ["copied into MP4"]
    faults: list[str] = []
    if found.brand in (None, "qt  "):
        faults.append("QuickTime file copied into MP4")
    if found.fragmented:
        faults.append("fragments joined")
    elif found.moov != "front" or (found.moov_at or 0) >= MOOV_WITHIN:
        faults.append("index moved to the front")
    if tracks.extra:
        faults.append("extra streams left out")
    if found.missing_bytes:
        faults.append("cut short, the readable part kept")
    if tracks.picture.codec == "hevc" and tracks.picture.tag != "hvc1":
        faults.append(_HVC1)
    return faults


def _plan(
    kind: type[AnyFilmPlan], found: FileFacts, tracks: ChosenTracks, recipe: Recipe
) -> AnyFilmPlan:
    """What every way of making an MP4 needs to know of its source."""
    return kind(
        recipe=recipe.value,
        original="beside" if tracks.mute else None,
        sniffed=found.sniffed,
        hevc=tracks.picture.codec == "hevc",
        dolby_only=bool(found.dolby_only),
        sound=tracks.sound is not None,
        sound_n=tracks.sound_n,
        mute=tracks.mute,
        channels=channels_kept(tracks.sound, recipe) if tracks.sound is not None else 0,
        subtitles=tracks.subtitles_n,
        promised_s=found.promised_s,
        promised_picture_s=found.promised_picture_s,
        hides=bool(found.interlaced) or tracks.picture.codec in _HIDING,
        duration_s=found.readable_s or found.duration_s,
        fps=tracks.picture.fps,
        partial=bool(found.missing_bytes),
        lost_s=found.lost_s,
        order=found.order,
    )


def _rewrapped(found: FileFacts, tracks: ChosenTracks, recipe: Recipe, why: str) -> Judgement:
    return Judgement(
        ItemKind.VIDEO,
        Verdict.REWRAP,
        why + _left_behind(tracks),
        suffix=_mp4(found),
        partial=_is_partial(found, tracks),
        cost_s=round(found.size / COPY_BYTES_PER_S, 2),
        plan=_plan(RewrapPlan, found, tracks, recipe),
    )


def _with_new_sound(found: FileFacts, tracks: ChosenTracks, recipe: Recipe, why: str) -> Judgement:
    cost = (found.duration_s or 0.0) * AUDIO_S_PER_S
    return Judgement(
        ItemKind.VIDEO,
        Verdict.AUDIO,
        why + _left_behind(tracks),
        suffix=_mp4(found),
        deferred=cost > DEFER_ABOVE_S,
        partial=_is_partial(found, tracks),
        cost_s=round(cost, 2),
        plan=_plan(NewSoundPlan, found, tracks, recipe),
    )


def _transcoded(
    found: FileFacts, tracks: ChosenTracks, recipe: Recipe, why: str, *, keep_sound: bool
) -> Judgement:
    picture = tracks.picture
    pixels = picture.width * picture.height * (picture.fps or 25.0)
    side = side_of(picture)
    smaller = f" of {side} pixels at the longer side" if side is not None else ""
    plan = replace(
        _plan(TranscodePlan, found, tracks, recipe),
        hevc=False,
        keep_sound=keep_sound and tracks.sound is not None,
        interlaced=bool(found.interlaced),
        hdr=picture.transfer in (PQ, HLG),
        by_order=found.order in ("lost", "unsure"),
        rate=picture.rate,
        side=side,
        level=stated_level(picture, side),
        short=recipe.height_max if _is_above(picture, recipe) else None,
    )
    return Judgement(
        ItemKind.VIDEO,
        Verdict.TRANSCODE,
        f"{why}: made H.264{smaller}{_left_behind(tracks)}",
        suffix=_mp4(found),
        deferred=True,
        partial=_is_partial(found, tracks),
        cost_s=round(pixels * (found.duration_s or 0.0) / PIXELS_PER_S, 1),
        plan=with_colours(plan, found, picture),
    )


def _in_no_colours(why: str) -> Judgement:
    """What would have to be encoded from frames whose colours no decoder here knows."""
    fault = Fault("input.unsupported", why, suggestion=OTHER_COLOURS, stage="probe")
    return Judgement(ItemKind.VIDEO, Verdict.UNSAVABLE, why, fault=fault)


def _left_behind(tracks: ChosenTracks) -> str:
    """What the copy has no room for, as the reason says it."""
    silent = "; no decoder here reads its audio, the original goes beside it" if tracks.mute else ""
    return silent + (f"; left behind: {', '.join(tracks.left)}" if tracks.left else "")


def _is_partial(found: FileFacts, tracks: ChosenTracks) -> bool:
    """Whether its audio or bytes at its end are missing, or more of its beginning than a tuner usually loses."""
    return tracks.mute or is_cut(found) or found.lost_s >= LOST_TOLD_S


def _mp4(found: FileFacts) -> str | None:
    return None if found.suffix in _MP4_SUFFIXES else ".mp4"
