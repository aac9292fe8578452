"""The facts of one stream of a file; both back-ends give the same."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from transload.facts import FileFacts, StreamFacts

# Which streams of a film are taken, and what the others are called that stay behind. Pure.
#
# Streams are the facts of a prober, in the file's order; numbers count the streams of one type, as ffmpeg's `0:a:1`
# does.


TEXT_SUBTITLES = frozenset(
    {
        *("mov_text", "subrip", "ass", "webvtt", "text", "microdvd", "jacosub", "sami"),
        *("subviewer", "subviewer1", "realtext", "mpl2", "vplayer", "pjs", "stl", "ttml"),
    }
)
"""Subtitles that are text (libavcodec/codec_desc.c, AV_CODEC_PROP_TEXT_SUB), which MP4 keeps as `mov_text`."""
_NO_LANGUAGE = frozenset({"", "und", "mis", "zxx", "mul"})
"""Codes of ISO 639-2 that name no language."""
_BIBLIOGRAPHIC = {
    **{"alb": "sqi", "arm": "hye", "baq": "eus", "bur": "mya", "chi": "zho", "cze": "ces"},
    **{"dut": "nld", "fre": "fra", "geo": "kat", "ger": "deu", "gre": "ell", "ice": "isl"},
    **{"mac": "mkd", "mao": "mri", "may": "msa", "per": "fas", "rum": "ron", "slo": "slk"},
    **{"tib": "bod", "wel": "cym"},
}
"""The twenty languages for which ISO 639-2 has a second code, and files either."""
_SHOWN = frozenset({"video", "audio", "subtitle"})
_WORDS = {"audio": "audio", "video": "video", "subtitle": "subtitles", "attachment": "attachment"}


@dataclass(frozen=True, slots=True)
class ChosenTracks:
    """The picture, and what goes with it.

    `sound_n` and `subtitles_n` are numbers among the streams of their type. `mute` says that there is audio, but none
    that a decoder here knows. `left` names what is left out, for people; `extra` counts streams in the way of a player.
    """

    picture: StreamFacts
    sound: StreamFacts | None
    sound_n: int
    mute: bool
    subtitles_n: tuple[int, ...]
    left: tuple[str, ...]
    extra: int


def choose_tracks(found: FileFacts, languages: Sequence[str] = (), *, rich: bool) -> ChosenTracks:
    """The tracks of a film, whose facts hold a picture; `rich`: its players know subtitles and covers in a file."""
    streams = found.streams
    picture = next(one for one in streams if one.type == "video" and not one.cover)
    at = sound_at(streams, languages)
    sound = streams[at] if at is not None else None
    lines = [one for one in streams if one.type == "subtitle"]
    kept = tuple(n for n, one in enumerate(lines) if rich and one.codec in TEXT_SUBTITLES)
    taken = [picture, *([sound] if sound is not None else []), *(lines[n] for n in kept)]
    others = [one for one in streams if not any(one is other for other in taken)]
    return ChosenTracks(
        picture=picture,
        sound=sound,
        sound_n=number_of(streams, at) if at is not None else 0,
        mute=sound is None and any(one.type == "audio" for one in streams),
        subtitles_n=kept,
        left=_names(others, found.chapters),
        extra=sum(one.type in _SHOWN and not (rich and one.cover) for one in others),
    )


def language_of(tags: Mapping[str, str]) -> str | None:
    """The language by the tags of a stream, as `same_code` writes it; None where they name none."""
    said = (text for name, text in tags.items() if name.lower() == "language")
    found = same_code(next(said, ""))
    return None if found in _NO_LANGUAGE else found


def same_code(language: str) -> str:
    """A code of ISO 639-2 in small letters, one for each language."""
    code = language.strip().lower()
    return _BIBLIOGRAPHIC.get(code, code)


def sound_at(streams: Sequence[StreamFacts], languages: Sequence[str] = ()) -> int | None:
    """The index of the audio stream to take, None where no decoder here knows any.

    Of the first wished language that there is, what is no commentary; of those the one marked as default, else the
    one of most channels, then of the highest rate. This is how players choose, where they heed the marks.
    """
    known = [at for at, one in enumerate(streams) if one.type == "audio" and one.codec != "unknown"]
    if not known:
        return None
    fit = [at for at in known if not streams[at].aside] or known
    for language in map(same_code, languages):
        if spoken := [at for at in fit if streams[at].language == language]:
            fit = spoken
            break
    marked = [at for at in fit if streams[at].default]
    return marked[0] if marked else max(fit, key=lambda at: _richness(streams[at]))


def number_of(streams: Sequence[StreamFacts], at: int) -> int:
    """The number of a stream among those of its type."""
    kind = streams[at].type
    return sum(one.type == kind for one in streams[:at])


def _richness(sound: StreamFacts) -> tuple[int, int]:
    return sound.channels, sound.bit_rate or 0


def _names(streams: Sequence[StreamFacts], chapters: int) -> tuple[str, ...]:
    """Equal ones once with their number: a disc has thirty subtitles."""
    counted = Counter(_name(one) for one in streams)
    names = [name if count == 1 else f"{count} x {name}" for name, count in counted.items()]
    if chapters:
        names.append(f"{chapters} chapter{'s' if chapters > 1 else ''}")
    return tuple(names)


def _name(one: StreamFacts) -> str:
    if one.cover:
        return "cover picture"
    word = _WORDS.get(one.type, "data")
    marks = [one.aside, one.language, None if word == "data" else one.codec]
    details = ", ".join(str(mark) for mark in marks if mark)
    return f"{word} ({details})" if details else word
