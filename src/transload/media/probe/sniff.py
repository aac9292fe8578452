"""What a file is, by its first bytes. Pure.

Two sizes of knowledge: `recognise` also names the format and says how sure it is, `sniff` returns the kind alone.
"""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import BinaryIO

from transload.archives.sniff import archive_format
from transload.entry import AUDIO_SUFFIXES, PHOTO_SUFFIXES, VIDEO_SUFFIXES
from transload.media.probe.containers import after_id3
from transload.model import ItemKind

HEAD_BYTES = 8 << 10

_JUNK_NAMES = frozenset({".ds_store", "thumbs.db", "ehthumbs.db", "desktop.ini", ".localized"})
_GALLERY_PICTURE = re.compile(r"(?:^|/)\.gallery/[0-9a-f]{2}/[0-9a-f]{14}\.jpg")
"""What a library of ours keeps beside its pages: small copies of what is sent anyway when such a folder is a source."""
_JUNK_FOLDERS = frozenset({"__macosx", ".appledouble", ".spotlight-v100", ".trashes", "@eadir"})


@dataclass(frozen=True, slots=True)
class Sniffed:
    """Kind, the format's word ("" when the bytes say nothing) and whether the signature is long enough to be trusted.

    `denied` is set when the name promises a medium and the bytes are something else: kind is then the name's.
    """

    kind: ItemKind
    format: str
    sure: bool = True
    denied: bool = False


def is_junk_name(name: str) -> bool:
    """Whether a path inside a source is litter of an operating system, to be passed over before unpacking."""
    path = name.replace("\\", "/").lower()
    parts = path.split("/")
    return (
        parts[-1] in _JUNK_NAMES
        or _GALLERY_PICTURE.search(path) is not None
        or parts[-1].startswith("._")
        or any(part in _JUNK_FOLDERS for part in parts[:-1])
    )


def kind_of_name(name: str) -> ItemKind | None:
    """The media kind that an ending promises, None for others."""
    suffix = PurePosixPath(name.lower()).suffix
    if suffix in PHOTO_SUFFIXES:
        return ItemKind.PHOTO
    if suffix in VIDEO_SUFFIXES:
        return ItemKind.VIDEO
    return ItemKind.AUDIO if suffix in AUDIO_SUFFIXES else None


def formats_of(kind: ItemKind) -> list[str]:
    """The words of all formats of a kind that a content can be recognised as, sorted; for the documentation."""
    signed = {word for _, _, found, word in _MAGIC if found is kind}
    return sorted(signed | _ELSEWHERE[kind])


def sniff(head: bytes, name: str) -> ItemKind:
    """What the first 8 KiB say the entry is; the name only breaks ties."""
    return recognise(head, name).kind


def recognise(head: bytes, name: str) -> Sniffed:
    """Kind, format and certainty; media formats as libav or Pillow call them ("mov", "matroska", "jpeg").

    Bytes that say nothing are left to the decoders when the name promises a medium. A name and a weak signature
    together are certain: what then does not decode is damaged, no document.
    """
    if is_junk_name(name):
        return Sniffed(ItemKind.JUNK, "")
    promised = kind_of_name(name)
    found = _by_content(head)
    if promised is None or (found is not None and found.format == "subtitles"):
        return found or Sniffed(ItemKind.DOCUMENT, "", sure=False)
    suffix = PurePosixPath(name.lower()).suffix
    if found is None:
        return Sniffed(promised, _NAMELESS.get(suffix, ""))
    if found.format == "jpeg" and suffix in _JPEG_FILMS:
        return Sniffed(_V, "mjpeg")
    if found.kind in (ItemKind.DOCUMENT, ItemKind.ARCHIVE):
        return Sniffed(promised, found.format, sure=found.sure, denied=True)
    return Sniffed(found.kind, found.format)


def recognise_file(file: BinaryIO, name: str) -> Sniffed:
    """What the file is by its first bytes, or by those after an ID3 tag: AAC and FLAC have such tags, too."""
    found = recognise(file.read(HEAD_BYTES), name)
    file.seek(0)
    if found.format != "mp3" or not (start := after_id3(file)):
        return found
    file.seek(start)
    tagged = recognise(file.read(HEAD_BYTES), name)
    return tagged if tagged.kind is ItemKind.AUDIO and tagged.format else found


_P, _V, _A = ItemKind.PHOTO, ItemKind.VIDEO, ItemKind.AUDIO
_D, _Z = ItemKind.DOCUMENT, ItemKind.ARCHIVE

_MAGIC: tuple[tuple[int, bytes, ItemKind, str], ...] = (
    (0, b"\xff\xd8\xff", _P, "jpeg"),
    (0, b"\x89PNG\r\n\x1a\n", _P, "png"),
    (0, b"GIF87a", _P, "gif"),
    (0, b"GIF89a", _P, "gif"),
    (0, b"II*\x00", _P, "tiff"),
    (0, b"MM\x00*", _P, "tiff"),
    (0, b"II+\x00", _P, "tiff"),
    (0, b"MM\x00+", _P, "tiff"),
    (0, b"8BPS\x00\x01", _P, "psd"),
    (0, b"8BPS\x00\x02", _P, "psd"),
    (0, b"\x00\x00\x00\x0cJXL \r\n\x87\n", _P, "jxl"),
    (0, b"\xff\x4f\xff\x51", _P, "jpeg2000"),
    (0, b"\x1a\x45\xdf\xa3", _V, "matroska"),
    (0, b"FLV\x01", _V, "flv"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", _V, "asf"),
    (0, b"\x00\x00\x01\xba", _V, "mpeg"),
    (0, b"\x00\x00\x01\xb3", _V, "mpegvideo"),
    (0, b".RMF\x00\x00\x00", _V, "rm"),
    (0, b"YUV4MPEG2 ", _V, "yuv4mpegpipe"),
    (0, b"DKIF\x00\x00", _V, "ivf"),
    (0, b"nut/multimedia container", _V, "nut"),
    (0, b"\x06\x0e\x2b\x34\x02\x05\x01\x01\x0d\x01\x02", _V, "mxf"),
    (0, b"OggS\x00", _A, "ogg"),
    (0, b"ID3", _A, "mp3"),
    (0, b"fLaC", _A, "flac"),
    (0, b"#!AMR", _A, "amr"),
    (0, b"caff\x00\x01", _A, "caf"),
    (0, b"wvpk", _A, "wv"),
    (0, b"MAC \x96\x0f", _A, "ape"),
    (0, b"TTA1", _A, "tta"),
    (0, b".snd\x00", _A, "au"),
    (0, b"\x7f\xfe\x80\x01", _A, "dts"),
    (0, b"\xfe\x7f\x01\x80", _A, "dts"),
    (0, b"\x1f\xff\xe8\x00", _A, "dts"),
    (0, b"\xff\x1f\x00\xe8", _A, "dts"),
    (0, b"\x00\x00\x01\xb0", _V, "m4v"),
    (0, b"MThd\x00\x00\x00\x06", _D, "midi"),
    (0, b"#EXTM3U", _D, "playlist"),
    (0, b"ffconcat version", _D, "playlist"),
    (0, b"%PDF-", _D, "pdf"),
    (0, b"PK\x03\x04", _Z, "zip"),
    (0, b"PK\x05\x06", _Z, "zip"),
    (0, b"PK\x07\x08", _Z, "zip"),
    (0, b"Rar!\x1a\x07", _Z, "rar"),
    (0, b"7z\xbc\xaf\x27\x1c", _Z, "7z"),
    (0, b"\x1f\x8b\x08", _Z, "gzip"),
    (0, b"BZh", _Z, "bzip2"),
    (0, b"\xfd7zXZ\x00", _Z, "xz"),
    (0, b"\x28\xb5\x2f\xfd", _Z, "zstd"),
    (257, b"ustar", _Z, "tar"),
)

_NAMELESS = {".tga": "tga"}
"""Formats without a signature: only the name identifies them."""
_JPEG_FILMS = frozenset({".mjpeg", ".mjpg"})
"""Photos one after the other, which begin as one photo does."""
_PORTABLE = re.compile(rb"P[1-6]\s(?:\s*#[^\n]*\n)*\s*\d{1,6}\s+(?:#[^\n]*\n\s*)*\d{1,6}\s")
"""Portable bitmaps, grey maps and pixel maps (netpbm: ppm(5)): width and height are written in letters."""
_PCX = re.compile(rb"\x0a[\x00\x02-\x05]\x01[\x01\x02\x04\x08]")
"""ZSoft's technical manual: maker, version, run lengths, bits of a pixel in each plane."""
_HEVC = re.compile(rb"\x00?\x00\x00\x01[\x40\x42\x44\x46]\x01")
"""A start code, then a parameter set or a delimiter of the first layer and time (ITU-T H.265, 7.3.1.2, table 7-1)."""
_M4V = b"\x00\x00\x01\x00\x00\x00\x01\x20"
"""A visual object and its layer (ISO 14496-2, 6.2.2)."""
_AV1 = b"\x12\x00\x0a"
"""A temporal delimiter and a sequence header (AV1 specification, 5.3.2 and 5.3.3)."""
_DV, _DV_NEXT_BLOCK, _DV_SUBCODE = b"\x1f\x07\x00", 80, 0x20
"""The header block of a frame and, 80 bytes after it, one of subcodes (IEC 61834-2)."""

_ELSEWHERE: dict[ItemKind, set[str]] = {
    _P: {"webp", "heif", "heifs", "avif", "bmp", "jxl", "ppm", "pcx", "tga"},
    _V: {"avi", "mov", "mpegts", "h264", "hevc", "m4v", "obu", "dv", "mjpeg"},
    _A: {"wav", "aiff", "mp3", "aac", "ac3"},
}
"""Formats that are recognised by more than one signature, or by their name."""

# ISO 23008-12, annexes B to F, and 10.2 and 10.3 for those that name no coding: the major brand says what a file is
# to be shown as. Files of both kinds exist: a burst with a cover, a photo with its few seconds.
_STILL_BRANDS = frozenset(
    {b"heic", b"heix", b"heim", b"heis", b"avci", b"vvic", b"mif1", b"mif2", b"miaf"}
)
_SEQUENCE_BRANDS = frozenset({b"hevc", b"hevx", b"hevm", b"hevs", b"avcs", b"vvis", b"msf1"})
_FILM_BRANDS = frozenset({b"isom", b"mp41", b"mp42", b"avc1", b"qt  "})
_AUDIO_BRANDS = frozenset({b"M4A ", b"M4B ", b"M4P ", b"F4A ", b"F4B "})
_JPEG_2000 = b"\x00\x00\x00\x0cjP  \r\n\x87\n"
_MOTION_BRANDS = frozenset({b"mjp2", b"mj2s"})
"""Motion JPEG 2000 (ISO 15444-3), whose files begin like those of stills."""
_FIRST_BOXES = frozenset(
    {b"moov", b"mdat", b"free", b"wide", b"skip", b"pnot", b"moof", b"styp", b"uuid"}
)
_TS_PACKETS = ((188, 0, "mpegts"), (192, 4, "mpegts"), (204, 0, "mpegts"))
_SYNCS_ENOUGH = 3
# A local header of a zip (APPNOTE.TXT 4.3.7) with a name that only documents have.
_DOCUMENT_ENTRY = re.compile(
    rb"PK\x03\x04.{26}"
    rb"(?:word/|xl/|ppt/|\[Content_Types\]\.xml|mimetype|META-INF/|AndroidManifest)",
    re.DOTALL,
)


def _by_content(head: bytes) -> Sniffed | None:
    for offset, magic, kind, word in _MAGIC:
        if head.startswith(magic, offset):
            return _office_or(head, Sniffed(kind, word))
    return _riff(head) or _boxes(head) or _transport_stream(head) or _archive(head) or _weak(head)


def _archive(head: bytes) -> Sniffed | None:
    """Archives that the table above does not know: the rarer formats, tars of old."""
    found = archive_format(head)
    return Sniffed(_Z, found) if found else None


def _office_or(head: bytes, found: Sniffed) -> Sniffed:
    """Zip containers of office, Java and Android are documents: they are never opened."""
    if found.format == "zip" and _DOCUMENT_ENTRY.search(head[:430]):
        return Sniffed(ItemKind.DOCUMENT, "zip container")
    return found


def _riff(head: bytes) -> Sniffed | None:
    if head[:4] in (b"RIFF", b"RF64"):
        words = {b"WEBP": (_P, "webp"), b"AVI ": (_V, "avi"), b"WAVE": (_A, "wav")}
        kind, word = words.get(head[8:12], (_D, "riff"))
        return Sniffed(kind, word)
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        return Sniffed(_A, "aiff")
    return None


def _boxes(head: bytes) -> Sniffed | None:
    """ISO media: by the brands of `ftyp`, else by a plausible first box (QuickTime has no `ftyp` of old)."""
    kind = head[4:8]
    size = int.from_bytes(head[:4], "big")
    if head.startswith(_JPEG_2000):
        moving = head[16:20] == b"ftyp" and head[20:24] in _MOTION_BRANDS
        return Sniffed(_V, "mov") if moving else Sniffed(_P, "jpeg2000")
    if kind == b"ftyp":
        return _by_brands(head[8:12], head[16 : max(16, min(size, 256))])
    if kind in _FIRST_BOXES and (size == 1 or size >= 8 or size == 0):
        return Sniffed(_V, "mov", sure=kind != b"uuid")
    return None


def _by_brands(major: bytes, rest: bytes) -> Sniffed:
    """A still, "heifs" for what says that it moves, or a film, by the brands of ISO media."""
    brands = {major, *(rest[at : at + 4] for at in range(0, len(rest), 4))}
    named_otherwise = b"mif1" in brands and not brands & _FILM_BRANDS
    if major in (b"avif", b"avis") or (
        b"avif" in brands and (major in (b"mif1", b"msf1") or named_otherwise)
    ):
        return Sniffed(_P, "avif")
    if major in _SEQUENCE_BRANDS:
        return Sniffed(_P, "heifs")
    if major in _STILL_BRANDS or named_otherwise:
        return Sniffed(_P, "heif")
    if major == b"jxl ":
        return Sniffed(_P, "jxl")
    if major == b"jp2 ":
        return Sniffed(_P, "jpeg2000")
    return Sniffed(_A if major in _AUDIO_BRANDS else _V, "mov")


def _transport_stream(head: bytes) -> Sniffed | None:
    for step, offset, word in _TS_PACKETS:
        marks = head[offset : offset + step * 8 : step]
        if len(marks) >= _SYNCS_ENOUGH and marks.count(0x47) == len(marks):
            return Sniffed(_V, word)
    return None


def _weak(head: bytes) -> Sniffed | None:
    """Signatures of two or three bytes: worth a try, no proof."""
    if head[:2] == b"BM" and len(head) >= 26:
        return Sniffed(
            _P, "bmp", sure=int.from_bytes(head[14:18], "little") in (12, 40, 52, 56, 64, 108, 124)
        )
    if head[:2] == b"\xff\x0a":
        return Sniffed(_P, "jxl", sure=False)
    if head[:4] == b"\x00\x00\x01\x00" and not head.startswith(_M4V):
        return Sniffed(_D, "ico")
    if head[:4] == b"\x00\x00\x00\x01" and head[4:5] and head[4] & 0x1F in (7, 9):
        return Sniffed(_V, "h264", sure=False)
    return _raw_pictures(head) or _audio_frames(head) or _text(head)


def _raw_pictures(head: bytes) -> Sniffed | None:
    if head.startswith(_DV) and head[_DV_NEXT_BLOCK : _DV_NEXT_BLOCK + 1]:
        return Sniffed(_V, "dv", sure=head[_DV_NEXT_BLOCK] & 0xE0 == _DV_SUBCODE)
    if _HEVC.match(head):
        return Sniffed(_V, "hevc", sure=False)
    if head.startswith(_M4V):
        return Sniffed(_V, "m4v", sure=False)
    if head.startswith(_AV1):
        return Sniffed(_V, "obu", sure=False)
    if _PORTABLE.match(head):
        return Sniffed(_P, "ppm", sure=False)
    return Sniffed(_P, "pcx", sure=False) if _PCX.match(head) else None


_RATES: dict[tuple[bool, int], tuple[int, ...]] = {
    (True, 3): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (True, 2): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (False, 3): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 2): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (True, 1): (0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (False, 1): (0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
}
"""kbit/s by (MPEG-1, layer) and index (ISO 11172-3 and 13818-3)."""
_HERTZ = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}


def _mpeg_frame_bytes(head: bytes) -> int:
    """Length of the MPEG frame of any layer that begins `head`, 0 when none does."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return 0
    version, layer = head[1] >> 3 & 3, 4 - (head[1] >> 1 & 3)
    rates, hertz = _RATES.get((version == 3, layer)), _HERTZ.get(version)
    rate, speed = head[2] >> 4, head[2] >> 2 & 3
    if rates is None or hertz is None or not 0 < rate < len(rates) or speed == len(hertz):
        return 0
    if layer == 1:  # counted in slots of four bytes
        return 4 * (12000 * rates[rate] // hertz[speed] + (head[2] >> 1 & 1))
    per_frame = 72000 if layer == 3 and version != 3 else 144000
    return per_frame * rates[rate] // hertz[speed] + (head[2] >> 1 & 1)


def _adts_frame_bytes(head: bytes) -> int:
    """Length of the ADTS frame that begins `head`, 0 when none does (ISO 13818-7)."""
    if len(head) < 7 or head[0] != 0xFF or head[1] & 0xF6 != 0xF0:
        return 0
    return (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5


def _audio_frames(head: bytes) -> Sniffed | None:
    """Frame syncs, believed only when a second frame follows where the first one ends."""
    for measure, word in ((_mpeg_frame_bytes, "mp3"), (_adts_frame_bytes, "aac")):
        if size := measure(head):
            return (
                Sniffed(_A, word)
                if measure(head[size : size + 8])
                else Sniffed(_A, word, sure=False)
            )
    if head[:2] == b"\x0b\x77":
        return Sniffed(_A, "ac3", sure=False)
    return None


_CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x1f]")


def _text(head: bytes) -> Sniffed | None:
    """Markup and other text: a document whatever it is called."""
    start = head[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<!doctype html", b"<html", b"<?xml", b"<svg", b"<head", b"<body")):
        return Sniffed(_D, "html" if b"html" in start[:64] else "xml")
    if start.startswith((b"v=0\r", b"v=0\n", b"file ")):
        return Sniffed(_D, "playlist")
    if start.startswith(b"webvtt") or (start[:1].isdigit() and b" --> " in start[:80]):
        return Sniffed(_D, "subtitles")
    if head and not _CONTROLS.search(head, 0, 512):
        return Sniffed(_D, "text", sure=False)
    return None
