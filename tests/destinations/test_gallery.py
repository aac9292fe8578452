"""The gallery as a file: what is in it, in which order, and how large it may get."""

import re
from collections.abc import AsyncIterator, Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from tests.destinations.parcels import a_job
from transload.destinations import gallery
from transload.kinds import Fault
from transload.model import Item, ItemKind, ItemRecord, ItemState, Output

pytestmark = pytest.mark.anyio


def a_record(
    index: int,
    kind: ItemKind = ItemKind.PHOTO,
    state: ItemState = ItemState.SENT,
    album: int | None = None,
    thumb: bytes | None = b"\xff\xd8",
) -> ItemRecord:
    fault = Fault("input.corrupt", "cut") if state is ItemState.FAILED else None
    item = Item(
        index, "J", index, f"in/{index}.jpg", 1, state, kind, why="why", album=album, fault=fault
    )
    outputs = (Output(f"trip/in/{index}.jpg", 5, ""),) if state is ItemState.SENT else ()
    return ItemRecord(item, outputs, thumb)


def names_in(root: Path) -> list[str]:
    return sorted(path.name for path in root.rglob("*"))


async def written(root: Path, records: Sequence[ItemRecord]) -> str:
    async def again() -> AsyncIterator[ItemRecord]:
        for record in records:
            yield record

    await gallery.write(root, "trip", a_job(folder="trip"), again)
    assert names_in(root) == ["gallery.html", "trip"]
    return (root / "trip" / gallery.FILE_NAME).read_text("utf-8")


async def test_every_record_is_in_its_section(tmp_path: Path) -> None:
    text = await written(
        tmp_path,
        [
            a_record(0, album=1),
            a_record(1, ItemKind.AUDIO, album=2),
            a_record(2, state=ItemState.FAILED),
            a_record(3, state=ItemState.DUPLICATE),
            a_record(4, ItemKind.JUNK, ItemState.SKIPPED),
        ],
    )
    jumps = ("albums", "files", "lost", "duplicates", "skipped")
    starts = [text.index(f'id="{jump}"') for jump in jumps]
    assert starts == sorted(starts)
    bounds = [*starts, len(text)]
    for index, (start, end) in enumerate(pairwise(bounds)):
        assert f"in/{index}.jpg" in text[start:end]


async def test_interleaved_albums_come_whole_and_in_order(tmp_path: Path) -> None:
    records = [
        a_record(
            n,
            ItemKind.VIDEO if n % 4 == 0 else ItemKind.PHOTO,
            album=2 if n % 4 == 0 else 1 + 2 * (n // 14),
        )
        for n in range(40)
    ]
    text = await written(tmp_path, records)
    assert re.findall(r"<h2>(Album \d+)", text) == ["Album 1", "Album 2", "Album 3", "Album 5"]
    for section in text.split("<h2>Album ")[1:]:
        number = int(section[0])
        wanted = [record.item.index for record in records if record.item.album == number]
        assert [int(found) for found in re.findall(r'href="in/(\d+)\.jpg"', section)] == wanted


async def test_a_straggler_holds_back_only_so_much(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gallery, "HELD_MAX_CHARS", 5_000)
    records = [
        a_record(0, album=1),
        *(a_record(n, album=2 + n // 10) for n in range(1, 60)),
        a_record(60, album=1),
    ]
    text = await written(tmp_path, records)
    albums = re.findall(r"<h2>Album (\d+)", text)
    assert sorted(albums, key=int) == [str(n) for n in range(1, 8)]
    assert albums[0] != "1"
    assert len(re.findall(r'href="in/\d+\.jpg"', text)) == 61


async def test_records_that_change_between_passes_are_not_lost(tmp_path: Path) -> None:
    passes = 0

    async def records() -> AsyncIterator[ItemRecord]:
        nonlocal passes
        passes += 1
        yield a_record(0, album=1)
        if passes > 1:
            yield a_record(1, album=7)

    await gallery.write(tmp_path, "trip", a_job(), records)
    assert 'href="in/1.jpg"' in (tmp_path / "trip" / gallery.FILE_NAME).read_text("utf-8")


async def test_thumbnails_are_capped(tmp_path: Path) -> None:
    thumb = b"\xff\xd8" + bytes(500_000)
    text = await written(tmp_path, [a_record(n, album=1 + n // 10, thumb=thumb) for n in range(40)])
    shown = text.count("data:image/jpeg")
    assert shown == gallery.THUMBS_MAX_BYTES // (len(thumb) * 4 / 3 + 26)
    assert text.count("no preview") == 40 - shown


async def test_a_failed_writing_leaves_the_old_page(tmp_path: Path) -> None:
    before = await written(tmp_path, [a_record(0, album=1)])

    async def broken() -> AsyncIterator[ItemRecord]:
        yield a_record(1, album=1)
        raise ConnectionError

    with pytest.raises(ConnectionError):
        await gallery.write(tmp_path, "trip", a_job(), broken)
    assert (tmp_path / "trip" / gallery.FILE_NAME).read_text("utf-8") == before
    assert names_in(tmp_path) == ["gallery.html", "trip"]
