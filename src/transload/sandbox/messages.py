"""Sending, editing, deleting, and the buttons under messages."""

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import anyio

from transload.sandbox.files import media_from
from transload.sandbox.letters import Event, bundle, kept, update_of
from transload.sandbox.store import CHANNEL_BASE, Chat, Letter, Media
from transload.sandbox.tl import Refused, decode, functions, types
from transload.sandbox.world import Call, Listener, World, peer_of

TEXT_MAX, CAPTION_MAX, ALBUM_MAX = 4096, 1024, 10
Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Happening:
    """An event in a box, with its pts there."""

    letter: Letter
    kind: Event
    pts: int


def post(
    world: World, sender: int, marked: int, bodies: Sequence[Body], random_ids: Sequence[int] = ()
) -> list[Happening]:
    """Put messages into all boxes they belong to, all of them or none; in the sender's box or the channel's first."""
    store, happened = world.store, list[Happening]()
    date = int(world.now())
    with store.writing():
        for n, body in enumerate(bodies):
            uid = secrets.randbits(62)
            if random_ids:
                store.run("insert into sent values(?, ?, ?)", sender, random_ids[n], uid)
            for box, chat in _copies(world, sender, marked):
                letter = Letter(box, store.box(box)[1] + 1, uid, chat, sender, date, body, False)
                values = (box, letter.id, uid, chat, sender, date, json.dumps(body))
                store.run("insert into messages values(?, ?, ?, ?, ?, ?, ?, 0)", *values)
                happened.append(Happening(letter, "new", store.happened(box, "new", letter.id)))
    return happened


def _copies(world: World, sender: int, marked: int) -> list[tuple[int, int]]:
    """The boxes of a message and what its chat is called in each; the sender's own first."""
    if marked <= -CHANNEL_BASE:
        return [(marked, marked)]
    if marked > 0:
        return [(sender, marked)] if sender == marked else [(sender, marked), (marked, sender)]
    members = world.store.members(-marked)
    return [(user, marked) for user in sorted(members, key=lambda user: user != sender)]


def readers(world: World, box: int) -> set[int]:
    """Whose connections hear of a box."""
    chat = world.store.marked(box)
    return {box} if chat is None else set(world.store.members(chat.id))


def tell(world: World, happened: Sequence[Happening], but: Listener | None = None) -> None:
    """Push events to everybody whom they concern."""
    for user in sorted(world.listening()):
        seen = [one for one in happened if user in readers(world, one.letter.box)]
        if seen:
            updates = [update_of(world, one.letter, one.kind, one.pts, user) for one in seen]
            letters = [one.letter for one in seen]
            world.push({user}, bundle(world, updates, letters, user), but)


def _answer(call: Call, happened: Sequence[Happening], random_ids: Sequence[int] = ()) -> Any:
    """The caller's own view of what happened; everybody else gets an update."""
    tell(call.world, happened, but=call.line)
    box = happened[0].letter.box
    own = [one for one in happened if one.letter.box == box]
    numbered = [
        types.UpdateMessageID(one.letter.id, random)
        for one, random in zip(own, random_ids, strict=False)
    ]
    updates = [update_of(call.world, one.letter, one.kind, one.pts, call.user) for one in own]
    return bundle(call.world, numbered + updates, [one.letter for one in own], call.user)


def _may_post(call: Call, marked: int) -> None:
    chat = call.store.marked(marked)
    if chat is None:
        return
    role = call.member_of(chat)
    if role == "read_only" or (chat.kind == "channel" and role == "member"):
        raise Refused("CHAT_WRITE_FORBIDDEN", 403)
    if chat.slow_s and role == "member":
        _slow(call, chat)


def _slow(call: Call, chat: Chat) -> None:
    (sent_at,) = call.store.one(
        "select sent_at from members where chat = ? and user = ?", chat.id, call.user
    )
    left = sent_at + chat.slow_s - call.world.now()
    if left > 0:
        raise Refused(f"SLOWMODE_WAIT_{int(left) + 1}", 420)


def _check_random(call: Call, random_ids: Sequence[int]) -> None:
    if not all(random_ids):
        raise Refused("RANDOM_ID_EMPTY")
    for random_id in random_ids:
        known = call.store.one(
            "select 1 from sent where user = ? and random_id = ?", call.user, random_id
        )
        if known or random_ids.count(random_id) > 1:
            raise Refused("RANDOM_ID_DUPLICATE", 500)


def _body(call: Call, request: Any, marked: int, text: str, most: int) -> Body:
    if len(text) > most:
        raise Refused("MESSAGE_TOO_LONG" if most == TEXT_MAX else "MEDIA_CAPTION_TOO_LONG")
    body: Body = {"text": text}
    if request.entities:
        body["entities"] = kept(request.entities)
    return body | _place(call, request, marked)


def _place(call: Call, request: Any, marked: int) -> Body:
    """Topic, answered message, buttons: what the whole request says."""
    body: Body = {"silent": True} if request.silent else {}
    if getattr(request, "reply_markup", None) is not None and call.me.token:
        body["markup"] = kept(request.reply_markup)
    to = request.reply_to
    if not isinstance(to, types.InputReplyToMessage):
        return body
    chat = call.store.marked(marked)
    if chat is not None and chat.forum:
        topic = to.top_msg_id or to.reply_to_msg_id
        made = call.store.letters("box = ? and id = ? and not deleted", marked, topic)
        if topic != 1 and not (made and "topic_made" in made[0].body):
            raise Refused("TOPIC_DELETED")
        body["topic"] = topic
    return body | {"reply": to.reply_to_msg_id}


def _posted(call: Call, marked: int, bodies: Sequence[Body], random_ids: Sequence[int]) -> Any:
    _check_random(call, random_ids)
    happened = post(call.world, call.user, marked, bodies, random_ids)
    chat = call.store.marked(marked)
    if chat is not None:
        call.store.run(
            "update members set sent_at = ? where chat = ? and user = ?",
            call.world.now(),
            chat.id,
            call.user,
        )
    return _answer(call, happened, random_ids)


async def send_message(call: Call, request: Any) -> Any:
    """A text."""
    marked = call.marked(request.peer)
    _may_post(call, marked)
    if not request.message.strip():
        raise Refused("MESSAGE_EMPTY")
    body = _body(call, request, marked, request.message, TEXT_MAX)
    return _posted(call, marked, [body], [request.random_id])


async def send_media(call: Call, request: Any) -> Any:
    """One photo or document, new or staged."""
    marked = call.marked(request.peer)
    _may_post(call, marked)
    body = _body(call, request, marked, request.message, CAPTION_MAX)
    _check_random(call, [request.random_id])
    media = await media_from(call, request.media)
    return _posted(call, marked, [body | {"media": media.id}], [request.random_id])


async def send_album(call: Call, request: Any) -> Any:
    """Up to ten staged media in one message of several; all or none."""
    marked = call.marked(request.peer)
    _may_post(call, marked)
    members = request.multi_media
    if not members:
        raise Refused("MEDIA_EMPTY")
    if len(members) > ALBUM_MAX:
        raise Refused("MULTI_MEDIA_TOO_LONG")
    random_ids = [member.random_id for member in members]
    _check_random(call, random_ids)
    place = _place(call, request, marked)
    grouped = {"grouped": secrets.randbits(62)} if len(members) > 1 else {}
    bodies, kinds = list[Body](), set[str]()
    for member in members:
        media = await _album_member(call, member, len(members) > 1)
        kinds.add(_mixes_with(media))
        if len(member.message) > CAPTION_MAX:
            raise Refused("MEDIA_CAPTION_TOO_LONG")
        own = {"entities": kept(member.entities)} if member.entities else {}
        bodies.append({"text": member.message, "media": media.id} | own | place | grouped)
    if len(kinds) > 1:
        raise Refused("MEDIA_GROUPED_INVALID")
    return _posted(call, marked, bodies, random_ids)


async def _album_member(call: Call, member: Any, in_album: bool) -> Media:
    if not isinstance(member.media, types.InputMediaPhoto | types.InputMediaDocument):
        raise Refused("MEDIA_INVALID")
    media = await media_from(call, member.media)
    if in_album and any(
        isinstance(one, types.DocumentAttributeAnimated) for one in decode(media.attributes)
    ):
        raise Refused("MEDIA_INVALID")
    return media


def _mixes_with(media: Media) -> str:
    """Photos and videos share albums; documents only with documents, sound only with sound."""
    attributes = decode(media.attributes)
    if media.kind == "photo" or any(
        isinstance(one, types.DocumentAttributeVideo) for one in attributes
    ):
        return "seen"
    return (
        "heard"
        if any(isinstance(one, types.DocumentAttributeAudio) for one in attributes)
        else "file"
    )


async def edit_message(call: Call, request: Any) -> Any:
    """Another text or other buttons for one's own message."""
    marked = call.marked(request.peer)
    letter = _own(call, marked, request.id)
    body = {**letter.body, "edited": int(call.world.now())}
    if request.message is not None:
        most = CAPTION_MAX if letter.body.get("media") else TEXT_MAX
        if len(request.message) > most:
            raise Refused("MESSAGE_TOO_LONG" if most == TEXT_MAX else "MEDIA_CAPTION_TOO_LONG")
        body |= {
            "text": request.message,
            "entities": kept(request.entities) if request.entities else "",
        }
    body["markup"] = kept(request.reply_markup) if request.reply_markup is not None else ""
    same = ("text", "entities", "markup")
    if all((body.get(name) or "") == (letter.body.get(name) or "") for name in same):
        raise Refused("MESSAGE_NOT_MODIFIED")
    return _answer(call, _changed(call, letter, "edit", body))


def _own(call: Call, marked: int, ident: int) -> Letter:
    found = call.store.letters("box = ? and id = ? and not deleted", call.box_of(marked), ident)
    if not found:
        raise Refused("MESSAGE_ID_INVALID")
    chat = call.store.marked(marked)
    admin = (
        chat is not None
        and chat.kind == "channel"
        and call.store.role(chat.id, call.user) in ("creator", "admin")
    )
    if found[0].sender != call.user and not admin:
        raise Refused("MESSAGE_AUTHOR_REQUIRED", 403)
    return found[0]


def _changed(call: Call, letter: Letter, kind: Event, body: Body | None) -> list[Happening]:
    """Change all copies of a message: a new body, or none any more. The caller's copy comes first."""
    store, happened = call.store, list[Happening]()
    copies = store.letters("uid = ? order by box != ?", letter.uid, letter.box)
    with store.writing():
        for copy in copies:
            if body is None:
                store.run(
                    "update messages set deleted = 1 where box = ? and id = ?", copy.box, copy.id
                )
            else:
                store.run(
                    "update messages set body = ? where box = ? and id = ?",
                    json.dumps(body),
                    copy.box,
                    copy.id,
                )
            store.happened(copy.box, kind, copy.id)
            (now,) = store.letters("box = ? and id = ?", copy.box, copy.id)
            happened.append(Happening(now, kind, store.box(copy.box)[0]))
    return happened


async def delete_messages(call: Call, request: Any) -> Any:
    """Delete messages for everybody."""
    channel = getattr(request, "channel", None)
    marked = call.marked(channel) if channel is not None else 0
    pts, count = call.store.box(call.box_of(marked))[0], 0
    for ident in request.id:
        found = call.store.letters("box = ? and id = ? and not deleted", call.box_of(marked), ident)
        if found:
            letter = found[0] if found[0].chat == call.user else _own(call, found[0].chat, ident)
            happened = _changed(call, letter, "delete", None)
            tell(call.world, happened, but=call.line)
            pts, count = happened[0].pts, count + 1
    return types.messages.AffectedMessages(pts, count)


async def press_button(call: Call, request: Any) -> Any:
    """A button under a bot's message; the bot's answer. Raises Refused when it has none in time."""
    marked = call.marked(request.peer)
    found = call.store.letters("box = ? and id = ?", call.box_of(marked), request.msg_id)
    if not found or not request.data:
        raise Refused("MESSAGE_ID_INVALID")
    return await pressed(call.world, call.user, found[0], request.data)


async def pressed(world: World, user: int, letter: Letter, data: bytes) -> Any:
    """Tell a bot that somebody pressed its button, and wait for what it says."""
    query, done = secrets.randbits(62), anyio.Event()
    world.callbacks[query] = [done, types.messages.BotCallbackAnswer(0)]
    bot = letter.sender
    copies = world.store.letters(
        "uid = ? and box = ?", letter.uid, letter.box if letter.box < 0 else bot
    )
    place = peer_of(copies[0].chat)
    update = types.UpdateBotCallbackQuery(query, user, place, copies[0].id, 1, data)
    world.push({bot}, bundle(world, [update], [letter], bot))
    try:
        with anyio.fail_after(world.rules.callback_s):
            await done.wait()
    except TimeoutError as error:
        raise Refused("BOT_RESPONSE_TIMEOUT", 502) from error
    finally:
        answer = world.callbacks.pop(query)[1]
    return answer


async def answer_button(call: Call, request: Any) -> Any:
    """What a bot says to a pressed button."""
    waiting = call.world.callbacks.get(request.query_id)
    if waiting is None:
        raise Refused("QUERY_ID_INVALID")
    waiting[1] = types.messages.BotCallbackAnswer(
        request.cache_time, request.alert, message=request.message, url=request.url
    )
    waiting[0].set()
    return True


f = functions
HANDLERS = {
    f.messages.SendMessageRequest: send_message,
    f.messages.SendMediaRequest: send_media,
    f.messages.SendMultiMediaRequest: send_album,
    f.messages.EditMessageRequest: edit_message,
    f.messages.DeleteMessagesRequest: delete_messages,
    f.channels.DeleteMessagesRequest: delete_messages,
    f.messages.GetBotCallbackAnswerRequest: press_button,
    f.messages.SetBotCallbackAnswerRequest: answer_button,
}
USERS_ONLY = frozenset({f.messages.GetBotCallbackAnswerRequest})
