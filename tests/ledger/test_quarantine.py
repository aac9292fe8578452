"""Kept originals are found, dropped on demand, and strays are told apart."""

import hashlib
import zlib
from dataclasses import replace
from pathlib import Path

import pytest

from tests.ledger.conftest import Desk, entries
from tests.ledger.test_task_writes import begun, intend, landed, shipment
from transload.errors import BugError, NotMediaError, RejectedError, UnknownJobError
from transload.faults import NextStep, Step
from transload.ledger.quarantine import Quarantine, fingerprint, put_in
from transload.model import Held, ItemKind, ItemState, Outcome

pytestmark = pytest.mark.anyio


def test_bytes_in_memory_are_kept_and_a_folder_never_is(tmp_path: Path) -> None:
    small = Held(Path(), 5, 1, "sha", content=b"small")
    assert put_in(tmp_path / "kept", "one", small, lambda _: True)
    assert (tmp_path / "kept" / "one").read_bytes() == b"small"
    with pytest.raises(BugError):
        put_in(tmp_path / "kept", "two", Held(Path(), 5, 1, "sha"), lambda _: True)
    assert [one.name for one in (tmp_path / "kept").iterdir()] == ["one"]


async def test_a_kept_original_is_listed_and_dropped(desk: Desk) -> None:
    await desk.submit()
    record = await desk.begin()
    items = await record.admit(entries(2))
    desk.kept.mkdir()
    for item in items:
        local = desk.kept.parent / f"{item.id}.in"
        local.write_bytes(b"same name, other bytes %d" % item.id)
        await record.keep(item, Held(local, 24, 1, "sha"), NotMediaError("html").fault())
    (desk.kept / "stray").write_bytes(b"")
    quarantine = Quarantine(desk.database, desk.kept)
    first, second = await quarantine.listed()
    assert first.path is not None
    assert first.path.read_bytes() == b"same name, other bytes 1"
    assert [path.name for path in await quarantine.strays()] == ["stray"]
    assert (await quarantine.one(first.id.lower())).reason.kind == "input.not_media"
    assert await quarantine.items_by_job([second.id, first.id]) == {
        first.job_id: [second.item_id, first.item_id]
    }
    await record.conclude(
        [Outcome(items[0], ItemState.QUARANTINED, "html", fault=NotMediaError("html").fault())]
    )
    await quarantine.drop(first, 0)
    left = await record.item(first.item_id)
    assert left.state is ItemState.FAILED
    assert left.fault is not None
    assert left.fault.suggestion == Step(NextStep.READ_AGAIN)
    assert [one.id for one in await quarantine.listed()] == [second.id]
    assert not first.path.exists()
    with pytest.raises(UnknownJobError):
        await quarantine.one("nothing")


async def test_the_same_bytes_of_the_same_place_are_kept_once(desk: Desk) -> None:
    quarantine = Quarantine(desk.database, desk.kept)
    for _ in range(2):
        await desk.submit()
        record = await desk.begin()
        (item,) = await record.admit(entries(1))
        local = desk.kept.parent / "0.in"
        local.write_bytes(b"the same")
        await record.keep(item, Held(local, 8, 1, "sha"), NotMediaError("html").fault())
        await record.lose_rest(NotMediaError("html").fault(), ItemState.FAILED, is_reconciled=True)
        await record.end_task()
        await record.end_job()
    (kept,) = await quarantine.listed()
    assert kept.item_id == item.id
    assert await quarantine.strays() == []


async def test_a_delivered_item_leaves_the_quarantine(desk: Desk) -> None:
    record, items = await begun(desk, 1)
    local = desk.kept.parent / "0.in"
    local.write_bytes(b"bytes")
    await record.keep(items[0], Held(local, 5, 1, "sha"), NotMediaError("html").fault())
    await record.receive(landed(await intend(record, [shipment(items[0])])))
    assert await Quarantine(desk.database, desk.kept).listed() == []
    assert list(desk.kept.iterdir()) == []


REASON = NotMediaError("html").fault()


def file(path: Path, content: bytes = b"bytes") -> Held:
    """A whole file with its sums."""
    path.write_bytes(content)
    sha256 = hashlib.sha256(content).hexdigest()
    return Held(path, len(content), zlib.crc32(content), sha256)


def test_a_fingerprint_is_size_and_sums(tmp_path: Path) -> None:
    held = file(tmp_path / "a", b"some bytes")
    assert fingerprint(held.path) == held
    assert fingerprint(tmp_path / "none") is None


def test_bytes_are_moved_once_and_stay_where_they_are_kept(tmp_path: Path) -> None:
    held, kept = file(tmp_path / "1.in"), tmp_path / "kept"
    assert put_in(kept, "J-1", held, lambda _: True)
    assert not held.path.exists()
    assert put_in(kept, "J-1", replace(held, path=kept / "J-1"), lambda _: False)
    assert (kept / "J-1").read_bytes() == b"bytes"


def test_the_users_own_file_and_one_without_room_are_left(tmp_path: Path) -> None:
    held, kept = file(tmp_path / "1.in"), tmp_path / "kept"
    assert not put_in(kept, "J-1", replace(held, users_own=True), lambda _: True)
    assert not put_in(kept, "J-1", held, lambda _: False)
    assert held.path.read_bytes() == b"bytes"


@pytest.mark.anyio
async def test_a_second_refusal_keeps_id_and_bytes_with_the_new_reason(desk: Desk) -> None:
    record, (item,) = await begun(desk, 1)
    await record.keep(item, file(desk.kept.parent / "0.in"), REASON)
    quarantine = Quarantine(desk.database, desk.kept)
    (first,) = await quarantine.listed()
    held = await record.kept(item)
    assert held is not None
    await record.keep(item, held, RejectedError("again").fault())
    (second,) = await quarantine.listed()
    assert (second.id, second.sha256, second.path) == (first.id, first.sha256, first.path)
    assert second.reason.detail == "again"
    assert held.path.read_bytes() == b"bytes"


@pytest.mark.anyio
async def test_only_complete_unchanged_media_are_used_again(desk: Desk) -> None:
    record, items = await begun(desk, 4)
    for item in items:
        held = file(desk.kept.parent / f"{item.id}.in", b"%d" % item.id)
        await record.keep(item, replace(held, complete=item is not items[1]), REASON)
    archive = Outcome(items[2], ItemState.QUARANTINED, "", kind=ItemKind.ARCHIVE, fault=REASON)
    await record.conclude([archive])
    good, broken_off, _, changed = await Quarantine(desk.database, desk.kept).listed()
    assert changed.path is not None
    changed.path.write_bytes(b"other")
    found = [await record.kept(item) for item in items]
    assert [held.path if held else None for held in found] == [good.path, None, None, None]
    assert [await record.is_usable(item.id) for item in items] == [True, False, False, True]
    assert broken_off.path is not None


@pytest.mark.anyio
async def test_without_room_a_reference_is_kept_and_said(desk: Desk) -> None:
    record, (item,) = await begun(desk, 1)
    record._has_room = lambda _: False
    held = file(desk.kept.parent / "0.in")
    await record.keep(item, held, REASON)
    (kept,) = await Quarantine(desk.database, desk.kept).listed()
    assert (kept.path, kept.sha256, kept.size_bytes) == (None, held.sha256, 5)
    job = await desk.ledger.job(item.job_id)
    assert job.warnings == (
        f"{item.name}: no room to keep the original, only its fingerprint is kept",
    )


@pytest.mark.anyio
async def test_what_is_kept_does_not_become_failed(desk: Desk) -> None:
    record, items = await begun(desk, 3)
    for item in items[:2]:
        await record.keep(item, file(desk.kept.parent / f"{item.id}.in"), REASON)
    await record.conclude([Outcome(items[0], ItemState.FAILED, "", fault=REASON)])
    await record.lose_rest(REASON, ItemState.FAILED, is_reconciled=True)
    states = [(await record.item(item.id)).state for item in items]
    assert states == [ItemState.QUARANTINED, ItemState.QUARANTINED, ItemState.FAILED]


@pytest.mark.anyio
async def test_equal_names_do_not_collide(desk: Desk) -> None:
    await desk.submit()
    record = await desk.begin()
    same = [replace(entry, name="a.jpg", raw_name=b"a.jpg") for entry in entries(12)]
    inner = [replace(one, index=11, inner=f"{one.index:07d}") for one in same]
    items = [*await record.admit(same), *await record.admit(inner)]
    for item in items:
        await record.keep(item, file(desk.kept.parent / "x.in", b"%d" % item.id), REASON)
    kept = await Quarantine(desk.database, desk.kept).listed()
    assert {one.name for one in kept} == {"a.jpg"}
    assert {one.path.read_bytes() for one in kept if one.path} == {b"%d" % i.id for i in items}
