"""What all requests of a server share: its state, its clock, who is connected, and how peers are named."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from transload.sandbox.faults import Faults
from transload.sandbox.store import CHANNEL_BASE, Chat, Role, Store, User
from transload.sandbox.tl import Refused, refuse_if, required, types


class Listener(Protocol):
    """A connection that hears of updates."""

    key_id: bytes
    user: int | None
    wants_updates: bool

    def push(self, update: Any) -> None:
        """Send an object that nobody asked for."""
        ...

    async def drop(self) -> None:
        """Break the connection."""
        ...


@dataclass(slots=True)
class Rules:
    """Bounds that Telegram keeps secret or changes."""

    reference_life_s: float = 3600.0
    code_life_s: float = 120.0
    token_life_s: float = 30.0
    parts_max: int = 4000
    callback_s: float = 10.0


@dataclass(slots=True)
class World:
    """A server's state and surroundings. `announce` tells the person at the server something (a phone code)."""

    store: Store
    announce: Callable[[str], None]
    port: int = 0
    rules: Rules = field(default_factory=Rules)
    faults: Faults = field(default_factory=Faults)
    listeners: set[Listener] = field(default_factory=set[Listener])
    callbacks: dict[int, Any] = field(default_factory=dict[int, Any])
    generation: int = 0
    """File references of an earlier generation have expired."""

    def now(self) -> float:
        """The server's time."""
        return time.time() + self.faults.skew_s

    def date(self, at: float | None = None) -> datetime:
        """A time as TL wants it."""
        return datetime.fromtimestamp(int(self.now() if at is None else at), UTC)

    def listening(self) -> set[int]:
        """Who would hear of updates now."""
        return {one.user for one in self.listeners if one.user is not None and one.wants_updates}

    def push(self, users: set[int], update: Any, but: Listener | None = None) -> None:
        """Tell all connections of these users, except the one that knows already."""
        for listener in [*self.listeners]:
            if listener.user in users and listener.wants_updates and listener is not but:
                listener.push(update)


@dataclass(frozen=True, slots=True)
class Call:
    """One request: the server, the connection it came by, and who is signed in there."""

    world: World
    line: Any
    user: int

    @property
    def store(self) -> Store:
        """The rows."""
        return self.world.store

    @property
    def me(self) -> User:
        """Who asks."""
        return required(self.store.user(self.user), "AUTH_KEY_UNREGISTERED", 401)

    def marked(self, peer: Any) -> int:
        """The marked number that an InputPeer, InputUser or InputChannel names. Raises Refused for a wrong one."""
        match type(peer).__name__:
            case "InputPeerSelf" | "InputUserSelf":
                return self.user
            case "InputPeerUser" | "InputUser":
                return self._checked(peer.user_id, peer.access_hash, "PEER_ID_INVALID")
            case "InputPeerChat":
                return self._known(-peer.chat_id)
            case "InputPeerChannel" | "InputChannel":
                self._checked(peer.channel_id, peer.access_hash, "CHANNEL_INVALID")
                return self._known(-CHANNEL_BASE - peer.channel_id)
            case _:
                raise Refused("PEER_ID_INVALID")

    def open(self, peer: Any) -> int:
        """The marked number of a peer that takes something new. Raises Refused for a group that became a supergroup."""
        marked = self.marked(peer)
        chat = self.store.marked(marked)
        refuse_if(chat is not None and chat.became, "PEER_ID_INVALID")
        return marked

    def _known(self, number: int) -> int:
        error = "CHANNEL_INVALID" if number <= -CHANNEL_BASE else "PEER_ID_INVALID"
        required(self.store.marked(number), error)
        return number

    def _checked(self, ident: int, access_hash: int, error: str) -> int:
        known = self.store.user(ident) is not None or self.store.chat(ident) is not None
        trusted = access_hash == 0 and self.me.token  # bots may name those they met without a hash
        refuse_if(not known or not (trusted or access_hash == self.store.hash_of(ident)), error)
        return ident

    def member_of(self, chat: Chat) -> Role:
        """What the caller is in a chat. Raises Refused for strangers."""
        error = "PEER_ID_INVALID" if chat.kind == "group" else "CHANNEL_PRIVATE"
        role: Role = required(self.store.role(chat.id, self.user), error)
        refuse_if(role == "banned", "USER_BANNED_IN_CHANNEL")
        return role

    def box_of(self, marked: int) -> int:
        """The box in which the caller finds the messages of a chat."""
        return marked if marked <= -CHANNEL_BASE else self.user


def peer_of(marked: int) -> Any:
    """A marked number as a Peer."""
    if marked > 0:
        return types.PeerUser(marked)
    if marked > -CHANNEL_BASE:
        return types.PeerChat(-marked)
    return types.PeerChannel(-marked - CHANNEL_BASE)


def user_of(store: Store, user: User, viewer: int) -> Any:
    """A user as another one sees them."""
    return types.User(
        user.id,
        is_self=user.id == viewer,
        bot=user.token is not None,
        bot_info_version=1 if user.token else None,
        access_hash=store.hash_of(user.id),
        first_name=user.name,
        username=user.username,
        phone=user.phone,
        premium=user.premium,
        status=None if user.token else types.UserStatusRecently(),
    )


def chat_of(world: World, chat: Chat, viewer: int) -> Any:
    """A chat as somebody sees it."""
    role = world.store.role(chat.id, viewer)
    shared = {
        "photo": types.ChatPhotoEmpty(),
        "date": world.date(0),
        "creator": role == "creator",
        "left": role in (None, "banned"),
        "admin_rights": admin_rights() if role in ("creator", "admin") else None,
        "participants_count": len(world.store.members(chat.id)),
    }
    if chat.kind == "group":
        moved = chat.became and types.InputChannel(chat.became, world.store.hash_of(chat.became))
        gone = {"deactivated": True, "migrated_to": moved} if moved else {}
        return types.Chat(chat.id, chat.title, version=1, **shared, **gone)
    muted = types.ChatBannedRights(None, send_messages=True) if role == "read_only" else None
    return types.Channel(
        chat.id,
        chat.title,
        broadcast=chat.kind == "channel",
        megagroup=chat.kind == "supergroup",
        forum=chat.forum,
        slowmode_enabled=chat.slow_s > 0,
        access_hash=world.store.hash_of(chat.id),
        username=chat.username,
        banned_rights=muted,
        **shared,
    )


RIGHTS = ("post_messages", "edit_messages", "delete_messages", "invite_users", "manage_topics")


def admin_rights() -> Any:
    """What an administrator may do here: everything that this server knows."""
    return types.ChatAdminRights(**dict.fromkeys(RIGHTS, True))


def gathered(world: World, numbers: set[int], viewer: int) -> dict[str, list[Any]]:
    """The users and chats of these marked numbers, as the arguments of an answer."""
    users = map(world.store.user, sorted(number for number in numbers if number > 0))
    chats = map(world.store.marked, sorted(numbers))
    return {
        "users": [user_of(world.store, user, viewer) for user in users if user],
        "chats": [chat_of(world, chat, viewer) for chat in chats if chat],
    }
