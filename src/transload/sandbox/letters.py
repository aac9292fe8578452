"""Messages and media as TL shows them to a viewer, and the updates that tell of them."""

import hmac
import struct
from base64 import b64decode, b64encode
from collections.abc import Iterable
from hashlib import sha256
from typing import Any, Literal

from transload.sandbox.store import CHANNEL_BASE, Letter, Media, Store
from transload.sandbox.tl import decode, encode, refuse_if, required, types
from transload.sandbox.world import World, gathered, peer_of

Event = Literal["new", "edit", "delete"]
DC = 2
"""The number that both client libraries take for a new session; it must never differ from the session's."""
TOPIC_COLOUR = 0x6FB9F0


def kept(value: Any) -> str:
    """A TL object or list as text for a row; nothing as an empty one."""
    return b64encode(encode(value)).decode() if value else ""


def read(text: str | None) -> Any:
    """The inverse; None of nothing."""
    return decode(b64decode(text)) if text else None


def has(media: Media, attribute: Any) -> bool:
    """Whether a medium has an attribute of this class."""
    return any(isinstance(one, attribute) for one in decode(media.attributes))


def reference_of(world: World, media: int) -> bytes:
    """A file reference: what names a medium for a while only."""
    head = struct.pack("<Iq", world.generation, int(world.now() + world.rules.reference_life_s))
    return head + _proof(world, media, head)


def _proof(world: World, media: int, head: bytes) -> bytes:
    return hmac.digest(world.store.secret, head + str(media).encode(), sha256)[:8]


def referenced(world: World, named: Any, kind: str) -> Media:
    """The medium that a client names by number, hash and reference. Raises Refused."""
    media = required(world.store.media(named.id), "MEDIA_INVALID")
    known = media.kind == kind and named.access_hash == world.store.hash_of(media.id)
    refuse_if(not known, "MEDIA_INVALID")
    given = bytes(named.file_reference)
    refuse_if(not given, "FILE_REFERENCE_EMPTY")
    right = len(given) == 20 and given[12:] == _proof(world, media.id, given[:12])
    refuse_if(not right, "FILE_REFERENCE_INVALID")
    generation, until = struct.unpack("<Iq", given[:12])
    refuse_if(generation != world.generation or until < world.now(), "FILE_REFERENCE_EXPIRED")
    return media


def media_of(world: World, media: Media) -> Any:
    """A medium as a message shows it."""
    ident, secret = media.id, world.store.hash_of(media.id)
    sizes = [types.PhotoSize(*size) for size in media.sizes]
    date, reference = world.date(media.created), reference_of(world, media.id)
    if media.kind == "photo":
        photo = types.Photo(ident, secret, reference, date, sizes, DC)
        return types.MessageMediaPhoto(photo=photo)
    document = types.Document(
        *(ident, secret, reference, date, media.mime, media.size, DC),
        attributes=decode(media.attributes),
        thumbs=sizes or None,
    )
    video = has(media, types.DocumentAttributeVideo)
    return types.MessageMediaDocument(document=document, video=video)


def message_of(world: World, letter: Letter, viewer: int) -> Any:
    """A message as its reader sees it."""
    if letter.deleted:
        return types.MessageEmpty(letter.id, peer_id=peer_of(letter.chat))
    body, chat = letter.body, world.store.marked(letter.chat)
    post = chat is not None and chat.kind == "channel"
    shared = {
        "peer_id": peer_of(letter.chat),
        "date": world.date(letter.date),
        "out": letter.sender == viewer,
        "from_id": None if post else peer_of(letter.sender),
    }
    if "topic_made" in body:
        action = types.MessageActionTopicCreate(body["topic_made"], TOPIC_COLOUR)
        return types.MessageService(letter.id, action=action, **shared)
    media = world.store.media(body["media"]) if "media" in body else None
    return types.Message(
        letter.id,
        message=body.get("text", ""),
        post=post,
        silent=body.get("silent"),
        reply_to=_reply_header(body.get("topic"), body.get("reply")),
        media=media and media_of(world, media),
        reply_markup=read(body.get("markup")),
        entities=read(body.get("entities")),
        edit_date=world.date(body["edited"]) if "edited" in body else None,
        grouped_id=body.get("grouped"),
        **shared,
    )


def _reply_header(topic: int | None, reply: int | None) -> Any:
    if not topic and not reply:
        return None
    top = topic if reply and reply != topic else None
    return types.MessageReplyHeader(
        forum_topic=bool(topic), reply_to_msg_id=reply or topic, reply_to_top_id=top
    )


def update_of(world: World, letter: Letter, kind: Event, pts: int, viewer: int) -> Any:
    """What tells a viewer of an event in a box."""
    channel = letter.box <= -CHANNEL_BASE
    if kind == "delete" and channel:
        chat = -letter.box - CHANNEL_BASE
        return types.UpdateDeleteChannelMessages(chat, [letter.id], pts, 1)
    if kind == "delete":
        return types.UpdateDeleteMessages([letter.id], pts, 1)
    if kind == "edit":
        update = types.UpdateEditChannelMessage if channel else types.UpdateEditMessage
    else:
        update = types.UpdateNewChannelMessage if channel else types.UpdateNewMessage
    return update(message_of(world, letter, viewer), pts, 1)


def numbers_in(letters: Iterable[Letter]) -> set[int]:
    """Everybody named in messages, by marked numbers."""
    return {number for letter in letters for number in (letter.chat, letter.sender)}


def names_in(store: Store, request: Any) -> list[str]:
    """The names of the files that a request brings or sends."""
    members = getattr(request, "multi_media", None) or [request]
    return [name for one in members for name in _names_of(store, getattr(one, "media", None))]


def _names_of(store: Store, given: Any) -> list[str]:
    """The names of one medium: those that it brings, or the one it was kept by."""
    if isinstance(given, types.InputMediaPhoto | types.InputMediaDocument):
        media = store.media(getattr(given.id, "id", 0))
        return [media.name] if media else []
    brought: list[Any] = [getattr(given, "file", None)]
    brought += getattr(given, "attributes", None) or []
    names = [getattr(one, "name", getattr(one, "file_name", None)) for one in brought]
    return [name for name in names if name]


def bundle(world: World, updates: list[Any], numbers: set[int], viewer: int) -> Any:
    """Updates with everybody they name, by marked numbers."""
    named = gathered(world, numbers, viewer)
    return types.Updates(updates, date=world.date(), seq=0, **named)
