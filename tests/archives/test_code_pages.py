from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.archives.name_sets import CODECS, name_sets
from transload.archives.code_pages import PIECES_MAX, detect, guess


def test_realistic_sets_are_decoded_as_meant() -> None:
    """At least 95 of 100 sets, and of sets of one name; no language pays for the others."""
    right: Counter[str] = Counter()
    asked: Counter[str] = Counter()
    for one in name_sets(per_pair=24, seed=7):
        codec = detect(one.raws)
        good = tuple(raw.decode(codec, "replace") for raw in one.raws) == one.names
        for group in ("all", "alone" if len(one.names) == 1 else "together", one.language):
            asked[group] += 1
            right[group] += good
    rates = {group: right[group] / asked[group] for group in asked}
    assert asked["all"] >= 400
    assert min(rates["all"], rates["alone"], rates["together"]) >= 0.95, rates
    assert min(rates[language] for language in CODECS) >= 0.9, rates


@pytest.mark.parametrize("names", [[], [b"a.jpg", b"IMG_1.JPG"], ["Grüße.jpg".encode(), b"a"]])
def test_what_is_utf8_stays_utf8(names: list[bytes]) -> None:
    assert detect(names) == "utf-8"
    assert guess(names) is None


def test_utf8_names_do_not_speak_for_the_others() -> None:
    names = ["Фото.jpg".encode(), "Отпуск.jpg".encode("cp866")]
    assert detect(names) == "cp866"


def test_names_of_one_archive_help_each_other() -> None:
    alone = ["où.png".encode("cp1252")]
    assert not (found := guess(alone)) or found.margin < 3
    assert detect([*alone, "dernière forêt.png".encode("cp1252")]) == "cp1252"


def test_what_makes_no_sense_gives_the_fallback() -> None:
    noise = [b"\xb1 \xb6 \xb8"]
    assert detect(noise) == "cp437"
    assert detect(noise, "latin-1") == "latin-1"


def test_one_broken_name_does_not_spoil_the_rest() -> None:
    names = [f"写真{number}.jpg".encode("cp932") for number in range(20)]
    assert detect([*names, names[0][:1]]) == "cp932"


def test_only_so_many_parts_are_looked_at() -> None:
    def names() -> list[bytes]:
        return [f"Отпуск {number}.jpg".encode("cp1251") for number in range(PIECES_MAX)]

    beyond = iter([*names(), b"never looked at \x81"])
    assert detect(beyond) == "cp1251"
    assert next(beyond) == b"never looked at \x81"


@given(st.lists(st.binary(max_size=30), max_size=5))
def test_any_bytes_have_a_codec(names: list[bytes]) -> None:
    codec = detect(names)
    for name in names:
        name.decode(codec, "replace")
