"""The endings of names that promise media, an archive or a document, in small letters with their dot."""

from pathlib import PurePosixPath


def _dotted(words: str) -> frozenset[str]:
    return frozenset(f".{word}" for word in words.split())


PHOTOS = _dotted(
    "jpg jpeg jpe jfif png apng gif webp heic heif hif avif tif tiff bmp jxl jp2 psd tga ppm pgm pbm pnm pcx"
    " dng nef nrw arw cr2 pef srw"
)
VIDEOS = _dotted(
    "mp4 m4v mov qt 3gp 3g2 mkv webm avi flv f4v wmv asf mpg mpeg m2v vob ts mts m2ts ogv rm rmvb mxf divx ivf"
    " dv hevc h265 h264 obu nut y4m mjpeg mjpg"
)
SOUNDS = _dotted(
    "mp3 m4a m4b aac ogg oga opus flac wav wma amr aif aiff ac3 eac3 ec3 mka ape wv caf tta au snd dts mp2 mp1"
)
MEDIA = PHOTOS | VIDEOS | SOUNDS

ARCHIVE_SUFFIXES = frozenset({
    ".zip", ".zipx", ".cbz", ".7z", ".cb7", ".rar", ".cbr", ".tar", ".cbt", ".tgz", ".gz", ".tbz", ".tbz2", ".bz2",
    ".txz", ".xz", ".tzst", ".zst", ".lz4", ".lz", ".tlz", ".lzma", ".z", ".taz", ".cab", ".cpio", ".ar",
    ".xar", ".lzh", ".lha", ".ace",
    ".iso", ".arj", ".squashfs", ".wim", ".dmg", ".zoo", ".arc", ".sit", ".sitx", ".lzo", ".lrz", ".zpaq",
})  # fmt: skip
"""Endings by which people know archives; content decides, these only word the errors and titles."""

DOCUMENT_SUFFIXES = frozenset({
    ".docx", ".docm", ".dotx", ".xlsx", ".xlsm", ".xltx", ".pptx", ".pptm", ".ppsx", ".odt", ".ods", ".odp", ".odg",
    ".pages", ".numbers", ".key", ".epub", ".apk", ".xapk", ".aab", ".ipa", ".jar", ".war", ".whl", ".xpi", ".crx",
    ".kra", ".ora", ".sketch", ".3mf", ".kmz", ".deb", ".udeb", ".ipk", ".rpm", ".a", ".lib",
})  # fmt: skip
"""Archives in form, documents in use: they are sent whole, never opened."""


def is_document(name: str) -> bool:
    """Whether an archive of this name is a document that is never opened."""
    return PurePosixPath(name).suffix.lower() in DOCUMENT_SUFFIXES
