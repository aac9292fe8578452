"""Tiny media with the traits that break converters: turned, stretched, cut, flipped, locked, too fast, too slow."""

from pathlib import Path

from tests.media.samples import (
    AAC,
    BOTH,
    FRONT,
    H264,
    ODD,
    PICTURE,
    QUIET_HEVC,
    SAMPLES,
    SOUND,
    Make,
    Sample,
    animated,
    by_ffmpeg,
    cut,
    words,
)
from transload.model import ItemKind, Verdict

PQ = (
    *("-c:v", "libx265", "-pix_fmt", "yuv420p10le", "-color_trc", "smpte2084", "-tag:v", "hvc1"),
    "-x265-params",
    "log-level=none:transfer=smpte2084:colorprim=bt2020:colormatrix=bt2020nc",
)
KEY = "00112233445566778899aabbccddeeff"
LOCK = ("-encryption_scheme", "cenc-aes-ctr", "-encryption_key", KEY, "-encryption_kid", KEY)
UNEVEN = ("-vf", "setpts='(N+0.6*mod(N\\,3))/10/TB'", "-fps_mode", "vfr")
TWO_PICTURES = (*PICTURE, "-f", "lavfi", "-i", "testsrc2=size=32x32:rate=10:duration=1")
FIELDS = ("-c:v", "mpeg2video", "-flags", "+ilme+ildct", "-vf", "setfield=tff")
TWO_SOUNDS = ("-map", "0", "-map", "1", "-map", "1")
EIGHT_K = ("-f", "lavfi", "-i", "testsrc=size=7680x4320:rate=5:duration=0.2")
SILENCE = ("-f", "lavfi", "-i", "anullsrc=r=8000:cl=mono", "-t", "3600")
TS_BYTES = 188
ID3_BYTES = 10_000
ID3 = b"ID3\4\0\0" + bytes((0, 0, ID3_BYTES >> 7, ID3_BYTES & 0x7F))
PCM_16, NO_CODEC = b"fmt \x10\0\0\0\1\0", b"fmt \x10\0\0\0\x34\x12"
TITLES = "1\n00:00:00,100 --> 00:00:00,900\nHello\n"


def at_rate(rate: int, frames: int) -> tuple[str, ...]:
    """A picture source with so many frames a second."""
    return ("-f", "lavfi", "-i", f"testsrc=size=64x48:rate={rate}:duration={frames / rate}")


def flipped(make: Make) -> Make:
    """A maker that turns bits over in the middle of a file, behind its index."""

    def rotten(target: Path) -> None:
        make(target)
        content = bytearray(target.read_bytes())
        for at in range(len(content) * 6 // 10, len(content) * 7 // 10, 37):
            content[at] ^= 0x55
        target.write_bytes(content)

    return rotten


def begun(*encoder: str, seconds: int = 8) -> Make:
    """A maker of a recording that begins between keyframes: a transport stream without its first quarter."""
    picture = ("-f", "lavfi", "-i", f"testsrc2=size=64x48:rate=10:duration={seconds}")
    sound = ("-f", "lavfi", "-i", f"sine=frequency=440:duration={seconds}")
    keys = ("-g", str(4 * seconds), "-keyint_min", str(4 * seconds), "-sc_threshold", "0")

    def make(target: Path) -> None:
        by_ffmpeg(*picture, *sound, *encoder, *keys, *AAC)(target)
        content = target.read_bytes()
        target.write_bytes(content[len(content) // 4 // TS_BYTES * TS_BYTES :])

    return make


def turned_by(angle: int, *encoder: str) -> Make:
    """A maker of an MP4 to be shown turned."""

    def make(target: Path) -> None:
        flat = target.with_name(f"flat-of-{target.name}")
        by_ffmpeg(*BOTH, *encoder, *AAC)(flat)
        by_ffmpeg("-display_rotation", str(angle), "-i", str(flat), "-c", "copy", *FRONT)(target)
        flat.unlink()

    return make


def titled(*more: str) -> Make:
    """A maker of a file with a subtitle stream; `more` says what else, the subtitles being input 0."""

    def make(target: Path) -> None:
        text = target.with_name(f"{target.name}.srt")
        text.write_text(TITLES, "utf-8")
        by_ffmpeg("-i", str(text), *more)(target)
        text.unlink()

    return make


def trimmed(*encoder: str, seconds: float = 1.5) -> Make:
    """A maker of a film whose beginning was cut away by an edit list alone: all its packets are still there."""

    def make(target: Path) -> None:
        whole = target.with_name(f"whole-of-{target.name}")
        picture = ("-f", "lavfi", "-i", "testsrc=size=64x48:rate=10:duration=4")
        sound = ("-f", "lavfi", "-i", "sine=frequency=440:duration=4")
        by_ffmpeg(*picture, *sound, *encoder, *AAC)(whole)
        by_ffmpeg("-ss", str(seconds), "-i", str(whole), "-c", "copy", *FRONT)(target)
        whole.unlink()

    return make


def tagged(make: Make) -> Make:
    """A maker that puts an ID3 tag before the file, with a picture larger than what is read of a head."""

    def labelled(target: Path) -> None:
        make(target)
        target.write_bytes(ID3 + bytes(ID3_BYTES) + target.read_bytes())

    return labelled


def hollow(make: Make, mark: bytes) -> Make:
    """A maker of a file with a whole header and nothing but zeros after the first `mark` in it."""

    def emptied(target: Path) -> None:
        make(target)
        content = target.read_bytes()
        kept = content[: content.index(mark) + len(mark)]
        target.write_bytes(kept.ljust(len(content), b"\0"))

    return emptied


def renamed(make: Make, codec: bytes, other: bytes) -> Make:
    """A maker of a file that names another codec in its header than the one it holds."""

    def disguised(target: Path) -> None:
        make(target)
        content = target.read_bytes()
        assert codec in content
        target.write_bytes(content.replace(codec, other))

    return disguised


_V, _N, _A = ItemKind.VIDEO, ItemKind.ANIMATION, ItemKind.AUDIO
_OK, _WRAP, _SND, _CODE = Verdict.AS_IS, Verdict.REWRAP, Verdict.AUDIO, Verdict.TRANSCODE
_BAD = Verdict.UNSAVABLE
_MPEG_4 = by_ffmpeg(*PICTURE, "-c:v", "mpeg4")
_TEN_BIT = ("-c:v", "libx264", "-pix_fmt", "yuv420p10le")
_WITH_TITLES = (*BOTH, "-map", "1", "-map", "2", "-map", "0", *H264, *AAC)

RARE = (
    # shapes and clocks
    Sample("stretched.mp4", by_ffmpeg(*BOTH, "-vf", "setsar=4/3", *H264, *AAC, *FRONT), _V, _OK),
    Sample("stretched.mkv", by_ffmpeg(*BOTH, "-vf", "setsar=4/3", *H264, *AAC), _V, _WRAP),
    Sample("stretched.wmv", by_ffmpeg(*PICTURE, "-vf", "setsar=4/3", "-c:v", "wmv2"), _V, _CODE),
    Sample("uneven.mkv", by_ffmpeg(*PICTURE, *UNEVEN, *H264), _V, _WRAP),
    Sample("uneven_vp8.mkv", by_ffmpeg(*PICTURE, *UNEVEN, "-c:v", "libvpx", "-cpu-used", "8"), _V, _CODE),
    Sample("upright.mp4", turned_by(90, *_TEN_BIT), _V, _CODE),
    Sample("overhead.mp4", turned_by(180, *H264), _V, _OK),
    Sample("slow.mp4", by_ffmpeg(*at_rate(1, 3), *H264, *FRONT), _V, _OK),
    Sample("slow.avi", by_ffmpeg(*at_rate(1, 3), "-c:v", "mpeg4"), _V, _CODE),
    Sample("fast.mp4", by_ffmpeg(*at_rate(240, 120), *H264, *FRONT), _V, _OK),
    Sample("fast.avi", by_ffmpeg(*at_rate(240, 120), "-c:v", "mpeg4"), _V, _CODE),
    Sample("eight_k.mp4", by_ffmpeg(*EIGHT_K, *H264, *FRONT), _V, _CODE),
    Sample("instant.mkv", by_ffmpeg(*at_rate(25, 1), *H264), _V, _WRAP),
    # colours and layouts
    Sample("pq.mp4", by_ffmpeg(*PICTURE, *PQ, *FRONT), _V, _CODE),
    Sample("hev1.mp4", by_ffmpeg(*PICTURE, *QUIET_HEVC, *FRONT), _V, _WRAP),
    Sample("odd_sides.mkv", by_ffmpeg(*ODD, "-c:v", "mpeg4"), _V, _CODE),
    Sample("fields.ts", by_ffmpeg(*PICTURE, "-r", "25", *FIELDS), _V, _CODE),
    Sample("theora_like.mkv", by_ffmpeg(*BOTH, "-c:v", "msmpeg4v3", "-c:a", "libopus"), _V, _CODE),
    Sample("two_pictures.mp4", by_ffmpeg(*TWO_PICTURES, "-map", "0", "-map", "1", *H264, *FRONT), _V, _WRAP),
    Sample("titled.mp4", titled(*_WITH_TITLES, "-c:s", "mov_text", *FRONT), _V, _WRAP),
    Sample("titled.mkv", titled(*_WITH_TITLES), _V, _WRAP),
    Sample("sounds.mkv", by_ffmpeg(*BOTH, *TWO_SOUNDS, *H264, *AAC, "-c:a:0", "ac3"), _V, _SND),
    Sample("vorbis.mkv", by_ffmpeg(*BOTH, *H264, "-c:a", "libvorbis"), _V, _SND),
    Sample("dts.mkv", by_ffmpeg(*BOTH, *H264, "-c:a", "eac3"), _V, _SND),
    # cut short, turned over
    Sample("cut_front.mp4", cut(by_ffmpeg(*BOTH, *H264, *AAC, *FRONT), 0.6), _V, _WRAP),
    Sample("cut.avi", cut(by_ffmpeg(*BOTH, "-c:v", "mpeg4", "-c:a", "libmp3lame"), 0.6), _V, _CODE),
    Sample("cut.wmv", cut(by_ffmpeg(*BOTH, "-c:v", "wmv2", "-c:a", "wmav2"), 0.6), _V, _CODE),
    Sample("cut.flv", cut(by_ffmpeg(*BOTH, *H264, *AAC), 0.6), _V, _WRAP),
    Sample("cut.wav", cut(by_ffmpeg(*SOUND), 0.6), _A, _SND),
    Sample("cut.mp3", cut(by_ffmpeg(*SOUND, "-c:a", "libmp3lame"), 0.6), _A, _OK),
    Sample("cut.ts", cut(by_ffmpeg(*BOTH, *H264, *AAC), 0.6), _V, _WRAP),
    Sample("begun.ts", begun(*H264, "-bf", "0"), _V, _WRAP),
    Sample("begun_422.ts", begun(*H264, "-pix_fmt", "yuv422p"), _V, _CODE),
    Sample("trimmed.mp4", trimmed(*H264, "-g", "100"), _V, _OK),
    Sample("trimmed.mov", trimmed("-c:v", "mpeg4", "-g", "100"), _V, _CODE),
    Sample("rotten.mp4", flipped(by_ffmpeg(*BOTH, *H264, *AAC, *FRONT)), _V, _OK),
    # moving pictures and sound
    Sample("moving.avif", animated("AVIF"), _N, Verdict.ANIMATION),
    Sample("silence.flac", by_ffmpeg(*SILENCE), _A, _SND),
    Sample("silence.m4a", by_ffmpeg(*SILENCE, "-c:a", "aac", "-b:a", "8k", *FRONT), _A, _OK),
    Sample("speech.ogg", by_ffmpeg(*SOUND, "-c:a", "libopus"), _A, _OK),
    Sample("windows.wma", by_ffmpeg(*SOUND, "-c:a", "wmav2"), _A, _SND),
    Sample("surround.ac3", by_ffmpeg(*SOUND, "-ac", "6"), _A, _SND),
    Sample("tagged.flac", tagged(by_ffmpeg(*SOUND, "-c:a", "flac")), _A, _SND),
    Sample("tagged.aac", tagged(by_ffmpeg(*SOUND, *AAC)), _A, _SND),
    Sample("unheard_of.wav", renamed(by_ffmpeg(*SOUND), PCM_16, NO_CODEC), _A, _OK),
    # nothing to save
    Sample("hollow.m4a", hollow(by_ffmpeg(*SOUND, *AAC, *FRONT), b"mdat"), _A, _BAD, "input.corrupt"),
    Sample("hollow.flac", hollow(by_ffmpeg(*SOUND), b"\xff\xf8"), _A, _BAD, "input.corrupt"),
    Sample("unheard_of.avi", renamed(_MPEG_4, b"FMP4", b"QQQQ"), _V, _BAD, "input.unsupported"),
    Sample("locked.mp4", by_ffmpeg(*BOTH, *H264, *AAC, *LOCK, *FRONT), _V, _BAD, "input.unsupported"),
    Sample("no_size.y4m", words(b"YUV4MPEG2 W0 H0 F25:1\nFRAME\n"), _V, _BAD, "input.corrupt"),
    Sample("still.mkv", by_ffmpeg(*PICTURE, "-c:v", "ffv1"), _V, _CODE),
    Sample("only_titles.mkv", titled(), _V, _BAD, "input.not_media"),
)  # fmt: skip

ALL = (*SAMPLES, *RARE)
