"""The films of the matrix: what ffmpeg is told to make each."""

from dataclasses import dataclass
from itertools import cycle

SECONDS, RATE = 2, 25
FLASH_S = 1.2
"""When the picture is white for one frame, and a burst of sound begins."""
H264 = "-c:v libx264 -preset ultrafast -g 25"
_FIELDS = "-flags +ildct+ilme"

VIDEO: dict[str, str] = {
    "h264": H264,
    "h264 b": "-c:v libx264 -preset veryfast -bf 3 -g 50",
    "h264 open": "-c:v libx264 -preset veryfast -x264-params open-gop=1:keyint=25:bframes=3",
    "h264 fields": f"-c:v libx264 -preset veryfast {_FIELDS} -x264-params tff=1",
    "h264 10": f"{H264} -pix_fmt yuv420p10le",
    "h264 422": f"{H264} -pix_fmt yuv422p",
    "h264 444": f"{H264} -pix_fmt yuv444p",
    "h264 lossless": "-c:v libx264 -preset ultrafast -qp 0",
    "hevc": "-c:v libx265 -preset ultrafast -x265-params log-level=none",
    "hevc 10": "-c:v libx265 -preset ultrafast -x265-params log-level=none -pix_fmt yuv420p10le",
    "mpeg4": "-c:v mpeg4 -q:v 3",
    "mpeg4 b": "-c:v mpeg4 -q:v 3 -bf 2",
    "msmpeg4v2": "-c:v msmpeg4v2 -q:v 3",
    "msmpeg4": "-c:v msmpeg4 -q:v 3",
    "wmv1": "-c:v wmv1 -q:v 3",
    "wmv2": "-c:v wmv2 -q:v 3",
    "mpeg1": "-c:v mpeg1video -q:v 3",
    "mpeg2": "-c:v mpeg2video -q:v 3",
    "mpeg2 fields": f"-c:v mpeg2video -q:v 3 {_FIELDS}",
    "mpeg2 422": "-c:v mpeg2video -q:v 3 -pix_fmt yuv422p",
    "mjpeg": "-c:v mjpeg -q:v 3",
    "mjpeg 422": "-c:v mjpeg -q:v 3 -pix_fmt yuvj422p",
    "mjpeg 444": "-c:v mjpeg -q:v 3 -pix_fmt yuvj444p",
    "vp8": "-c:v libvpx -deadline realtime -cpu-used 8 -b:v 1M",
    "vp9": "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -b:v 1M",
    "av1": "-c:v libsvtav1 -preset 12 -crf 30",
    "theora": "-c:v libtheora -q:v 8",
    "flv1": "-c:v flv1 -q:v 3",
    "h263": "-c:v h263 -q:v 3 -s 176x144",
    "prores": "-c:v prores",
    "prores 444": "-c:v prores_ks -profile:v 4",
    "dnxhr": "-c:v dnxhd -profile:v dnxhr_hq -pix_fmt yuv422p -s 256x144",
    "ffv1": "-c:v ffv1",
    "ffv1 rgb": "-c:v ffv1 -pix_fmt bgr0",
    "huffyuv": "-c:v huffyuv",
    "ffvhuff": "-c:v ffvhuff",
    "utvideo": "-c:v utvideo",
    "magicyuv": "-c:v magicyuv",
    "png": "-c:v png",
    "qtrle": "-c:v qtrle",
    "raw": "-c:v rawvideo -pix_fmt uyvy422",
    "raw rgb": "-c:v rawvideo -pix_fmt bgr24",
    "svq1": "-c:v svq1 -q:v 3",
    "snow": "-c:v snow -q:v 3 -strict -2",
    "zmbv": "-c:v zmbv",
    "asv1": "-c:v asv1 -q:v 3",
    "jpeg2000": "-c:v jpeg2000",
    "cfhd": "-c:v cfhd -s 256x144",
    "h264 mono": f"{H264} -pix_fmt gray",
}
SOUND: dict[str, str] = {
    "none": "-an",
    "aac": "-c:a aac",
    "aac 5.1": "-c:a aac -ac 6",
    "mp2": "-c:a mp2",
    "mp3": "-c:a libmp3lame",
    "mp3 22": "-c:a libmp3lame -ar 22050",
    "mp3 11": "-c:a libmp3lame -ar 11025",
    "ac3": "-c:a ac3",
    "ac3 5.1": "-c:a ac3 -ac 6",
    "eac3": "-c:a eac3",
    "dts": "-c:a dca -strict -2 -ac 2",
    "opus": "-c:a libopus",
    "vorbis": "-c:a libvorbis",
    "flac": "-c:a flac",
    "alac": "-c:a alac",
    "pcm": "-c:a pcm_s16le",
    "pcm 24": "-c:a pcm_s24le",
    "pcm be": "-c:a pcm_s16be",
    "adpcm": "-c:a adpcm_ms",
    "adpcm qt": "-c:a adpcm_ima_qt",
    "wma1": "-c:a wmav1",
    "wma2": "-c:a wmav2",
    "dvd": "-c:a pcm_dvd",
    "bluray": "-c:a pcm_bluray",
}
_H264S = "h264|h264 b|h264 open|h264 fields"
_DEEP = "h264 10|h264 422|h264 444|h264 lossless"
_OLD = "mpeg4|mpeg4 b|msmpeg4v2|msmpeg4|wmv1|wmv2|flv1|mpeg1|mpeg2|mjpeg"
_STUDIO = "ffv1|ffv1 rgb|huffyuv|ffvhuff|utvideo|magicyuv"
BOXES: dict[str, tuple[str, str]] = {
    "mp4": (
        f"{_H264S}|{_DEEP}|hevc|hevc 10|mpeg4|mpeg4 b|mpeg1|mpeg2|mpeg2 fields|mjpeg|vp9|av1|png",
        "aac|mp3|ac3|eac3|opus|flac|alac|dts|mp2|none|aac 5.1|mp3 22",
    ),
    "mov": (
        f"{_H264S}|mpeg4|mjpeg|mjpeg 422|mjpeg 444|prores|prores 444|dnxhr|png|qtrle|raw|svq1|jpeg2000"
        "|cfhd|hevc|hevc 10|mpeg2",
        "pcm|aac|alac|pcm be|adpcm qt|none|mp3|pcm 24|ac3",
    ),
    "mkv": (
        f"{_H264S}|{_DEEP}|{_OLD}|{_STUDIO}|hevc|hevc 10|mpeg2 fields|mpeg2 422|vp8|vp9|av1|theora|snow"
        "|prores|png|dnxhr|raw|jpeg2000|h264 mono",
        "aac|opus|vorbis|flac|ac3|eac3|dts|mp3|mp2|pcm|pcm 24|none|aac 5.1|ac3 5.1|mp3 11|alac|wma2|adpcm",
    ),
    "webm": ("vp8|vp9|av1", "opus|vorbis|none"),
    "avi": (
        f"{_OLD}|h264|h264 b|huffyuv|ffvhuff|ffv1|utvideo|magicyuv|raw rgb|zmbv|asv1|mjpeg 422|h263|vp8|png"
        "|snow|cfhd",
        "mp3|pcm|ac3|mp2|adpcm|none|aac|mp3 22|wma2",
    ),
    "wmv": ("wmv1|wmv2|msmpeg4|msmpeg4v2|h264|h264 b|mpeg4|mjpeg", "wma2|wma1|mp3|none|aac|ac3"),
    "flv": ("flv1|h264|h264 b|h264 open", "mp3|aac|none|mp3 22|mp3 11"),
    "ts": (
        "h264|h264 b|h264 open|h264 fields|mpeg2|mpeg2 fields|hevc|mpeg1|mpeg4",
        "aac|mp2|ac3|mp3|eac3|opus|dts|none",
    ),
    "m2ts": ("h264|h264 b|mpeg2|hevc", "ac3|bluray|dts|eac3"),
    "mpg": ("mpeg1|mpeg2|mpeg2 fields", "mp2|ac3|none"),
    "vob": ("mpeg2|mpeg2 fields", "ac3|mp2|dvd"),
    "ogv": ("theora|vp8", "vorbis|opus|flac|none"),
    "nut": ("h264 b|mpeg4|mpeg4 b|ffv1|mjpeg", "aac|pcm|mp3|vorbis|none"),
    "3gp": ("h263|mpeg4|h264 b", "aac|none"),
    "mxf": ("mpeg2|mpeg2 422|jpeg2000", "pcm|pcm 24"),
    "m4v": ("h264 b", "aac"),
    "h264": ("h264|h264 b", "none"),
    "hevc": ("hevc", "none"),
    "m1v": ("mpeg1", "none"),
    "m2v": ("mpeg2", "none"),
    "mjpeg": ("mjpeg", "none"),
    "ivf": ("vp8|vp9|av1", "none"),
    "y4m": ("wrapped", "none"),
}
"""Container -> its videos, and its sounds, which take turns."""
MUXERS = {
    "m1v": "mpeg1video",
    "m2v": "mpeg2video",
    "vob": "vob",
    "mpg": "mpeg",
    "wmv": "asf",
    "y4m": "yuv4mpegpipe",
    "m2ts": "mpegts",
}
AGAIN = frozenset({"mp4", "mov", "mkv", "avi", "ts"})
"""Containers whose videos are made a second time, each with the sound behind the first one."""


@dataclass(frozen=True, slots=True)
class Film:
    """One row: a name, what stands before the inputs and behind them, the source's filter, what is odd about it."""

    name: str
    ending: str
    words: str
    before: str = ""
    size: str = "192x108"
    rate: str = str(RATE)
    chain: str = ""
    inputs: str = ""
    told: tuple[str, ...] = ()
    fields: bool = False
    ordered: bool = False


def films() -> list[Film]:
    """All rows: products thinned to pairs, then the odd ones."""
    rows: dict[str, Film] = {}
    for box, (videos, sounds) in BOXES.items():
        turn = cycle(sounds.split("|"))
        for video in videos.split("|") * (2 if box in AGAIN else 1):
            sound = next(turn)
            words = f"{VIDEO.get(video, '-c:v wrapped_avframe')} {SOUND[sound]}"
            muxer = f" -f {MUXERS[box]}" if box in MUXERS else ""
            name = f"{video}, {sound}.{box}"
            fields = "fields" in video
            rows[name] = Film(name, box, words + muxer, fields=fields, ordered=box in UNORDERED)
    rows |= {row.name: row for row in ODD}
    return list(rows.values())


UNORDERED = frozenset(
    {
        "avi",
        "wmv",
        "mpg",
        "vob",
        "mxf",
        "h264",
        "hevc",
        "m1v",
        "m2v",
        "mjpeg",
        "ivf",
        "m4v",
        "y4m",
        "m2ts",
        "ts",
    }
)
"""Containers whose times another ffmpeg guesses otherwise: pictures are compared by their order."""
_AAC = f"{H264} -c:a aac"
_TWO = "-f lavfi -i sine=440:d=2"
ODD = (
    Film("fragmented.mp4", "mp4", f"{_AAC} -movflags frag_keyframe+empty_moov"),
    Film("index at the end.mp4", "mp4", _AAC),
    Film("sar 4:3.mp4", "mp4", "-c:v mpeg4 -q:v 3 -c:a aac", chain="setsar=4/3"),
    Film("sar 16:15.mkv", "mkv", f"{H264} -c:a ac3", chain="setsar=16/15"),
    Film("odd size.mkv", "mkv", "-c:v ffv1 -c:a flac", size="191x107"),
    Film("odd size.avi", "avi", "-c:v mpeg4 -q:v 3 -c:a mp3", size="191x107"),
    Film("upright.mov", "mov", "-c:v prores -c:a pcm_s16le", size="108x192"),
    Film("film rate.mkv", "mkv", _AAC, rate="24000/1001"),
    Film("tv rate.mov", "mov", "-c:v mjpeg -q:v 3 -c:a pcm_s16le", rate="30000/1001"),
    Film("fifty.ts", "ts", _AAC, rate="50", ordered=True),
    Film("sixty.mkv", "mkv", "-c:v mpeg4 -q:v 3 -c:a aac", rate="60"),
    Film("ten.avi", "avi", "-c:v mpeg4 -q:v 3 -c:a mp3", rate="10", ordered=True),
    Film(
        "uneven.mkv",
        "mkv",
        "-c:v ffv1 -c:a aac -fps_mode vfr",
        chain="select='not(between(mod(n,7),2,4))'",
    ),
    Film("begins late.ts", "ts", f"{_AAC} -output_ts_offset 10", ordered=True),
    Film("begins late.mkv", "mkv", f"{_AAC} -output_ts_offset 10"),
    Film(
        "two sounds.mkv", "mkv", f"{_AAC} -map 0 -map 1 -map 2", inputs=_TWO, told=("audio (aac)",)
    ),
    Film(
        "two sounds.mov",
        "mov",
        "-c:v mjpeg -q:v 3 -c:a alac -map 0 -map 1 -map 2",
        inputs=_TWO,
        told=("audio (alac)",),
    ),
    Film(
        "commentary first.mkv",
        "mkv",
        f"{_AAC} -map 0 -map 2 -map 1 -disposition:a:0 comment -disposition:a:1 default",
        inputs=_TWO,
        told=("audio (commentary, aac)",),
    ),
    Film("two pictures.mkv", "mkv", f"{_AAC} -map 0 -map 0 -map 1", told=("picture (h264)",)),
    Film("data.ts", "ts", f"{_AAC} -metadata service_name=x", ordered=True),
    Film("large.mkv", "mkv", f"{H264} -c:a aac", size="1280x720"),
    Film(
        "hdr.mkv",
        "mkv",
        "-c:v libx265 -preset ultrafast -x265-params log-level=none -pix_fmt yuv420p10le -c:a aac",
        size="320x180",
    ),
    Film("silent start.mkv", "mkv", "-c:v mpeg4 -q:v 3 -c:a ac3 -af adelay=0"),
)
