"""What every destination must do that takes files before their album: go on with what it has, and with nothing else."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import pytest

from tests.conformance.targets import StoreTarget, objects
from tests.destinations.carrying import HeldUploads
from tests.destinations.objects import ADD_EVERY, PART_BYTES
from tests.destinations.parcels import a_job, a_parcel, a_shipment, intents_for
from tests.servers.objects import Conduct
from transload.blob import Blob, ByteFile, LocalBlob
from transload.errors import ConnectionLostError, StagedGoneError
from transload.model import Intent
from transload.ports import Refusal, Stager

pytestmark = pytest.mark.anyio
PARTS = 7
BODY = b"".join(bytes([n]) * PART_BYTES for n in range(PARTS))[:-10]


@pytest.fixture
def target(tmp_path: Path) -> Iterator[StoreTarget]:
    with objects(tmp_path) as made:
        yield cast("StoreTarget", made)


@dataclass(frozen=True)
class OnceBlob:
    """A stream: it is read from its start to its end, and never twice at a time."""

    inner: LocalBlob
    path: Path | None = None

    @property
    def name(self) -> str:
        return self.inner.name

    def open(self) -> ByteFile:
        file = self.inner.open()

        def no_seeking(*_: object) -> None:
            raise AssertionError("a stream goes one way")

        file.seek = file.read_at = no_seeking  # type: ignore[method-assign,assignment]
        return file


def an_intent(target: StoreTarget, scratch: Path, body: bytes = BODY) -> Intent:
    """One item whose bytes are a stream."""
    parcel = a_parcel(scratch, "film.mp4", body)
    stream: Blob = OnceBlob(cast("LocalBlob", parcel.blob))
    shipment = a_shipment(1, replace(parcel, blob=stream))
    return intents_for(target.destination, [shipment])[0]


async def stage(target: StoreTarget, intent: Intent, uploads: HeldUploads) -> object:
    assert isinstance(target.destination, Stager)
    return await target.destination.stage(a_job(), intent, uploads)


def staged_sums(target: StoreTarget) -> list[str]:
    return [hashlib.sha256(one.content).hexdigest() for one in target.store.staged.values()]


async def broken_off(target: StoreTarget, intent: Intent, after: int) -> HeldUploads:
    """What is known of an upload whose connection was lost behind so many parts."""
    target.store.plan("part", Conduct("drop"), skip=after)
    uploads = HeldUploads()
    with pytest.raises(ConnectionLostError):
        await stage(target, intent, uploads)
    return uploads


async def test_a_stream_is_staged(target: StoreTarget, tmp_path: Path) -> None:
    intent = an_intent(target, tmp_path / "s")
    said = await stage(target, intent, HeldUploads())
    assert isinstance(said, dict)
    assert staged_sums(target) == [hashlib.sha256(BODY).hexdigest()]
    assert target.store.counts["part"] == PARTS


async def test_only_missing_parts_travel(target: StoreTarget, tmp_path: Path) -> None:
    intent = an_intent(target, tmp_path / "s")
    uploads = await broken_off(target, intent, after=5)
    assert sorted(uploads.under_way[0].done) == list(range(ADD_EVERY))
    before = target.store.all_bytes
    await stage(target, intent, uploads)
    assert target.store.all_bytes - before == len(BODY) - ADD_EVERY * PART_BYTES
    assert staged_sums(target) == [hashlib.sha256(BODY).hexdigest()]


async def test_staged_twice_nothing_travels_again(target: StoreTarget, tmp_path: Path) -> None:
    intent, uploads = an_intent(target, tmp_path / "s"), HeldUploads()
    first = await stage(target, intent, uploads)
    assert await stage(target, intent, uploads) == first
    assert (target.store.all_bytes, target.store.sent_again) == (len(BODY), 0)


async def test_another_content_begins_anew(target: StoreTarget, tmp_path: Path) -> None:
    """The source changed between two runs, to a file of the same size."""
    uploads = await broken_off(target, an_intent(target, tmp_path / "s"), after=5)
    other = BODY[:PART_BYTES] + bytes(len(BODY) - PART_BYTES)
    intent = an_intent(target, tmp_path / "t", other)
    with pytest.raises(StagedGoneError):  # a stream cannot go back to its start
        await stage(target, intent, uploads)
    await stage(target, intent, uploads)
    assert staged_sums(target) == [hashlib.sha256(other).hexdigest()]
    assert len(target.store.files) == 1, "what was begun is forgotten"


async def test_an_upload_that_is_forgotten_there_begins_anew(
    target: StoreTarget, tmp_path: Path
) -> None:
    intent = an_intent(target, tmp_path / "s")
    uploads = await broken_off(target, intent, after=5)
    target.store.files.clear()
    with pytest.raises(StagedGoneError):
        await stage(target, intent, uploads)
    await stage(target, intent, uploads)
    assert staged_sums(target) == [hashlib.sha256(BODY).hexdigest()]


async def test_a_refused_item_shows_nothing(target: StoreTarget, tmp_path: Path) -> None:
    target.store.refuse("film.mp4", "stage")
    said = await stage(target, an_intent(target, tmp_path / "s"), HeldUploads())
    assert isinstance(said, Refusal)
    assert (said.item_id, said.fault.kind) == (1, "dest.rejected")
    assert target.files() == {}


@pytest.mark.parametrize("request_name", ["begin", "part", "stage"])
async def test_a_wait_is_told_with_its_scope(
    target: StoreTarget, tmp_path: Path, request_name: str
) -> None:
    target.store.plan(request_name, Conduct("drop"))
    with pytest.raises(ConnectionLostError) as caught:
        await stage(target, an_intent(target, tmp_path / "s"), HeldUploads())
    assert isinstance(target.destination, Stager)
    assert caught.value.scope in target.destination.staging_scopes(a_job())
    assert caught.value.scope in target.destination.scopes(a_job())
