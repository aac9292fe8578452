"""What a file is shown as in a chat, and what Telegram must be told for that. Pure."""

import mimetypes
from pathlib import PurePosixPath
from typing import Literal

from transload.clients.outcomes import Film, Sound
from transload.model import Intent, ItemKind, Job, Parcel, Recipe, Shipment
from transload.plans import Looks

Captions = Literal["off", "name", "path"]
Group = Literal["seen", "looped", "heard", "file"]
"""What may share an album: photos with videos, audio with audio, files with files; what is looped with nothing."""

# Bot API sendPhoto, tdlib/td #2544; photos of other kinds are refused by PHOTO_EXT_INVALID.
PHOTO_BYTES_MAX, PHOTO_SUM_MAX, PHOTO_RATIO_MAX = 10_000_000, 10_000, 20
PHOTO_SUFFIXES = frozenset({".jpg", ".jpeg", ".png"})
NAME_MAX = 200
SUFFIX_MAX = 16
CAPTION_MAX = 1024  # in UTF-16 units, as Telegram counts
TYPES = {".mp4": "video/mp4", ".m4a": "audio/mp4", ".mp3": "audio/mpeg", ".jpg": "image/jpeg"}
"""Endings of what is made here: their types do not depend on the tables of this machine."""


def group_of(job: Job, shipment: Shipment, n: int) -> Group:
    """How file `n` of a shipment is shown."""
    parcel, kind = shipment.parcels[n], shipment.judgement.kind
    ending = PurePosixPath(name_of(shipment, n)).suffix.lower()
    if job.recipe is Recipe.ORIGINAL or _is_kept_original(parcel, n):
        return "file"
    if kind is ItemKind.PHOTO and ending in PHOTO_SUFFIXES and _is_photo(parcel):
        return "seen"
    if ending == ".mp4" and kind in (ItemKind.VIDEO, ItemKind.ANIMATION):
        return "seen" if kind is ItemKind.VIDEO else "looped"
    return "heard" if kind is ItemKind.AUDIO else "file"


def _is_kept_original(parcel: Parcel, n: int) -> bool:
    return n > 0 and parcel.name.startswith("originals/")


def _is_photo(parcel: Parcel) -> bool:
    """Whether Telegram takes it as a photo; where no size is known, it is asked."""
    looks = parcel.looks or Looks()
    width, height = looks.width or 1, looks.height or 1
    return (
        parcel.size_bytes <= PHOTO_BYTES_MAX
        and width + height <= PHOTO_SUM_MAX
        and max(width, height) <= PHOTO_RATIO_MAX * min(width, height)
    )


def name_of(shipment: Shipment, n: int) -> str:
    """The name that a file gets in a chat: the last part of its path, with the ending that its verdict asks for."""
    path = PurePosixPath(shipment.parcels[n].name.replace("\\", "/"))
    stem, ending = path.stem, path.suffix
    if n == 0 and shipment.judgement.suffix is not None:
        old, ending = ending, shipment.judgement.suffix
        stem += "" if len(old) <= SUFFIX_MAX else old
    if len(ending) > SUFFIX_MAX:
        stem, ending = stem + ending, ""
    printable = "".join(one for one in stem if one.isprintable()).strip(". ") or "file"
    return printable[:NAME_MAX] + ending


def type_of(name: str) -> str:
    """The MIME type that a name promises."""
    ending = PurePosixPath(name).suffix.lower()
    return TYPES.get(ending) or mimetypes.guess_type(name)[0] or "application/octet-stream"


def shown_as(group: Group, parcel: Parcel) -> Film | Sound | None:
    """The attributes that a player needs before it has the file; a size that is not known is left to it."""
    looks = parcel.looks or Looks()
    if group in ("seen", "looped"):
        size = looks.width or 0, looks.height or 0
        return Film(*size, looks.duration_s or 0.0, looped=group == "looped")
    if group == "heard":
        return Sound(looks.duration_s or 0.0, looks.title, looks.performer)
    return None


def caption_of(captions: Captions, job: Job, first: Intent) -> str:
    """The text above an album: the job's own above its first, else the name or path of its first entry, or none."""
    if job.caption is not None and first.album == 1:
        return job.caption
    name = first.shipment.item.name
    match captions:
        case "off":
            return ""
        case "name":
            return cut(PurePosixPath(name).name)
        case "path":
            return cut(name)


def cut(text: str, most: int = CAPTION_MAX) -> str:
    """As much of the end of a text as a caption takes: of a path the file's own name counts most."""
    if units(text) <= most:
        return text
    while units(text) > most - 1:
        text = text[1:]
    return f"…{text}"


def units(text: str) -> int:
    """The length of a text as Telegram counts it."""
    return len(text.encode("utf-16-le", "replace")) // 2
