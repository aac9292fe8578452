"""How much is asked for at once."""

from transload.sources.download import (
    ADVANCE_BYTES,
    LOOKAHEAD_MAX,
    PEEK_BYTES,
    SHARE,
    SLACK_BYTES,
    WINDOW_GROWTH,
    Foresight,
)

MIB = 1 << 20


def test_an_entry_with_the_name_of_media_or_an_archive_is_asked_for_whole() -> None:
    for name in ("a/IMG.JPG", "film.mkv", "x.Heic", "inner.zip"):
        seen = Foresight()
        seen.expect(1000, 5 * MIB, name)
        assert seen.end_for(1000, 30) == 1000 + 5 * MIB + SLACK_BYTES


def test_of_any_other_first_what_tells_its_kind_then_the_rest() -> None:
    seen = Foresight()
    seen.expect(1000, 5 * MIB, "a.txt")
    assert seen.end_for(1000, 30) == 1000 + PEEK_BYTES
    assert seen.end_for(1000 + PEEK_BYTES, 30) == 1000 + 5 * MIB + SLACK_BYTES
    seen.expect(6 * MIB, 500, "small")
    assert seen.end_for(6 * MIB, 30) == 6 * MIB + 500 + SLACK_BYTES


def test_when_every_entry_is_read_on_the_next_ones_are_asked_for_whole() -> None:
    seen = Foresight()
    seen.expect(0, MIB, "a.dat")
    seen.end_for(0, 30)
    seen.end_for(PEEK_BYTES, 64 << 10)
    seen.expect(5 * MIB, MIB, "b.dat")
    assert seen.end_for(5 * MIB, 30) == 6 * MIB + SLACK_BYTES
    seen.quarantine_or_fail(900_000)  # b was not read on after all
    seen.expect(9 * MIB, MIB, "c.dat")
    assert seen.end_for(9 * MIB, 30) == 9 * MIB + PEEK_BYTES


def test_neighbours_are_asked_for_ahead_within_a_share_of_what_was_useful() -> None:
    seen = Foresight()
    seen.expect(0, 2000, "0.jpg")
    assert seen.end_for(0, 30) == 2000 + SLACK_BYTES
    seen.expect(2000, 2000, "1.jpg")
    assert seen.end_for(2000, 30) == 4000 + SLACK_BYTES + ADVANCE_BYTES
    seen.useful = 100 * MIB
    assert seen.end_for(2000, 30) == 4000 + SLACK_BYTES + ADVANCE_BYTES + 100 * MIB // SHARE
    seen.quarantine_or_fail(2 * MIB)
    assert seen.end_for(2000, 30) == 4000 + SLACK_BYTES
    seen.useful = 1 << 40
    assert seen.end_for(2000, 30) == 4000 + SLACK_BYTES + LOOKAHEAD_MAX


def test_after_a_jump_nothing_is_asked_for_ahead() -> None:
    seen = Foresight()
    seen.expect(0, 2000, "0.jpg")
    seen.expect(50 * MIB, 2000, "1.jpg")
    assert seen.end_for(50 * MIB, 30) == 50 * MIB + 2000 + SLACK_BYTES
    seen.expect(10 * MIB, 2000, "2.jpg")  # directories need not be in the order of the file
    assert seen.end_for(10 * MIB, 30) == 10 * MIB + 2000 + SLACK_BYTES


def test_without_a_hint_the_window_grows_with_every_step_in_a_row() -> None:
    seen = Foresight()
    at = seen.end_for(MIB, 512)
    assert at == MIB + PEEK_BYTES
    assert seen.end_for(at, 512) == at + PEEK_BYTES * WINDOW_GROWTH
    assert seen.end_for(90 * MIB, 512) == 90 * MIB + PEEK_BYTES
    assert seen.end_for(200 * MIB, 3 * MIB) == 203 * MIB
