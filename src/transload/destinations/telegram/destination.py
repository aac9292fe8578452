"""Telegram chats as destinations: files are staged one by one, albums of staged media are posted once each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from transload.destinations.telegram import media
from transload.destinations.telegram.address import Address
from transload.destinations.telegram.chat import Room, find, message_of, scope_of
from transload.destinations.telegram.line import Line
from transload.destinations.telegram.pace import Pacer, Sender
from transload.destinations.telegram.posts import (
    Note,
    Slot,
    laid_out,
    media_of,
    note_of,
    note_row,
)
from transload.destinations.telegram.sending import NO_NUMBER, Posting, Sending
from transload.destinations.telegram.staging import ItemStaging
from transload.errors import (
    DestinationBusyError,
    RejectedError,
    TooBigError,
    UnreachableError,
    UnreadableError,
    UsageError,
)
from transload.json_codec import JsonObject
from transload.model import Intent, Job, Output, Placement, Shipment
from transload.ports import (
    Answer,
    Claims,
    Gone,
    Landed,
    Picture,
    Powers,
    Records,
    Refusal,
    Uploads,
)


@dataclass(slots=True)
class Manners:
    """How an installation delivers to chats: `captions` above albums, the pace, and how long staged media is good."""

    pacer: Pacer
    captions: media.Captions = "off"
    staged_life_s: float = 3600.0


class TelegramChat:
    """One chat (and topic) as seen by one account. It is looked for when it is first needed."""

    powers = Powers(gathers=True, streams=True, durable_receipts=True)

    def __init__(self, line: Line, address: Address, manners: Manners) -> None:
        self.limit_bytes: int | None = None  # known once the chat is
        self._line, self._address, self._manners = line, address, manners
        self._now_ms = manners.pacer.now_ms
        self._found: Room | None = None
        self._last: int | None = None  # a message that is there
        self._under_way: dict[tuple[str, int], Sending] = {}

    def scopes(self, job: Job) -> tuple[str, ...]:
        """The account's, its sends' and uploads', and the chat's."""
        return (*self.staging_scopes(job), self._line.sends_scope, scope_of(self._address))

    def staging_scopes(self, job: Job) -> tuple[str, ...]:  # noqa: ARG002
        """Uploads go on while sends or the chat wait."""
        return self._line.scope, self._line.uploads_scope

    async def open(self, job: Job) -> None:
        """Find the chat, and see that the account may post there. Raises UnreachableError, DeniedError, AccountError.

        UsageError for a caption that is too long: nothing of it would be left out unsaid.
        """
        if job.caption is not None and media.units(job.caption) > media.CAPTION_MAX:
            length = media.units(job.caption)
            raise UsageError(
                f"the caption has {length:,} characters; Telegram shows {media.CAPTION_MAX:,}"
            )
        await self._room()

    async def _room(self) -> Room:
        if self._found is None:
            self._found = await find(self._line, self._address)
            self.limit_bytes = self._found.limit_bytes
        return self._found

    def claim_folder(self, job: Job, source_identity: str, claims: Claims) -> str | None:  # noqa: ARG002
        """Chats have no folders."""
        return None

    def plan(
        self,
        job: Job,  # noqa: ARG002
        shipments: Sequence[Shipment],
        claims: Claims,  # noqa: ARG002
    ) -> list[tuple[Placement, ...]]:
        """Nothing: what a message is found by is noted with its album."""
        return [tuple(Placement() for _ in one.parcels) for one in shipments]

    async def stage(self, job: Job, intent: Intent, uploads: Uploads) -> JsonObject | Refusal:
        """Bring an item's files there and make media of them; the refusal of what Telegram does not take."""
        room = await self._room()
        staging = ItemStaging(room, uploads, job, intent.shipment, self._now_ms)
        try:
            return await staging.stage()
        except (RejectedError, TooBigError) as error:
            return Refusal(intent.item_id, error.fault())
        except UnreadableError as error:
            return Refusal(intent.item_id, RejectedError(error.detail).fault())
        except UnreachableError:  # of two on their way the first finds where the group has moved
            if self._found is room and not await self._has_moved():
                raise
            return await self.stage(job, intent, uploads)

    async def foresee(self, job: Job, intents: Sequence[Intent]) -> JsonObject:  # noqa: ARG002
        """The album's posts with their random ids, and a message that is there before them."""
        room = await self._room()
        if self._last is None:
            self._last = await room.last_message()
        return note_row(Note(room.facts.number, self._last, laid_out(intents)))

    async def deliver(self, job: Job, intents: Sequence[Intent]) -> list[Answer]:
        """Post one album, each of its media once; raises what has to wait, and goes on from there when repeated."""
        if self._is_stale(intents):
            return [Gone(one.item_id, "it was staged too long ago") for one in intents]
        key = (job.id, intents[0].item_id)
        sending = self._under_way.get(key) or await self._sending(job, intents)
        self._under_way[key] = sending
        try:
            await self._post_all(sending, intents)
        except DestinationBusyError:
            await self._manners.pacer.slow_down(await self._sender())
            raise
        except UnreachableError:
            if not await self._has_moved():
                raise
            del self._under_way[key]
            return await self.deliver(job, intents)
        del self._under_way[key]
        self._last = max([self._last or 0, *sending.sent.values()]) or None
        return [await self._answer(sending, one) for one in intents]

    def _is_stale(self, intents: Sequence[Intent]) -> bool:
        """Whether any of them was staged so long ago that Telegram may have forgotten it."""
        oldest = min(one.staged_ms for intent in intents for one in media_of(intent))
        return self._now_ms() - oldest > self._manners.staged_life_s * 1000

    async def _sending(self, job: Job, intents: Sequence[Intent]) -> Sending:
        room, sender = await self._room(), await self._sender()
        note = _noted(intents[0])

        async def turn(messages: int) -> None:
            await self._manners.pacer.wait(sender, messages, self._line.sends_scope)

        after = note.after if note.chat == room.facts.number else None
        caption = media.caption_of(self._manners.captions, job, intents[0])
        return Sending(room, after, turn, caption)

    async def _sender(self) -> Sender:
        room, who = await self._room(), (await self._line.telegram()).who
        return Sender(self._line.scope, scope_of(self._address), who.bot, room.facts.kind)

    async def _post_all(self, sending: Sending, intents: Sequence[Intent]) -> None:
        by_id = {one.item_id: media_of(one) for one in intents}
        posts: dict[int, list[Posting]] = {}
        for slot in _slots(intents):
            posts.setdefault(slot.post, []).append(Posting(slot, by_id[slot.item_id][slot.n]))
        for _, members in sorted(posts.items()):
            await sending.post(members)

    async def _has_moved(self) -> bool:
        """Whether the group has become a supergroup meanwhile, which is found then."""
        before, self._found = self._found, None
        if before is None or before.facts.kind != "group":
            return False
        self._last = None
        return (await self._room()).facts.number != before.facts.number

    async def _answer(self, sending: Sending, intent: Intent) -> Answer:
        """What became of an item: all of its files are there, or none of them."""
        own = [one.random_id for one in _slots([intent])]
        codes = [sending.refused[one] for one in own if one in sending.refused]
        if not codes and sending.gone.isdisjoint(own):
            return Landed(intent.item_id, self._outputs(sending.room, intent, sending.sent))
        await self._take_back([sending.sent[one] for one in own if one in sending.sent])
        if codes:
            return Refusal(
                intent.item_id, RejectedError(f"Telegram refuses it ({codes[0]})").fault()
            )
        return Gone(intent.item_id, "Telegram has forgotten what was staged")

    async def _take_back(self, numbers: Sequence[int]) -> None:
        known = [one for one in numbers if one != NO_NUMBER]
        if known:
            room = await self._room()
            room.answer(await (await self._line.telegram()).delete(room.chat, known))

    @staticmethod
    def _outputs(room: Room, intent: Intent, sent: Mapping[int, int]) -> tuple[Output, ...]:
        numbers = {one.n: sent[one.random_id] for one in _slots([intent])}
        own = intent.shipment.item.sha256
        return tuple(
            Output(room.link(numbers[n] or None), parcel.size_bytes, parcel.sha256 or own or "")
            for n, parcel in enumerate(intent.shipment.parcels)
        )

    async def look_up(self, job: Job, intents: Sequence[Intent]) -> list[Landed]:  # noqa: ARG002
        """Those whose every medium is in a message since the one noted. Where nobody may ask: none."""
        formed = [one for one in intents if one.staged and one.note]
        if not formed:
            return []
        room = await self._room()
        noted = [_noted(one) for one in formed]
        here = [one.after for one in noted if one.chat == room.facts.number]
        known = [one for one in here if one is not None]
        after = min(known) if len(known) == len(noted) else None
        wanted = {one.id for intent in formed for one in media_of(intent)}
        found = await room.media_since(after, wanted)
        landed: list[Landed] = []
        for intent in formed:
            ids = [one.id for one in media_of(intent)]
            if all(one in found for one in ids):
                sent = {slot.random_id: found[ids[slot.n]] for slot in _slots([intent])}
                landed.append(Landed(intent.item_id, self._outputs(room, intent, sent)))
        return landed

    async def holds(self, outputs: Sequence[Output]) -> bool:
        """Whether nobody has deleted their messages; one whose number is not known counts as there."""
        links = {message_of(one.reference) for one in outputs}
        numbers = sorted(one for one in links if one is not None)
        if not numbers:
            return True
        return len(await (await self._room()).there(numbers)) == len(numbers)

    async def sweep(self, job: Job) -> None:
        """Nothing: unfinished uploads are what the next run goes on with; Telegram forgets the rest by itself."""

    async def close_job(self, job: Job, records: Records, picture: Picture) -> None:
        """Nothing: a chat has no page."""

    async def close(self) -> None:
        """Hang up the account; another chat of it connects again."""
        self._found = None
        await self._line.close()


def _noted(intent: Intent) -> Note:
    note = note_of(intent)
    assert note is not None
    return note


def _slots(intents: Sequence[Intent]) -> list[Slot]:
    """Where the media of these items stand in the posts of their album."""
    wanted = {one.item_id for one in intents}
    return [one for one in _noted(intents[0]).slots if one.item_id in wanted]
