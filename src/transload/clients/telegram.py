"""Telegram over MTProto: the one module that knows Telethon. Its errors end here and become outcomes, by type.

Facts behind the choices: core.telegram.org/api/files, and measurements against a server of our own. Sends are never
repeated here: whoever sends knows the random ids and decides.
"""

import base64
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

import anyio
import telethon  # pyright: ignore[reportMissingTypeStubs]

from transload.clients.outcomes import (
    BadItem,
    BrokenOffError,
    Denied,
    Done,
    Film,
    Found,
    Gone,
    LoginProblem,
    LoginRefused,
    Me,
    Member,
    PasswordWanted,
    Refused,
    Staged,
    Unknown,
    Uploaded,
    Wait,
)
from transload.errors import AccountError, ConnectError, SettingError

# The library has no types: its modules are `Any` from here on, and nothing of it leaves this module.
T = TypeVar("T")
library = cast("Any", telethon)
errors: Any = library.errors
f: Any = library.functions
t: Any = library.types

log = logging.getLogger(__name__)

PART_BYTES = 512 * 1024  # core.telegram.org/api/files: the largest part, and the best
BIG_BYTES = 10 * 1024 * 1024  # above it, saveBigFilePart
RECENT = 20
CONNECT_TRIES = 3
DC = 2
"""The number of the data centre that a server of one's own is taken for."""

_BAD_ITEM = (
    errors.PhotoInvalidDimensionsError,
    errors.PhotoSaveFileInvalidError,
    errors.PhotoExtInvalidError,
    errors.PhotoInvalidError,
    errors.ImageProcessFailedError,
    errors.MediaInvalidError,
    errors.MediaEmptyError,
    errors.MediaGroupedInvalidError,
    errors.MediaCaptionTooLongError,
    errors.MessageTooLongError,
    errors.MessageEmptyError,
    errors.Md5ChecksumInvalidError,
)
_DENIED = (
    errors.ChatWriteForbiddenError,
    errors.UserBannedInChannelError,
    errors.ChatAdminRequiredError,
    errors.ChannelPrivateError,
    errors.ChannelInvalidError,
    errors.PeerIdInvalidError,
    errors.TopicDeletedError,
    errors.UserIsBlockedError,
)
_REFERENCE = (
    errors.FileReferenceExpiredError,
    errors.FileReferenceInvalidError,
    errors.FileReferenceEmptyError,
)
_PARTS = (
    errors.FilePartsInvalidError,
    errors.FilePartSizeChangedError,
    errors.FilePartInvalidError,
    errors.FilePart0MissingError,
)
_SIGNED_OUT = (errors.UnauthorizedError, errors.AuthKeyDuplicatedError)
_NO_ANSWER = (
    ConnectionError,
    ValueError,
    TimeoutError,
    errors.ServerError,
    errors.RandomIdDuplicateError,
)
"""`ValueError` is Telethon's word for a request that failed several times; the last one may have been heard."""
_LOGIN: tuple[tuple[Any, LoginProblem], ...] = (
    ((errors.PhoneCodeInvalidError, errors.PhoneCodeEmptyError), "wrong_code"),
    (errors.PhoneCodeExpiredError, "expired_code"),
    (errors.PasswordHashInvalidError, "wrong_password"),
    ((errors.PhoneNumberUnoccupiedError, errors.PhoneNumberInvalidError), "no_account"),
    ((errors.AccessTokenInvalidError, errors.AccessTokenExpiredError), "bad_token"),
    (errors.AuthTokenExpiredError, "expired_qr"),
    (errors.PhoneNumberBannedError, "limited"),
    (errors.UserDeactivatedError, "limited"),
    (errors.UserDeactivatedBanError, "limited"),
    ((errors.PhoneNumberFloodError, errors.PhonePasswordFloodError, errors.FloodError), "limited"),
)


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


def code_of(error: BaseException) -> str:
    """Telegram's own word for an error, as far as the library keeps it: the name of its class."""
    return type(error).__name__.removesuffix("Error")


def _seconds(error: Any) -> float:
    return float(error.seconds)


_OUTCOMES: tuple[tuple[Any, Callable[[Any], Refused]], ...] = (
    (errors.FloodPremiumWaitError, lambda error: Wait(_seconds(error), "uploads", code_of(error))),
    (errors.SlowModeWaitError, lambda error: Wait(_seconds(error), "chat", code_of(error))),
    (
        (errors.FloodWaitError, errors.FloodTestPhoneWaitError),
        lambda error: Wait(_seconds(error), "account", code_of(error)),
    ),
    (errors.FilePartMissingError, lambda error: Gone("parts", int(error.which))),
    (_PARTS, lambda _error: Gone("parts")),
    (_REFERENCE, lambda _error: Gone("reference")),
    (_BAD_ITEM, lambda error: BadItem(code_of(error))),
    (_DENIED, lambda error: Denied(code_of(error))),
    (_NO_ANSWER, lambda error: Unknown(code_of(error))),
)
"""What errors mean, the first that fits."""


def outcome_of(error: Exception) -> Refused:
    """What an error means to the caller. Raises AccountError when nobody is signed in any more."""
    if isinstance(error, _SIGNED_OUT):
        raise AccountError(f"Telegram has ended this session ({code_of(error)})") from error
    for kinds, meaning in _OUTCOMES:
        if isinstance(error, kinds):
            return meaning(error)
    raise error


@dataclass(frozen=True, slots=True)
class Chat:
    """A chat that requests can be made of; opaque to callers."""

    peer: Any


class Telegram:
    """A connection to one account. Opened by `opened`; every method may be called by several tasks."""

    def __init__(self, client: Any, access: Access) -> None:
        self._client, self._access = client, access
        self._code_hash = ""

    # ---- signing in

    async def me(self) -> Me | None:
        """Who is signed in; None: nobody."""
        found = await self._client.get_me()
        return None if found is None else Me(found.id, found.first_name or "", bool(found.bot))

    async def send_code(self, phone: str) -> LoginRefused | None:
        """Let Telegram send a code to the account's other devices, or by SMS. None: it is on its way."""
        settings = t.CodeSettings()
        request = f.auth.SendCodeRequest(
            phone, self._access.api_id, self._access.api_hash, settings
        )
        try:
            self._code_hash = (await self._client(request)).phone_code_hash
        except errors.RPCError as error:
            return _login_refused(error)
        return None

    async def give_code(self, phone: str, code: str) -> Me | PasswordWanted | LoginRefused:
        """The code that came."""
        try:
            await self._client.sign_in(phone, code, phone_code_hash=self._code_hash)
        except errors.SessionPasswordNeededError:
            return PasswordWanted()
        except errors.RPCError as error:
            return _login_refused(error)
        return await self._signed_in()

    async def give_password(self, password: str) -> Me | LoginRefused:
        """The two-step password; it does not leave this machine (SRP)."""
        try:
            await self._client.sign_in(password=password)
        except errors.RPCError as error:
            return _login_refused(error)
        return await self._signed_in()

    async def give_token(self, token: str) -> Me | LoginRefused:
        """A bot's token."""
        try:
            await self._client.sign_in(bot_token=token)
        except errors.RPCError as error:
            return _login_refused(error)
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
        return await self._done(request, lambda _answer: None)

    async def stage_photo(self, chat: Chat, file: Uploaded) -> Done[Staged] | Refused:
        """Make a photo of an uploaded file; it is shown to nobody yet."""
        media = t.InputMediaUploadedPhoto(_input_file(file))
        return await self._done(f.messages.UploadMediaRequest(chat.peer, media), _staged)

    async def stage_document(
        self,
        chat: Chat,
        file: Uploaded,
        mime: str,
        film: Film | None = None,
        thumb: Uploaded | None = None,
    ) -> Done[Staged] | Refused:
        """Make a document of an uploaded file: a video that streams where `film` tells of one, else a file."""
        attributes = [t.DocumentAttributeFilename(file.name)]
        if film is not None:
            attributes.append(
                t.DocumentAttributeVideo(
                    duration=film.duration_s, w=film.width, h=film.height, supports_streaming=True
                )
            )
        media = t.InputMediaUploadedDocument(
            _input_file(file),
            mime,
            attributes,
            nosound_video=True if film is not None else None,  # or silent ones become GIFs
            force_file=True if film is None else None,
            thumb=None if thumb is None else _input_file(thumb),
        )
        return await self._done(f.messages.UploadMediaRequest(chat.peer, media), _staged)

    # ---- sending

    async def chat(self, name: str | int) -> Chat | Refused:
        """The chat of a name or number, as the other methods take it. Raises AccountError."""
        try:
            return Chat(await self._client.get_input_entity(name))
        except ValueError:  # nobody has that name
            return Denied("PeerIdInvalid")
        except errors.RPCError as error:
            return outcome_of(error)

    async def send_album(
        self,
        chat: Chat,
        members: Sequence[Member],
        topic: int | None = None,
    ) -> Done[list[int]] | Refused:
        """Post staged media as one album, all or none; the numbers of its messages."""
        media = [
            t.InputSingleMedia(_media(m.staged), m.caption, random_id=m.random_id) for m in members
        ]
        request = f.messages.SendMultiMediaRequest(chat.peer, media, reply_to=_in_topic(topic))
        return await self._done(
            request, lambda answer: _numbers(answer, [m.random_id for m in members])
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
            _media(member.staged),
            member.caption,
            reply_to=_in_topic(topic),
            random_id=member.random_id,
        )
        return await self._done(request, lambda answer: _numbers(answer, [member.random_id]))

    async def send_text(
        self,
        chat: Chat,
        text: str,
        random_id: int,
        topic: int | None = None,
    ) -> Done[list[int]] | Refused:
        """Post a text."""
        request = f.messages.SendMessageRequest(
            chat.peer, text, reply_to=_in_topic(topic), random_id=random_id
        )
        return await self._done(request, lambda answer: _numbers(answer, [random_id]))

    async def edit_text(self, chat: Chat, message_id: int, text: str) -> Done[None] | Refused:
        """Give a text of ours other words; the same words are fine, too."""
        try:
            return await self._done(
                f.messages.EditMessageRequest(chat.peer, message_id, message=text),
                lambda _answer: None,
            )
        except errors.MessageNotModifiedError:
            return Done(None)

    # ---- reading

    async def find_recent(
        self, chat: Chat, after: int = 0, limit: int = RECENT
    ) -> Done[list[Found]] | Refused:
        """The newest messages above a number, the newest first. Bots may not: `Denied`."""
        request = f.messages.GetHistoryRequest(chat.peer, 0, None, 0, limit, 0, after, 0)
        try:
            return await self._done(
                request, lambda answer: [_found(one) for one in answer.messages]
            )
        except errors.BotMethodInvalidError as error:
            return Denied(code_of(error))

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
        except (errors.RPCError, *_NO_ANSWER) as error:
            raise BrokenOffError(outcome_of(error)) from error

    def on_message(self, hear: Callable[[int, Found], Awaitable[None]]) -> None:
        """Call `hear` with the chat's number and each message that arrives from now on."""

        async def heard(event: Any) -> None:
            await hear(event.chat_id, _found(event.message))

        self._client.add_event_handler(heard, library.events.NewMessage(incoming=True))

    async def _done(self, request: Any, read: Callable[[Any], T]) -> Done[T] | Refused:
        try:
            answer = await self._client(request)
        except (errors.RPCError, *_NO_ANSWER) as error:
            return outcome_of(error)
        return Done(read(answer))


@asynccontextmanager
async def opened(access: Access, *, updates: bool = False) -> AsyncGenerator[Telegram]:
    """The account of a session file, connected, signed in or not. Raises ConnectError, SettingError."""
    session = library.sessions.SQLiteSession(str(access.session))
    if access.server is not None:
        try:
            library.crypto.rsa.add_key(access.server.key, old=False)
        except (ValueError, OSError) as error:
            raise SettingError("telegram.server_key is no public key (PEM)") from error
        if (session.server_address, session.port) != (access.server.host, access.server.port):
            session.set_dc(DC, access.server.host, access.server.port)
    client = library.TelegramClient(
        session,
        access.api_id,
        access.api_hash,
        request_retries=0,
        connection_retries=CONNECT_TRIES,
        flood_sleep_threshold=0,  # waits are rows of ours, not naps of the library
        receive_updates=updates,
        base_logger=log,  # else its warnings go to the terminal
    )
    try:
        await client.connect()
    except (OSError, TimeoutError) as error:
        session.close()
        raise ConnectError("Telegram cannot be reached") from error
    try:
        yield Telegram(client, access)
    finally:
        with anyio.CancelScope(shield=True), anyio.move_on_after(5):
            await client.disconnect()


def cipher() -> str:
    """Which code encrypts: `cryptg`, or the slow way that is left without it (50 times, on a phone 2 MB/s)."""
    return "cryptg" if getattr(library.crypto.aes, "cryptg", None) is not None else "libssl"


def _login_refused(error: Exception) -> LoginRefused:
    for kinds, problem in _LOGIN:
        if isinstance(error, kinds):
            return LoginRefused(problem, code_of(error))
    raise error


def _input_file(file: Uploaded) -> Any:
    if file.md5:
        return t.InputFile(file.file_id, file.parts, file.name, file.md5)
    return t.InputFileBig(file.file_id, file.parts, file.name)


def _staged(answer: Any) -> Staged:
    photo = getattr(answer, "photo", None)
    media = photo if photo is not None else answer.document
    named = (media.id, media.access_hash, bytes(media.file_reference))
    return Staged("document" if photo is None else "photo", *named)


def _media(staged: Staged) -> Any:
    photo = staged.kind == "photo"
    named = (t.InputPhoto if photo else t.InputDocument)(
        staged.id, staged.access_hash, staged.reference
    )
    return (t.InputMediaPhoto if photo else t.InputMediaDocument)(named)


def _in_topic(topic: int | None) -> Any:
    return None if topic is None else t.InputReplyToMessage(topic, top_msg_id=topic)


def _numbers(answer: Any, random_ids: Sequence[int]) -> list[int]:
    """The numbers of the messages that came of these random ids, in their order."""
    if isinstance(answer, t.UpdateShortSentMessage):
        return [answer.id]
    told = {one.random_id: one.id for one in answer.updates if isinstance(one, t.UpdateMessageID)}
    return [told[random_id] for random_id in random_ids]


def _found(message: Any) -> Found:
    media = getattr(message, "photo", None) or getattr(message, "document", None)
    return Found(
        message.id, None if media is None else media.id, getattr(message, "message", "") or ""
    )
