"""What kind of archive a file is, by its first bytes. Pure: no file is opened here."""

HEAD_BYTES = 1024
"""Enough of a file's beginning for every test below."""

TAR_BLOCK = 512
_TAR_SUM = slice(148, 156)

# Signatures as in the formats' own papers: APPNOTE.TXT 4.3, 7zFormat.txt, RAR 5.0 technote, RFC 1952, RFC 8878,
# the xz and LZ4 frame formats; the rest as in file(1)'s magic tables.
_MAGICS: tuple[tuple[int, bytes, str], ...] = (
    (0, b"PK\x03\x04", "zip"),
    (0, b"PK\x05\x06", "zip"),  # no entries: only the end record
    (0, b"PK\x06\x06", "zip"),  # the same in zip64
    (0, b"PK\x07\x08PK\x03\x04", "zip"),  # spanned, then written as one file
    (0, b"PK00PK\x03\x04", "zip"),
    (0, b"7z\xbc\xaf\x27\x1c", "7z"),
    (0, b"Rar!\x1a\x07\x01\x00", "rar"),
    (0, b"Rar!\x1a\x07\x00", "rar"),
    (0, b"RE~^", "rar"),
    (0, b"\x1f\x8b\x08", "gz"),
    (0, b"\xfd7zXZ\x00", "xz"),
    (0, b"\x28\xb5\x2f\xfd", "zst"),
    (0, b"\x04\x22\x4d\x18", "lz4"),
    (0, b"LZIP\x01", "lzip"),
    (0, b"\x1f\x9d", "compress"),
    (0, b"MSCF\x00\x00\x00\x00", "cab"),
    (0, b"!<arch>\n", "ar"),
    (0, b"070701", "cpio"),
    (0, b"070702", "cpio"),
    (0, b"070707", "cpio"),
    (0, b"xar!\x00\x1c", "xar"),
    (2, b"-lh5-", "lzh"),
    (7, b"**ACE**", "ace"),
)
_BZIP2_BLOCKS = (
    b"1AY&SY",
    b"\x17\x72\x45\x38\x50\x90",
)  # a first block, or the end of an empty stream


def archive_format(head: bytes) -> str | None:
    """Short name of the archive or compression format that `head` begins; None: it is neither.

    `head` should hold the first HEAD_BYTES. A tar is told by its first header's checksum, which every dialect has.
    """
    for offset, magic, name in _MAGICS:
        if head.startswith(magic, offset):
            return name
    if head.startswith(b"BZh") and head[3:4] in b"123456789" and head[4:10] in _BZIP2_BLOCKS:
        return "bz2"
    return "tar" if is_tar_header(head[:TAR_BLOCK]) else None


def is_tar_header(block: bytes) -> bool:
    """Whether a 512-byte block is a tar header: its checksum is right, counted signed or unsigned as old tars did."""
    if len(block) < TAR_BLOCK or not block[0]:
        return False
    try:
        stored = int(block[_TAR_SUM].strip(b" \0") or b"-1", 8)
    except ValueError:
        return False
    counted = block[: _TAR_SUM.start] + b" " * 8 + block[_TAR_SUM.stop : TAR_BLOCK]
    unsigned = sum(counted)
    return stored in {unsigned, unsigned - 256 * sum(byte > 127 for byte in counted)}


def is_zero_tar(head: bytes) -> bool:
    """Whether `head` could be a tar without entries: nothing but its end mark, two blocks of zeros."""
    return len(head) >= 2 * TAR_BLOCK and not any(head[: 2 * TAR_BLOCK])
