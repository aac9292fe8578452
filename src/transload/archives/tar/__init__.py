"""Tar archives of every dialect, plain or packed, read here header by header."""
