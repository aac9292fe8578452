"""Walks over hand-made boxes."""

import io

import pytest

from transload.media.probe.mp4_boxes import walk


def box(kind: bytes, body: bytes = b"", claim: int | None = None) -> bytes:
    """A box; `claim` is a false length."""
    return (claim or len(body) + 8).to_bytes(4, "big") + kind + body


FTYP = box(b"ftyp", b"isom\x00\x00\x02\x00isom")


def test_order_of_index_and_data() -> None:
    front = FTYP + box(b"moov", box(b"mvhd")) + box(b"mdat", b"x" * 50)
    back = FTYP + box(b"mdat", b"x" * 50) + box(b"moov", box(b"mvhd"))
    assert walk(io.BytesIO(front), len(front)).moov_first
    found = walk(io.BytesIO(back), len(back))
    assert (found.moov_first, found.moov_at, found.brand) == (False, 78, "isom")


def test_fragments_are_seen_by_their_box_or_by_their_announcement() -> None:
    announced = FTYP + box(b"moov", box(b"mvhd") + box(b"mvex"))
    present = FTYP + box(b"moof") + box(b"mdat")
    assert walk(io.BytesIO(announced), len(announced)).fragmented
    assert walk(io.BytesIO(present), len(present)).fragmented


def test_missing_bytes_of_a_cut_file_are_counted() -> None:
    cut = FTYP + box(b"moov") + box(b"mdat", b"x" * 10, claim=118)
    assert walk(io.BytesIO(cut), len(cut)).missing == 100


@pytest.mark.parametrize(
    ("trailer", "missing"),
    [
        (b"\x93\x02\x11\xfe\x81\x00\x07\xee trailer of a camera", 0),
        (b"\x00\x00\x01\x00free", 0x100 - 8),
    ],
)
def test_what_is_appended_to_a_whole_film_is_no_cut_box(trailer: bytes, missing: int) -> None:
    whole = FTYP + box(b"mdat", b"x" * 10) + box(b"moov")
    assert walk(io.BytesIO(whole + trailer), len(whole + trailer)).missing == missing


def test_long_lengths_and_open_ends() -> None:
    long = b"\x00\x00\x00\x01mdat" + (16 + 4).to_bytes(8, "big") + b"data"
    data = FTYP + long + box(b"moov") + b"\x00\x00\x00\x00free" + b"rest"
    found = walk(io.BytesIO(data), len(data))
    assert (found.moov_at, found.missing) == (len(FTYP) + 20, 0)


def test_lengths_that_lead_nowhere_end_the_walk() -> None:
    data = FTYP + box(b"free", claim=3) + box(b"moov")
    assert walk(io.BytesIO(data), len(data)).moov_at is None


@pytest.mark.parametrize(
    ("entry", "locked"),
    [(b"encv", True), (b"enca", True), (b"drms", True), (b"drmi", True), (b"avc1", False)],
)
def test_encrypted_tracks_are_seen(entry: bytes, locked: bool) -> None:
    content = FTYP + box(b"moov", box(b"mvhd") + track(entry)) + box(b"mdat")
    assert walk(io.BytesIO(content), len(content)).locked is locked


def test_an_encrypted_track_behind_an_open_one() -> None:
    content = FTYP + box(b"moov", track(b"avc1") + track(b"enca")) + box(b"mdat")
    assert walk(io.BytesIO(content), len(content)).locked


def test_a_tag_with_the_letters_of_a_lock_locks_nothing() -> None:
    tags = box(b"udta", box(b"meta", b"Praia de Valenca, " + box(b"encv")))
    content = FTYP + box(b"moov", tags + track(b"avc1") + tags) + box(b"mdat")
    assert not walk(io.BytesIO(content), len(content)).locked


def track(entry: bytes) -> bytes:
    """A track whose samples are described by one entry of that kind."""
    described = box(b"stsd", bytes(4) + b"\0\0\0\1" + box(entry, bytes(78)))
    return box(b"trak", box(b"mdia", box(b"minf", box(b"stbl", described + box(b"stts")))))
