"""Units of bytes, and the piece in which a file is read."""

KIB, MIB, GIB, TIB = 1 << 10, 1 << 20, 1 << 30, 1 << 40
CHUNK_BYTES = MIB
