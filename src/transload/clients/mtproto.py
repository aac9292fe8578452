"""Telethon's classes: what its errors mean as values, and our values as its objects and back. Nothing is asked here.

This is the one module that imports the library; what `telegram.py` needs of it, it takes from here.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any, cast

import telethon  # pyright: ignore[reportMissingTypeStubs]

from transload.clients.outcomes import (
    BadItem,
    ChatFacts,
    ChatKind,
    Denied,
    Document,
    Film,
    Found,
    Gone,
    LoginProblem,
    LoginRefused,
    Refused,
    SentBefore,
    Sound,
    Staged,
    Unknown,
    Uploaded,
    Wait,
)
from transload.errors import AccountError

# The library has no types: its modules are `Any` from here on, and nothing of it leaves this module.
library = cast("Any", telethon)
errors: Any = library.errors
f: Any = library.functions
t: Any = library.types

_DENIED = (
    errors.ChatWriteForbiddenError,
    errors.UserBannedInChannelError,
    errors.ChatAdminRequiredError,
    errors.ChannelPrivateError,
    errors.ChannelInvalidError,
    errors.PeerIdInvalidError,
    errors.TopicDeletedError,
    errors.UserIsBlockedError,
    errors.PeerFloodError,
    errors.ChatIdInvalidError,
    errors.BotMethodInvalidError,
    errors.ForbiddenError,  # all others of theirs
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
)
_SIGNED_OUT = (errors.UnauthorizedError, errors.AuthKeyDuplicatedError)
NO_ANSWER = (
    ConnectionError,
    ValueError,
    TimeoutError,
    errors.ServerError,
    errors.TimedOutError,
)
"""`ValueError` is Telethon's word for a request that failed several times; the last one may have been heard."""
_UNNAMED = (errors.RPCError, errors.BadRequestError, errors.ForbiddenError, errors.ServerError)
"""Of an error that it has no class for, the library keeps the word."""
_CAPITAL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
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


def code_of(error: BaseException) -> str:
    """Telegram's own word for an error, as far as the library keeps it: the name of its class, `MEDIA_INVALID`."""
    if type(error) in _UNNAMED:
        return str(cast("Any", error).message)
    return _CAPITAL.sub("_", type(error).__name__.removesuffix("Error")).upper()


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
    (errors.FilePart0MissingError, lambda _error: Gone("parts", 0)),
    (_PARTS, lambda _error: Gone("parts")),
    (_REFERENCE, lambda _error: Gone("reference")),
    (errors.RandomIdDuplicateError, lambda _error: SentBefore()),
    (_DENIED, lambda error: Denied(code_of(error))),
    # All others: what was asked is wrong, and what differs from what is right is the item.
    (errors.BadRequestError, lambda error: BadItem(code_of(error))),
    (NO_ANSWER, lambda error: Unknown(code_of(error))),
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


def login_refused(error: Exception) -> LoginRefused:
    """What an error means for a login. Raises it where it is not about one."""
    for kinds, problem in _LOGIN:
        if isinstance(error, kinds):
            return LoginRefused(problem, code_of(error))
    raise error


def input_file(file: Uploaded) -> Any:
    """A file that was brought in parts, as requests name it."""
    if file.md5:
        return t.InputFile(file.file_id, file.parts, file.name, file.md5)
    return t.InputFileBig(file.file_id, file.parts, file.name)


def new_document(file: Uploaded, document: Document) -> Any:
    """What makes a document of an uploaded file."""
    attributes = [t.DocumentAttributeFilename(document.name)]
    match document.shown:
        case Film(width, height, duration_s, looped):
            size = {"duration": duration_s, "w": width, "h": height}
            attributes.append(t.DocumentAttributeVideo(**size, supports_streaming=True))
            if looped:
                attributes.append(t.DocumentAttributeAnimated())
        case Sound(duration_s, title, performer):
            named = {"title": title or None, "performer": performer or None}
            attributes.append(t.DocumentAttributeAudio(round(duration_s), **named))
        case None:
            pass
    return t.InputMediaUploadedDocument(
        input_file(file),
        document.mime,
        attributes,
        # Or silent ones become GIFs, which no album takes.
        nosound_video=True
        if isinstance(document.shown, Film) and not document.shown.looped
        else None,
        force_file=True if document.shown is None else None,
        thumb=None if document.thumb is None else input_file(document.thumb),
    )


def staged_of(answer: Any) -> Staged:
    """What `messages.uploadMedia` has made."""
    photo = getattr(answer, "photo", None)
    media = photo if photo is not None else answer.document
    named = (media.id, media.access_hash, bytes(media.file_reference))
    return Staged("document" if photo is None else "photo", *named)


def media_of(staged: Staged) -> Any:
    """Something staged, as requests name it."""
    photo = staged.kind == "photo"
    named = (t.InputPhoto if photo else t.InputDocument)(
        staged.id, staged.access_hash, staged.reference
    )
    return (t.InputMediaPhoto if photo else t.InputMediaDocument)(named)


def in_topic(topic: int | None) -> Any:
    """Where in a forum a message goes."""
    return None if topic is None else t.InputReplyToMessage(topic, top_msg_id=topic)


def numbers_of(answer: Any, random_ids: Sequence[int]) -> list[int]:
    """The numbers of the messages that came of these random ids, in their order."""
    if isinstance(answer, t.UpdateShortSentMessage):
        return [answer.id]
    told = {one.random_id: one.id for one in answer.updates if isinstance(one, t.UpdateMessageID)}
    return [told[random_id] for random_id in random_ids]


def found_of(message: Any) -> Found:
    """A message, as far as it is of interest here."""
    media = getattr(message, "photo", None) or getattr(message, "document", None)
    return Found(
        message.id, None if media is None else media.id, getattr(message, "message", "") or ""
    )


def chat_facts_of(entity: Any, number: int) -> ChatFacts:
    """What a user, group or channel says of itself, and of whether we may post there."""
    if isinstance(entity, t.User):
        return ChatFacts("private", number, entity.first_name or "", entity.username)
    if isinstance(entity, t.Channel | t.ChannelForbidden):
        kind: ChatKind = "channel" if entity.broadcast else "supergroup"
        name, forum = getattr(entity, "username", None), bool(getattr(entity, "forum", False))
        return ChatFacts(kind, number, entity.title, name, forum, _denied_in(entity))
    became = getattr(entity, "migrated_to", None)
    gone = isinstance(entity, t.ChatForbidden | t.ChatEmpty) or entity.left
    return ChatFacts(
        "group",
        number,
        getattr(entity, "title", ""),
        denied="CHAT_WRITE_FORBIDDEN" if gone else None,
        became=None
        if became is None
        else library.utils.get_peer_id(t.PeerChannel(became.channel_id)),
    )


def _denied_in(channel: Any) -> str | None:
    """Why we may not post in a channel or supergroup, as far as it says so itself."""
    if isinstance(channel, t.ChannelForbidden):
        return "CHANNEL_PRIVATE"
    rights = channel.admin_rights
    if channel.creator or (rights is not None and (rights.post_messages or not channel.broadcast)):
        return None
    if channel.broadcast:
        return "CHAT_ADMIN_REQUIRED"
    muted = [channel.banned_rights, channel.default_banned_rights]
    if any(one is not None and (one.send_messages or one.send_media) for one in muted):
        return "CHAT_WRITE_FORBIDDEN"
    return "USER_NOT_PARTICIPANT" if channel.left else None
