"""What a gallery says: counts and reasons in plain words, and text made safe for HTML. Pure."""

import html
import re
from collections import Counter
from dataclasses import dataclass, field
from urllib.parse import quote

from transload.address import shown
from transload.model import ItemKind, ItemRecord, ItemState
from transload.present.outcomes import CONVERSIONS, count_reason
from transload.states import ITEM_LOST, ITEM_OPEN

SHOWN_KINDS = frozenset({ItemKind.PHOTO, ItemKind.VIDEO, ItemKind.ANIMATION})
REASONS_MAX = 30

_KIND_WORDS = {
    ItemKind.PHOTO: ("photo", "photos"),
    ItemKind.VIDEO: ("video", "videos"),
    ItemKind.ANIMATION: ("animation", "animations"),
    ItemKind.AUDIO: ("recording", "recordings"),
    ItemKind.DOCUMENT: ("document", "documents"),
}
_OTHER_WORDS = ("other file", "other files")
_UNSHOWABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


Album = tuple[str, int]
"""A job's id and the number it gave an album."""


@dataclass(slots=True)
class Counts:
    """The sums of one pass over all records. Memory: one number an album, `REASONS_MAX` reasons; `jobs` by age."""

    kinds: Counter[ItemKind] = field(default_factory=Counter[ItemKind])
    states: Counter[ItemState] = field(default_factory=Counter[ItemState])
    members: Counter[Album] = field(default_factory=Counter[Album])
    jobs: dict[str, None] = field(default_factory=dict[str, None])
    reasons: Counter[str] = field(default_factory=Counter[str])
    converted: int = 0
    size_bytes: int = 0

    def add(self, record: ItemRecord) -> None:
        """Count one record."""
        item = record.item
        self.states[item.state] += 1
        if item.state is ItemState.SKIPPED:
            count_reason(self.reasons, item.why, REASONS_MAX)
        if item.state is not ItemState.SENT:
            return
        self.jobs.setdefault(item.job_id)
        self.kinds[item.kind] += 1
        self.converted += item.verdict in CONVERSIONS
        self.size_bytes += sum(output.size_bytes for output in record.outputs)
        if item.kind in SHOWN_KINDS:
            self.members[item.job_id, item.album or 0] += 1

    @property
    def arrived(self) -> int:
        """How many lie in the folder."""
        return self.kinds.total()

    @property
    def listed(self) -> int:
        """How many arrived that are no pictures."""
        return sum(count for kind, count in self.kinds.items() if kind not in SHOWN_KINDS)

    @property
    def lost(self) -> int:
        """How many did not arrive and will not by themselves."""
        return sum(self.states[state] for state in ITEM_LOST)

    @property
    def waiting(self) -> int:
        """How many are still to come."""
        return sum(self.states[state] for state in ITEM_OPEN)


def kinds_in_words(kinds: Counter[ItemKind]) -> str:
    """`120 photos, 8 videos and 1 document`; empty for none."""
    other = sum(count for kind, count in kinds.items() if kind not in _KIND_WORDS)
    parts = [_many(kinds[kind], *words) for kind, words in _KIND_WORDS.items() if kinds[kind]]
    if other:
        parts.append(_many(other, *_OTHER_WORDS))
    return " and ".join(filter(None, (", ".join(parts[:-1]), *parts[-1:])))


def arrival_in_words(counts: Counts) -> str:
    """The first half of the summary: what arrived, in how many albums."""
    arrived = kinds_in_words(counts.kinds)
    if not arrived:
        return "Nothing new arrived"
    albums = sum(1 for _, number in counts.members if number)
    return f"{arrived} arrived" + (f" in {_many(albums, 'album', 'albums')}" if albums else "")


def rest_in_words(counts: Counts) -> str:
    """The second half: conversions, losses, duplicates, skips, what is still to come; empty for none."""
    unsaved = counts.states[ItemState.FAILED] + counts.states[ItemState.QUARANTINED]
    said = (
        (counts.converted, "was converted", "were converted"),
        (unsaved, "could not be saved", "could not be saved"),
        (counts.states[ItemState.CANCELLED], "was cancelled", "were cancelled"),
        (counts.states[ItemState.DUPLICATE], "was here already", "were here already"),
        (counts.states[ItemState.SKIPPED], "was skipped", "were skipped"),
        (counts.waiting, "is still to come", "are still to come"),
    )
    return "; ".join(_many(count, one, many) for count, one, many in said if count)


def size_in_words(size_bytes: int) -> str:
    """`4.2 MB` (powers of 1000, as file managers and shops count)."""
    if size_bytes < 1000:
        return _many(size_bytes, "byte", "bytes")
    size = float(size_bytes)
    for unit in ("kB", "MB", "GB", "TB"):
        size /= 1000
        if size < 999.5 or unit == "TB":
            break
    return f"{size:.1f} {unit}" if size < 9.95 else f"{size:.0f} {unit}"


def duration_in_words(seconds: float) -> str:
    """`0:07`, `1:02:03`."""
    minutes, second = divmod(max(1, round(seconds)), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def source_name(source: str) -> str:
    """The last part of a source: folders above it, and a link's query (keys!), are nobody's business."""
    if "://" in source:
        source = re.split(r"[?#]", shown(source), maxsplit=1)[0]
    return re.split(r"[\\/]", source.rstrip("\\/"))[-1]


def text(words: str) -> str:
    """Any text as HTML text or attribute value; what no page can show becomes U+FFFD."""
    return html.escape(_UNSHOWABLE.sub("\ufffd", words))


def rich(words: str) -> str:
    """`text` with `quoted` commands set as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", text(words))


def link(path: str, folder: str) -> str:
    """The address of a delivered file as seen from the gallery in `folder`, percent-encoded."""
    inside = path.removeprefix(f"{folder}/")
    return quote(inside if inside != path else f"../{path}", safe="/")


def _many(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"


def other_file(path: str, number: int) -> str:
    """What the `number`th file of an item is: its original, or one of those that a film was split into."""
    return "original" if "originals" in path.split("/")[:-1] else f"file {number}"
