"""Reading what is there: messages, dialogs, and what a client missed."""

from typing import Any

from transload.sandbox.letters import Event, message_of, numbers_in, update_of
from transload.sandbox.store import CHANNEL_BASE, Letter
from transload.sandbox.tl import Refused, functions, types
from transload.sandbox.world import Call, gathered, peer_of

PAGE_MAX = 100
SLICE = 200
"""Events in one answer; a client that missed more asks again."""


def _page(call: Call, letters: list[Letter], count: int, channel: int | None = None) -> Any:
    found = [message_of(call.world, letter, call.user) for letter in letters]
    named = gathered(call.world, numbers_in(letters), call.user)
    if channel is not None:
        pts = call.store.box(channel)[0]
        return types.messages.ChannelMessages(pts, count, found, [], named["chats"], named["users"])
    if count > len(found):
        return types.messages.MessagesSlice(count, found, [], named["chats"], named["users"])
    return types.messages.Messages(found, [], named["chats"], named["users"])


async def get_history(call: Call, request: Any) -> Any:
    """Messages of a chat, the newest first; those of a topic for `GetReplies`."""
    marked = call.marked(request.peer)
    chat = call.store.marked(marked)
    if chat is not None:
        call.member_of(chat)
    box = call.box_of(marked)
    where, values = "box = ? and chat = ? and not deleted", [box, marked]
    topic = getattr(request, "msg_id", 0)
    if topic:
        where, values = where + " and json_extract(body, '$.topic') = ?", [*values, topic]
    (count,) = call.store.one(f"select count(*) from messages where {where}", *values)
    where += " and id > ? and (? = 0 or id < ?)"
    values += [request.min_id, request.max_id, request.max_id]
    if request.offset_id:
        if (
            request.add_offset < 0
        ):  # what is newer than a message, as clients that read on ask for it
            newer = call.store.letters(
                where + " and id >= ? order by id limit ?",
                *values,
                request.offset_id,
                -request.add_offset,
            )
            older = call.store.letters(
                where + " and id < ? order by id desc limit ?",
                *values,
                request.offset_id,
                max(0, min(request.limit, PAGE_MAX) + request.add_offset),
            )
            return _page(
                call, newer[::-1] + older, count, marked if marked <= -CHANNEL_BASE else None
            )
        where, values = where + " and id < ?", [*values, request.offset_id]
    skip, limit = max(0, request.add_offset), min(request.limit or PAGE_MAX, PAGE_MAX)
    letters = call.store.letters(where + " order by id desc limit ? offset ?", *values, limit, skip)
    return _page(call, letters, count, marked if marked <= -CHANNEL_BASE else None)


async def search(call: Call, request: Any) -> Any:
    """Messages of a chat that contain a text."""
    marked = call.marked(request.peer)
    box = call.box_of(marked)
    where = "box = ? and chat = ? and not deleted and (? = 0 or id < ?) and json_extract(body, '$.text') like ?"
    values = (box, marked, request.offset_id, request.offset_id, f"%{request.q}%")
    letters = call.store.letters(
        f"{where} order by id desc limit ?", *values, min(request.limit, PAGE_MAX)
    )
    return _page(call, letters, len(letters), marked if marked <= -CHANNEL_BASE else None)


async def get_messages(call: Call, request: Any) -> Any:
    """Messages by number; deleted or unknown ones are empty."""
    channel = getattr(request, "channel", None)
    marked = call.marked(channel) if channel is not None else call.user
    found = list[Any]()
    letters = list[Letter]()
    for one in request.id:
        ident = getattr(one, "id", 0)
        letter = call.store.letters("box = ? and id = ?", call.box_of(marked), ident)
        letters += letter
        found.append(
            message_of(call.world, letter[0], call.user)
            if letter
            else types.MessageEmpty(ident, peer_id=None)
        )
    named = gathered(call.world, numbers_in(letters), call.user)
    if channel is not None:
        pts = call.store.box(marked)[0]
        return types.messages.ChannelMessages(
            pts, len(found), found, [], named["chats"], named["users"]
        )
    return types.messages.Messages(found, [], named["chats"], named["users"])


async def get_dialogs(call: Call, _request: Any) -> Any:
    """All chats that somebody is in, with their last messages."""
    store = call.store
    rows = store.all("select distinct chat from messages where box = ? and chat > 0", call.user)
    groups = store.all("select chat from members where user = ? and role != 'banned'", call.user)
    numbers = [row[0] for row in rows] + [
        chat.marked for row in groups if (chat := store.chat(row[0]))
    ]
    dialogs, letters = list[Any](), list[Letter]()
    for number in numbers:
        last = store.letters(
            "box = ? and chat = ? and not deleted order by id desc limit 1",
            call.box_of(number),
            number,
        )
        letters += last
        top = last[0].id if last else 0
        pts = store.box(number)[0] if number <= -CHANNEL_BASE else None
        dialogs.append(
            types.Dialog(
                peer_of(number), top, 0, 0, 0, 0, 0, 0, types.PeerNotifySettings(), pts=pts
            )
        )
    named = gathered(call.world, numbers_in(letters) | set(numbers), call.user)
    messages = [message_of(call.world, letter, call.user) for letter in letters]
    return types.messages.Dialogs(dialogs, messages, named["chats"], named["users"])


def _state(call: Call) -> Any:
    return types.updates.State(call.store.box(call.user)[0], 0, call.world.date(), 0, 0)


async def get_state(call: Call, _request: Any) -> Any:
    """Where the caller's own box is."""
    return _state(call)


def _missed(call: Call, box: int, pts: int) -> tuple[list[Letter], list[Any], list[Any], int, bool]:
    """What happened after `pts`: letters, new messages, other updates, the pts reached, and whether that is all."""
    rows = call.store.all(
        "select pts, kind, message from events where box = ? and pts > ? order by pts limit ?",
        box,
        pts,
        SLICE,
    )
    letters, new, other = list[Letter](), list[Any](), list[Any]()
    for at, kind, ident in rows:
        event: Event = kind
        (letter,) = call.store.letters("box = ? and id = ?", box, ident)
        letters.append(letter)
        if event == "new":
            new.append(message_of(call.world, letter, call.user))
        else:
            other.append(update_of(call.world, letter, event, at, call.user))
    reached = rows[-1][0] if rows else pts
    return letters, new, other, reached, reached >= call.store.box(box)[0]


async def get_difference(call: Call, request: Any) -> Any:
    """What happened in the caller's own box since a pts."""
    letters, new, other, reached, whole = _missed(call, call.user, request.pts)
    if not letters:
        return types.updates.DifferenceEmpty(call.world.date(), 0)
    named = gathered(call.world, numbers_in(letters), call.user)
    state = types.updates.State(reached, 0, call.world.date(), 0, 0)
    kind = types.updates.Difference if whole else types.updates.DifferenceSlice
    return kind(new, [], other, named["chats"], named["users"], state)


async def get_channel_difference(call: Call, request: Any) -> Any:
    """What happened in a channel since a pts."""
    marked = call.marked(request.channel)
    chat = call.store.marked(marked)
    if chat is None:
        raise Refused("CHANNEL_INVALID")
    call.member_of(chat)
    letters, new, other, reached, whole = _missed(call, marked, request.pts)
    if not letters:
        return types.updates.ChannelDifferenceEmpty(max(reached, 1), final=True, timeout=30)
    named = gathered(call.world, numbers_in(letters), call.user)
    return types.updates.ChannelDifference(
        reached, new, other, named["chats"], named["users"], final=whole or None, timeout=30
    )


f = functions
HANDLERS = {
    f.messages.GetHistoryRequest: get_history,
    f.messages.GetRepliesRequest: get_history,
    f.messages.SearchRequest: search,
    f.messages.GetMessagesRequest: get_messages,
    f.channels.GetMessagesRequest: get_messages,
    f.messages.GetDialogsRequest: get_dialogs,
    f.updates.GetStateRequest: get_state,
    f.updates.GetDifferenceRequest: get_difference,
    f.updates.GetChannelDifferenceRequest: get_channel_difference,
}
USERS_ONLY = frozenset(
    {
        f.messages.GetHistoryRequest,
        f.messages.GetRepliesRequest,
        f.messages.SearchRequest,
        f.messages.GetDialogsRequest,
    }
)
