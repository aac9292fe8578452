"""Chats: making them, joining and leaving, topics, invite links, names."""

import secrets
from typing import Any

from transload.sandbox.messages import post, tell
from transload.sandbox.store import Chat, ChatKind, Role, Store
from transload.sandbox.tl import Refused, functions, types
from transload.sandbox.world import Call, World, admin_rights, chat_of, gathered, peer_of, user_of

FIRST_CHAT = 5_000_000_000
"""Above all users' numbers: no number is both."""


def make_chat(  # noqa: PLR0913  what a chat is
    store: Store,
    kind: ChatKind,
    title: str,
    creator: int,
    *,
    username: str | None = None,
    forum: bool = False,
) -> Chat:
    """A new chat."""
    (ident,) = store.one("select coalesce(max(id), ?) + 1 from chats", FIRST_CHAT)
    values = (ident, kind, title, username, int(forum), secrets.token_urlsafe(12))
    store.run(
        "insert into chats(id, kind, title, username, forum, invite) values(?, ?, ?, ?, ?, ?)",
        *values,
    )
    set_role(store, ident, creator, "creator")
    chat = store.chat(ident)
    assert chat is not None
    return chat


def set_role(store: Store, chat: int, user: int, role: Role | None) -> None:
    """Make somebody a member of some kind, or none."""
    if role is None:
        store.run("delete from members where chat = ? and user = ?", chat, user)
    else:
        sql = "insert into members(chat, user, role) values(?, ?, ?) on conflict do update set role = excluded.role"
        store.run(sql, chat, user, role)


def _updates(call: Call, chat: Chat) -> Any:
    named = gathered(call.world, {chat.marked}, call.user)
    channel = types.UpdateChannel(chat.id)
    return types.Updates([channel], named["users"], named["chats"], call.world.date(), 0)


async def create_channel(call: Call, request: Any) -> Any:
    """A channel or supergroup."""
    kind: ChatKind = "supergroup" if request.megagroup else "channel"
    return _updates(
        call, make_chat(call.store, kind, request.title, call.user, forum=bool(request.forum))
    )


async def create_group(call: Call, request: Any) -> Any:
    """A group of a few."""
    chat = make_chat(call.store, "group", request.title, call.user)
    for one in request.users:
        set_role(call.store, chat.id, call.marked(one), "member")
    return types.messages.InvitedUsers(_updates(call, chat), [])


def _channel(call: Call, given: Any, *, to_join: bool = False) -> Chat:
    chat = call.store.marked(call.marked(given))
    if chat is None:
        raise Refused("CHANNEL_INVALID")
    if not to_join:
        call.member_of(chat)
    return chat


async def get_channels(call: Call, request: Any) -> Any:
    """Channels by their references."""
    found = [_channel(call, one, to_join=True) for one in request.id]
    return types.messages.Chats([chat_of(call.world, one, call.user) for one in found])


async def get_chats(call: Call, request: Any) -> Any:
    """Groups by number."""
    found = [
        chat for number in request.id if (chat := call.store.chat(number)) and chat.kind == "group"
    ]
    return types.messages.Chats([chat_of(call.world, one, call.user) for one in found])


async def get_full_channel(call: Call, request: Any) -> Any:
    """A channel with its settings."""
    chat = _channel(call, request.channel)
    pts = call.store.box(chat.marked)[0]
    full = types.ChannelFull(
        chat.id,
        "",
        0,
        0,
        0,
        types.PhotoEmpty(0),
        types.PeerNotifySettings(),
        [],
        pts,
        slowmode_seconds=chat.slow_s or None,
    )
    return types.messages.ChatFull(full, [chat_of(call.world, chat, call.user)], [])


async def get_participant(call: Call, request: Any) -> Any:
    """What somebody is in a channel."""
    chat = _channel(call, request.channel)
    number = call.marked(request.participant)
    role, user = call.store.role(chat.id, number), call.store.user(number)
    if role is None or role == "banned" or user is None:
        raise Refused("USER_NOT_PARTICIPANT")
    now = call.world.date()
    one = types.ChannelParticipant(number, now)
    if role == "creator":
        one = types.ChannelParticipantCreator(number, admin_rights())
    elif role == "admin":
        one = types.ChannelParticipantAdmin(number, number, now, admin_rights())
    return types.channels.ChannelParticipant(one, [], [user_of(call.store, user, call.user)])


async def join(call: Call, request: Any) -> Any:
    """Join a public channel."""
    chat = _channel(call, request.channel, to_join=True)
    return _joined(call, chat)


def _joined(call: Call, chat: Chat) -> Any:
    role = call.store.role(chat.id, call.user)
    if role == "banned":
        raise Refused("USER_BANNED_IN_CHANNEL")
    if role is None:
        set_role(call.store, chat.id, call.user, "member")
    return _updates(call, chat)


async def leave(call: Call, request: Any) -> Any:
    """Leave a channel."""
    chat = _channel(call, request.channel)
    set_role(call.store, chat.id, call.user, None)
    return _updates(call, chat)


def _invited(call: Call, secret: str) -> Chat:
    found = call.store.chats("invite = ?", secret)
    if not found:
        raise Refused("INVITE_HASH_INVALID" if len(secret) < 8 else "INVITE_HASH_EXPIRED")
    return found[0]


async def check_invite(call: Call, request: Any) -> Any:
    """What an invite link leads to."""
    chat = _invited(call, request.hash)
    if call.store.role(chat.id, call.user) not in (None, "banned"):
        return types.ChatInviteAlready(chat_of(call.world, chat, call.user))
    count = len(call.store.members(chat.id))
    kinds = {"channel": chat.kind != "group" or None, "broadcast": chat.kind == "channel" or None}
    return types.ChatInvite(
        chat.title,
        types.PhotoEmpty(0),
        count,
        0,
        megagroup=chat.kind == "supergroup" or None,
        **kinds,
    )


async def import_invite(call: Call, request: Any) -> Any:
    """Join by an invite link."""
    chat = _invited(call, request.hash)
    if call.store.role(chat.id, call.user) not in (None, "banned"):
        raise Refused("USER_ALREADY_PARTICIPANT")
    updates = _joined(call, chat)
    return types.messages.ChatInviteJoinResultOk(updates)


async def export_invite(call: Call, request: Any) -> Any:
    """The invite link of a chat."""
    chat = call.store.marked(call.marked(request.peer))
    if chat is None or call.member_of(chat) not in ("creator", "admin"):
        raise Refused("CHAT_ADMIN_REQUIRED")
    return types.ChatInviteExported(
        f"https://t.me/+{chat.invite}", call.user, call.world.date(), permanent=True
    )


async def resolve_username(call: Call, request: Any) -> Any:
    """A public name."""
    name = request.username.lstrip("@")
    for user in call.store.users("username = ? collate nocase", name):
        return types.contacts.ResolvedPeer(
            peer_of(user.id), [], [user_of(call.store, user, call.user)]
        )
    for chat in call.store.chats("username = ? collate nocase", name):
        return types.contacts.ResolvedPeer(
            peer_of(chat.marked), [chat_of(call.world, chat, call.user)], []
        )
    raise Refused("USERNAME_NOT_OCCUPIED")


async def create_topic(call: Call, request: Any) -> Any:
    """A topic in a forum; its number is that of the message that tells of it."""
    marked = call.marked(request.peer)
    chat = call.store.marked(marked)
    if chat is None or not chat.forum:
        raise Refused("CHANNEL_FORUM_MISSING")
    call.member_of(chat)
    return make_topic(call.world, chat, call.user, request.title)


def make_topic(world: World, chat: Chat, user: int, title: str) -> Any:
    """The same, without a client; the update that tells of it."""
    from transload.sandbox.letters import bundle, update_of

    (made,) = post(world, user, chat.marked, [{"topic_made": title}])
    tell(world, [made])
    return bundle(
        world, [update_of(world, made.letter, "new", made.pts, user)], [made.letter], user
    )


async def get_topics(call: Call, request: Any) -> Any:
    """The topics of a forum."""
    marked = call.marked(request.peer)
    where = "box = ? and not deleted and json_extract(body, '$.topic_made') is not null order by id desc"
    made = call.store.letters(where, marked)
    topics = [
        types.ForumTopic(
            letter.id,
            call.world.date(letter.date),
            peer_of(marked),
            letter.body["topic_made"],
            0x6FB9F0,
            letter.id,
            *(0,) * 6,
            peer_of(letter.sender),
            types.PeerNotifySettings(),
        )
        for letter in made
    ]
    named = gathered(call.world, {marked, *(letter.sender for letter in made)}, call.user)
    pts = call.store.box(marked)[0]
    return types.messages.ForumTopics(len(topics), topics, [], named["chats"], named["users"], pts)


f = functions
HANDLERS = {
    f.channels.CreateChannelRequest: create_channel,
    f.messages.CreateChatRequest: create_group,
    f.channels.GetChannelsRequest: get_channels,
    f.messages.GetChatsRequest: get_chats,
    f.channels.GetFullChannelRequest: get_full_channel,
    f.channels.GetParticipantRequest: get_participant,
    f.channels.JoinChannelRequest: join,
    f.channels.LeaveChannelRequest: leave,
    f.messages.CheckChatInviteRequest: check_invite,
    f.messages.ImportChatInviteRequest: import_invite,
    f.messages.ExportChatInviteRequest: export_invite,
    f.contacts.ResolveUsernameRequest: resolve_username,
    f.messages.CreateForumTopicRequest: create_topic,
    f.messages.GetForumTopicsRequest: get_topics,
}
USERS_ONLY = frozenset(
    {
        f.channels.CreateChannelRequest,
        f.channels.JoinChannelRequest,
        f.messages.CreateChatRequest,
        f.messages.CheckChatInviteRequest,
        f.messages.ImportChatInviteRequest,
    }
)
