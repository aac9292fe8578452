"""The gallery as a file: what is in it, in which order, and how large it may get."""

import hashlib
import re
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from tests.destinations.parcels import a_job
from transload.destinations import gallery
from transload.destinations.delivery import TEMP_FOLDER
from transload.faults import Fault
from transload.model import Item, ItemKind, ItemRecord, ItemState, Output
from transload.ports import Picture

pytestmark = pytest.mark.anyio


def a_record(
    index: int,
    kind: ItemKind = ItemKind.PHOTO,
    state: ItemState = ItemState.SENT,
    album: int | None = None,
    job: str = "J",
) -> ItemRecord:
    fault = Fault("input.corrupt", "cut") if state is ItemState.FAILED else None
    item = Item(
        index,
        job,
        index,
        f"in/{index}.jpg",
        1,
        state,
        kind,
        why="why",
        album=album,
        fault=fault,
        sent_ms=0,
    )
    sha256 = hashlib.sha256(str(index).encode()).hexdigest()
    outputs = (Output(f"trip/in/{index}.jpg", 5, sha256),) if state is ItemState.SENT else ()
    return ItemRecord(item, outputs)


JPEG = b"\xff\xd8small\xff\xd9"


def deliver(root: Path, records: Iterable[ItemRecord]) -> None:
    """Put the files there that the records tell of."""
    for record in records:
        for output in record.outputs:
            (root / output.reference).parent.mkdir(parents=True, exist_ok=True)
            (root / output.reference).write_bytes(bytes(output.size_bytes))


async def small(_record: ItemRecord, _local: Path) -> bytes | None:
    """A small picture of anything."""
    return JPEG


async def write(root: Path, records: Sequence[ItemRecord], picture: Picture = small) -> None:
    async def again() -> AsyncIterator[ItemRecord]:
        for record in records:
            yield record

    await gallery.write(root, a_job("J", "trip"), again, picture)


async def written(root: Path, records: Sequence[ItemRecord], picture: Picture = small) -> str:
    """The page about records whose files are there."""
    deliver(root, records)
    await write(root, records, picture)
    assert not (root / TEMP_FOLDER).exists()
    return (root / "trip" / gallery.FILE_NAME).read_text("utf-8")


def beside(root: Path) -> set[str]:
    """The small pictures beside the page, as it names them."""
    page = root / "trip"
    return {str(path.relative_to(page)) for path in page.glob(".gallery/*/*")}


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
    first, second = a_record(0, album=1), a_record(1, album=7)
    deliver(tmp_path, [first, second])

    async def records() -> AsyncIterator[ItemRecord]:
        nonlocal passes
        passes += 1
        yield first
        if passes > 1:
            yield second

    await gallery.write(tmp_path, a_job("J", "trip"), records, small)
    assert 'href="in/1.jpg"' in (tmp_path / "trip" / gallery.FILE_NAME).read_text("utf-8")


async def test_small_pages_carry_their_pictures_and_large_ones_have_them_beside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = [a_record(n, album=1 + n // 10) for n in range(40)]
    text = await written(tmp_path, records)
    assert (text.count("data:image/jpeg"), beside(tmp_path)) == (40, set())
    monkeypatch.setattr(gallery, "INSIDE_MAX_BYTES", 100)
    text = await written(tmp_path, records)
    assert set(re.findall(r'src="(\.gallery/[^"]+)"', text)) == beside(tmp_path)
    assert (len(beside(tmp_path)), text.count("data:"), text.count("no preview")) == (40, 1, 0)


async def test_pictures_there_are_not_made_again_and_torn_ones_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gallery, "INSIDE_MAX_BYTES", 0)
    records = [a_record(n, album=1) for n in range(3)]
    await written(tmp_path, records)
    torn, gone, _ = sorted((tmp_path / "trip").glob(".gallery/*/*"))
    torn.write_bytes(JPEG[:-1])
    gone.unlink()
    asked: list[Path] = []

    async def noted(_record: ItemRecord, local: Path) -> bytes | None:
        asked.append(local)
        return JPEG

    text = await written(tmp_path, records, noted)
    assert len(asked) == 2
    assert (torn.read_bytes(), gone.read_bytes(), text.count("<img")) == (JPEG, JPEG, 3)


async def test_pictures_that_no_tile_shows_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gallery, "INSIDE_MAX_BYTES", 0)
    await written(tmp_path, [a_record(n, album=1) for n in range(3)])
    users = tmp_path / "trip" / ".gallery" / "mine.txt"
    users.write_text("a note")
    (tmp_path / "trip" / "in" / "1.jpg").unlink()
    await write(tmp_path, [a_record(n, album=1) for n in range(3)])
    assert len(beside(tmp_path)) == 2
    assert users.exists()


async def test_what_is_no_longer_there_is_not_shown(tmp_path: Path) -> None:
    await written(tmp_path, [a_record(0, album=1), a_record(1, album=1)])
    (tmp_path / "trip" / "in" / "0.jpg").unlink()
    await write(tmp_path, [a_record(0, album=1), a_record(1, album=1)])
    text = (tmp_path / "trip" / gallery.FILE_NAME).read_text("utf-8")
    assert ("in/0.jpg" in text, "in/1.jpg" in text, "1 photo arrived" in text) == (
        False,
        True,
        True,
    )


async def test_albums_of_two_jobs_stay_apart(tmp_path: Path) -> None:
    text = await written(tmp_path, [a_record(0, album=1, job="I"), a_record(1, album=1)])
    assert text.count("<h2>Album 1 · 1970-01-01") == 2
    assert "2 photos arrived in 2 albums" in text


async def test_a_duplicate_of_what_lies_here_is_its_tile(tmp_path: Path) -> None:
    here, there = (
        replace(a_record(n, state=ItemState.DUPLICATE), outputs=(Output(path, 5, "ff"),))
        for n, path in ((1, "trip/in/0.jpg"), (2, "other/in/0.jpg"))
    )
    text = await written(tmp_path, [a_record(0, album=1), here, there])
    assert "1 was here already" in text
    assert "../other/in/0.jpg" in text


@pytest.mark.parametrize("state", [ItemState.FAILED, ItemState.SKIPPED, ItemState.DUPLICATE])
async def test_a_folder_with_nothing_in_it_gets_no_page(tmp_path: Path, state: ItemState) -> None:
    await write(tmp_path, [a_record(0, state=state)])
    assert not (tmp_path / "trip").exists()


async def test_the_page_of_a_folder_that_was_emptied_says_so(tmp_path: Path) -> None:
    await written(tmp_path, [a_record(0, album=1)])
    (tmp_path / "trip" / "in" / "0.jpg").unlink()
    await write(tmp_path, [a_record(0, album=1)])
    assert "Nothing new arrived" in (tmp_path / "trip" / gallery.FILE_NAME).read_text("utf-8")


async def test_no_link_in_place_of_the_folder_of_pictures_is_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gallery, "INSIDE_MAX_BYTES", 0)
    root = tmp_path / "library"
    (root / "trip").mkdir(parents=True)
    (tmp_path / "outside").mkdir()
    (root / "trip" / ".gallery").symlink_to(tmp_path / "outside")
    text = await written(root, [a_record(0, album=1)])
    assert (text.count("no preview"), list((tmp_path / "outside").iterdir())) == (1, [])


async def test_a_failed_writing_leaves_the_old_page(tmp_path: Path) -> None:
    before = await written(tmp_path, [a_record(0, album=1)])

    async def broken() -> AsyncIterator[ItemRecord]:
        yield a_record(1, album=1)
        raise ConnectionError

    with pytest.raises(ConnectionError):
        await gallery.write(tmp_path, a_job("J", "trip"), broken, small)
    assert (tmp_path / "trip" / gallery.FILE_NAME).read_text("utf-8") == before
    assert not (tmp_path / TEMP_FOLDER).exists()
