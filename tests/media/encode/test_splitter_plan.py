"""Cuts fall on keyframes, no file is too large, and none is a stump."""

from hypothesis import given
from hypothesis import strategies as st

from transload.media.encode.splitter import PIECES_MAX, Key, cuts_of

EVEN = [Key(float(n), n * 100) for n in range(1, 30)]


def test_files_are_as_few_as_can_be_and_about_equal() -> None:
    assert cuts_of(EVEN, 3000, 1600) == [15]
    assert cuts_of(EVEN, 3000, 1400) == [10, 20]


def test_what_fits_is_not_cut() -> None:
    assert cuts_of(EVEN, 3000, 3000) == []


def test_a_stretch_without_keyframes_cannot_be_cut() -> None:
    assert cuts_of([Key(1.0, 100), Key(9.0, 900)], 1000, 700) is None
    assert cuts_of([], 1000, 700) is None


def test_there_is_an_end_to_the_number_of_files() -> None:
    keys = [Key(float(n), n) for n in range(1, 1000)]
    assert cuts_of(keys, 1000, 1000 // (PIECES_MAX + 10)) is None


@given(st.lists(st.integers(1, 50), min_size=2, max_size=60), st.integers(50, 400))
def test_no_file_is_too_large(sizes: list[int], most: int) -> None:
    keys, before = [], 0
    for n, size in enumerate(sizes[:-1], 1):
        before += size
        keys.append(Key(float(n), before))
    total = sum(sizes)
    cuts = cuts_of(keys, total, most)
    assert cuts is not None
    at = {round(key.at_s, 6): key.before for key in keys}
    ends = [*(at[cut] for cut in cuts), total]
    files = [end - begin for begin, end in zip([0, *ends], ends, strict=False)]
    assert max(files) <= most
    assert min(files) > 0
