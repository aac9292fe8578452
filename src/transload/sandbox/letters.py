"""Messages and media as TL shows them to a viewer, and the updates that tell of them."""

import hmac
import struct
from base64 import b64decode, b64encode
from collections.abc import Iterable
from hashlib import sha256
from typing import Any, Literal

from transload.sandbox.store import CHANNEL_BASE, Letter, Media
from transload.sandbox.tl import Refused, decode, encode, types
from transload.sandbox.world import World, gathered, peer_of

Event = Literal["new", "edit", "delete"]


def kept(value: Any) -> str:
    """A TL object or list as text for a row."""
    return b64encode(encode(value)).decode()


def read(text: str | None) -> Any:
    """The inverse; None of nothing."""
    return decode(b64decode(text)) if text else None


def reference_of(world: World, media: int) -> bytes:
    """A file reference: what names a medium for a while only."""
    head = struct.pack("<Iq", world.generation, int(world.now() + world.rules.reference_life_s))
    return head + _proof(world, media, head)


def _proof(world: World, media: int, head: bytes) -> bytes:
    return hmac.digest(world.store.secret, head + str(media).encode(), sha256)[:8]


def referenced(world: World, named: Any, kind: str) -> Media:
    """The medium that a client names by number, hash and reference. Raises Refused."""
    media = world.store.media(named.id)
    if media is None or media.kind != kind or named.access_hash != world.store.hash_of(media.id):
        raise Refused("MEDIA_INVALID")
    given = bytes(named.file_reference)
    if not given:
        raise Refused("FILE_REFERENCE_EMPTY")
    if len(given) != 20 or given[12:] != _proof(world, media.id, given[:12]):
        raise Refused("FILE_REFERENCE_INVALID")
    generation, until = struct.unpack("<Iq", given[:12])
    if generation != world.generation or until < world.now():
        raise Refused("FILE_REFERENCE_EXPIRED")
    return media


def media_of(world: World, media: Media) -> Any:
    """A medium as a message shows it."""
    ident, secret = media.id, world.store.hash_of(media.id)
    sizes = [types.PhotoSize(*size) for size in media.sizes]
    date, reference = world.date(media.created), reference_of(world, media.id)
    if media.kind == "photo":
        photo = types.Photo(ident, secret, reference, date, sizes, 2)
        return types.MessageMediaPhoto(photo=photo)
    attributes = decode(media.attributes)
    document = types.Document(
        ident, secret, reference, date, media.mime, media.size, 2, attributes, sizes or None
    )
    video = any(isinstance(one, types.DocumentAttributeVideo) for one in attributes)
    return types.MessageMediaDocument(document=document, video=video or None)


def message_of(world: World, letter: Letter, viewer: int) -> Any:
    """A message as its reader sees it."""
    if letter.deleted:
        return types.MessageEmpty(letter.id, peer_id=peer_of(letter.chat))
    body = letter.body
    out = letter.sender == viewer
    post = (
        letter.chat <= -CHANNEL_BASE
        and (chat := world.store.marked(letter.chat))
        and chat.kind == "channel"
    )
    sender = None if post else peer_of(letter.sender)
    if "topic_made" in body:
        action = types.MessageActionTopicCreate(body["topic_made"], 0x6FB9F0)
        return types.MessageService(
            letter.id,
            peer_id=peer_of(letter.chat),
            date=world.date(letter.date),
            action=action,
            out=out or None,
            from_id=sender,
        )
    media = world.store.media(body["media"]) if body.get("media") else None
    topic, reply = body.get("topic"), body.get("reply")
    header = None
    if topic or reply:
        top = topic if topic and reply and reply != topic else None
        header = types.MessageReplyHeader(
            forum_topic=bool(topic) or None, reply_to_msg_id=reply or topic, reply_to_top_id=top
        )
    return types.Message(
        letter.id,
        peer_id=peer_of(letter.chat),
        date=world.date(letter.date),
        message=body.get("text", ""),
        out=out or None,
        post=bool(post) or None,
        silent=body.get("silent") or None,
        from_id=sender,
        reply_to=header,
        media=None if media is None else media_of(world, media),
        reply_markup=read(body.get("markup")),
        entities=read(body.get("entities")) or None,
        edit_date=world.date(body["edited"]) if body.get("edited") else None,
        grouped_id=body.get("grouped"),
    )


def update_of(world: World, letter: Letter, kind: Event, pts: int, viewer: int) -> Any:
    """What tells a viewer of an event in a box."""
    channel = letter.box <= -CHANNEL_BASE
    if kind == "delete":
        if channel:
            return types.UpdateDeleteChannelMessages(
                -letter.box - CHANNEL_BASE, [letter.id], pts, 1
            )
        return types.UpdateDeleteMessages([letter.id], pts, 1)
    message = message_of(world, letter, viewer)
    if kind == "edit":
        cls = types.UpdateEditChannelMessage if channel else types.UpdateEditMessage
    else:
        cls = types.UpdateNewChannelMessage if channel else types.UpdateNewMessage
    return cls(message, pts, 1)


def numbers_in(letters: Iterable[Letter]) -> set[int]:
    """Everybody named in messages, by marked numbers."""
    return {number for letter in letters for number in (letter.chat, letter.sender)}


def bundle(world: World, updates: list[Any], letters: Iterable[Letter], viewer: int) -> Any:
    """Updates with everybody they name."""
    named = gathered(world, numbers_in(letters) | {viewer}, viewer)
    return types.Updates(updates, named["users"], named["chats"], world.date(), 0)
