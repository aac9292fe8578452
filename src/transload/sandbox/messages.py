"""Sending, editing, deleting, and the buttons under messages."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import anyio

from transload.sandbox.desk import Desk
from transload.sandbox.files import media_from
from transload.sandbox.letters import Event, bundle, has, kept, numbers_in, update_of
from transload.sandbox.store import CHANNEL_BASE, Letter, Media
from transload.sandbox.tl import Refused, functions, refuse_if, required, types
from transload.sandbox.world import Call, Listener, World, peer_of

desk = Desk()
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
                number = store.box(box)[1] + 1
                letter = store.add(Letter(box, number, uid, chat, sender, date, body))
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
            world.push({user}, updates_for(world, seen, user), but)


def updates_for(
    world: World, happened: Sequence[Happening], viewer: int, first: Sequence[Any] = ()
) -> Any:
    """Updates that tell a viewer of events, after some others, with everybody they name."""
    updates = [update_of(world, one.letter, one.kind, one.pts, viewer) for one in happened]
    named = numbers_in(one.letter for one in happened)
    return bundle(world, [*first, *updates], named | {viewer}, viewer)


def _answer(call: Call, happened: Sequence[Happening], random_ids: Sequence[int] = ()) -> Any:
    """The caller's own view of what happened; everybody else gets an update."""
    tell(call.world, happened, but=call.line)
    own = [one for one in happened if one.letter.box == happened[0].letter.box]
    numbers = zip(own, random_ids, strict=False)
    numbered = [types.UpdateMessageID(one.letter.id, random_id) for one, random_id in numbers]
    return updates_for(call.world, own, call.user, numbered)


def _goal(call: Call, peer: Any) -> int:
    """The marked number of a chat in which the caller may post now. Raises Refused."""
    marked = call.open(peer)
    chat = call.store.marked(marked)
    if chat is None:
        return marked
    role = call.member_of(chat)
    mute = role == "read_only" or (chat.kind == "channel" and role == "member")
    refuse_if(mute, "CHAT_WRITE_FORBIDDEN", 403)
    if chat.slow_s and role == "member":
        sql = "select sent_at from members where chat = ? and user = ?"
        (sent_at,) = call.store.one(sql, chat.id, call.user)
        left = sent_at + chat.slow_s - call.world.now()
        refuse_if(left > 0, f"SLOWMODE_WAIT_{int(left) + 1}", 420)
    return marked


def _check_random(call: Call, random_ids: Sequence[int]) -> None:
    refuse_if(not all(random_ids), "RANDOM_ID_EMPTY")
    sql = "select 1 from sent where user = ? and random_id = ?"
    known = any(call.store.one(sql, call.user, random_id) for random_id in random_ids)
    twice = len(set(random_ids)) < len(random_ids)
    refuse_if(known or twice, "RANDOM_ID_DUPLICATE", 500)


def _text(given: Any, most: int) -> Body:
    """Text and entities of a request, checked."""
    error = "MESSAGE_TOO_LONG" if most == TEXT_MAX else "MEDIA_CAPTION_TOO_LONG"
    refuse_if(len(given.message) > most, error)
    return {"text": given.message, "entities": kept(given.entities)}


def _place(call: Call, request: Any, marked: int) -> Body:
    """Topic, answered message, buttons: what the whole request says."""
    body: Body = {"silent": True} if request.silent else {}
    markup, to = getattr(request, "reply_markup", None), request.reply_to
    if markup is not None and call.me.token:
        body["markup"] = kept(markup)
    if not isinstance(to, types.InputReplyToMessage):
        return body
    chat = call.store.marked(marked)
    if chat is not None and chat.forum:
        body["topic"] = _topic(call, marked, to.top_msg_id or to.reply_to_msg_id)
    return body | {"reply": to.reply_to_msg_id}


def _topic(call: Call, marked: int, topic: int) -> int:
    made = call.store.letter(marked, topic)
    there = made is not None and not made.deleted and "topic_made" in made.body
    refuse_if(topic != 1 and not there, "TOPIC_DELETED")
    return topic


def _posted(call: Call, marked: int, bodies: Sequence[Body], random_ids: Sequence[int]) -> Any:
    _check_random(call, random_ids)
    happened = post(call.world, call.user, marked, bodies, random_ids)
    chat = call.store.marked(marked)
    if chat is not None:
        sql = "update members set sent_at = ? where chat = ? and user = ?"
        call.store.run(sql, call.world.now(), chat.id, call.user)
    return _answer(call, happened, random_ids)


@desk.answers(functions.messages.SendMessageRequest)
async def send_message(call: Call, request: Any) -> Any:
    """A text."""
    marked = _goal(call, request.peer)
    refuse_if(not request.message.strip(), "MESSAGE_EMPTY")
    body = _text(request, TEXT_MAX) | _place(call, request, marked)
    return _posted(call, marked, [body], [request.random_id])


@desk.answers(functions.messages.SendMediaRequest)
async def send_media(call: Call, request: Any) -> Any:
    """One photo or document, new or staged."""
    marked = _goal(call, request.peer)
    body = _text(request, CAPTION_MAX) | _place(call, request, marked)
    _check_random(call, [request.random_id])
    media = await media_from(call, request.media)
    return _posted(call, marked, [body | {"media": media.id}], [request.random_id])


@desk.answers(functions.messages.SendMultiMediaRequest)
async def send_album(call: Call, request: Any) -> Any:
    """Up to ten staged media in one message of several; all or none."""
    marked, members = _goal(call, request.peer), request.multi_media
    refuse_if(not members, "MEDIA_EMPTY")
    refuse_if(len(members) > ALBUM_MAX, "MULTI_MEDIA_TOO_LONG")
    random_ids = [member.random_id for member in members]
    _check_random(call, random_ids)
    shared = _place(call, request, marked)
    if len(members) > 1:
        shared["grouped"] = secrets.randbits(62)
    bodies, kinds = list[Body](), set[str]()
    for member in members:
        media = await _album_member(call, member, len(members) > 1)
        kinds.add(_mixes_with(media))
        bodies.append(_text(member, CAPTION_MAX) | {"media": media.id} | shared)
    refuse_if(len(kinds) > 1, "MEDIA_GROUPED_INVALID")
    return _posted(call, marked, bodies, random_ids)


async def _album_member(call: Call, member: Any, in_album: bool) -> Media:
    staged = isinstance(member.media, types.InputMediaPhoto | types.InputMediaDocument)
    refuse_if(not staged, "MEDIA_INVALID")
    media = await media_from(call, member.media)
    refuse_if(in_album and has(media, types.DocumentAttributeAnimated), "MEDIA_INVALID")
    return media


def _mixes_with(media: Media) -> str:
    """Photos and videos share albums; documents only with documents, sound only with sound."""
    if media.kind == "photo" or has(media, types.DocumentAttributeVideo):
        return "seen"
    return "heard" if has(media, types.DocumentAttributeAudio) else "file"


@desk.answers(functions.messages.EditMessageRequest)
async def edit_message(call: Call, request: Any) -> Any:
    """Another text or other buttons for one's own message."""
    letter = _own(call, call.marked(request.peer), request.id)
    changed = {"markup": kept(request.reply_markup)}
    if request.message is not None:
        changed |= _text(request, CAPTION_MAX if letter.body.get("media") else TEXT_MAX)
    same = all(value == letter.body.get(name, "") for name, value in changed.items())
    refuse_if(same, "MESSAGE_NOT_MODIFIED")
    body = letter.body | changed | {"edited": int(call.world.now())}
    return _answer(call, _changed(call, letter, "edit", body))


def _there(call: Call, marked: int, ident: int) -> Letter | None:
    letter = call.store.letter(call.box_of(marked), ident)
    return None if letter is None or letter.deleted else letter


def _own(call: Call, marked: int, ident: int) -> Letter:
    letter = required(_there(call, marked, ident), "MESSAGE_ID_INVALID")
    chat = call.store.marked(marked)
    role = call.store.role(chat.id, call.user) if chat and chat.kind == "channel" else None
    mine = letter.sender == call.user or role in ("creator", "admin")
    refuse_if(not mine, "MESSAGE_AUTHOR_REQUIRED", 403)
    return letter


def _changed(call: Call, letter: Letter, kind: Event, body: Body | None) -> list[Happening]:
    """Change all copies of a message: a new body, or none any more. The caller's copy comes first."""
    store, happened = call.store, list[Happening]()
    sql = "update messages set body = ?, deleted = ? where box = ? and id = ?"
    with store.writing():
        for copy in store.letters("uid = ? order by box != ?", letter.uid, letter.box):
            now = replace(copy, body=copy.body if body is None else body, deleted=body is None)
            store.run(sql, now.body, now.deleted, now.box, now.id)
            happened.append(Happening(now, kind, store.happened(now.box, kind, now.id)))
    return happened


@desk.answers(functions.messages.DeleteMessagesRequest, functions.channels.DeleteMessagesRequest)
async def delete_messages(call: Call, request: Any) -> Any:
    """Delete messages for everybody."""
    channel = getattr(request, "channel", None)
    marked = call.marked(channel) if channel is not None else 0
    pts, count = call.store.box(call.box_of(marked))[0], 0
    for ident in request.id:
        letter = _there(call, marked, ident)
        if letter is not None:
            letter = letter if letter.chat == call.user else _own(call, letter.chat, ident)
            happened = _changed(call, letter, "delete", None)
            tell(call.world, happened, but=call.line)
            pts, count = happened[0].pts, count + 1
    return types.messages.AffectedMessages(pts, count)


@desk.answers(functions.messages.GetBotCallbackAnswerRequest, asker="person")
async def press_button(call: Call, request: Any) -> Any:
    """A button under a bot's message; the bot's answer. Raises Refused when it has none in time."""
    letter = call.store.letter(call.box_of(call.marked(request.peer)), request.msg_id)
    refuse_if(not request.data, "MESSAGE_ID_INVALID")
    return await pressed(
        call.world, call.user, required(letter, "MESSAGE_ID_INVALID"), request.data
    )


async def pressed(world: World, user: int, letter: Letter, data: bytes) -> Any:
    """Tell a bot that somebody pressed its button, and wait for what it says."""
    query, done = secrets.randbits(62), anyio.Event()
    world.callbacks[query] = [done, types.messages.BotCallbackAnswer(0)]
    bot = letter.sender
    box = letter.box if letter.box < 0 else bot
    (copy,) = world.store.letters("uid = ? and box = ?", letter.uid, box)
    update = types.UpdateBotCallbackQuery(query, user, peer_of(copy.chat), copy.id, 1, data)
    world.push({bot}, bundle(world, [update], numbers_in([letter]) | {bot}, bot))
    try:
        with anyio.fail_after(world.rules.callback_s):
            await done.wait()
    except TimeoutError as error:
        raise Refused("BOT_RESPONSE_TIMEOUT", 502) from error
    finally:
        answer = world.callbacks.pop(query)[1]
    return answer


@desk.answers(functions.messages.SetBotCallbackAnswerRequest)
async def answer_button(call: Call, request: Any) -> Any:
    """What a bot says to a pressed button."""
    waiting = required(call.world.callbacks.get(request.query_id), "QUERY_ID_INVALID")
    waiting[1] = types.messages.BotCallbackAnswer(
        request.cache_time, request.alert, message=request.message, url=request.url
    )
    waiting[0].set()
    return True
