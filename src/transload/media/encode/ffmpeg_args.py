"""Arguments of ffmpeg for each way to convert. Pure: a plan and paths in, a list of words out."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from transload.media.encode.quality import BUFFER_S
from transload.media.judge.video import colour_conversion, colour_tags
from transload.media.probe.containers import DEMUXERS, OGG
from transload.plans import (
    AnimationPlan,
    EncodePlan,
    FfmpegPlan,
    FilmPlan,
    JpegPlan,
    M4aPlan,
    Mp3Plan,
    NewSoundPlan,
    Plan,
    RewrapPlan,
    StreamPlan,
    TranscodePlan,
)

CRF = "22"
SOUND_RATES = {1: "96k", 2: "128k", 6: "320k"}
"""Bits a second of AAC by its channels."""
REPEATABLE = ("-x264-params", "sync-lookahead=0")
"""With its look-ahead in a thread of its own, x264 wrote other bytes in one of 90 runs; without, in none of 720.

A file of several outputs is looked up by its content after a kill between two of them, so a second run must make the
same bytes. It costs 5 % of the time at medium, 16 % at veryfast, where one encoder has two cores.
"""
QUIET = (
    *("-hide_banner", "-nostdin", "-nostats", "-v", "error"),
    *("-progress", "pipe:1", "-stats_period", "0.5", "-y"),
)
_PICTURE = ("-map", "0:V:0")  # Capital V passes over covers.
_BARE = ("-dn", "-map_chapters", "-1", "-map_metadata", "0")
_CONTAINERS: dict[type[StreamPlan], tuple[str, ...]] = {
    M4aPlan: ("-movflags", "+faststart", "-f", "ipod"),
    Mp3Plan: ("-id3v2_version", "3", "-f", "mp3"),
}
_SUFFIXES: dict[type[Plan], str] = {JpegPlan: ".jpg", M4aPlan: ".m4a", Mp3Plan: ".mp3"}
_NO_TIMES = frozenset({"avi", "mpeg", "mpegvideo", "h264", "hevc", "m4v"})
"""Containers whose packets may lack presentation times."""

_BRANDS = ("major_brand", "minor_version", "compatible_brands")

_TONEMAP = (
    "zscale=transfer=linear:npl=100,format=gbrpf32le,zscale=primaries=bt709,tonemap=hable:desat=0,"
    "zscale=transfer=bt709:matrix=bt709:range=tv"
)


@dataclass(frozen=True, slots=True)
class EncodeStyle:
    """How to encode, and what differs between builds of ffmpeg.

    `filters` are the names the binary knows, `source_clock` is its word for "the demuxer's clock" (`-enc_time_base`),
    `threads` 0 leaves the number to the encoder, `bits_s` bounds its rate (None: quality alone decides).
    """

    preset: str
    threads: int
    filters: frozenset[str]
    source_clock: str
    bits_s: int | None = None


def suffix_of(plan: Plan) -> str:
    """Ending of the file that a plan makes."""
    return _SUFFIXES.get(type(plan), ".mp4")


def container_of(plan: Plan) -> str:
    """How that file is opened again."""
    return "mp3" if isinstance(plan, Mp3Plan) else "mov"


def arguments(plan: FfmpegPlan, source: Path, target: Path, style: EncodeStyle) -> list[str]:
    """All words after the program's name."""
    return [
        *QUIET,
        *threads(plan, style),
        *opening(plan, source),
        *_middle(plan, style),
        *threads(plan, style),
        *_CONTAINERS.get(type(plan), ("-movflags", "+faststart", "-f", "mp4")),
        f"file:{target}",
    ]


def threads(plan: StreamPlan, style: EncodeStyle) -> list[str]:
    """Tone mapping holds float frames: at 1080p each further thread costs 95 MiB and saves no processor time."""
    count = 1 if isinstance(plan, TranscodePlan) and plan.hdr else style.threads
    return ["-threads", str(count)] if count else []


def opening(plan: StreamPlan, source: Path) -> list[str]:
    """The source, by one named demuxer: no content can talk ffmpeg into opening anything else."""
    words = ["-protocol_whitelist", "file,pipe", "-f", DEMUXERS[plan.sniffed]]
    flags = "+genpts" if plan.sniffed in _NO_TIMES else ""
    if plan.partial:
        flags += "+discardcorrupt"  # Half a packet at the broken end keeps browsers from playing the rest.
    if flags:
        words += ["-fflags", flags]
    if isinstance(plan, TranscodePlan) and plan.by_order and plan.rate:
        words += ["-r", plan.rate]
    return [*words, "-i", f"file:{source}"]


def _middle(plan: FfmpegPlan, style: EncodeStyle) -> list[str]:
    match plan:
        case RewrapPlan():
            return copying(plan)
        case NewSoundPlan():
            return [
                *_tracks(plan),
                "-c:v",
                "copy",
                *_tag(plan),
                *sound(plan),
                *subtitles(plan),
                *_BARE,
            ]
        case M4aPlan():
            return _m4a(plan)
        case Mp3Plan():
            return _mp3(plan)
        case AnimationPlan():
            return ["-map", "0:v:0", "-an", *_h264(plan, style), "-sn", *_BARE]
        case TranscodePlan():
            return [*_tracks(plan), *_h264(plan, style), *sound(plan), *subtitles(plan), *_BARE]


def copying(plan: FilmPlan) -> list[str]:
    """Video and audio as they are."""
    return [*_tracks(plan), "-c", "copy", *_tag(plan), *subtitles(plan), *_BARE]


def _tag(plan: FilmPlan) -> list[str]:
    """HEVC as Apple's players ask for it; Dolby Vision keeps its own tag and record, which others must not miss."""
    if plan.dolby_only and plan.hevc:
        return ["-tag:v", "dvh1", "-strict", "unofficial"]
    return ["-tag:v", "hvc1"] if plan.hevc else []


def _tracks(plan: FilmPlan) -> list[str]:
    heard = [] if plan.mute else ["-map", f"{sound_at(plan)}?"]
    return [*_PICTURE, *heard, *subtitles_at(plan)]


def sound_at(plan: StreamPlan) -> str:
    """The audio that was chosen, as ffmpeg names it."""
    return f"0:a:{plan.sound_n}"


def subtitles_at(plan: FilmPlan) -> list[str]:
    """The subtitles that go with the video."""
    return [word for n in plan.subtitles for word in ("-map", f"0:s:{n}")]


def sound(plan: FilmPlan | M4aPlan) -> list[str]:
    """How the audio gets into an MP4."""
    if isinstance(plan, TranscodePlan) and plan.keep_sound:
        return ["-c:a", "copy"]
    channels = plan.channels or 2
    return ["-c:a", "aac", "-b:a", SOUND_RATES[channels], "-ac", str(channels)]


def subtitles(plan: FilmPlan) -> list[str]:
    """Subtitles as MP4 has them, or that there are none."""
    return ["-c:s", "mov_text"] if plan.subtitles else ["-sn"]


def _m4a(plan: M4aPlan) -> list[str]:
    """AAC with tags and cover, which is copied: what is damaged in it harms nothing."""
    picture = plan.cover
    cover = ["-map", f"0:{picture}", "-c:v", "copy", "-disposition:v", "attached_pic"]
    return [
        *("-map", sound_at(plan), *sound(plan), *(cover if picture is not None else ["-vn"])),
        *("-sn", "-dn", "-map_chapters", "-1", "-map_metadata", _tags_of(plan)),
    ]


def _tags_of(plan: M4aPlan | Mp3Plan) -> str:
    """Where the tags of the file are: Ogg keeps them with the stream."""
    return f"0:s:a:{plan.sound_n}" if plan.sniffed == OGG else "0"


def _mp3(plan: Mp3Plan) -> list[str]:
    """A constant rate, with tags and cover. Brands of MP4 are no tags."""
    picture = plan.cover
    cover = ["-map", f"0:{picture}", "-c:v", "mjpeg", "-pix_fmt", "yuvj420p"]
    return [
        *("-map", sound_at(plan), *(cover if picture is not None else ["-vn"]), "-sn"),
        *(("-disposition:v", "attached_pic") if picture is not None else ()),
        *("-c:a", "libmp3lame", "-b:a", f"{plan.kbit_s}k", "-map_metadata", _tags_of(plan)),
        *(("-ar", "44100") if plan.raise_hertz else ()),
        *(("-ac", "2") if plan.downmix else ()),
        *(word for brand in _BRANDS for word in ("-metadata", f"{brand}=")),
    ]


def _h264(plan: EncodePlan, style: EncodeStyle) -> list[str]:
    """Frames keep their own times: no frame rate is forced. The demuxer's clock keeps variable rates exact."""
    return [*encoder(plan, style, style.source_clock), "-vf", chain(plan, style.filters)]


def encoder(plan: EncodePlan, style: EncodeStyle, clock: str) -> list[str]:
    """The words for H.264; `clock` is the time base as ffmpeg writes it."""
    bound = style.bits_s
    return [
        *("-c:v", "libx264", "-preset", style.preset, "-crf", CRF, "-pix_fmt", "yuv420p"),
        *REPEATABLE,
        *(("-level", plan.level) if plan.level else ()),
        *(("-maxrate", str(bound), "-bufsize", str(BUFFER_S * bound)) if bound is not None else ()),
        *("-fps_mode", "passthrough", "-enc_time_base", clock),
    ]


def chain(plan: EncodePlan, known: Collection[str]) -> str:
    """What is done to each picture before it is encoded, as one chain of filters."""
    return ",".join(_filters(plan, known))


def _filters(plan: EncodePlan, known: Collection[str]) -> list[str]:
    """Deinterlace, bring HDR down, square pixels, even size; ffmpeg itself turns frames upright before.

    Filters begin to count anew where the size of the frames changes, so they do so only where no rate is known.
    """
    chain: list[str] = []
    if plan.by_order and not plan.rate:
        chain.append("setpts=round(N/(FRAME_RATE*TB))")
    if plan.interlaced:
        chain.append("bwdif=mode=send_frame")
    if plan.hdr and "zscale" in known:
        chain.append(_TONEMAP)
    even = "scale=w='max(2,trunc(iw*if(gt(sar,0),sar,1)/2)*2)':h='max(2,trunc(ih/2)*2)'"
    chain += [even + colour_conversion(plan), "format=yuv420p"]
    if short := plan.short:
        chain.append(
            f"scale=w='if(gt(iw,ih),-2,min({short},iw))':h='if(gt(iw,ih),min({short},ih),-2)'"
        )
    if side := plan.side:
        chain.append(
            f"scale=w='min({side},iw)':h='min({side},ih)'"  # after another scale nothing may grow
            ":force_original_aspect_ratio=decrease:force_divisible_by=2"
        )
    return [*chain, "setsar=1", colour_tags(plan)]
