"""Files made media: photos, streaming videos with a small picture, and what is done about holes and refusals."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.destinations.carrying import HeldUploads
from tests.destinations.parcels import a_job, a_parcel, a_shipment
from tests.destinations.telegram.desks import room_of
from tests.inputs import photo
from tests.telegram_desk import Desk
from tests.telegram_desk import desk as desk_of
from transload.destinations.telegram import line as lines
from transload.destinations.telegram.posts import StagedMedia
from transload.destinations.telegram.staging import ItemStaging
from transload.errors import ConnectionLostError, RejectedError, TooBigError
from transload.json_codec import from_json
from transload.model import ItemKind, ItemState, Recipe, Shipment
from transload.plans import Looks
from transload.sandbox.faults import Fault, read_fault
from transload.sandbox.world import Rules

pytestmark = pytest.mark.anyio
STAGE = "messages.uploadMedia"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setattr(lines, "PAUSES_S", (0.01, 0.02))
    with desk_of(tmp_path) as made:
        yield made


def of_photo(folder: Path, n: int = 1) -> Shipment:
    return a_shipment(1, a_parcel(folder / "s", "a.jpg", photo(n)))


@asynccontextmanager
async def staging(desk: Desk, shipment: Shipment) -> AsyncIterator[ItemStaging]:
    async with room_of(desk) as room:
        job = replace(a_job(), recipe=Recipe.TELEGRAM)
        yield ItemStaging(room, HeldUploads(), job, shipment, lambda: 1234)


async def test_a_photo_is_a_photo(desk: Desk, tmp_path: Path) -> None:
    async with staging(desk, of_photo(tmp_path)) as one:
        (made,) = from_json(StagedMedia, await one.stage()).media
    assert (made.group, made.kind, made.staged_ms) == ("seen", "photo", 1234)


async def test_a_video_has_its_size_and_a_small_picture(desk: Desk, tmp_path: Path) -> None:
    parcel = replace(
        a_parcel(tmp_path / "s", "a.mp4", b"film"), looks=Looks(320, 240, 2.0, thumb=photo(2))
    )
    film = a_shipment(1, parcel)
    film = replace(film, judgement=replace(film.judgement, kind=ItemKind.VIDEO))
    async with staging(desk, film) as one:
        (made,) = from_json(StagedMedia, await one.stage()).media
    known = desk.scene.box.world.store.media(made.id)
    assert known is not None
    assert (known.mime, known.name) == ("video/mp4", "a.mp4")
    assert known.sizes


@pytest.mark.parametrize("holes", [1, 3])
async def test_a_part_that_is_lost_there_is_brought_alone(
    desk: Desk, tmp_path: Path, holes: int
) -> None:
    desk.faults.plan(read_fault(f"{STAGE}:FILE_PART_0_MISSING:times={holes}"))
    async with staging(desk, of_photo(tmp_path)) as one:
        await one.stage()
    assert len({file for file, _, _ in desk.faults.parts}) == 1


async def test_what_is_lost_again_and_again_is_brought_anew_and_then_refused(
    desk: Desk, tmp_path: Path
) -> None:
    desk.faults.plan(read_fault(f"{STAGE}:FILE_PARTS_INVALID:times=99"))
    async with staging(desk, of_photo(tmp_path)) as one:
        with pytest.raises(RejectedError, match="loses the parts"):
            await one.stage()
    assert len({file for file, _, _ in desk.faults.parts}) == 3


async def test_a_refused_photo_is_refused_and_on_its_second_chance_a_file(
    desk: Desk, tmp_path: Path
) -> None:
    desk.faults.plan(read_fault(f"{STAGE}:IMAGE_PROCESS_FAILED:times=2"))
    shipment = of_photo(tmp_path)
    async with staging(desk, shipment) as one:
        with pytest.raises(RejectedError, match="IMAGE_PROCESS_FAILED"):
            await one.stage()
    again = replace(shipment, item=replace(shipment.item, state=ItemState.REFUSED))
    async with staging(desk, again) as one:
        (made,) = from_json(StagedMedia, await one.stage()).media
    assert (made.group, made.kind) == ("file", "document")


async def test_lost_answers_are_repeated_and_then_waited_for(desk: Desk, tmp_path: Path) -> None:
    desk.faults.plan(Fault(STAGE, error="INTERNAL", code=500, times=2))
    async with staging(desk, of_photo(tmp_path)) as one:
        await one.stage()
        desk.faults.plan(Fault(STAGE, error="INTERNAL", code=500, times=9))
        with pytest.raises(ConnectionLostError):
            await one.stage()
    assert len({file for file, _, _ in desk.faults.parts}) == 1


async def test_what_is_too_big_is_told_before_a_byte_travels(tmp_path: Path) -> None:
    with desk_of(tmp_path, rules=Rules(parts_max=1)) as desk:
        large = a_shipment(1, a_parcel(tmp_path / "s", "a.bin", bytes(524_289)))
        async with staging(desk, large) as one:
            with pytest.raises(TooBigError):
                await one.stage()
        assert desk.faults.parts == []
