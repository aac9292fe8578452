import pytest

from transload.archives.limits import Body, EntryTally, Pull, Tally, lasting, wrong_checksum
from transload.entry import Limits
from transload.errors import CorruptError, LimitError

SMALL = Limits(max_ratio=10, ratio_after_bytes=1000, max_entry_bytes=5000, max_total_bytes=9000)


def _pull(data: bytes, step: int) -> Pull:
    at = 0

    def pull(size: int) -> bytes:
        nonlocal at
        piece = data[at : at + min(size, step)]
        at += len(piece)
        return piece

    return pull


def test_read_fills_what_is_asked_for() -> None:
    body = Body(_pull(b"abcdefghij", step=3), SMALL, "a")
    assert body.read(0) == b""
    assert body.read(7) == b"abcdefg"
    assert body.read(7) == b"hij"
    assert body.read(7) == b""
    assert Body(_pull(b"abcdefghij", step=3), SMALL, "a").read() == b"abcdefghij"


def test_entry_limit_counts_real_bytes_and_names_the_setting() -> None:
    body = Body(_pull(bytes(5001), step=1000), SMALL, "big.bin")
    with pytest.raises(LimitError, match=r"archive.max_entry_bytes") as caught:
        body.read()
    assert caught.value.item == "big.bin"
    assert caught.value.suggestion is not None
    assert "archive.max_entry_bytes" in str(caught.value.suggestion)
    assert "5000" in caught.value.detail


def test_an_error_stays_an_error() -> None:
    def pull(_size: int) -> bytes:
        raise CorruptError("bad")

    body = Body(pull, SMALL, "a.jpg")
    for _ in range(2):
        with pytest.raises(CorruptError):
            body.read(1)
    assert isinstance(body.failure, CorruptError)


def test_ratio_is_judged_only_behind_the_threshold() -> None:
    tally = Tally(SMALL, lambda: 1)
    tally.add(1000)
    with pytest.raises(LimitError, match=r"archive.max_ratio = 10"):
        tally.add(1)
    assert tally.spent is not None


def test_total_limit_ends_the_pass() -> None:
    tally = Tally(Limits(max_total_bytes=9000), lambda: 0)
    tally.add(9000)
    with pytest.raises(LimitError, match=r"archive.max_total_bytes"):
        tally.add(1)
    assert tally.spent is not None


def test_one_dense_entry_leaves_its_neighbours_alone() -> None:
    taken = 0
    tally = Tally(SMALL, lambda: taken)
    dense = EntryTally(tally)
    taken = 50
    dense.add(1000)
    with pytest.raises(LimitError, match="the entry grows"):
        dense.add(100)
    assert tally.spent is None
    honest = EntryTally(tally)
    taken += 1500
    honest.add(1500)


def test_many_small_dense_entries_end_the_pass() -> None:
    taken = 0
    tally = Tally(SMALL, lambda: taken)
    for _ in range(2):
        entry = EntryTally(tally)
        taken += 1
        entry.add(500)
    with pytest.raises(LimitError, match="the archive grows"):
        EntryTally(tally).add(500)
    assert tally.spent is not None


def test_a_dense_entry_after_others_fails_alone() -> None:
    tally = Tally(Limits(max_ratio=10, ratio_after_bytes=1000), lambda: 0)
    EntryTally(tally).add(200)
    bomb = EntryTally(tally)
    bomb.add(700)
    with pytest.raises(LimitError, match="the entry grows"):
        bomb.add(200)
    EntryTally(tally).add(200)
    assert tally.spent is None


def test_bytes_before_an_error_are_given_first() -> None:
    pieces = iter([b"abc"])

    def pull(_size: int) -> bytes:
        for piece in pieces:
            return piece
        raise wrong_checksum(3)

    body = Body(pull, Limits(), "a.jpg")
    assert body.read(10) == b"abc"
    with pytest.raises(CorruptError, match="checksum") as caught:
        body.read(10)
    assert caught.value.item == "a.jpg"


def test_a_pull_that_is_over_says_the_same_again_and_is_asked_no_more() -> None:
    asked: list[int] = []

    def once(size: int) -> bytes:
        asked.append(size)
        return b"x" if len(asked) == 1 else b""

    pull = lasting(once)
    assert [pull(0), pull(3), pull(3), pull(3)] == [b"", b"x", b"", b""]
    assert asked == [3, 3]


def test_a_pull_that_failed_raises_its_error_again() -> None:
    asked: list[int] = []

    def fail(size: int) -> bytes:
        asked.append(size)
        raise wrong_checksum(size)

    pull = lasting(fail)
    caught: list[Exception] = []
    for size in (1, 2):
        with pytest.raises(CorruptError) as one:
            pull(size)
        caught.append(one.value)
    assert caught[0] is caught[1]
    assert asked == [1]
