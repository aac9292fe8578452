"""Containers: which demuxer may open what, and what the bytes of the wrapper itself say. No decoder.

libav is always given the demuxer to use, so that a playlist or a script is never opened as a medium.
"""

import re
import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from transload.facts import FileFacts, picture_of
from transload.media.probe.mp4_boxes import Mp4Layout, children, sample_entries, walk
from transload.plans import Measurement

# What the first frame of an MP3 promises: how many frames and bytes follow (the "Xing" or "Info" tag of encoders).


ID3_HEAD_BYTES = 10
ID3_FOOTER = 0x10
MP3_HEAD_BYTES = 64
"""The tag begins within 38 bytes: after the frame's header and its side information, which are 13 to 36, and a CRC."""
FRAMES_KNOWN, BYTES_KNOWN = 1, 2
MP3_RATES = range(4_000, 400_000)
"""Bits a second that an MP3 has on average, with room at both ends: 8,000 to 320,000; else the numbers are made up."""
MP3_HERTZ = ((11025, 12000, 8000), (0, 0, 0), (22050, 24000, 16000), (44100, 48000, 32000))
MP3_SAMPLES = (576, 0, 576, 1152)
"""Of a layer III frame, like the rates by the header's two bits of version: MPEG-2.5, none, MPEG-2, MPEG-1."""


def promised_by_mp3(file: BinaryIO) -> tuple[int, float] | None:
    """Where the file should end, in bytes from its begin, and its seconds; None where nothing is promised."""
    start = after_id3(file)
    file.seek(start)
    head = file.read(MP3_HEAD_BYTES)
    at = max(head.find(b"Xing"), head.find(b"Info"))
    if at < 0 or at + 16 > len(head) or head[0] != 0xFF:
        return None
    flags, frames, size = (_number(head[at + 4 + 4 * n :]) for n in range(3))
    version, rate = head[1] >> 3 & 3, head[2] >> 2 & 3
    hertz = MP3_HERTZ[version][rate] if rate < len(MP3_HERTZ[version]) else 0
    if flags & 3 != FRAMES_KNOWN | BYTES_KNOWN or not hertz:
        return None
    whole_s = frames * MP3_SAMPLES[version] / hertz
    return (start + size, whole_s) if whole_s and int(8 * size / whole_s) in MP3_RATES else None


OGG = "ogg"
_JOINERS = "\u200c\u200d"
TAG_MAX = 200  # characters of a title or a name: players show fewer


def title_and_performer(
    container: str, tags: Mapping[str, str], of_streams: Iterable[Mapping[str, str]]
) -> tuple[str, str]:
    """The title of a file and who performs it; "" where its tags do not say. What no screen shows is left out.

    Ogg keeps the tags of a file with its streams. Elsewhere a title there names one track: "Surround".
    """
    known: dict[str, str] = {}
    for one in (tags, *(of_streams if container == OGG else ())):
        for name, text in one.items():
            if shown := _shown(text):
                known.setdefault(name.lower(), shown)
    performer = known.get("artist") or known.get("album_artist", "")
    return known.get("title", ""), performer


def _shown(text: str) -> str:
    """One line of it, with the joiners that belong to words and to emoji."""
    line = " ".join(text[: 2 * TAG_MAX].split())
    return "".join(one for one in line if one.isprintable() or one in _JOINERS)[:TAG_MAX].strip()


def after_id3(file: BinaryIO) -> int:
    """Where the first frame is: after an ID3v2 tag, whose size has seven bits a byte (ID3 2.4.0, 3.1).

    The file is at its beginning; 0 where no such tag is.
    """
    head = file.read(ID3_HEAD_BYTES)
    if head[:3] != b"ID3" or len(head) < ID3_HEAD_BYTES:
        return 0
    size = sum((byte & 0x7F) << shift for byte, shift in zip(head[6:], (21, 14, 7, 0), strict=True))
    return ID3_HEAD_BYTES + size + (ID3_HEAD_BYTES if head[5] & ID3_FOOTER else 0)


def _number(some: bytes) -> int:
    return int.from_bytes(some[:4], "big")


# Dolby Vision by its configuration record: whether its frames have colours that only players of that kind know.
#
# Layout: Dolby Vision Streams Within the ISO Base Media File Format 2.1.2, 3.2, and the same for Matroska.


DOLBY_RECORDS = frozenset({b"dvcC", b"dvvC", b"dvwC"})
_VISUAL_FIELDS = 78  # of a sample entry for video, before its boxes (ISO 14496-12, 12.1.3)
_IN_MATROSKA = re.compile(
    rb"\x41\xe7\x84dv[cvw]C(?:\xec[\x80-\xff].{0,16})?\x41\xed\x98(.{5})", re.DOTALL
)
"""BlockAddIDType, then BlockAddIDExtraData of 24 bytes (RFC 9559, 5.1.4.1.17)."""
_DOLBY_HEAD_BYTES = 1 << 16
_NEUTRAL_AT = 4
"""Where the record says with what its frames are compatible (upper four bits): 0 is with nothing."""


def dolby_alone_in_boxes(file: BinaryIO, at: int, length: int) -> bool:
    """Whether others show its frames in wrong colours (profile 5, and 10.0 of AV1), by the `moov` of a file."""
    return any(map(_is_only, _records_of_boxes(file, at, length)))


def dolby_alone_in_matroska(file: BinaryIO) -> bool:
    """The same by the tracks at the begin of a Matroska file."""
    file.seek(0)
    head = file.read(_DOLBY_HEAD_BYTES)
    return any(_is_only(found.group(1)) for found in _IN_MATROSKA.finditer(head))


def _is_only(record: bytes) -> bool:
    return len(record) > _NEUTRAL_AT and record[_NEUTRAL_AT] >> 4 == 0


def _records_of_boxes(file: BinaryIO, at: int, length: int) -> Iterator[bytes]:
    for _, start, end in list(sample_entries(file, at, length)):
        for kind, begin, _ in children(file, start + _VISUAL_FIELDS, end):
            if kind in DOLBY_RECORDS:
                file.seek(begin)
                yield file.read(_NEUTRAL_AT + 1)
                break


DEMUXERS: dict[str, str] = {
    "mov": "mov",
    "heifs": "mov",
    "matroska": "matroska",
    "avi": "avi",
    "mpegts": "mpegts",
    "mpeg": "mpeg",
    "mpegvideo": "mpegvideo",
    "flv": "flv",
    "asf": "asf",
    "rm": "rm",
    "ogg": "ogg",
    "mp3": "mp3",
    "aac": "aac",
    "ac3": "ac3",
    "flac": "flac",
    "wav": "wav",
    "amr": "amr",
    "aiff": "aiff",
    "caf": "caf",
    "wv": "wv",
    "ape": "ape",
    "yuv4mpegpipe": "yuv4mpegpipe",
    "ivf": "ivf",
    "nut": "nut",
    "mxf": "mxf",
    "h264": "h264",
    "hevc": "hevc",
    "m4v": "m4v",
    "obu": "obu",
    "dv": "dv",
    "mjpeg": "mjpeg",
    "tta": "tta",
    "au": "au",
    "dts": "dts",
    "gif": "gif",
    "apng": "apng",
}
"""Our word for a format -> libav's demuxer. What is not here is not opened."""

SAFE_DEMUXERS = ",".join((*DEMUXERS.values(), "mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm"))

MP3_TOLD_BYTES = 1000 + 1441  # a tag or two, and the largest frame of layer III
_SAYING = frozenset({"mov", "matroska", "flac", "mxf", "aiff", "caf", "wv", "ape", "nut", "ogg"})
"""Containers whose length libav takes from the header (of Ogg from its last page), by its name for them."""
_SAYING_EACH = frozenset({"mov", "mxf"})
"""Those that say it of each stream."""
_UNFINISHED = 0xFFFFFFFF
_WAV_UNFINISHED = 0x7FFF_F000
"""What writes a WAV into a pipe says all ones, or (sox, arecord) something near half of them."""
_ASF_FILE_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
_EBML_SEGMENT = b"\x18\x53\x80\x67"
_HEAD_BYTES = 4096
_NUMBER_MAX = 2.0**53  # beyond, a double is no exact number; NaN is not less than it either


def facts_of_wrapper(path: Path, sniffed: str) -> FileFacts:
    """Brand, place of the index, fragments; by its own headers: bytes that are missing, and its whole length."""
    size = path.stat().st_size
    with path.open("rb") as file:
        if sniffed == "mov":
            found = walk(file, size)
            at, length = found.moov_at, found.moov_bytes
            only = at is not None and dolby_alone_in_boxes(file, at, length)
            return replace(_of_boxes(found), dolby_only=only)
        if sniffed == "mp3":
            return _of_promise(promised_by_mp3(file), size)
        head = file.read(_HEAD_BYTES)
        only = sniffed == "matroska" and dolby_alone_in_matroska(file)
    missing = max(0, _MISSING.get(sniffed, _unknown)(head, size))
    whole_s = _WHOLE[sniffed](head) if sniffed in _WHOLE else None
    said = round(whole_s, 3) if whole_s else None
    return FileFacts(missing_bytes=missing, dolby_only=only, whole_s=said)


def with_promises(found: FileFacts) -> FileFacts:
    """The facts with the seconds that headers promise, of the file and of its picture, whatever is left of them."""
    said = _promised_s(found)
    if said is not None and found.container.startswith("matroska"):
        said -= found.begins_s  # its length counts from zero, ours from the first picture
    return replace(found, promised_s=said, promised_picture_s=_promised_picture_s(found))


def with_readable(found: FileFacts, measured: Measurement) -> FileFacts:
    """The facts of a cut file with the seconds that are there, and the whole length as its header has it."""
    readable_s = measured.span_s or measured.audio_span_s
    return replace(found, readable_s=readable_s, duration_s=found.whole_s or found.duration_s)


def _promised_s(found: FileFacts) -> float | None:
    """Of some containers libav gives what it found instead: our own reading of the header comes first."""
    says = found.container.split(",")[0] in _SAYING
    return found.duration_s if found.whole_s is None and says else found.whole_s


def _promised_picture_s(found: FileFacts) -> float | None:
    """Of the video alone, where the header has them: its audio may last longer."""
    picture = picture_of(found.streams)
    says = found.container.split(",")[0] in _SAYING_EACH
    return picture.duration_s if picture is not None and says else None


def _of_promise(promise: tuple[int, float] | None, size: int) -> FileFacts:
    """An MP3 that lacks less than a tag (ID3v1 has 128 bytes) or its last frame is whole: not all count the same."""
    end, whole_s = promise or (0, 0.0)
    missing = end - size if end - size >= MP3_TOLD_BYTES else 0
    return FileFacts(missing_bytes=missing, whole_s=round(whole_s, 3) if promise else None)


def _unknown(_head: bytes, _size: int) -> int:
    """Containers that do not say how long they are."""
    return 0


def _riff_missing(head: bytes, size: int) -> int:
    """Bytes missing of a RIFF file; recorders that never came back leave all ones or a zero."""
    length = int.from_bytes(head[4:8], "little")
    return 0 if length in (0, _UNFINISHED) else length + 8 - size


def _wav_missing(head: bytes, size: int) -> int:
    return 0 if _little(head, 4, 4) >= _WAV_UNFINISHED else _riff_missing(head, size)


def _asf_missing(head: bytes, size: int) -> int:
    """Bytes missing by the File Properties Object (ASF specification 3.2); a broadcast does not know its size."""
    at = head.find(_ASF_FILE_PROPERTIES)
    if at < 0 or at + 92 > len(head) or head[at + 88] & 1:
        return 0
    return int.from_bytes(head[at + 40 : at + 48], "little") - size


def _flv_missing(head: bytes, size: int) -> int:
    """Bytes missing by `onMetaData` (FLV specification E.5); what was recorded live says 0, or nothing."""
    length = _flv_number(head, b"filesize")
    return int(length) - size if length else 0


def _flv_whole_s(head: bytes) -> float | None:
    """The duration by `onMetaData`."""
    return _flv_number(head, b"duration")


def _flv_number(head: bytes, name: bytes) -> float | None:
    """A number of the script tag: length and text of its name, marker 0, a big-endian double (AMF 0, 2.2)."""
    key = len(name).to_bytes(2, "big") + name + b"\0"
    at = head.find(key) + len(key)
    if at < len(key) or at + 8 > len(head):
        return None
    value: float = struct.unpack_from(">d", head, at)[0]
    return value if 0 < value < _NUMBER_MAX else None


def _avi_whole_s(head: bytes) -> float | None:
    """Frames times their length, by the main header and by that of the video; libav goes by what is left.

    The main one counts those of the first gigabyte only (OpenDML AVI 1.02, `avih` and `strh`).
    """
    at, pictures = head.find(b"avih"), head.find(b"strh\x38\0\0\0vids")
    if at < 0 or at + 28 > len(head):
        return None
    whole_s = _little(head, at + 8, 4) * _little(head, at + 24, 4) / 1e6
    scale, rate, length = (_little(head, pictures + 8 + place, 4) for place in (20, 24, 32))
    return max(whole_s, length * scale / rate) if pictures > 0 and rate else whole_s


def _wav_whole_s(head: bytes) -> float | None:
    """Bytes of audio by the rate of bytes, both as the header has them; nothing where the header has none."""
    form, data = head.find(b"fmt "), head.find(b"data")
    rate = _little(head, form + 16, 4)
    if min(form, data) < 0 or data + 8 > len(head) or not rate:
        return None
    length = _little(head, data + 4, 4)
    return None if length >= _WAV_UNFINISHED else length / rate


def _asf_whole_s(head: bytes) -> float | None:
    """The play duration in 100 ns, which begins with the preroll in ms (ASF specification 3.2)."""
    at = head.find(_ASF_FILE_PROPERTIES)
    return max(0.0, _little(head, at + 64, 8) / 1e7 - _little(head, at + 80, 8) / 1e3)


def _little(head: bytes, at: int, width: int) -> int:
    return int.from_bytes(head[at : at + width], "little")


def _of_boxes(found: Mp4Layout) -> FileFacts:
    place = None if found.moov_at is None else ("front" if found.moov_first else "end")
    return FileFacts(
        brand=found.brand,
        moov=place,
        moov_at=found.moov_at,
        fragmented=found.fragmented,
        missing_bytes=found.missing,
        locked=found.locked,
    )


def _matroska_missing(head: bytes, size: int) -> int:
    """Bytes missing of the Segment element; 0 when its size is unknown, as live recordings leave it (RFC 9559)."""
    at = head.find(_EBML_SEGMENT)
    if at < 0 or at + 5 > len(head) or head[at + 4] == 0:
        return 0
    width = 9 - head[at + 4].bit_length()
    value = int.from_bytes(head[at + 4 : at + 4 + width], "big")
    length = value & ((1 << 7 * width) - 1)
    if length == (1 << 7 * width) - 1:
        return 0
    return max(0, at + 4 + width + length - size)


_MISSING = {
    "matroska": _matroska_missing,
    "avi": _riff_missing,
    "wav": _wav_missing,
    "asf": _asf_missing,
    "flv": _flv_missing,
}
_WHOLE = {
    "avi": _avi_whole_s,
    "wav": _wav_whole_s,
    "asf": _asf_whole_s,
    "flv": _flv_whole_s,
}
"""Containers whose length libav measures by the file it finds, not by what the header promises."""
