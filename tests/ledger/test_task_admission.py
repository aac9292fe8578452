"""Entries as items: each place once, and never another entry in it."""

from dataclasses import replace

import pytest

from tests.ledger.conftest import Desk, entries
from transload.entry import Entry
from transload.errors import CorruptError
from transload.model import ItemState

pytestmark = pytest.mark.anyio


async def test_a_second_pass_finds_the_items_of_the_first(desk: Desk) -> None:
    await desk.submit()
    record = await desk.begin()
    first = await record.admit(entries(5))
    again = await record.admit([*entries(5), *entries(7)[5:]])
    assert [one.id for one in again[:5]] == [one.id for one in first]
    assert [one.name for one in again] == [f"in/{n}.jpg" for n in range(7)]
    assert {one.state for one in again} == {ItemState.PENDING}
    assert await record.admit([replace(one, kind="dir") for one in entries(3)]) == []


async def test_another_entry_in_a_known_place_ends_the_pass(desk: Desk) -> None:
    await desk.submit()
    record = await desk.begin()
    await record.admit(entries(5))
    moved = [replace(one, index=one.index + 1) for one in entries(4)]
    with pytest.raises(CorruptError, match="changed while it was read"):
        await record.admit(moved)


@pytest.mark.parametrize("raw", [b"caf\xe9.jpg", "caf\u00e9.jpg".encode(), b"a\xff/\xfe.jpg"])
async def test_a_name_in_any_bytes_is_known_again(desk: Desk, raw: bytes) -> None:
    await desk.submit()
    record = await desk.begin()
    for name in (raw.decode("utf-8", "surrogateescape"), raw.decode("latin-1")):
        (one,) = await record.admit([Entry(0, name, raw, 5)])
        assert one.index == 0
