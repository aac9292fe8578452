"""Films of half a minute, long enough for parts, made on the spot; and what tells two results apart."""

import hashlib
from pathlib import Path

import av

from tests.kept import encode

Packets = list[tuple[int, int | None, int | None, int | None, bool, str]]

FILMS: dict[str, tuple[str, ...]] = {
    "open.mkv": (
        *("-c:v", "libx264", "-preset", "ultrafast", "-bf", "3", "-g", "70"),
        *("-x264-params", "open-gop=1", "-c:a", "ac3"),
    ),
    "hevc.mkv": (
        *("-c:v", "libx265", "-preset", "ultrafast", "-c:a", "ac3"),
        *("-x265-params", "log-level=error:open-gop=1:keyint=60"),
    ),
    "vfr.mkv": (
        *("-vf", "select='gt(random(1),0.3)'", "-fps_mode", "passthrough"),
        *("-c:v", "libx264", "-preset", "ultrafast", "-g", "70", "-c:a", "ac3"),
    ),
    "interlaced.ts": (
        *("-vf", "tinterlace=interleave_top", "-c:v", "mpeg2video", "-flags", "+ilme+ildct"),
        *("-b:v", "1M", "-g", "15", "-bf", "2", "-c:a", "mp2"),
    ),
    "asp.avi": ("-c:v", "mpeg4", "-bf", "2", "-g", "50", "-b:v", "500k", "-c:a", "mp3"),
    "avc.avi": ("-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-g", "50", "-c:a", "mp3"),
    "one_key.mkv": ("-c:v", "mpeg4", "-g", "600", "-sc_threshold", "1000000000", "-c:a", "ac3"),
    "late.wmv": ("-c:v", "wmv2", "-g", "50", "-b:v", "500k", "-c:a", "wmav2"),
}
"""Name -> words for ffmpeg. The first must be judged again to be transcoded: its codec plays as it is."""

ODD_FILMS: dict[str, tuple[str, ...]] = {
    "hdr.mkv": (
        *("-c:v", "libx265", "-preset", "ultrafast", "-pix_fmt", "yuv420p10le", "-c:a", "ac3"),
        "-x265-params",
        "log-level=error:keyint=60:transfer=smpte2084:colorprim=bt2020:colormatrix=bt2020nc",
    ),
    "turned.mov": ("-c:v", "mpeg4", "-g", "50", "-b:v", "500k", "-c:a", "aac"),
    "late_sound.ts": (
        *("-af", "asetpts=PTS+4/TB", "-c:v", "mpeg2video", "-b:v", "1M", "-g", "15", "-bf", "2"),
        *("-c:a", "mp2"),
    ),
    "late_video.ts": (
        *("-vf", "setpts=PTS+3/TB", "-c:v", "mpeg2video", "-b:v", "1M", "-g", "15", "-bf", "2"),
        *("-c:a", "mp2"),
    ),
    "cut.mkv": ("-c:v", "mpeg4", "-bf", "2", "-g", "50", "-b:v", "500k", "-c:a", "ac3"),
}
"""Films that need more than decoding. `odd_film` makes them."""


def odd_film(path: Path) -> Path:
    """One of `ODD_FILMS` by the name of the path: turned by 90 degrees, or cut inside a packet."""
    seconds = 36 if path.name == "cut.mkv" else 24
    film(path, seconds=seconds)
    if path.name == "cut.mkv":
        with path.open("r+b") as file:
            file.truncate(path.stat().st_size * 2 // 3)
    if path.name == "turned.mov":
        flat = path.rename(path.with_name("flat.mov"))
        encode(path, ("-display_rotation", "90", "-i", flat, "-c", "copy"))
    return path


def film(
    path: Path, kind: str = "", seconds: int = 24, size: str = "96x64", rate: str = "25"
) -> Path:
    """One of `FILMS` (by the name of the path unless `kind` names it) with sound and noise, the same each time."""
    source = f"testsrc2=s={size}:r={rate}:d={seconds},noise=alls=8:allf=t:all_seed=7"
    inputs = ["-f", "lavfi", "-i", source, "-f", "lavfi", "-i", f"sine=440:d={seconds}"]
    words = (FILMS | ODD_FILMS)[kind or path.name]
    return encode(path, (*inputs, *words))


def packets(path: Path) -> Packets:
    """All packets of a file: stream, times, whether key, hash."""
    found: Packets = []
    with av.open(str(path)) as box:
        for packet in box.demux():
            if packet.size:
                digest = hashlib.sha256(bytes(packet)).hexdigest()
                times = (packet.pts, packet.dts, packet.duration)
                found.append((packet.stream_index, *times, packet.is_keyframe, digest))
    return found
