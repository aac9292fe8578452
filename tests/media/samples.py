"""Tiny media of many kinds, made by ffmpeg and Pillow, each once a session; with the verdict that each must get.

The ffmpeg is the wheel's (n9), so that every encoder named here is there.
"""

import io
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw

from tests.kept import encode
from transload.model import ItemKind, Verdict

PICTURE = ("-f", "lavfi", "-i", "testsrc=size=64x48:rate=10:duration=1")
ODD = ("-f", "lavfi", "-i", "testsrc=size=63x47:rate=10:duration=1")
PAL = ("-f", "lavfi", "-i", "testsrc=size=64x48:rate=25:duration=1")
QUIET_HEVC = ("-c:v", "libx265", "-pix_fmt", "yuv420p", "-x265-params", "log-level=none")
HLG = (
    *("-c:v", "libx265", "-pix_fmt", "yuv420p10le", "-color_trc", "arib-std-b67", "-tag:v", "hvc1"),
    "-x265-params",
    "log-level=none:transfer=arib-std-b67:colorprim=bt2020:colormatrix=bt2020nc",
)
TOP_FIRST = ("-flags", "+ilme+ildct", "-vf", "setfield=tff", "-x264-params", "tff=1")
SOUND = ("-f", "lavfi", "-i", "sine=frequency=440:duration=1")
H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
AAC = ("-c:a", "aac", "-b:a", "32k")
FRONT = ("-movflags", "+faststart")
BOTH = (*PICTURE, *SOUND)

Make = Callable[[Path], None]


@dataclass(frozen=True, slots=True)
class Sample:
    """How to make a file of this name, and what it must be judged for Telegram."""

    name: str
    make: Make
    kind: ItemKind
    verdict: Verdict
    fault: str | None = None


def by_ffmpeg(*words: str) -> Make:
    """A maker that runs ffmpeg with these words and the target's path."""

    def make(target: Path) -> None:
        encode(target, (*words, "-bitexact"))

    return make


def painting(mode: str = "RGB", size: tuple[int, int] = (96, 64)) -> Image.Image:
    """A picture with something to see in each corner."""
    picture = Image.new("RGB", size, "navy")
    draw = ImageDraw.Draw(picture)
    draw.ellipse((4, 4, size[0] // 2, size[1] // 2), fill="gold")
    draw.rectangle((size[0] // 2, size[1] // 2, size[0] - 4, size[1] - 4), fill="red")
    return picture.convert(mode)


def by_pillow(image_format: str, mode: str = "RGB", *, orientation: int | None = None) -> Make:
    """A maker that saves a painting."""

    def make(target: Path) -> None:
        exif = Image.Exif()
        if orientation is not None:
            exif[0x0112] = orientation
        painting(mode).save(target, image_format, **({"exif": exif} if orientation else {}))

    return make


def animated(image_format: str, frames: int = 4) -> Make:
    """A maker of a moving picture."""

    def make(target: Path) -> None:
        first, *others = [painting().rotate(20 * turn) for turn in range(frames)]
        first.save(target, image_format, save_all=True, append_images=others, duration=100, loop=0)

    return make


def heic(target: Path) -> None:
    """A HEIC still."""
    import pillow_heif

    pillow_heif.from_pillow(painting(size=(128, 64))).save(target, quality=80)


def deep_png(target: Path) -> None:
    """A 16-bit grey PNG: a ramp that would clip to white if its depth were ignored."""
    ramp = Image.new("I;16", (64, 64))
    for x in range(64):
        for y in range(64):
            ramp.putpixel((x, y), x * 1000)
    ramp.save(target, "PNG")


def huge_claim(target: Path) -> None:
    """A PNG whose header claims 100000 x 100000 pixels."""
    header = (100_000).to_bytes(4, "big") * 2 + bytes([8, 2, 0, 0, 0])
    chunk = b"IHDR" + header
    data = len(header).to_bytes(4, "big") + chunk + zlib.crc32(chunk).to_bytes(4, "big")
    target.write_bytes(b"\x89PNG\r\n\x1a\n" + data + b"\x00\x00\x00\x00IEND\xaeB`\x82")


def large_jpeg(target: Path) -> None:
    """A JPEG beyond width + height <= 10000."""
    Image.new("RGB", (9000, 1200), "teal").save(target, "JPEG", quality=50)


def long_strip(target: Path) -> None:
    """A JPEG longer than 20:1."""
    Image.new("RGB", (2500, 100), "teal").save(target, "JPEG")


def words(text: bytes) -> Make:
    """A maker of a file with these bytes."""

    def make(target: Path) -> None:
        target.write_bytes(text)

    return make


def colour(picture: Image.Image, x: int, y: int) -> tuple[int, int, int]:
    """Red, green and blue at a place, whatever the picture's mode."""
    red, green, blue = picture.convert("RGB").crop((x, y, x + 1, y + 1)).tobytes()
    return red, green, blue


def cut(make: Make, share: float) -> Make:
    """A maker that keeps only the first part of a file."""

    def shortened(target: Path) -> None:
        make(target)
        whole = target.read_bytes()
        target.write_bytes(whole[: int(len(whole) * share)])

    return shortened


def jpeg_bytes() -> bytes:
    """A whole small JPEG."""
    buffer = io.BytesIO()
    painting().save(buffer, "JPEG")
    return buffer.getvalue()


def with_cover(target: Path) -> None:
    """An MP4 with a cover picture as a second video stream."""
    cover = target.with_name("cover-of-sample.jpg")
    cover.write_bytes(jpeg_bytes())
    by_ffmpeg(
        *BOTH, "-i", str(cover), "-map", "0", "-map", "1", "-map", "2", *H264, *AAC,
        "-c:v:1", "mjpeg", "-disposition:v:1", "attached_pic", *FRONT,
    )(target)  # fmt: skip
    cover.unlink()


def turned(target: Path) -> None:
    """An MP4 to be shown turned by 90 degrees."""
    flat = target.with_name("flat-of-sample.mp4")
    by_ffmpeg(*BOTH, *H264, *AAC)(flat)
    by_ffmpeg("-display_rotation", "90", "-i", str(flat), "-c", "copy", *FRONT)(target)
    flat.unlink()


def dressed_in_avi(target: Path) -> None:
    """H.264 with reordered frames in AVI, whose frame times AVI cannot hold."""
    by_ffmpeg(*PICTURE, "-c:v", "libx264", "-bf", "2", "-pix_fmt", "yuv420p")(target)


_P, _V, _N, _A = ItemKind.PHOTO, ItemKind.VIDEO, ItemKind.ANIMATION, ItemKind.AUDIO
_D, _J = ItemKind.DOCUMENT, ItemKind.JUNK
_OK, _WRAP, _SND, _CODE = Verdict.AS_IS, Verdict.REWRAP, Verdict.AUDIO, Verdict.TRANSCODE
_SHRINK, _BAD = Verdict.SHRINK, Verdict.UNSAVABLE

SAMPLES = (
    # videos whose streams fit
    Sample("plain.mp4", by_ffmpeg(*BOTH, *H264, *AAC, *FRONT), _V, _OK),
    Sample("silent.mp4", by_ffmpeg(*PICTURE, *H264, *FRONT), _V, _OK),
    Sample("mp3_sound.mp4", by_ffmpeg(*BOTH, *H264, "-c:a", "libmp3lame", *FRONT), _V, _OK),
    Sample("named.dat", by_ffmpeg(*BOTH, *H264, *AAC, *FRONT, "-f", "mp4"), _V, _OK),
    Sample("turned.mp4", turned, _V, _OK),
    Sample(
        "hevc.mp4",
        by_ffmpeg(*BOTH, *QUIET_HEVC, "-tag:v", "hvc1", *AAC, *FRONT),
        _V,
        _OK,
    ),
    Sample("moov_last.mp4", by_ffmpeg(*BOTH, *H264, *AAC), _V, _WRAP),
    Sample("fragments.mp4", by_ffmpeg(*BOTH, *H264, *AAC, "-movflags", "frag_keyframe+empty_moov"), _V, _WRAP),
    Sample("cover.mp4", with_cover, _V, _WRAP),
    Sample("two_sounds.mp4", by_ffmpeg(*BOTH, "-map", "0", "-map", "1", "-map", "1", *H264, *AAC, *FRONT), _V, _WRAP),
    Sample("quicktime.mov", by_ffmpeg(*BOTH, *H264, *AAC), _V, _WRAP),
    Sample("matroska.mkv", by_ffmpeg(*BOTH, *H264, *AAC), _V, _WRAP),
    Sample("flash.flv", by_ffmpeg(*BOTH, *H264, *AAC), _V, _WRAP),
    Sample("stream.ts", by_ffmpeg(*BOTH, *H264, *AAC), _V, _WRAP),
    Sample("disc.m2ts", by_ffmpeg(*BOTH, *H264, *AAC), _V, _WRAP),
    Sample("phone.3gp", by_ffmpeg(*BOTH, *H264, *AAC, "-ar", "16000"), _V, _WRAP),
    Sample("baseline.avi", by_ffmpeg(*PICTURE, *H264, "-bf", "0"), _V, _WRAP),
    Sample("hev1.mkv", by_ffmpeg(*PICTURE, *QUIET_HEVC), _V, _WRAP),
    Sample("cut.mkv", cut(by_ffmpeg(*BOTH, *H264, *AAC), 0.6), _V, _WRAP),
    # sound that does not fit
    Sample("ac3.mkv", by_ffmpeg(*BOTH, *H264, "-c:a", "ac3"), _V, _SND),
    Sample("opus.mkv", by_ffmpeg(*BOTH, *H264, "-c:a", "libopus"), _V, _SND),
    Sample("flac.mkv", by_ffmpeg(*BOTH, *H264, "-c:a", "flac"), _V, _SND),
    Sample("pcm.mov", by_ffmpeg(*BOTH, *H264, "-c:a", "pcm_s16le"), _V, _SND),
    Sample("six_channels.mp4", by_ffmpeg(*BOTH, *H264, *AAC, "-ac", "6", *FRONT), _V, _SND),
    # pictures that do not fit
    Sample("vp9.webm", by_ffmpeg(*BOTH, "-c:v", "libvpx-vp9", "-cpu-used", "8", "-c:a", "libopus"), _V, _CODE),
    Sample("vp8.webm", by_ffmpeg(*PICTURE, "-c:v", "libvpx", "-cpu-used", "8"), _V, _CODE),
    Sample("av1.mp4", by_ffmpeg(*PICTURE, "-c:v", "libsvtav1", "-preset", "12", *FRONT), _V, _CODE),
    Sample("mpeg4.avi", by_ffmpeg(*BOTH, "-c:v", "mpeg4", "-c:a", "libmp3lame"), _V, _CODE),
    Sample("mpeg2.mpg", by_ffmpeg(*PAL, "-c:v", "mpeg2video"), _V, _CODE),
    Sample("windows.wmv", by_ffmpeg(*BOTH, "-c:v", "wmv2", "-c:a", "wmav2"), _V, _CODE),
    Sample("flv1.flv", by_ffmpeg(*PICTURE, "-c:v", "flv1"), _V, _CODE),
    Sample("mjpeg.mov", by_ffmpeg(*PICTURE, "-c:v", "mjpeg", "-pix_fmt", "yuvj420p"), _V, _CODE),
    Sample("prores.mov", by_ffmpeg(*PICTURE, "-c:v", "prores_ks"), _V, _CODE),
    Sample("reordered.avi", dressed_in_avi, _V, _CODE),
    Sample("ten_bit.mp4", by_ffmpeg(*PICTURE, "-c:v", "libx264", "-pix_fmt", "yuv420p10le", *FRONT), _V, _CODE),
    Sample("full_colour.mkv", by_ffmpeg(*PICTURE, "-c:v", "libx264", "-pix_fmt", "yuv444p"), _V, _CODE),
    Sample("odd.mkv", by_ffmpeg(*ODD, "-c:v", "libx264", "-pix_fmt", "yuv444p"), _V, _CODE),
    Sample("interlaced.mp4", by_ffmpeg(*PICTURE, *H264, *TOP_FIRST, *FRONT), _V, _CODE),
    Sample("hlg.mp4", by_ffmpeg(*PICTURE, *HLG, *FRONT), _V, _CODE),
    # sound alone
    Sample("song.mp3", by_ffmpeg(*SOUND, "-c:a", "libmp3lame"), _A, _OK),
    Sample("song.m4a", by_ffmpeg(*SOUND, *AAC, *FRONT), _A, _OK),
    Sample("song.ogg", by_ffmpeg(*SOUND, "-c:a", "libvorbis"), _A, _OK),
    Sample("song.wav", by_ffmpeg(*SOUND), _A, _SND),
    Sample("song.flac", by_ffmpeg(*SOUND), _A, _SND),
    Sample("song.aac", by_ffmpeg(*SOUND, *AAC), _A, _SND),
    # photos
    Sample("photo.jpg", by_pillow("JPEG"), _P, _OK),
    Sample("grey.jpg", by_pillow("JPEG", "L"), _P, _OK),
    Sample("upside.jpg", by_pillow("JPEG", orientation=6), _P, _OK),
    Sample("photo.png", by_pillow("PNG"), _P, _OK),
    Sample("alpha.png", by_pillow("PNG", "RGBA"), _P, _OK),
    Sample("deep.png", deep_png, _P, _OK),
    Sample("picture_named.mp4", by_pillow("JPEG"), _P, _OK),
    Sample("cmyk.jpg", by_pillow("JPEG", "CMYK"), _P, _SHRINK),
    Sample("large.jpg", large_jpeg, _P, _SHRINK),
    Sample("still.webp", by_pillow("WEBP"), _P, _SHRINK),
    Sample("turned.webp", by_pillow("WEBP", orientation=6), _P, _SHRINK),
    Sample("turned.png", by_pillow("PNG", orientation=6), _P, _SHRINK),
    Sample("still.gif", by_pillow("GIF", "P"), _P, _SHRINK),
    Sample("scan.tiff", by_pillow("TIFF"), _P, _SHRINK),
    Sample("paint.bmp", by_pillow("BMP"), _P, _SHRINK),
    Sample("apple.heic", heic, _P, _SHRINK),
    Sample("new.avif", by_pillow("AVIF"), _P, _SHRINK),
    Sample("film.jp2", by_pillow("JPEG2000"), _P, _SHRINK),
    Sample("strip.jpg", long_strip, _D, _OK),
    Sample("moving.gif", animated("GIF"), _N, Verdict.ANIMATION),
    Sample("moving.webp", animated("WEBP"), _N, Verdict.ANIMATION),
    Sample("moving.png", animated("PNG"), _N, Verdict.ANIMATION),
    # nothing to save
    Sample("empty.jpg", words(b""), _P, _BAD, "input.truncated"),
    Sample("empty.mp4", words(b""), _V, _BAD, "input.truncated"),
    Sample("page.jpg", words(b"<!doctype html><html><body>Not found</body></html>"), _P, _BAD, "input.not_media"),
    Sample("noise.mp4", words(bytes(range(1, 256)) * 40), _V, _BAD, "input.corrupt"),
    Sample("zeros.jpg", words(bytes(9000)), _P, _BAD, "input.corrupt"),
    Sample("titles.mp4", words(b"1\n00:00:01,000 --> 00:00:02,000\nHello\n"), _D, _OK),
    Sample("cut.jpg", cut(by_pillow("JPEG"), 0.6), _P, _SHRINK),
    Sample("cut.png", cut(by_pillow("PNG"), 0.6), _P, _SHRINK),
    Sample("no_index.mp4", cut(by_ffmpeg(*BOTH, *H264, *AAC), 0.5), _V, _BAD, "input.truncated"),
    Sample("claim.png", huge_claim, _P, _BAD, "input.corrupt"),
    Sample("notes.txt", words(b"just words\n"), _D, _OK),
    Sample("letters.bin", words(b"BM is how this begins, but it is no bitmap at all"), _D, _OK),
    Sample("Thumbs.db", words(b"\xd0\xcf\x11\xe0"), _J, Verdict.SKIP),
)  # fmt: skip
