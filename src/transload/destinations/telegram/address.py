"""What `telegram:[ACCOUNT@]CHAT[/TOPIC]` names. Pure."""

import hashlib
import re
from dataclasses import dataclass

from transload.errors import UsageError

MAIN = "main"
"""The account that is meant where none is named."""
_ACCOUNT = re.compile(r"([a-z0-9_-]+)@(.+)")
_LINK = re.compile(r"(?:https?://)?(?:www\.)?(?:t\.me|telegram\.me)/", re.IGNORECASE)
_TOPIC = re.compile(r"(.+)/([1-9]\d*)")
_INVITE = re.compile(r"(?:\+|joinchat/)([\w-]+)")
_OF_CHANNEL = re.compile(r"c/(\d+)")
_NAME = re.compile(r"@?([a-z]\w{2,31})", re.ASCII | re.IGNORECASE)  # 5..32; older bots have 3
_NUMBER = re.compile(r"-?[1-9]\d*")
EXAMPLES = "@name, -1001234567890, me, or https://t.me/+invite, with /TOPIC for a topic"


@dataclass(frozen=True, slots=True)
class Address:
    """A chat as an account sees it. `chat` is `@name`, a number, `me` or `+code` of an invite link."""

    account: str
    chat: str
    topic: int | None = None

    def __str__(self) -> str:
        account = "" if self.account == MAIN else f"{self.account}@"
        return f"{account}{self.chat}" + (f"/{self.topic}" if self.topic else "")

    @property
    def shown(self) -> str:
        """The chat for everybody's eyes: who has an invite link can come in."""
        account = "" if self.account == MAIN else f"{self.account}@"
        if not self.chat.startswith("+"):
            return f"{account}{self.chat}"
        return f"{account}invite-{hashlib.sha256(self.chat.encode()).hexdigest()[:8]}"

    @property
    def peer(self) -> str | int:
        """The chat as a client library takes it."""
        return int(self.chat) if _NUMBER.fullmatch(self.chat) else self.chat


def parse(text: str) -> Address:
    """The address; equal ones become equal values, however they are written. Raises UsageError."""
    named = _ACCOUNT.fullmatch(text.strip())
    account, rest = (named[1], named[2]) if named else (MAIN, text.strip())
    rest = _LINK.sub("", rest).rstrip("/")
    if _NUMBER.fullmatch(rest):
        return Address(account, rest)
    in_topic = _TOPIC.fullmatch(rest)
    chat, topic = (in_topic[1], int(in_topic[2])) if in_topic else (rest, None)
    if chat == "c":  # t.me/c/123 alone is a channel by its number, not a topic of a chat called c
        chat, topic = rest, None
    return Address(account, _chat(chat, text), topic)


def _chat(chat: str, text: str) -> str:
    if chat in ("me", "@me", "self"):
        return "me"
    if _NUMBER.fullmatch(chat):
        return chat
    if found := _OF_CHANNEL.fullmatch(chat):
        return f"-100{found[1]}"
    if found := _INVITE.fullmatch(chat):
        return f"+{found[1]}"
    if found := _NAME.fullmatch(chat):
        return f"@{found[1].lower()}"
    raise UsageError(f"{text!r} names no Telegram chat; a chat is {EXAMPLES}")
