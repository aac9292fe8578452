"""Which posts an album becomes, and what must be known of them before they are sent. Pure.

Each medium gets its random id here, once: Telegram posts nothing twice under it, whatever is repeated.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from transload.clients.outcomes import Staged
from transload.destinations.telegram.media import Group
from transload.json_codec import JsonObject, from_json, to_json
from transload.model import ALBUM_MAX, Intent

ORDER: Sequence[Group] = ("seen", "looped", "heard", "file")
"""What of an album is posted first."""


@dataclass(frozen=True, slots=True)
class Medium:
    """A staged file of an item: how it is shown, as what Telegram knows it, and since when (`staged_ms`)."""

    group: Group
    kind: str
    id: int
    access_hash: int
    reference: str
    staged_ms: int

    @classmethod
    def of(cls, group: Group, staged: Staged, now_ms: int) -> "Medium":
        """What has just been staged."""
        named = staged.kind, staged.id, staged.access_hash, staged.reference.hex()
        return cls(group, *named, now_ms)

    @property
    def staged(self) -> Staged:
        """As requests take it."""
        reference = bytes.fromhex(self.reference)
        is_photo = self.kind == "photo"
        return Staged("photo" if is_photo else "document", self.id, self.access_hash, reference)


@dataclass(frozen=True, slots=True)
class StagedMedia:
    """What an item's row holds: its files, staged."""

    media: tuple[Medium, ...]


@dataclass(frozen=True, slots=True)
class Slot:
    """File `n` of an item, under its random id, in the post of that number of the album."""

    post: int
    item_id: int
    n: int
    random_id: int


@dataclass(frozen=True, slots=True)
class Note:
    """What is known of an album's posts before they are sent.

    `chat` is the number of the chat, `after` of a message that was there before; None where nobody may ask for it.
    """

    chat: int
    after: int | None
    slots: tuple[Slot, ...]


def new_random_id() -> int:
    """A number that no other message of the account has; never 0."""
    return secrets.randbits(63) | 1


def laid_out(
    intents: Sequence[Intent], new_id: Callable[[], int] = new_random_id
) -> tuple[Slot, ...]:
    """The posts of an album, of at most ten media each; what does not mix is apart."""
    all_files = [(one.item_id, n, file) for one in intents for n, file in enumerate(media_of(one))]
    slots: list[Slot] = []
    post = -1
    for group in ORDER:
        most = 1 if group == "looped" else ALBUM_MAX
        own = [(item_id, n) for item_id, n, file in all_files if file.group == group]
        for place, (item_id, n) in enumerate(own):
            post += place % most == 0
            slots.append(Slot(post, item_id, n, new_id()))
    return tuple(slots)


def media_of(intent: Intent) -> tuple[Medium, ...]:
    """The staged files of an item; none where nothing is staged."""
    return from_json(StagedMedia, intent.staged).media if intent.staged else ()


def staged_row(media: Sequence[Medium]) -> JsonObject:
    """What is kept of an item's staged files."""
    return to_json(StagedMedia(tuple(media)))


def note_of(intent: Intent) -> Note | None:
    """What was noted of an item's album; None for one that is in no album yet."""
    return from_json(Note, intent.note) if intent.note else None


def note_row(note: Note) -> JsonObject:
    """The same, to be kept."""
    return to_json(note)
