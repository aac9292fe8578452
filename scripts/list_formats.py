"""Write docs/formats.md: what Transload knows as photo, video and sound, from the tables that decide it.

`python scripts/list_formats.py` writes; `--check` says by its exit status whether what is written is still true.
"""

import sys
from pathlib import Path

from transload.entry import AUDIO_SUFFIXES, PHOTO_SUFFIXES, VIDEO_SUFFIXES
from transload.media.photos import jpeg_xl, photo
from transload.media.probe import containers, sniff
from transload.model import ItemKind

FILE = Path(__file__).parent.parent / "docs" / "formats.md"
NOT_KNOWN = (
    (
        "Raw photos of cameras (DNG, NEF, ARW, CR2, PEF, SRW)",
        "the largest JPEG in them is shown, the raw goes beside; without one kept in quarantine; not developed",
    ),
    ("Raw photos that are no TIFF inside (CR3, ORF, RAF, RW2)", "documents"),
    (
        "JPEG of 12 bits, hierarchical JPEG, JBIG, LERC, PSB, PSD of more than 8 bits",
        "kept in quarantine, whole",
    ),
    ("SVG, EPS, AI, WMF, EMF, DjVu, PDF", "documents"),
    ("EXR, HDR (Radiance), DDS, ICO, CUR, XCF, FITS, DICOM", "documents"),
    ("TGA under another name", "a document: it has no signature"),
    ("MIDI and tracker music (MOD, XM, IT, S3M)", "documents: notes, not sound"),
    ("TrueHD and MLP without a container, VOC, W64, DSF, DFF, TAK, Musepack, ADX", "documents"),
    ("Flash that is a program (SWF), Bink, Smacker, FLIC", "documents"),
    (
        "Dolby Vision of profile 5 (MP4, MOV, Matroska)",
        "copied with its record; kept in quarantine where it would have to be encoded",
    ),
    ("Videos under DRM", "kept in quarantine, named as encrypted"),
    ("MJPEG without a container under another name than .mjpeg or .mjpg", "its first photo"),
)
KINDS = ((ItemKind.PHOTO, "Photos"), (ItemKind.VIDEO, "Videos"), (ItemKind.AUDIO, "Sounds"))
NAMES = {
    ItemKind.PHOTO: PHOTO_SUFFIXES,
    ItemKind.VIDEO: VIDEO_SUFFIXES,
    ItemKind.AUDIO: AUDIO_SUFFIXES,
}


def text() -> str:
    """The page."""
    parts = [
        "# What is a photo, a video, a sound",
        "",
        "Written by `scripts/list_formats.py` from the tables of the program; do not edit.",
        "",
        "A file is told by its content; its name helps only where the content says nothing. What is",
        "told so must decode, or it is kept in quarantine with the reason.",
    ]
    for kind, title in KINDS:
        words = sniff.formats_of(kind)
        parts += ["", f"## {title}", "", "| format | read by |", "|---|---|"]
        parts += [f"| {word} | {_reader(word, kind)} |" for word in words]
        parts += ["", f"Endings that promise one: {' '.join(sorted(NAMES[kind]))}"]
    parts += ["", "## What is not known", "", "| what | what becomes of it |", "|---|---|"]
    parts += [f"| {what} | {how} |" for what, how in NOT_KNOWN]
    return "\n".join([*parts, ""])


def _reader(word: str, kind: ItemKind) -> str:
    if kind is ItemKind.PHOTO and word in photo.READERS:
        return f"Pillow: {', '.join(photo.READERS[word])}"
    if word in jpeg_xl.DEMUXERS:
        return "the ffmpeg program"
    demuxer = containers.DEMUXERS.get(word)
    return f"libav: {demuxer}" if demuxer else "nothing here"


def main(words: list[str]) -> int:
    """The exit status: 1 where `--check` finds another page than would be written."""
    if "--check" in words:
        return int(FILE.read_text("utf-8") != text())
    FILE.write_text(text(), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
