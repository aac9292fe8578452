"""What sound needs: files of sound alone, and the sound of anything where an MP3 is wanted. Pure."""

from typing import Any

from transload.model import ItemKind, Judgement, Recipe, Verdict

AUDIO_S_PER_S = 0.045
DEFER_ABOVE_S = 10.0
CHANNELS_MAX = 2
MP3_HERTZ_LEAST = (
    32_000  # MPEG-1 layer III begins here; below, no frame holds more than 160 kbit/s.
)
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
    """Whether a sound file is kept: MP3 and AAC in M4A everywhere, Ogg, FLAC and WAV where a browser plays it."""
    pairs = {("mp3", "mp3"), ("mov", "aac"), ("mov", "mp3"), ("ogg", "opus"), ("ogg", "vorbis")}
    if browsers:
        pairs |= {("flac", "flac"), ("wav", "pcm_s16le"), ("aac", "aac")}
    return (sniffed, codec) in pairs


def judge_sound(raw: dict[str, Any], recipe: Recipe) -> Judgement:
    """as_is where it plays, or no decoder here knows it; else audio: made AAC in M4A."""
    sound = next(stream for stream in raw["streams"] if stream["type"] == "audio")
    known = _AUDIO_SUFFIXES.get(raw["sniffed"])
    browsers = recipe is not Recipe.TELEGRAM
    fits = is_streamable_sound(raw["sniffed"], sound["codec"], browsers=browsers)
    if fits or sound["codec"] == "unknown":
        unknown = "" if fits else ": no decoder here, left untouched"
        return Judgement(
            ItemKind.AUDIO,
            Verdict.AS_IS,
            f"{sound['codec']} sound{unknown}",
            suffix=fitting_suffix(raw, known if fits else None),
            partial=bool(raw.get("missing_bytes")),
        )
    why = f"{sound['codec']} sound in {raw['container']}: made AAC"
    return _made(raw, why, ".m4a", {"do": "sound"})


def judge_mp3(raw: dict[str, Any], kind: ItemKind, recipe: Recipe, kbit_s: int) -> Judgement:
    """as_is for an MP3 of at most `kbit_s`, audio for other sound, skip for what has none."""
    streams: list[dict[str, Any]] = raw.get("streams", [])
    sound = next((stream for stream in streams if stream["type"] == "audio"), None)
    if sound is None:
        return Judgement(kind, Verdict.SKIP, "no sound in it, and only sound is wanted")
    rate = sound.get("bit_rate") or 0
    if (
        raw["sniffed"] == "mp3"
        and sound["codec"] == "mp3"
        and rate <= kbit_s * 1000 * MP3_RATE_SLACK
    ):
        return Judgement(
            ItemKind.AUDIO,
            Verdict.AS_IS,
            f"MP3 of {round(rate / 1000)} kbit/s",
            suffix=fitting_suffix(raw, _AUDIO_SUFFIXES["mp3"]),
            partial=bool(raw.get("missing_bytes")),
        )
    cover = next((at for at, stream in enumerate(streams) if stream.get("cover")), None)
    plan = {
        "do": "mp3",
        "recipe": recipe.value,
        "kbit_s": kbit_s,
        "raise_hertz": sound.get("hertz", 0) < MP3_HERTZ_LEAST,
        "downmix": sound.get("channels", 0) > CHANNELS_MAX,
        "cover": cover,
    }
    return _made(raw, f"{sound['codec']} sound: made MP3 of {kbit_s} kbit/s", ".mp3", plan)


def fitting_suffix(raw: dict[str, Any], fitting: tuple[str, ...] | None) -> str | None:
    """The ending the delivered name needs; None when it has a fitting one."""
    if not fitting or raw.get("suffix") in fitting:
        return None
    return fitting[0]


def _made(raw: dict[str, Any], why: str, suffix: str, plan: dict[str, Any]) -> Judgement:
    duration_s = raw.get("duration_s") or 0.0
    partial = bool(raw.get("missing_bytes"))
    cost = duration_s * AUDIO_S_PER_S
    return Judgement(
        ItemKind.AUDIO,
        Verdict.AUDIO,
        why,
        suffix=suffix,
        deferred=cost > DEFER_ABOVE_S,
        partial=partial,
        cost_s=round(cost, 2),
        plan=plan
        | {
            "sniffed": raw["sniffed"],
            "duration_s": raw.get("readable_s") or duration_s,
            "partial": partial,
        },
    )
