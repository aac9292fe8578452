"""The rules and the faults of our own object store."""

import hashlib
from collections.abc import Iterator

import pytest

from tests.destinations.objects import PART_BYTES, Asking, StoreError
from tests.servers.objects import Conduct, Store, serving
from transload.errors import ConnectionLostError, DestinationBusyError

pytestmark = pytest.mark.anyio
BODY = bytes(range(256)) * 600  # three parts


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def ask(store: Store) -> Iterator[Asking]:
    with serving(store) as address:
        yield Asking(address, "box")


async def send_parts(ask: Asking, file: str, body: bytes = BODY, skip: int | None = None) -> None:
    await ask("begin", file=file, size=len(body), part_bytes=PART_BYTES)
    for n in reversed(range(-(-len(body) // PART_BYTES))):
        if n != skip:
            await ask("part", body[n * PART_BYTES : (n + 1) * PART_BYTES], file=file, n=n)


async def staged(ask: Asking, *names: str) -> list[str]:
    for name in names:
        await send_parts(ask, name, name.encode())
    return [(await ask("stage", file=name, name=name))["object"] for name in names]


async def word_of(ask: Asking, request: str, body: bytes = b"", **words: object) -> str:
    with pytest.raises(StoreError) as caught:
        await ask(request, body, **words)
    return caught.value.word


async def test_parts_come_in_any_order_and_must_be_whole(store: Store, ask: Asking) -> None:
    await send_parts(ask, "f", skip=1)
    assert await word_of(ask, "stage", file="f", name="a") == "missing_parts"
    assert await word_of(ask, "part", b"short", file="f", n=1) == "bad_part"
    assert await word_of(ask, "part", b"x", file="other", n=0) == "unknown_file"
    assert await word_of(ask, "stage", file="other", name="a") == "unknown_file"
    await ask("part", BODY[PART_BYTES : 2 * PART_BYTES], file="f", n=1)
    said = await ask("stage", file="f", name="a")
    assert (said["sha256"], said["size"]) == (hashlib.sha256(BODY).hexdigest(), len(BODY))
    assert await ask("stage", file="f", name="a") == said
    assert store.part_bytes["f", 0] == PART_BYTES
    assert store.counts["part"] == 5
    assert store.sent_again == 0


async def test_what_is_staged_already_is_counted_when_it_comes_again(
    store: Store, ask: Asking
) -> None:
    await staged(ask, "a")
    await ask("part", b"a", file="a", n=0)
    assert store.sent_again == 1
    await send_parts(ask, "other file", b"a")
    await ask("stage", file="other file", name="a")
    assert store.sent_again == 2


async def test_an_album_is_posted_once_and_whole(store: Store, ask: Asking) -> None:
    objects = await staged(ask, "a", "b")
    first = await ask("album", key="k", objects=objects)
    again = await ask("album", key="k", objects=objects[:1])
    assert again == first | {"already": True}
    assert [one["reference"] for one in first["members"]] == ["1/0", "1/1"]
    assert await word_of(ask, "album", key="l", objects=[]) == "bad_album"
    assert await word_of(ask, "album", key="l", objects=objects * 6) == "bad_album"
    assert await word_of(ask, "album", key="l", objects=[*objects, "o-x"]) == "gone"
    assert store.posted == ["a", "b"]
    assert (await ask("albums"))["albums"] == [first]
    assert (await ask("albums", keys=["l", "k"]))["albums"] == [first]


async def test_what_expired_is_gone(store: Store, ask: Asking) -> None:
    objects = await staged(ask, "a", "b")
    store.expire("b")
    with pytest.raises(StoreError, match="gone") as caught:
        await ask("album", key="k", objects=objects)
    assert caught.value.objects == objects[1:]
    assert store.posted == []


async def test_items_are_refused_as_often_as_asked(store: Store, ask: Asking) -> None:
    store.refuse("a", "stage")
    store.refuse("b", "album")
    await send_parts(ask, "a", b"a")
    assert await word_of(ask, "stage", file="a", name="a") == "refused"
    objects = [*await staged(ask, "a"), *await staged(ask, "b")]
    with pytest.raises(StoreError, match="refused") as caught:
        await ask("album", key="k", objects=objects)
    assert caught.value.objects == objects[1:]
    await ask("album", key="k", objects=objects)
    assert store.posted == ["a", "b"]


@pytest.mark.parametrize(("act", "landed"), [("drop", []), ("lose", ["a"])])
async def test_an_answer_is_dropped_before_or_behind_the_effect(
    store: Store, ask: Asking, act: str, landed: list[str]
) -> None:
    objects = await staged(ask, "a")
    store.plan("album", Conduct("drop" if act == "drop" else "lose"))
    with pytest.raises(ConnectionLostError) as caught:
        await ask("album", key="k", objects=objects)
    assert caught.value.scope == "store:box albums"
    assert store.posted == landed
    await ask("album", key="k", objects=objects)
    assert store.posted == ["a"]


async def test_a_wait_comes_exactly_when_it_is_planned(store: Store, ask: Asking) -> None:
    store.plan("hello", Conduct("wait", 7, "uploads"), skip=1)
    await ask("hello")
    with pytest.raises(DestinationBusyError) as caught:
        await ask("hello")
    assert (caught.value.scope, caught.value.retry_after_s) == ("store:box uploads", 7)
    await ask("hello")
    assert store.counts["hello"] == 3


async def test_an_outage_lasts_so_many_requests_or_until_told(store: Store, ask: Asking) -> None:
    store.outage(2)
    for _ in range(2):
        with pytest.raises(ConnectionLostError):
            await ask("hello")
    await ask("hello")
    store.outage()
    for _ in range(3):
        with pytest.raises(ConnectionLostError):
            await ask("albums")
    store.outage(0)
    await ask("albums")
