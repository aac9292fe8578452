"""Decompressors behind one shape, each bounded in what one call may give."""
