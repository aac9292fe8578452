"""The gallery's words."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transload.destinations.gallery_page import (
    REASONS_MAX,
    Counts,
    arrival_in_words,
    duration_in_words,
    kinds_in_words,
    link,
    other_file,
    rest_in_words,
    size_in_words,
    source_name,
    text,
)
from transload.model import Item, ItemKind, ItemRecord, ItemState, Output, Verdict


def counted(*items: Item) -> Counts:
    counts = Counts()
    for item in items:
        counts.add(ItemRecord(item, (Output("trip/x", 1000, ""),)))
    return counts


def an_item(index: int, kind: ItemKind, state: ItemState = ItemState.SENT, **more: object) -> Item:
    return Item(index, "J", index, f"{index}.x", 1, state, kind, album=1 + index // 10, **more)  # type: ignore[arg-type]


def test_summary() -> None:
    items = [an_item(n, ItemKind.PHOTO) for n in range(1200)]
    items += [an_item(1200, ItemKind.VIDEO, verdict=Verdict.REWRAP)]
    items += [
        an_item(1201, ItemKind.VIDEO, ItemState.FAILED),
        an_item(1202, ItemKind.PHOTO, ItemState.QUARANTINED),
    ]
    items += [
        an_item(1203, ItemKind.JUNK, ItemState.SKIPPED),
        an_item(1204, ItemKind.PHOTO, ItemState.DEFERRED),
    ]
    counts = counted(*items)
    assert arrival_in_words(counts) == "1,200 photos and 1 video arrived in 121 albums"
    assert rest_in_words(counts) == (
        "1 was converted; 2 could not be saved; 1 was skipped; 1 is still to come"
    )


def test_nothing_arrived() -> None:
    counts = counted(an_item(0, ItemKind.PHOTO, ItemState.DUPLICATE))
    assert arrival_in_words(counts) == "Nothing new arrived"
    assert rest_in_words(counts) == "1 was here already"


def test_kinds() -> None:
    kinds = Counter(
        {ItemKind.PHOTO: 1, ItemKind.AUDIO: 2, ItemKind.ARCHIVE: 1, ItemKind.UNKNOWN: 1}
    )
    assert kinds_in_words(kinds) == "1 photo, 2 recordings and 2 other files"
    assert kinds_in_words(Counter()) == ""


def test_reasons_are_bounded() -> None:
    counts = counted(
        *(an_item(n, ItemKind.JUNK, ItemState.SKIPPED, why=f"why {n}") for n in range(500))
    )
    assert len(counts.reasons) == REASONS_MAX + 1
    assert counts.reasons["other reasons"] == 500 - REASONS_MAX


@pytest.mark.parametrize(
    ("size", "said"),
    [(0, "0 bytes"), (1, "1 byte"), (999, "999 bytes"), (1000, "1.0 kB"), (4_240_000, "4.2 MB"), (999_999, "1.0 MB"),
     (12_600_000_000, "13 GB"), (5 * 10**15, "5000 TB")],
)  # fmt: skip
def test_size(size: int, said: str) -> None:
    assert size_in_words(size) == said


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.2, "0:01"), (7, "0:07"), (59.6, "1:00"), (3723, "1:02:03")]
)
def test_duration(seconds: float, said: str) -> None:
    assert duration_in_words(seconds) == said


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("/home/me/trip.zip", "trip.zip"),
        ("/home/me/trip/", "trip"),
        ("https://h/a/b.zip?key=1", "b.zip"),
        ("https://me:secret@h", "h"),
    ],
)
def test_source(source: str, said: str) -> None:
    assert source_name(source) == said


def test_links() -> None:
    assert link("trip/a b#1%?.jpg", "trip") == "a%20b%231%25%3F.jpg"
    assert link("other/é.jpg", "trip") == "../other/%C3%A9.jpg"


@given(st.text())
def test_text_is_inert(said: str) -> None:
    shown = text(said)
    assert not set(shown) & set("<>\"'\x00\ud800")
    shown.encode()


def test_other_files_are_originals_or_numbered() -> None:
    assert other_file("trip/originals/film.mkv", 2) == "original"
    assert other_file("trip/film (2 of 3).mp4", 2) == "file 2"
