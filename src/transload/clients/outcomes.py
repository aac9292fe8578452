"""What becomes of a request to Telegram, as values: callers decide by type, and need no client library for that."""

from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

T = TypeVar("T")
Scope = Literal["account", "uploads", "chat"]


@dataclass(frozen=True, slots=True)
class Done(Generic[T]):
    """It happened; this came of it."""

    value: T


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing of this scope may be asked for so long. `uploads`: the part at hand alone is sent again afterwards."""

    seconds: float
    scope: Scope
    code: str


@dataclass(frozen=True, slots=True)
class BadItem:
    """This item is refused, as it is, for good."""

    code: str


@dataclass(frozen=True, slots=True)
class Gone:
    """What was brought before is there no more: the parts (or the one named), or the reference of a staged medium."""

    what: Literal["parts", "reference"]
    part: int | None = None


@dataclass(frozen=True, slots=True)
class Denied:
    """The account may not do this there."""

    code: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """No answer came, or none that tells: it may have happened."""

    why: str


@dataclass(frozen=True, slots=True)
class SentBefore:
    """Messages with these random ids were posted before; nothing happened now."""


Refused = Wait | BadItem | Gone | Denied | Unknown | SentBefore


class BrokenOffError(Exception):
    """A download broke off: why."""

    def __init__(self, outcome: Refused) -> None:
        super().__init__(str(outcome))
        self.outcome = outcome


@dataclass(frozen=True, slots=True)
class Staged:
    """A photo or document that is at Telegram and shown to nobody yet."""

    kind: Literal["photo", "document"]
    id: int
    access_hash: int
    reference: bytes


@dataclass(frozen=True, slots=True)
class Uploaded:
    """A file whose parts are all there. `md5` is empty for one above 10 MB, which is sent as a big one."""

    file_id: int
    parts: int
    name: str
    md5: str = ""


@dataclass(frozen=True, slots=True)
class Film:
    """The attributes that are sent along with a video; one that is `looped` is shown as an animation."""

    width: int
    height: int
    duration_s: float
    looped: bool = False


@dataclass(frozen=True, slots=True)
class Sound:
    """The attributes that are sent along with audio; what is not known is empty."""

    duration_s: float
    title: str = ""
    performer: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """What a file is shown as: a video, audio, or a file to save; the small picture is for all of them."""

    name: str
    mime: str
    shown: Film | Sound | None = None
    thumb: Uploaded | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """One medium of an album, with the number that makes it unique and its caption."""

    staged: Staged
    random_id: int
    caption: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """A message that is there: its number, the number of its medium (None for a text), its text."""

    message_id: int
    media_id: int | None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Me:
    """Who is signed in."""

    id: int
    name: str
    bot: bool
    premium: bool = False


ChatKind = Literal["private", "group", "supergroup", "channel"]


@dataclass(frozen=True, slots=True)
class ChatFacts:
    """What is known of a chat: `number` as clients write it (`-100…` for channels), `name` where it is public.

    `denied` says why this account may not post there, as Telegram would; `became` is the number of the supergroup that
    a group was made into.
    """

    kind: ChatKind
    number: int
    title: str = ""
    name: str | None = None
    forum: bool = False
    denied: str | None = None
    became: int | None = None


LoginProblem = Literal[
    "wrong_code",
    "expired_code",
    "wrong_password",
    "no_account",
    "limited",
    "bad_token",
    "expired_qr",
]


@dataclass(frozen=True, slots=True)
class LoginRefused:
    """A step of a login that was not taken. `code` is Telegram's own word."""

    problem: LoginProblem
    code: str


@dataclass(frozen=True, slots=True)
class PasswordWanted:
    """The account has a two-step password, which comes next."""
