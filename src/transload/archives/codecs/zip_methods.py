"""The compression methods of zip entries: their names, and which can be decoded here. Loads no decoder."""

ZIP_METHODS = {
    0: "stored", 1: "shrink", 2: "reduce", 3: "reduce", 4: "reduce", 5: "reduce", 6: "implode", 8: "deflate",
    9: "deflate64", 10: "PKWARE implode", 12: "bzip2", 14: "lzma", 18: "terse", 19: "lz77", 20: "zstd (old number)",
    93: "zstd", 94: "mp3", 95: "xz", 96: "jpeg", 97: "wavpack", 98: "ppmd", 99: "AES encryption",
}  # fmt: skip
"""Compression methods by their number, APPNOTE.TXT 4.4.5."""

STORED, LZMA = 0, 14
DECODABLE = frozenset({STORED, 8, 12, LZMA, 93, 95})


def can_decode(method: int) -> bool:
    """Whether a zip entry of this compression method can be read here."""
    return method in DECODABLE
