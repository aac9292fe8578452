"""What audio needs: files of audio alone, and the audio of anything where an MP3 is wanted. Pure."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from transload.facts import FileFacts, StreamFacts
from transload.faults import Fault
from transload.media.judge.streams import number_of, sound_at
from transload.model import ItemKind, Judgement, Recipe, Verdict
from transload.plans import M4aPlan, Mp3Plan

AUDIO_S_PER_S = 0.045
SHORT_TOLD_S = 0.2
"""Headers count whole packets of audio, and the last frame for as long as the one before it."""
DEFER_ABOVE_S = 10.0  # a conversion that costs more is done after the transfer
STEREO, SURROUND = 2, 6
"""Channels of a copy: of everything, and of AAC where full quality is wanted (5.1, which browsers and phones mix)."""
MPEG1_HERTZ_LEAST = (
    32_000  # MPEG-1 layer III begins here; below, no frame holds more than 160 kbit/s.
)
MP4_COVERS = frozenset({"mjpeg", "png", "bmp"})  # iTunes metadata, `covr`: types 13, 14, 27
MP3_RATE_SLACK = 1.01  # Measured rates of VBR files wobble.

_AUDIO_SUFFIXES: dict[str, tuple[str, ...]] = {
    "mp3": (".mp3",),
    "mov": (".m4a", ".m4b", ".mp4"),
    "ogg": (".ogg", ".oga", ".opus"),
    "flac": (".flac",),
    "wav": (".wav",),
    "aac": (".aac",),
}


def is_streamable_sound(sniffed: str, codec: str, *, browsers: bool) -> bool:
    """Whether an audio file is kept: MP3 and AAC in M4A everywhere, Ogg, FLAC and WAV where a browser plays it."""
    pairs = {("mp3", "mp3"), ("mov", "aac"), ("mov", "mp3"), ("ogg", "opus"), ("ogg", "vorbis")}
    if browsers:
        pairs |= {("flac", "flac"), ("wav", "pcm_s16le"), ("aac", "aac")}
    return (sniffed, codec) in pairs


def channels_kept(sound: StreamFacts, recipe: Recipe) -> int:
    """How many channels a copy of this audio has at most; six are made of those that have as many.

    One stays one: two of it would be 3 dB quieter each.
    """
    count = sound.channels or STEREO
    if recipe is Recipe.PLAYABLE and count >= SURROUND:
        return SURROUND
    return min(count, STEREO)


def judge_sound(found: FileFacts, recipe: Recipe, languages: Sequence[str] = ()) -> Judgement:
    """as_is where it plays, or no decoder here knows it; else audio: made AAC in M4A."""
    streams = found.streams
    at = sound_at(streams, languages)
    if at is None:
        at = next(n for n, stream in enumerate(streams) if stream.type == "audio")
    sound = streams[at]
    known = _AUDIO_SUFFIXES.get(found.sniffed)
    browsers = recipe is not Recipe.TELEGRAM
    fits = is_streamable_sound(found.sniffed, sound.codec, browsers=browsers)
    if fits or sound.codec == "unknown":
        unknown = "" if fits else ": no decoder here, left untouched"
        return Judgement(
            ItemKind.AUDIO,
            Verdict.AS_IS,
            f"{sound.codec} audio{unknown}",
            suffix=fitting_suffix(found, known if fits else None),
            partial=is_cut(found),
        )
    why = f"{sound.codec} audio in {found.container}: made AAC{_others(streams)}"
    plan = M4aPlan(
        sniffed=found.sniffed,
        recipe=recipe.value,
        channels=channels_kept(sound, recipe),
        cover=_cover_at(streams, MP4_COVERS),
        sound_n=number_of(streams, at),
    )
    return _made(found, why, ".m4a", plan)


def judge_mp3(
    found: FileFacts,
    kind: ItemKind,
    recipe: Recipe,
    kbit_s: int,
    languages: Sequence[str] = (),
) -> Judgement:
    """as_is for an MP3 of at most `kbit_s`, audio for other audio, skip for what has none that can be read."""
    streams = found.streams
    at = sound_at(streams, languages)
    if at is None:
        return _soundless(kind, streams)
    sound = streams[at]
    rate = sound.bit_rate or 0
    if found.sniffed == "mp3" and sound.codec == "mp3" and rate <= kbit_s * 1000 * MP3_RATE_SLACK:
        return Judgement(
            ItemKind.AUDIO,
            Verdict.AS_IS,
            f"MP3 of {round(rate / 1000)} kbit/s",
            suffix=fitting_suffix(found, _AUDIO_SUFFIXES["mp3"]),
            partial=is_cut(found),
        )
    plan = Mp3Plan(
        sniffed=found.sniffed,
        recipe=recipe.value,
        kbit_s=kbit_s,
        raise_hertz=(sound.hertz or 0) < MPEG1_HERTZ_LEAST,
        downmix=sound.channels > STEREO,
        cover=_cover_at(streams),
        sound_n=number_of(streams, at),
    )
    why = f"{sound.codec} audio: made MP3 of {kbit_s} kbit/s{_others(streams)}"
    return _made(found, why, ".mp3", plan)


def _cover_at(streams: Sequence[StreamFacts], codecs: Collection[str] = ()) -> int | None:
    """The index of the first cover, of these codecs where some are named; one without a size is damaged."""
    covers = (at for at, one in enumerate(streams) if one.cover and one.width and one.height)
    return next((at for at in covers if not codecs or streams[at].codec in codecs), None)


def _soundless(kind: ItemKind, streams: Sequence[StreamFacts]) -> Judgement:
    if not any(stream.type == "audio" for stream in streams):
        return Judgement(kind, Verdict.SKIP, "no audio in it, and only audio is wanted")
    fault = Fault("input.unsupported", "no decoder here knows its audio", stage="probe")
    return Judgement(kind, Verdict.UNSAVABLE, fault.detail, fault=fault)


def _others(streams: Sequence[StreamFacts]) -> str:
    """That there is more audio than goes into the copy."""
    more = sum(stream.type == "audio" for stream in streams) - 1
    return f"; left behind: {more} more audio track{'s' if more > 1 else ''}" if more > 0 else ""


def is_cut(found: FileFacts) -> bool:
    """Whether some of its time is missing; bytes after the last picture (the index of an AVI) are no time."""
    whole_s, readable_s = found.duration_s, found.readable_s
    if not found.missing_bytes and not found.shortened:
        return False
    return not (whole_s and readable_s and readable_s >= whole_s - SHORT_TOLD_S)


def fitting_suffix(found: FileFacts, fitting: tuple[str, ...] | None) -> str | None:
    """The ending the delivered name needs; None when it has a fitting one."""
    if not fitting or found.suffix in fitting:
        return None
    return fitting[0]


def _made(found: FileFacts, why: str, suffix: str, plan: M4aPlan | Mp3Plan) -> Judgement:
    duration_s = found.duration_s or 0.0
    partial = is_cut(found)
    cost = duration_s * AUDIO_S_PER_S
    return Judgement(
        ItemKind.AUDIO,
        Verdict.AUDIO,
        why,
        suffix=suffix,
        deferred=cost > DEFER_ABOVE_S,
        partial=partial,
        cost_s=round(cost, 2),
        plan=replace(
            plan,
            duration_s=found.readable_s or duration_s,
            partial=partial,
            promised_s=found.promised_s,
        ),
    )
