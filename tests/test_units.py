"""The units are the binary ones."""

from transload.units import CHUNK_BYTES, GIB, KIB, MIB, TIB


def test_each_unit_has_1024_of_the_one_below() -> None:
    assert (MIB, GIB, TIB) == (1024 * KIB, 1024 * MIB, 1024 * GIB)
    assert KIB == 1024
    assert CHUNK_BYTES % KIB == 0
