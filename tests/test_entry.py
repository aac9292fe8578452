"""Places and secrets: what tells entries apart, what never shows itself."""

from transload.entry import INNER_DIGITS, Entry, Opening, Secret


def test_a_place_sorts_its_inner_entries_behind_their_archive() -> None:
    inner = [f"{n:0{INNER_DIGITS}d}" for n in (0, 9, 10, 123_456)]
    places = [Entry(4, "a.zip", b"a.zip", 1).place]
    places += [Entry(4, "x", b"x", 1, inner=text).place for text in inner]
    places += [Entry(4, "y", b"y", 1, inner=inner[0] + inner[1]).place]
    assert sorted(places)[0] == (4, "")
    assert sorted(places)[2] == (4, inner[0] + inner[1])
    assert max(places) < (5, "")


def test_a_checksum_has_eight_digits() -> None:
    assert Entry(0, "a", b"a", 1, crc=0xAB).crc_text == "000000AB"
    assert Entry(0, "a", b"a", 1).crc_text is None


def test_a_secret_does_not_show_itself() -> None:
    opening = Opening((Secret("open sesame"),))
    assert "sesame" not in repr(opening) + str(opening) + f"{opening.passwords[0]}"


def test_passwords_are_tried_in_their_order() -> None:
    opening = Opening.trying(["b", "a"])
    assert opening == Opening((Secret("b"), Secret("a")), None)
