"""Chats: making them, joining and leaving, topics, invite links, names."""

import secrets
from typing import Any

from transload.sandbox.desk import Desk
from transload.sandbox.letters import TOPIC_COLOUR, bundle
from transload.sandbox.messages import post, tell, updates_for
from transload.sandbox.store import Chat, ChatKind, Letter, Role, Store
from transload.sandbox.tl import functions, refuse_if, required, types
from transload.sandbox.world import Call, admin_rights, chat_of, gathered, peer_of, user_of

desk = Desk()


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
    invite = secrets.token_urlsafe(12)
    chat = store.add(Chat(store.free_number(Chat), kind, title, username, forum, invite))
    set_role(store, chat.id, creator, "creator")
    return chat


def set_role(store: Store, chat: int, user: int, role: Role | None) -> None:
    """Make somebody a member of some kind, or none."""
    if role is None:
        store.run("delete from members where chat = ? and user = ?", chat, user)
    else:
        sql = "insert into members(chat, user, role) values(?, ?, ?) on conflict do update set role = excluded.role"
        store.run(sql, chat, user, role)


def _updates(call: Call, chat: Chat) -> Any:
    return bundle(call.world, [types.UpdateChannel(chat.id)], {chat.marked}, call.user)


@desk.answers(functions.channels.CreateChannelRequest, asker="person")
async def create_channel(call: Call, request: Any) -> Any:
    """A channel or supergroup."""
    kind: ChatKind = "supergroup" if request.megagroup else "channel"
    forum = bool(request.forum)
    return _updates(call, make_chat(call.store, kind, request.title, call.user, forum=forum))


@desk.answers(functions.messages.CreateChatRequest, asker="person")
async def create_group(call: Call, request: Any) -> Any:
    """A group of a few."""
    chat = make_chat(call.store, "group", request.title, call.user)
    for one in request.users:
        set_role(call.store, chat.id, call.marked(one), "member")
    return types.messages.InvitedUsers(_updates(call, chat), [])


@desk.answers(functions.messages.MigrateChatRequest, asker="person")
async def migrate_chat(call: Call, request: Any) -> Any:
    """Make a supergroup of a group; nobody can post in the group any more."""
    group = required(call.store.chat(request.chat_id), "CHAT_ID_INVALID")
    refuse_if(group.kind != "group" or group.became, "CHAT_ID_INVALID")
    refuse_if(call.member_of(group) != "creator", "CHAT_ADMIN_REQUIRED")
    chat = make_chat(call.store, "supergroup", group.title, call.user)
    for user in set(call.store.members(group.id)) - {call.user}:
        set_role(call.store, chat.id, user, call.store.role(group.id, user))
    call.store.run("update chats set became = ? where id = ?", chat.id, group.id)
    return bundle(
        call.world, [types.UpdateChannel(chat.id)], {group.marked, chat.marked}, call.user
    )


def _channel(call: Call, given: Any) -> Chat:
    return required(call.store.marked(call.marked(given)), "CHANNEL_INVALID")


@desk.answers(functions.channels.GetChannelsRequest)
async def get_channels(call: Call, request: Any) -> Any:
    """Channels by their references."""
    found = [_channel(call, one) for one in request.id]
    return types.messages.Chats([chat_of(call.world, one, call.user) for one in found])


@desk.answers(functions.messages.GetChatsRequest)
async def get_chats(call: Call, request: Any) -> Any:
    """Groups by number."""
    found = [chat for chat in map(call.store.chat, request.id) if chat and chat.kind == "group"]
    return types.messages.Chats([chat_of(call.world, one, call.user) for one in found])


@desk.answers(functions.channels.GetFullChannelRequest)
async def get_full_channel(call: Call, request: Any) -> Any:
    """A channel with its settings."""
    chat = _channel(call, request.channel)
    call.member_of(chat)
    full = types.ChannelFull(
        chat.id,
        about="",
        chat_photo=types.PhotoEmpty(0),
        notify_settings=types.PeerNotifySettings(),
        bot_info=[],
        pts=call.store.box(chat.marked)[0],
        slowmode_seconds=chat.slow_s or None,
        **dict.fromkeys(("read_inbox_max_id", "read_outbox_max_id", "unread_count"), 0),
    )
    return types.messages.ChatFull(full, [chat_of(call.world, chat, call.user)], [])


@desk.answers(functions.channels.GetParticipantRequest)
async def get_participant(call: Call, request: Any) -> Any:
    """What somebody is in a channel."""
    chat = _channel(call, request.channel)
    call.member_of(chat)
    number = call.marked(request.participant)
    role = call.store.role(chat.id, number)
    user = required(call.store.user(number), "USER_NOT_PARTICIPANT")
    refuse_if(role in (None, "banned"), "USER_NOT_PARTICIPANT")
    now = call.world.date()
    one = types.ChannelParticipant(number, now)
    if role == "creator":
        one = types.ChannelParticipantCreator(number, admin_rights())
    elif role == "admin":
        one = types.ChannelParticipantAdmin(number, number, now, admin_rights())
    return types.channels.ChannelParticipant(one, [], [user_of(call.store, user, call.user)])


@desk.answers(functions.channels.JoinChannelRequest, asker="person")
async def join(call: Call, request: Any) -> Any:
    """Join a public channel."""
    return _joined(call, _channel(call, request.channel))


def _joined(call: Call, chat: Chat) -> Any:
    role = call.store.role(chat.id, call.user)
    refuse_if(role == "banned", "USER_BANNED_IN_CHANNEL")
    if role is None:
        set_role(call.store, chat.id, call.user, "member")
    return _updates(call, chat)


@desk.answers(functions.channels.LeaveChannelRequest)
async def leave(call: Call, request: Any) -> Any:
    """Leave a channel."""
    chat = _channel(call, request.channel)
    call.member_of(chat)
    set_role(call.store, chat.id, call.user, None)
    return _updates(call, chat)


def _invited(call: Call, secret: str) -> tuple[Chat, bool]:
    """The chat of an invite link, and whether the caller is in it."""
    error = "INVITE_HASH_INVALID" if len(secret) < 8 else "INVITE_HASH_EXPIRED"
    chat = required(call.store.first(Chat, "invite = ?", secret), error)
    return chat, call.store.role(chat.id, call.user) not in (None, "banned")


@desk.answers(functions.messages.CheckChatInviteRequest, asker="person")
async def check_invite(call: Call, request: Any) -> Any:
    """What an invite link leads to."""
    chat, inside = _invited(call, request.hash)
    if inside:
        return types.ChatInviteAlready(chat_of(call.world, chat, call.user))
    return types.ChatInvite(
        chat.title,
        types.PhotoEmpty(0),
        participants_count=len(call.store.members(chat.id)),
        color=0,
        channel=chat.kind != "group",
        broadcast=chat.kind == "channel",
        megagroup=chat.kind == "supergroup",
    )


@desk.answers(functions.messages.ImportChatInviteRequest, asker="person")
async def import_invite(call: Call, request: Any) -> Any:
    """Join by an invite link."""
    chat, inside = _invited(call, request.hash)
    refuse_if(inside, "USER_ALREADY_PARTICIPANT")
    return types.messages.ChatInviteJoinResultOk(_joined(call, chat))


@desk.answers(functions.messages.ExportChatInviteRequest)
async def export_invite(call: Call, request: Any) -> Any:
    """The invite link of a chat."""
    chat = required(call.store.marked(call.marked(request.peer)), "CHAT_ADMIN_REQUIRED")
    refuse_if(call.member_of(chat) not in ("creator", "admin"), "CHAT_ADMIN_REQUIRED")
    link = f"https://t.me/+{chat.invite}"
    return types.ChatInviteExported(link, call.user, call.world.date(), permanent=True)


@desk.answers(functions.contacts.ResolveUsernameRequest)
async def resolve_username(call: Call, request: Any) -> Any:
    """A public name."""
    name, where = request.username.lstrip("@"), "username = ? collate nocase"
    numbers = [user.id for user in call.store.users(where, name)]
    numbers += [chat.marked for chat in call.store.chats(where, name)]
    refuse_if(not numbers, "USERNAME_NOT_OCCUPIED")
    named = gathered(call.world, {numbers[0]}, call.user)
    return types.contacts.ResolvedPeer(peer_of(numbers[0]), **named)


@desk.answers(functions.messages.CreateForumTopicRequest)
async def create_topic(call: Call, request: Any) -> Any:
    """A topic in a forum; its number is that of the message that tells of it."""
    chat = required(call.store.marked(call.marked(request.peer)), "CHANNEL_FORUM_MISSING")
    refuse_if(not chat.forum, "CHANNEL_FORUM_MISSING")
    call.member_of(chat)
    made = post(call.world, call.user, chat.marked, [{"topic_made": request.title}])
    tell(call.world, made)
    return updates_for(call.world, made, call.user)


@desk.answers(functions.messages.GetForumTopicsRequest)
async def get_topics(call: Call, request: Any) -> Any:
    """The topics of a forum."""
    marked = call.marked(request.peer)
    where = "box = ? and not deleted and json_extract(body, '$.topic_made') is not null order by id desc"
    made = call.store.letters(where, marked)
    topics = [_topic(call, letter) for letter in made]
    named = gathered(call.world, {marked, *(letter.sender for letter in made)}, call.user)
    pts = call.store.box(marked)[0]
    return types.messages.ForumTopics(len(topics), topics, messages=[], pts=pts, **named)


def _topic(call: Call, letter: Letter) -> Any:
    return types.ForumTopic(
        letter.id,
        call.world.date(letter.date),
        peer_of(letter.chat),
        letter.body["topic_made"],
        TOPIC_COLOUR,
        letter.id,
        *(0,) * 6,
        peer_of(letter.sender),
        types.PeerNotifySettings(),
    )
