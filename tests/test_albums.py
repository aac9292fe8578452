"""Album numbers: in order, never more than ten together, no album more than needed."""

from collections import Counter
from itertools import pairwise
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transload.albums import NO_ALBUMS, Numbering, OpenAlbum, album_class, assign
from transload.model import ALBUM_MAX, AlbumMix, ItemKind

kinds = st.lists(st.sampled_from(list(ItemKind)), max_size=150)
mixes: st.SearchStrategy[AlbumMix] = st.sampled_from(["by_kind", "mixed"])


def numbers(items: list[ItemKind], mix: AlbumMix) -> list[int | None]:
    given_out: list[int | None] = []
    state = NO_ALBUMS
    for kind in items:
        number, state = assign(state, kind, mix)
        given_out.append(number)
    return given_out


def test_120_photos_make_12_albums_of_10_in_order() -> None:
    assert numbers([ItemKind.PHOTO] * 120, "by_kind") == [1 + i // 10 for i in range(120)]


def test_kinds_have_albums_of_their_own_numbered_as_they_open() -> None:
    turns = [ItemKind.PHOTO, ItemKind.VIDEO] * 11
    assert numbers(turns, "by_kind") == [1, 2] * 10 + [3, 4]


def test_mixed_albums_follow_the_entry_order() -> None:
    turns = [ItemKind.PHOTO, ItemKind.VIDEO] * 6
    assert numbers(turns, "mixed") == [1] * 10 + [2] * 2


@pytest.mark.parametrize("kind", sorted(set(ItemKind) - {ItemKind.PHOTO, ItemKind.VIDEO}))
def test_everything_else_travels_alone(kind: ItemKind) -> None:
    assert assign(NO_ALBUMS, kind, "mixed") == (None, NO_ALBUMS)


def test_numbering_goes_on_from_what_the_ledger_kept() -> None:
    kept = Numbering({"photo": OpenAlbum(3, 10), "video": OpenAlbum(4, 2)}, last_number=4)
    number, after = assign(kept, ItemKind.PHOTO, "by_kind")
    assert number == 5
    assert after == Numbering({"photo": OpenAlbum(5, 1), "video": OpenAlbum(4, 2)}, last_number=5)


@given(kinds, mixes)
def test_numbers_never_fall_along_one_class(items: list[ItemKind], mix: AlbumMix) -> None:
    along: dict[object, list[int]] = {}
    for kind, number in zip(items, numbers(items, mix), strict=True):
        if number is not None:
            along.setdefault(album_class(kind, mix), []).append(number)
    assert all(a <= b for row in along.values() for a, b in pairwise(row))


@given(kinds, mixes)
def test_albums_are_full_but_the_last_of_a_class(items: list[ItemKind], mix: AlbumMix) -> None:
    sizes = Counter(number for number in numbers(items, mix) if number is not None)
    classes = Counter(cls for kind in items if (cls := album_class(kind, mix)) is not None)
    assert all(size <= ALBUM_MAX for size in sizes.values())
    assert len(sizes) == sum(ceil(count / ALBUM_MAX) for count in classes.values())
    assert sorted(sizes) == list(range(1, len(sizes) + 1))


@given(kinds)
def test_an_album_by_kind_holds_one_kind(items: list[ItemKind]) -> None:
    kinds_of: dict[int, set[ItemKind]] = {}
    for kind, number in zip(items, numbers(items, "by_kind"), strict=True):
        if number is not None:
            kinds_of.setdefault(number, set()).add(kind)
    assert all(len(held) == 1 for held in kinds_of.values())
