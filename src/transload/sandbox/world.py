"""What all requests of a server share: its state, its clock, who is connected, and how peers are named."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from transload.sandbox.faults import Faults
from transload.sandbox.store import CHANNEL_BASE, Chat, Role, Store, User
from transload.sandbox.tl import Refused, types


class Listener(Protocol):
    """A connection that hears of updates."""

    user: int | None
    wants_updates: bool

    def push(self, update: Any) -> None:
        """Send an object that nobody asked for."""
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
        found = self.store.user(self.user)
        if found is None:
            raise Refused("AUTH_KEY_UNREGISTERED", 401)
        return found

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

    def _known(self, number: int) -> int:
        if self.store.marked(number) is None:
            raise Refused("CHANNEL_INVALID" if number <= -CHANNEL_BASE else "PEER_ID_INVALID")
        return number

    def _checked(self, ident: int, access_hash: int, error: str) -> int:
        known = self.store.user(ident) is not None or self.store.chat(ident) is not None
        trusted = (
            access_hash == 0 and self.me.token is not None
        )  # bots may name those they met without a hash
        if not known or not (trusted or access_hash == self.store.hash_of(ident)):
            raise Refused(error)
        return ident

    def member_of(self, chat: Chat) -> Role:
        """What the caller is in a chat. Raises Refused for strangers."""
        role = self.store.role(chat.id, self.user)
        if role is None:
            raise Refused("CHANNEL_PRIVATE" if chat.kind != "group" else "PEER_ID_INVALID")
        if role == "banned":
            raise Refused("USER_BANNED_IN_CHANNEL")
        return role

    def box_of(self, marked: int) -> int:
        """The box in which the caller finds the messages of a chat."""
        return marked if marked <= -CHANNEL_BASE else self.user


Handler = Callable[[Call, Any], Awaitable[Any]]


def peer_of(marked: int) -> Any:
    """A marked number as a Peer."""
    if marked > 0:
        return types.PeerUser(marked)
    return (
        types.PeerChannel(-marked - CHANNEL_BASE)
        if marked <= -CHANNEL_BASE
        else types.PeerChat(-marked)
    )


def user_of(store: Store, user: User, viewer: int) -> Any:
    """A user as another one sees them."""
    return types.User(
        user.id,
        is_self=user.id == viewer or None,
        bot=user.token is not None or None,
        bot_info_version=1 if user.token else None,
        access_hash=store.hash_of(user.id),
        first_name=user.name,
        username=user.username,
        phone=user.phone,
        status=None if user.token else types.UserStatusRecently(),
    )


def chat_of(world: World, chat: Chat, viewer: int) -> Any:
    """A chat as somebody sees it."""
    store = world.store
    role = store.role(chat.id, viewer)
    count = len(store.members(chat.id))
    created, left = world.date(0), (role in (None, "banned")) or None
    creator = role == "creator" or None
    rights = admin_rights() if role in ("creator", "admin") else None
    if chat.kind == "group":
        return types.Chat(
            chat.id,
            chat.title,
            types.ChatPhotoEmpty(),
            count,
            created,
            1,
            creator,
            left,
            admin_rights=rights,
        )
    return types.Channel(
        chat.id,
        chat.title,
        types.ChatPhotoEmpty(),
        created,
        creator=creator,
        left=left,
        broadcast=chat.kind == "channel" or None,
        megagroup=chat.kind == "supergroup" or None,
        forum=chat.forum or None,
        slowmode_enabled=chat.slow_s > 0 or None,
        access_hash=store.hash_of(chat.id),
        username=chat.username,
        admin_rights=rights,
        banned_rights=types.ChatBannedRights(None, send_messages=True)
        if role == "read_only"
        else None,
        participants_count=count,
    )


def admin_rights() -> Any:
    """What an administrator may do here: everything that this server knows."""
    return types.ChatAdminRights(
        post_messages=True,
        edit_messages=True,
        delete_messages=True,
        invite_users=True,
        manage_topics=True,
        other=True,
    )


def gathered(world: World, numbers: set[int], viewer: int) -> dict[str, list[Any]]:
    """The users and chats of these marked numbers, for an answer."""
    store = world.store
    users = [
        user_of(store, user, viewer)
        for number in sorted(numbers)
        if number > 0 and (user := store.user(number))
    ]
    chats = [
        chat_of(world, chat, viewer) for number in sorted(numbers) if (chat := store.marked(number))
    ]
    return {"users": users, "chats": chats}
