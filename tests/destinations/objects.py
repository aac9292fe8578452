"""The `Destination` and `Stager` ports on the store of `servers/objects.py`; a text is `objects:ADDRESS/NAME`."""

import json
import os
import secrets
import socket
import zlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from anyio import to_thread

from transload.blob import ByteFile
from transload.errors import (
    ConnectionLostError,
    DestinationBusyError,
    RejectedError,
    StagedGoneError,
    UnreadableError,
)
from transload.json_codec import Json, JsonObject
from transload.model import Intent, Job, Output, Parcel, Placement, Shipment
from transload.ports import (
    Answer,
    Claims,
    Gone,
    Landed,
    Picture,
    Powers,
    Records,
    Refusal,
    Upload,
    Uploads,
)

PART_BYTES, LARGE_PART_BYTES = 64 << 10, 1 << 20
LARGE_BYTES = 64 << 20
ADD_EVERY = 4  # parts between two writes of what has arrived
ALBUM_MAX = 10
TRIES = 3
ANSWER_S = 20.0
OF_UPLOADS = frozenset({"begin", "part", "stage", "forget"})
Told = dict[str, Any]


class StoreError(Exception):
    """The store says no: its word for it, and the objects that it is about."""

    def __init__(self, said: Told) -> None:
        super().__init__(said["error"])
        self.word: str = said["error"]
        self.objects: list[str] = said.get("objects", [])


class AnewError(Exception):
    """What was uploaded is worth nothing: another content, or the store knows nothing of it."""


@dataclass(frozen=True)
class Asking:
    """One store, asked in a thread: one connection for each request."""

    address: str
    name: str

    def scope(self, word: str) -> str:
        return f"store:{self.name} {word}"

    async def __call__(self, request: str, body: bytes = b"", **words: object) -> Told:
        """What it answers. Raises StoreError, and the errors that wait, with their scope."""
        scope = self.scope("uploads" if request in OF_UPLOADS else "albums")
        asked = {"request": request, "pid": os.getpid(), "body": len(body), "box": self.name}
        asked |= words
        try:
            line = await to_thread.run_sync(self._ask, json.dumps(asked).encode(), body)
        except OSError as error:
            raise ConnectionLostError(f"{self.name}: {error}").within(scope) from error
        if not line:
            raise ConnectionLostError(f"{self.name} gave no answer").within(scope)
        said: Told = json.loads(line)
        if said.get("error") == "wait":
            asked_scope = self.scope(said["scope"]) if said["scope"] else scope
            raise DestinationBusyError().within(asked_scope, said["seconds"])
        if "error" in said:
            raise StoreError(said)
        return said

    def _ask(self, head: bytes, body: bytes) -> bytes:
        host, port = self.address.split(":")
        with socket.create_connection((host, int(port)), ANSWER_S) as line:
            line.sendall(head + b"\n" + body)
            return line.makefile("rb").readline()


class ObjectStore:
    """A store by its address and its name, with albums that must be whole."""

    limit_bytes: int | None = None
    powers = Powers(gathers=True, streams=True, durable_receipts=True)

    def __init__(self, address: str, name: str = "box") -> None:
        self._ask = Asking(address, name)

    @classmethod
    def at(cls, text: str) -> Self:
        """From what stands behind the colon."""
        address, _, name = text.partition("/")
        return cls(address, name or "box")

    def scopes(self, job: Job) -> tuple[str, ...]:  # noqa: ARG002  the port's
        return self._ask.scope("uploads"), self._ask.scope("albums")

    def staging_scopes(self, job: Job) -> tuple[str, ...]:  # noqa: ARG002
        return (self._ask.scope("uploads"),)

    async def open(self, job: Job) -> None:  # noqa: ARG002
        await self._ask("hello")

    def claim_folder(self, job: Job, source_identity: str, claims: Claims) -> str | None:  # noqa: ARG002
        return None

    def plan(
        self,
        job: Job,  # noqa: ARG002
        shipments: Sequence[Shipment],
        claims: Claims,  # noqa: ARG002
    ) -> list[tuple[Placement, ...]]:
        """A key for each object; nobody else can have it, so it is no claim."""
        return [
            tuple(Placement(data={"key": secrets.token_hex(8)}) for _ in one.parcels)
            for one in shipments
        ]

    async def stage(self, job: Job, intent: Intent, uploads: Uploads) -> JsonObject | Refusal:  # noqa: ARG002
        """Bring each file in parts; those that are there, by the ledger's word, are only read and compared."""
        objects: list[Json] = []
        for n, parcel in enumerate(intent.shipment.parcels):
            try:
                objects.append(await self._bring(parcel, n, uploads))
            except (RejectedError, UnreadableError) as error:
                return Refusal(intent.item_id, RejectedError(error.detail).fault())
        return {"objects": objects}

    async def _bring(self, parcel: Parcel, n: int, uploads: Uploads) -> str:
        for _ in range(TRIES):
            part_bytes = PART_BYTES if parcel.size_bytes < LARGE_BYTES else LARGE_PART_BYTES
            upload = await uploads.begin(n, secrets.token_hex(8), parcel.size_bytes, part_bytes)
            try:
                await self._send_parts(parcel, n, upload, uploads)
                said = await self._ask("stage", file=upload.file_id, name=parcel.name)
            except AnewError as error:
                await self._forget(upload, n, uploads)
                if parcel.blob is None or parcel.blob.path is None:
                    raise StagedGoneError(f"{parcel.name} is read again") from error
                continue
            except StoreError as error:
                if error.word == "refused":
                    raise RejectedError(f"the store does not take {parcel.name}") from error
                await self._forget(upload, n, uploads)
                continue
            if parcel.sha256 in (None, said["sha256"]):
                return str(said["object"])
            await self._forget(upload, n, uploads)
        raise RejectedError(f"{parcel.name} is not what was to be delivered")

    async def _send_parts(self, parcel: Parcel, n: int, upload: Upload, uploads: Uploads) -> None:
        """Raises AnewError, RejectedError where the file is shorter than planned, UnreadableError."""
        assert parcel.blob is not None, "of an intent whose bytes are not at hand"
        if not upload.done:
            size, part = upload.size_bytes, upload.part_bytes
            await self._ask("begin", file=upload.file_id, size=size, part_bytes=part)
        file = await to_thread.run_sync(parcel.blob.open)
        sums: dict[int, int] = {}
        try:
            async for part, chunk in _missing_parts(file, upload):
                await self._send_part(upload, part, chunk)
                sums[part] = zlib.crc32(chunk)
                if len(sums) == ADD_EVERY:
                    await uploads.add(n, sums)
                    sums = {}
            if sums:
                await uploads.add(n, sums)
        finally:
            file.close()

    async def _send_part(self, upload: Upload, part: int, chunk: bytes) -> None:
        try:
            await self._ask("part", chunk, file=upload.file_id, n=part)
        except StoreError as error:
            raise AnewError from error

    async def _forget(self, upload: Upload, n: int, uploads: Uploads) -> None:
        await uploads.forget(n)
        await self._ask("forget", file=upload.file_id)

    async def foresee(self, job: Job, intents: Sequence[Intent]) -> JsonObject:  # noqa: ARG002
        """The album's key, and in which of its posts each item is: one has ten objects at most."""
        posts: dict[str, Json] = {}
        number, room = 0, ALBUM_MAX
        for one in intents:
            count = len(objects_of(one))
            if count > room:
                number, room = number + 1, ALBUM_MAX
            room -= count
            posts[str(one.item_id)] = number
        return {"key": secrets.token_hex(8), "posts": posts}

    async def deliver(self, job: Job, intents: Sequence[Intent]) -> list[Answer]:  # noqa: ARG002
        answers: dict[int, Answer] = {}
        posts: dict[str, list[Intent]] = {}
        for one in intents:
            posts.setdefault(post_of(one), []).append(one)
        for key, members in posts.items():
            answers |= {one.item_id: one for one in await self._post(key, members)}
        return [answers[one.item_id] for one in intents]

    async def _post(self, key: str, members: Sequence[Intent]) -> list[Answer]:
        """One post, without those that the store refuses in it or has dropped: they keep nobody else."""
        left, out = list(members), list[Answer]()
        while left:
            wanted = [one for intent in left for one in objects_of(intent)]
            try:
                said = await self._ask("album", key=key, objects=wanted)
            except StoreError as error:
                named = [one for one in left if not error.objects or _has(one, error.objects)]
                out += [_answer(one.item_id, error.word) for one in named]
                left = [one for one in left if one not in named]
            else:
                # The post was made before, without those that it was refused for.
                landed = {one.item_id: one for one in landed_in(said, left)}
                return out + [
                    landed.get(one.item_id) or _answer(one.item_id, "refused") for one in left
                ]
        return out

    async def look_up(self, job: Job, intents: Sequence[Intent]) -> list[Landed]:  # noqa: ARG002
        """By the keys of the albums."""
        formed = [one for one in intents if one.staged is not None]
        if self.powers.gathers:
            formed = [one for one in formed if one.note]
        if not formed:
            return []
        keys = sorted({post_of(one) for one in formed})
        albums = (await self._ask("albums", keys=keys))["albums"]
        by_key: dict[str, Told] = {one["key"]: one for one in albums}
        return [
            landed
            for intent in formed
            if post_of(intent) in by_key
            for landed in landed_in(by_key[post_of(intent)], [intent])
        ]

    async def holds(self, outputs: Sequence[Output]) -> bool:
        """Whether all are in an album that is there; what was posted is never taken back."""
        numbers = {int(one.reference.split("/")[0]) for one in outputs}
        return not numbers or (await self._ask("hello"))["albums"] >= max(numbers)

    async def sweep(self, job: Job) -> None:
        """Nothing: unfinished uploads are what the next run goes on with; the store forgets the rest by itself."""

    async def close_job(self, job: Job, records: Records, picture: Picture) -> None:
        """Nothing: there is no page."""

    async def close(self) -> None:
        """Nothing is held open between two requests."""


class UngatheredStore(ObjectStore):
    """The same where each item is a post of its own: it is sent as soon as it is staged."""

    powers = Powers(streams=True, durable_receipts=True)


class UnstreamedStore(ObjectStore):
    """The same where what is staged must lie on the disk."""

    powers = Powers(gathers=True)


SHAPES: Mapping[str, Callable[[str], ObjectStore]] = {
    "objects": ObjectStore.at,
    "ungathered": UngatheredStore.at,
    "unstreamed": UnstreamedStore.at,
}
"""The store by the word before its address."""


async def _missing_parts(file: ByteFile, upload: Upload) -> AsyncIterator[tuple[int, bytes]]:
    """Read from the start to the end, as a stream is read. Raises AnewError where a part is not what it was."""
    for part in range(-(-upload.size_bytes // upload.part_bytes)):
        chunk = await to_thread.run_sync(_next_part, file, upload, part)
        if part not in upload.done:
            yield part, chunk
        elif upload.done[part] != zlib.crc32(chunk):
            raise AnewError


def _next_part(file: ByteFile, upload: Upload, part: int) -> bytes:
    """The next bytes of a file that may be a stream."""
    wanted = min(upload.part_bytes, upload.size_bytes - part * upload.part_bytes)
    chunk = b""
    while len(chunk) < wanted:
        if not (more := file.read(wanted - len(chunk))):
            raise RejectedError("the working copy is shorter than what was to be delivered")
        chunk += more
    return chunk


def objects_of(intent: Intent) -> list[str]:
    """The staged objects of an item, in the order of its files."""
    listed = (intent.staged or {}).get("objects")
    return [str(one) for one in listed] if isinstance(listed, list) else []


def post_of(intent: Intent) -> str:
    """The key of the post that an item is in: chosen before it was sent, never again."""
    if not intent.note:
        return str(intent.placements[0].data["key"])
    posts = intent.note["posts"]
    assert isinstance(posts, dict)
    return f"{intent.note['key']}.{posts[str(intent.item_id)]}"


def landed_in(album: Told, intents: Sequence[Intent]) -> list[Landed]:
    """Those of the items whose objects are in the album."""
    there = {one["object"]: one for one in album["members"]}
    return [
        Landed(
            intent.item_id,
            tuple(
                Output(there[one]["reference"], there[one]["size"], there[one]["sha256"])
                for one in objects_of(intent)
            ),
        )
        for intent in intents
        if all(one in there for one in objects_of(intent))
    ]


def _has(intent: Intent, objects: Sequence[str]) -> bool:
    return any(one in objects for one in objects_of(intent))


def _answer(item_id: int, word: str) -> Answer:
    if word == "gone":
        return Gone(item_id, "the store has dropped what was staged")
    return Refusal(item_id, RejectedError(f"the store says {word}").fault())
