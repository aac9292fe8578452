"""Entries put together from headers and records."""

import pytest

from tests.archives.tar.test_header import old_gnu, ustar
from transload.archives.tar.header import DamagedTarError, read_header
from transload.archives.tar.member import SPANS_MAX, Member, Records, pax_fields, spans_of


def pax(*fields: tuple[str, str]) -> bytes:
    """A pax record: each field says its own length."""
    out = b""
    for key, value in fields:
        rest = f" {key}={value}\n".encode()
        size = len(rest) + len(str(len(rest)))
        size += len(str(size)) - len(str(len(rest)))
        out += str(size).encode() + rest
    return out


def member(block: bytes, *records: tuple[bytes, bytes], at: int = 0) -> Member:
    found = Records()
    for kind, data in records:
        found.take(kind, data)
    return found.member(read_header(block), at)


def test_fields_in_their_order_and_the_padding_behind_them() -> None:
    data = pax(("path", "a b=c\nd"), ("size", "7"), ("path", "last"))
    assert pax_fields(data + bytes(9)) == [
        (b"path", b"a b=c\nd"),
        (b"size", b"7"),
        (b"path", b"last"),
    ]
    assert pax_fields(b"") == []


@pytest.mark.parametrize("data", [
    b"x", b"7 path=", b"99 path=a\n", b"0 path=a\n", b"-5 path=a\n", b"11 path=a\n", b"8 path\n.", b" 9 path=a\n",
    b"1" * 5000 + b" path=a\n", b"2 path=a\n", b"3 \n",
])  # fmt: skip
def test_lengths_that_do_not_fit_are_damage(data: bytes) -> None:
    with pytest.raises(DamagedTarError):
        pax_fields(data)


def test_records_say_name_size_and_time() -> None:
    said = pax(("path", "grüße/a.jpg"), ("size", "9000000000"), ("mtime", "1600000000.5"))
    found = member(ustar("PaxHeaders/a"), (b"x", said), at=512)
    assert found.name == "grüße/a.jpg".encode()
    assert (found.size, found.stored, found.mtime_s) == (
        9_000_000_000,
        9_000_000_000,
        1_600_000_000.5,
    )
    assert member(ustar("short"), (b"L", b"a long name\0padding")).name == b"a long name"
    assert member(ustar("short"), (b"K", b"target\0")).name == b"short"


def test_what_is_said_for_all_holds_until_it_is_said_anew() -> None:
    for_all: dict[bytes, bytes] = {}
    first = Records(for_all)
    first.take(b"g", pax(("mtime", "7"), ("comment", "of git")))
    first.take(b"x", pax(("mtime", "8")))
    assert first.member(read_header(ustar("a")), 0).mtime_s == 8
    assert Records(for_all).member(read_header(ustar("b")), 0).mtime_s == 7
    assert for_all == {b"mtime": b"7"}


@pytest.mark.parametrize("value", ["", "-1", "1_0", "0x10", "\u0663", "1" * 21])
def test_a_senseless_size_is_damage(value: str) -> None:
    with pytest.raises(DamagedTarError):
        member(ustar("a"), (b"x", pax(("size", value))))


@pytest.mark.parametrize("value", ["nan", "inf", "1e400", "soon", ""])
def test_a_senseless_time_is_none(value: str) -> None:
    assert member(ustar("a"), (b"x", pax(("mtime", value)))).mtime_s is None


@pytest.mark.parametrize(("kind", "expected"), [
    (b"0", "file"), (b"7", "file"), (b"Q", "file"), (b"1", "link"), (b"2", "link"), (b"3", "special"),
    (b"4", "special"), (b"6", "special"), (b"5", "dir"), (b"D", "dir"), (b"M", "rest"),
])  # fmt: skip
def test_kinds(kind: bytes, expected: str) -> None:
    assert member(old_gnu(b"a", kind, 0)).kind == expected


def test_the_list_in_a_folder_of_an_incremental_backup_is_no_content() -> None:
    found = member(old_gnu(b"weird/", b"D", 37, atime=b"15300527426\0"))
    assert (found.name, found.kind, found.stored) == (b"weird", "dir", 37)


def test_the_rest_of_a_file_of_another_volume_is_named_in_both_dialects() -> None:
    found = member(old_gnu(b"big.mp4", b"M", 700, offset=b"00000012000\0", real=b"00000022000\0"))
    assert (found.name, found.kind, found.stored) == (b"big.mp4", "rest", 700)
    said = pax(("GNU.volume.filename", "big.mp4"), ("GNU.volume.offset", "9"))
    found = member(ustar("GNUFileParts/big.mp4.2", size=700), (b"g", said))
    assert (found.name, found.kind, found.stored) == (b"big.mp4", "rest", 700)


def test_maps_of_pax_0_0_0_1_and_1_0() -> None:
    spans = ((1000, 500), (4000, 500))
    old = pax(
        ("GNU.sparse.size", "6000"), ("GNU.sparse.numblocks", "2"),
        ("GNU.sparse.offset", "1000"), ("GNU.sparse.numbytes", "500"),
        ("GNU.sparse.offset", "4000"), ("GNU.sparse.numbytes", "500"),
    )  # fmt: skip
    found = member(ustar("a", size=1000), (b"x", old))
    assert (found.spans, found.size, found.stored, found.has_sound_map) == (spans, 6000, 1000, True)
    newer = pax(("GNU.sparse.size", "6000"), ("GNU.sparse.map", "1000,500,4000,500"))
    assert member(ustar("a", size=1000), (b"x", newer)).spans == spans
    newest = pax(
        ("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0"),
        ("GNU.sparse.name", "real"), ("GNU.sparse.realsize", "6000"),
    )  # fmt: skip
    found = member(ustar("GNUSparseFile.0/a", size=1512), (b"x", newest))
    assert (found.name, found.size, found.stored, found.map_in_body) == (b"real", 6000, 1512, True)


def test_a_damaged_record_that_may_have_held_a_map_leaves_the_entry_in_doubt() -> None:
    records = Records()
    for data, is_whole in ((b"99 path=a\n", True), (b"99 GNU.sparse.map=0,1\n", False)):
        with pytest.raises(DamagedTarError):
            records.take(b"x", data)
        assert records.member(read_header(ustar("a")), 0).is_whole is is_whole


@pytest.mark.parametrize(("spans", "size", "stored", "sound"), [
    ([(0, 10), (20, 5)], 25, 15, True), ([], 0, 0, True), ([(20, 5), (0, 10)], 25, 15, False),
    ([(0, 10), (5, 10)], 25, 20, False), ([(0, 26)], 25, 26, False), ([(0, 20)], 25, 19, False),
])  # fmt: skip
def test_maps_that_go_back_or_beyond_are_not_sound(
    spans: list[tuple[int, int]], size: int, stored: int, sound: bool
) -> None:
    found = member(ustar("a"))
    found.spans, found.size, found.stored = tuple(spans), size, stored
    assert found.has_sound_map is sound


def test_maps_are_pairs_and_of_a_bounded_length() -> None:
    assert spans_of([1000, 500, 0, 0, 4000, 500]) == ((1000, 500), (4000, 500))
    for numbers in ([1], [0, 1] * (SPANS_MAX + 1)):
        with pytest.raises(DamagedTarError):
            spans_of(numbers)
