"""Telegram over MTProto: requests in, outcomes out. The library's errors end here, by type.

Facts behind the choices: core.telegram.org/api/files, and measurements against a server of our own. Sends are never
repeated here: whoever sends knows the random ids and decides.
"""

import base64
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any, TypeVar

import anyio

from transload.clients.mtproto import (
    NO_ANSWER,
    chat_facts_of,
    code_of,
    errors,
    f,
    found_of,
    in_topic,
    input_file,
    library,
    login_refused,
    media_of,
    new_document,
    numbers_of,
    outcome_of,
    staged_of,
    t,
)
from transload.clients.outcomes import (
    BrokenOffError,
    ChatFacts,
    Denied,
    Document,
    Done,
    Found,
    LoginRefused,
    Me,
    Member,
    PasswordWanted,
    Refused,
    Staged,
    Uploaded,
)
from transload.errors import AccountError, ConnectError, SettingError

T = TypeVar("T")
log = logging.getLogger(__name__)

PART_BYTES = 512 * 1024  # core.telegram.org/api/files: the largest part, and the best
BIG_BYTES = 10 * 1024 * 1024  # above it, saveBigFilePart
RECENT = 20
CONNECT_TRIES = 3
PARTS_MAX, PARTS_MAX_PREMIUM = 4000, 8000
"""Parts a file, where the server does not say (core.telegram.org/api/files)."""
PAGE_MAX = 100  # messages in one answer
DC = 2
"""The number of the data centre that a server of one's own is taken for."""


@dataclass(frozen=True, slots=True)
class Server:
    """Another MTProto server than Telegram's: where it is, and its public key (PEM)."""

    host: str
    port: int
    key: str


@dataclass(frozen=True, slots=True)
class Access:
    """How a program names itself to Telegram, and where its session is kept."""

    api_id: int
    api_hash: str
    session: Path
    server: Server | None = None


@dataclass(frozen=True, slots=True)
class Chat:
    """A chat that requests can be made of; opaque to callers."""

    peer: Any


class Telegram:
    """A connection to one account. Opened by `opened`; every method may be called by several tasks."""

    def __init__(self, client: Any, access: Access, beside: Sequence[Any] = ()) -> None:
        self._client, self._access, self._beside = client, access, beside
        self._of_parts = cycle([client, *beside])
        self._code_hash = ""
        self._me: Me | None = None

    @property
    def is_connected(self) -> bool:
        """Whether there is a connection, or one that was lost is being made again."""
        return all(bool(one.is_connected()) for one in (self._client, *self._beside))

    async def connect(self) -> None:
        """Connect again what the library has given up. Raises ConnectError."""
        for one in (self._client, *self._beside):
            if not one.is_connected():
                await _connect(one)

    # ---- signing in

    async def me(self) -> Me | None:
        """Who is signed in; None: nobody. Raises ConnectError."""
        try:
            found = await self._client.get_me()
        except NO_ANSWER as error:
            raise ConnectError("Telegram gave no answer") from error
        self._me = None if found is None else _me_of(found)
        return self._me

    @property
    def who(self) -> Me:
        """Who was signed in when that was last asked. Raises AccountError: nobody."""
        if self._me is None:
            raise AccountError("nobody is signed in")
        return self._me

    async def send_code(self, phone: str) -> LoginRefused | None:
        """Let Telegram send a code to the account's other devices, or by SMS. None: it is on its way."""
        settings = t.CodeSettings()
        request = f.auth.SendCodeRequest(
            phone, self._access.api_id, self._access.api_hash, settings
        )
        try:
            self._code_hash = (await self._client(request)).phone_code_hash
        except errors.RPCError as error:
            return login_refused(error)
        return None

    async def give_code(self, phone: str, code: str) -> Me | PasswordWanted | LoginRefused:
        """The code that came."""
        try:
            await self._client.sign_in(phone, code, phone_code_hash=self._code_hash)
        except errors.SessionPasswordNeededError:
            return PasswordWanted()
        except errors.RPCError as error:
            return login_refused(error)
        return await self._signed_in()

    async def give_password(self, password: str) -> Me | LoginRefused:
        """The two-step password; it does not leave this machine (SRP)."""
        try:
            await self._client.sign_in(password=password)
        except errors.RPCError as error:
            return login_refused(error)
        return await self._signed_in()

    async def give_token(self, token: str) -> Me | LoginRefused:
        """A bot's token."""
        try:
            await self._client.sign_in(bot_token=token)
        except errors.RPCError as error:
            return login_refused(error)
        return await self._signed_in()

    async def qr_codes(self) -> AsyncGenerator[str]:
        """Addresses to be shown as a QR code, a new one when one has expired, until somebody has scanned one.

        Afterwards `me` tells who, or None where a two-step password is still wanted.
        """
        login = await self._client.qr_login()
        while True:
            yield f"tg://login?token={base64.urlsafe_b64encode(login.token).decode().rstrip('=')}"
            try:
                await login.wait()
            except TimeoutError:
                await login.recreate()
            except errors.SessionPasswordNeededError:
                return
            else:
                return

    async def _signed_in(self) -> Me:
        found = await self.me()
        if found is None:
            raise AccountError("Telegram has let nobody in")
        return found

    # ---- bringing files

    async def upload_part(
        self, file_id: int, number: int, total: int, data: bytes, *, big: bool
    ) -> Done[None] | Refused:
        """Bring one part of a file of `total` parts; of those of one file several may be on their way."""
        if big:
            request = f.upload.SaveBigFilePartRequest(file_id, number, total, data)
        else:
            request = f.upload.SaveFilePartRequest(file_id, number, data)
        return await self._done(request, lambda _answer: None, next(self._of_parts))

    async def parts_max(self) -> Done[tuple[int, int]] | Refused:
        """The most parts a file may have: of usual accounts, and of premium ones."""
        return await self._done(f.help.GetAppConfigRequest(0), _parts_max)

    async def stage_photo(self, chat: Chat, file: Uploaded) -> Done[Staged] | Refused:
        """Make a photo of an uploaded file; it is shown to nobody yet."""
        media = t.InputMediaUploadedPhoto(input_file(file))
        return await self._done(f.messages.UploadMediaRequest(chat.peer, media), staged_of)

    async def stage_document(
        self, chat: Chat, file: Uploaded, document: Document
    ) -> Done[Staged] | Refused:
        """Make a document of an uploaded file: a video that streams, audio, or a file to save."""
        media = new_document(file, document)
        return await self._done(f.messages.UploadMediaRequest(chat.peer, media), staged_of)

    # ---- sending

    async def chat(self, name: str | int) -> Chat | Refused:
        """The chat of a name or number, as the other methods take it. Raises AccountError."""
        try:
            return Chat(await self._client.get_input_entity(name))
        except ValueError:  # nobody has that name, or a number was never met
            return await self._chat_of_dialogs(name)
        except errors.RPCError as error:
            return outcome_of(error)

    async def _chat_of_dialogs(self, name: str | int) -> Chat | Refused:
        """A number that this session has not met: it is known once all chats of the account were read."""
        try:
            if isinstance(name, int):
                await self._client.get_dialogs()
                return Chat(await self._client.get_input_entity(name))
        except ValueError:
            pass
        except errors.RPCError as error:
            return outcome_of(error)
        return Denied("PEER_ID_INVALID")

    async def invited(self, code: str) -> Chat | Refused:
        """The chat of an invite link, which is joined where we are no member. `code` is what follows the `+`."""
        try:
            found = await self._client(f.messages.CheckChatInviteRequest(code))
            if isinstance(found, t.ChatInviteAlready | t.ChatInvitePeek) and not getattr(
                found.chat, "left", False
            ):
                return Chat(library.utils.get_input_peer(found.chat))
            joined = await self._client(f.messages.ImportChatInviteRequest(code))
            chats = getattr(joined, "updates", joined).chats
            return Chat(library.utils.get_input_peer(chats[0]))
        except (
            errors.InviteHashExpiredError,
            errors.InviteHashInvalidError,
            errors.InviteRequestSentError,
        ) as error:
            return Denied(code_of(error))
        except (errors.RPCError, *NO_ANSWER) as error:
            return outcome_of(error)

    async def facts(self, chat: Chat) -> Done[ChatFacts] | Refused:
        """What a chat is, and whether we may post there."""
        utils = library.utils
        match chat.peer:
            case t.InputPeerChannel():
                request = f.channels.GetChannelsRequest([utils.get_input_channel(chat.peer)])
            case t.InputPeerChat():
                request = f.messages.GetChatsRequest([chat.peer.chat_id])
            case _:
                request = f.users.GetUsersRequest([utils.get_input_user(chat.peer)])
        said = await self._done(request, lambda answer: getattr(answer, "chats", answer))
        if not isinstance(said, Done):
            return said
        if not said.value:
            return Denied("PEER_ID_INVALID")
        return Done(chat_facts_of(said.value[0], utils.get_peer_id(said.value[0])))

    async def send_album(
        self,
        chat: Chat,
        members: Sequence[Member],
        topic: int | None = None,
    ) -> Done[list[int]] | Refused:
        """Post staged media as one album, all or none; the numbers of its messages."""
        media = [
            t.InputSingleMedia(media_of(m.staged), m.caption, random_id=m.random_id)
            for m in members
        ]
        request = f.messages.SendMultiMediaRequest(chat.peer, media, reply_to=in_topic(topic))
        return await self._done(
            request, lambda answer: numbers_of(answer, [m.random_id for m in members])
        )

    async def send_one(
        self,
        chat: Chat,
        member: Member,
        topic: int | None = None,
    ) -> Done[list[int]] | Refused:
        """Post one staged medium."""
        request = f.messages.SendMediaRequest(
            chat.peer,
            media_of(member.staged),
            member.caption,
            reply_to=in_topic(topic),
            random_id=member.random_id,
        )
        return await self._done(request, lambda answer: numbers_of(answer, [member.random_id]))

    async def send_text(
        self,
        chat: Chat,
        text: str,
        random_id: int,
        topic: int | None = None,
    ) -> Done[list[int]] | Refused:
        """Post a text."""
        request = f.messages.SendMessageRequest(
            chat.peer, text, reply_to=in_topic(topic), random_id=random_id
        )
        return await self._done(request, lambda answer: numbers_of(answer, [random_id]))

    async def edit_text(self, chat: Chat, message_id: int, text: str) -> Done[None] | Refused:
        """Give a text of ours other words; the same words are fine, too."""
        try:
            await self._client(f.messages.EditMessageRequest(chat.peer, message_id, message=text))
        except errors.MessageNotModifiedError:
            pass
        except (errors.RPCError, *NO_ANSWER) as error:
            return outcome_of(error)
        return Done(None)

    async def delete(self, chat: Chat, message_ids: Sequence[int]) -> Done[None] | Refused:
        """Take messages of ours back, for everybody."""
        try:
            await self._client.delete_messages(chat.peer, list(message_ids), revoke=True)
        except (errors.RPCError, *NO_ANSWER) as error:
            return outcome_of(error)
        return Done(None)

    # ---- reading

    async def find_recent(
        self, chat: Chat, after: int = 0, limit: int = RECENT
    ) -> Done[list[Found]] | Refused:
        """The newest messages above a number, the newest first. Bots may not: `Denied`."""
        return await self.find_before(chat, 0, after, limit)

    async def find_before(
        self, chat: Chat, before: int, after: int = 0, limit: int = PAGE_MAX
    ) -> Done[list[Found]] | Refused:
        """Messages between two numbers, the newest first; `before` 0: up to the last one."""
        request = f.messages.GetHistoryRequest(chat.peer, before, None, 0, limit, 0, after, 0)
        return await self._done(request, lambda answer: [found_of(one) for one in answer.messages])

    async def messages(self, chat: Chat, message_ids: Sequence[int]) -> Done[list[Found]] | Refused:
        """Those of these messages (100 at most) that are there; bots may ask this, too."""
        asked = [t.InputMessageID(one) for one in message_ids]
        request = f.messages.GetMessagesRequest(asked)
        if isinstance(chat.peer, t.InputPeerChannel):
            channel = library.utils.get_input_channel(chat.peer)
            request = f.channels.GetMessagesRequest(channel, asked)
        return await self._done(
            request,
            lambda answer: [found_of(one) for one in answer.messages if isinstance(one, t.Message)],
        )

    async def download(self, chat: Chat, message_id: int, offset: int = 0) -> AsyncIterator[bytes]:
        """The bytes of a message's medium from an offset (a multiple of 4096) on, piece by piece.

        Raises AccountError, KeyError when there is none, BrokenOffError: it can go on at the offset reached.
        """
        try:
            message = await self._client.get_messages(chat.peer, ids=message_id)
            if message is None or message.media is None:
                raise KeyError(message_id)
            async for piece in self._client.iter_download(
                message.media, offset=offset, request_size=PART_BYTES
            ):
                yield bytes(piece)
        except (errors.RPCError, *NO_ANSWER) as error:
            raise BrokenOffError(outcome_of(error)) from error

    def on_message(self, hear: Callable[[int, Found], Awaitable[None]]) -> None:
        """Call `hear` with the chat's number and each message that arrives from now on."""

        async def heard(event: Any) -> None:
            await hear(event.chat_id, found_of(event.message))

        self._client.add_event_handler(heard, library.events.NewMessage(incoming=True))

    async def _done(
        self, request: Any, read: Callable[[Any], T], client: Any = None
    ) -> Done[T] | Refused:
        try:
            answer = await (client or self._client)(request)
        except (errors.RPCError, *NO_ANSWER) as error:
            return outcome_of(error)
        return Done(read(answer))


@asynccontextmanager
async def opened(
    access: Access, *, updates: bool = False, connections: int = 1
) -> AsyncGenerator[Telegram]:
    """The account of a session file, connected, signed in or not. Raises ConnectError, SettingError.

    With more than one of `connections` parts travel by all of them.
    """
    session = library.sessions.SQLiteSession(str(access.session))
    if access.server is not None:
        try:
            library.crypto.rsa.add_key(access.server.key, old=False)
        except (ValueError, OSError) as error:
            raise SettingError("telegram.server_key is no public key (PEM)") from error
        if (session.server_address, session.port) != (access.server.host, access.server.port):
            session.set_dc(DC, access.server.host, access.server.port)
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(_connected(session, access, updates=updates))
        beside: list[Any] = []
        for _ in range(connections - 1):
            more = library.sessions.MemorySession()
            more.set_dc(session.dc_id, session.server_address, session.port)
            more.auth_key = session.auth_key
            beside.append(await stack.enter_async_context(_connected(more, access, updates=False)))
        yield Telegram(client, access, beside)


@asynccontextmanager
async def _connected(session: Any, access: Access, *, updates: bool) -> AsyncGenerator[Any]:
    client = library.TelegramClient(
        session,
        access.api_id,
        access.api_hash,
        request_retries=0,
        connection_retries=CONNECT_TRIES,
        flood_sleep_threshold=0,  # waits are rows of ours, not naps of the library
        raise_last_call_error=True,  # so that a random id used before is not any fault of the server
        receive_updates=updates,
        base_logger=log,  # else its warnings go to the terminal
    )
    try:
        await _connect(client)
    except ConnectError:
        session.close()
        raise
    try:
        yield client
    finally:
        with anyio.CancelScope(shield=True), anyio.move_on_after(5):
            await client.disconnect()


async def _connect(client: Any) -> None:
    try:
        await client.connect()
    except (OSError, TimeoutError) as error:
        raise ConnectError("Telegram cannot be reached") from error


def cipher() -> str:
    """Which code encrypts: `cryptg`, or the slow way that is left without it (50 times, on a phone 2 MB/s)."""
    return "cryptg" if getattr(library.crypto.aes, "cryptg", None) is not None else "libssl"


def _me_of(user: Any) -> Me:
    return Me(user.id, user.first_name or "", bool(user.bot), bool(user.premium))


def _parts_max(answer: Any) -> tuple[int, int]:
    """Two numbers of the server's configuration."""
    known: dict[str, Any] = {one.key: one.value for one in answer.config.value}

    def number(key: str, usual: int) -> int:
        found = known.get(key)
        return usual if found is None else int(found.value)

    return (
        number("upload_max_fileparts_default", PARTS_MAX),
        number("upload_max_fileparts_premium", PARTS_MAX_PREMIUM),
    )
