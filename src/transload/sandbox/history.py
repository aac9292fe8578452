"""Reading what is there: messages, dialogs, and what a client missed."""

from typing import Any

from transload.sandbox.desk import Desk
from transload.sandbox.letters import message_of, numbers_in, update_of
from transload.sandbox.store import CHANNEL_BASE, Letter
from transload.sandbox.tl import functions, required, types
from transload.sandbox.world import Call, gathered, peer_of

desk = Desk()
PAGE_MAX = 100
LAST_ID = 2**31
SLICE = 200
"""Events in one answer; a client that missed more asks again."""


def _page(call: Call, marked: int, letters: list[Letter], count: int) -> Any:
    """Messages of a chat with everybody they name; `count` is how many there are in all."""
    found = [message_of(call.world, letter, call.user) for letter in letters]
    return _found(call, marked, letters, found, count)


def _found(call: Call, marked: int, letters: list[Letter], found: list[Any], count: int) -> Any:
    named = gathered(call.world, numbers_in(letters), call.user)
    if marked <= -CHANNEL_BASE:
        pts = call.store.box(marked)[0]
        return types.messages.ChannelMessages(pts, count, found, topics=[], **named)
    if count > len(found):
        return types.messages.MessagesSlice(count, found, topics=[], **named)
    return types.messages.Messages(found, topics=[], **named)


@desk.answers(
    functions.messages.GetHistoryRequest, functions.messages.GetRepliesRequest, asker="person"
)
async def get_history(call: Call, request: Any) -> Any:
    """Messages of a chat, the newest first; those of a topic for `GetReplies`."""
    marked = call.marked(request.peer)
    chat = call.store.marked(marked)
    if chat is not None:
        call.member_of(chat)
    where, values = "box = ? and chat = ? and not deleted", [call.box_of(marked), marked]
    topic = getattr(request, "msg_id", 0)
    if topic:
        where, values = where + " and json_extract(body, '$.topic') = ?", [*values, topic]
    (count,) = call.store.one(f"select count(*) from messages where {where}", *values)
    where += " and id > ? and id < ?"
    values += [request.min_id, request.max_id or LAST_ID]
    start, newest = request.offset_id or LAST_ID, list[Letter]()
    limit, skip = min(request.limit or PAGE_MAX, PAGE_MAX), max(0, request.add_offset)
    if request.offset_id and request.add_offset < 0:  # what is newer, for clients that read on
        newer = where + " and id >= ? order by id limit ?"
        newest = call.store.letters(newer, *values, start, -request.add_offset)[::-1]
        limit = max(0, limit + request.add_offset)
    older = where + " and id < ? order by id desc limit ? offset ?"
    letters = call.store.letters(older, *values, start, limit, skip)
    return _page(call, marked, newest + letters, count)


@desk.answers(functions.messages.SearchRequest, asker="person")
async def search(call: Call, request: Any) -> Any:
    """Messages of a chat that contain a text."""
    marked = call.marked(request.peer)
    where = (
        "box = ? and chat = ? and not deleted and id < ? and json_extract(body, '$.text') like ?"
    )
    values = (call.box_of(marked), marked, request.offset_id or LAST_ID, f"%{request.q}%")
    limit = min(request.limit, PAGE_MAX)
    letters = call.store.letters(f"{where} order by id desc limit ?", *values, limit)
    return _page(call, marked, letters, len(letters))


@desk.answers(functions.messages.GetMessagesRequest, functions.channels.GetMessagesRequest)
async def get_messages(call: Call, request: Any) -> Any:
    """Messages by number; deleted or unknown ones are empty."""
    channel = getattr(request, "channel", None)
    marked = call.marked(channel) if channel is not None else call.user
    chat = call.store.marked(marked)
    if chat is not None:
        call.member_of(chat)
    letters, found = list[Letter](), list[Any]()
    for one in request.id:
        ident = getattr(one, "id", 0)
        letter = call.store.letter(call.box_of(marked), ident)
        if letter is None:
            found.append(types.MessageEmpty(ident, peer_id=None))
        else:
            letters.append(letter)
            found.append(message_of(call.world, letter, call.user))
    return _found(call, marked, letters, found, len(found))


@desk.answers(functions.messages.GetDialogsRequest, asker="person")
async def get_dialogs(call: Call, _request: Any) -> Any:
    """All chats that somebody is in, with their last messages."""
    store = call.store
    rows = store.all("select distinct chat from messages where box = ? and chat > 0", call.user)
    groups = "id in (select chat from members where user = ? and role != 'banned')"
    numbers = [row[0] for row in rows] + [chat.marked for chat in store.chats(groups, call.user)]
    dialogs, letters = list[Any](), list[Letter]()
    last = "box = ? and chat = ? and not deleted order by id desc limit 1"
    for number in numbers:
        top = store.letters(last, call.box_of(number), number)
        letters += top
        pts = store.box(number)[0] if number <= -CHANNEL_BASE else None
        counts = (top[0].id if top else 0, *(0,) * 6)
        dialogs.append(types.Dialog(peer_of(number), *counts, types.PeerNotifySettings(), pts=pts))
    named = gathered(call.world, numbers_in(letters) | set(numbers), call.user)
    messages = [message_of(call.world, letter, call.user) for letter in letters]
    return types.messages.Dialogs(dialogs, messages, **named)


def _state(call: Call, pts: int) -> Any:
    return types.updates.State(pts, 0, call.world.date(), 0, 0)


@desk.answers(functions.updates.GetStateRequest)
async def get_state(call: Call, _request: Any) -> Any:
    """Where the caller's own box is."""
    return _state(call, call.store.box(call.user)[0])


def _missed(call: Call, box: int, pts: int) -> tuple[dict[str, list[Any]], int, bool]:
    """What happened after `pts`, as arguments of an answer; the pts reached, and whether that is all."""
    sql = "select pts, kind, message from events where box = ? and pts > ? order by pts limit ?"
    rows = call.store.all(sql, box, pts, SLICE)
    letters, new, other = list[Letter](), list[Any](), list[Any]()
    for at, kind, ident in rows:
        (letter,) = call.store.letters("box = ? and id = ?", box, ident)
        letters.append(letter)
        if kind == "new":
            new.append(message_of(call.world, letter, call.user))
        else:
            other.append(update_of(call.world, letter, kind, at, call.user))
    named = gathered(call.world, numbers_in(letters), call.user)
    reached = rows[-1][0] if rows else pts
    told = {"new_messages": new, "other_updates": other, **named}
    return told, reached, reached >= call.store.box(box)[0]


@desk.answers(functions.updates.GetDifferenceRequest)
async def get_difference(call: Call, request: Any) -> Any:
    """What happened in the caller's own box since a pts."""
    told, reached, whole = _missed(call, call.user, request.pts)
    if reached == request.pts:
        return types.updates.DifferenceEmpty(call.world.date(), 0)
    state, told["new_encrypted_messages"] = _state(call, reached), []
    if whole:
        return types.updates.Difference(state=state, **told)
    return types.updates.DifferenceSlice(intermediate_state=state, **told)


@desk.answers(functions.updates.GetChannelDifferenceRequest)
async def get_channel_difference(call: Call, request: Any) -> Any:
    """What happened in a channel since a pts."""
    marked = call.marked(request.channel)
    call.member_of(required(call.store.marked(marked), "CHANNEL_INVALID"))
    told, reached, whole = _missed(call, marked, request.pts)
    if reached == request.pts:
        return types.updates.ChannelDifferenceEmpty(max(reached, 1), final=True, timeout=30)
    return types.updates.ChannelDifference(reached, final=whole, timeout=30, **told)
