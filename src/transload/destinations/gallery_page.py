"""The pieces of a gallery's HTML from one record or one sum, its style sheet and its small pictures."""

import html
import os
import re
import stat
from base64 import b64encode
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from urllib.parse import quote

from transload.destinations import delivery
from transload.model import ItemKind, ItemRecord, ItemState, Job, Verdict
from transload.present.next_steps import reason_text
from transload.present.status import CONVERSIONS, conversion_text, count_reason, loss_of
from transload.states import ITEM_LOST, ITEM_OPEN
from transload.web_address import shown

# What a gallery says: counts and reasons in plain words, and text made safe for HTML. Pure.


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


_POLICY = "default-src 'none'; img-src data: 'self'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def _caption(job: Job) -> str:
    """The words that came with the job, if any."""
    return f"\n<p><bdi>{text(job.caption)}</bdi></p>" if job.caption else ""


def head(job: Job, counts: Counts) -> str:
    """Everything up to the first section."""
    style = resources.files("transload.destinations").joinpath("gallery.css").read_text("utf-8")
    day = datetime.fromtimestamp((job.finished_ms or job.started_ms or job.created_ms) / 1000, UTC)
    rest = rest_in_words(counts)
    summary = f"<strong>{arrival_in_words(counts)}</strong>" + (f"; {rest}." if rest else ".")
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="generator" content="Transload">
<title>{text(job.title)}</title>
<style>
{style}</style>
</head>
<body>
<header>
<p class="from">from <bdi>{text(source_name(job.source))}</bdi> · <time>{day:%Y-%m-%d}</time></p>
<h1><bdi>{text(job.title)}</bdi></h1>{_caption(job)}
<p class="sum">{summary}</p>
{_jumps(counts)}{_hint(counts)}</header>
<main>
"""


def tail(counts: Counts) -> str:
    """The end of the page."""
    size = size_in_words(counts.size_bytes)
    said = f"{size} delivered by Transload. The files lie beside this page."
    return f"</main>\n<footer>{said}</footer>\n</body>\n</html>\n"


def album_title(number: int, sent_ms: int | None) -> str:
    """What an album is called, with its day where several jobs count theirs; number 0 holds what came without one."""
    title = f"Album {number}" if number else "More pictures"
    day = "" if sent_ms is None else f" · {datetime.fromtimestamp(sent_ms / 1000, UTC):%Y-%m-%d}"
    return title + day


def album(title: str, kinds: Counter[ItemKind], tiles: Sequence[str], jump: str) -> str:
    """One album as a grid."""
    return (
        f'<section class="album"{jump}><h2>{title} <small>{kinds_in_words(kinds)}</small></h2>'
        f'<ul class="grid">\n{"".join(tiles)}</ul></section>\n'
    )


def tile(record: ItemRecord, folder: str, picture: str | None) -> str:
    """One photo, video or animation; `picture` is the address of its thumbnail."""
    item = record.item
    name = _last(item.name)
    shown = (
        _placeholder(record)
        if picture is None
        else (
            f'<img src="{picture}" alt="{item.kind.value} {text(name)}" loading="lazy" decoding="async">'
        )
    )
    marks = _marks(record)
    inner = shown + (f'<span class="marks">{marks}</span>' if marks else "")
    title = f'title="{text(item.name)}"' if name != item.name else ""
    if record.outputs:
        shot = f'<a class="shot" href="{link(record.outputs[0].reference, folder)}" {title}>{inner}</a>'
    else:
        shot = f'<span class="shot" {title}>{inner}</span>'
    return f'<li class="tile">{shot}<bdi>{text(name)}</bdi>{_note(record, folder)}</li>\n'


def file_row(record: ItemRecord, folder: str) -> str:
    """One audio file or document that arrived; "" for any other record."""
    if record.item.state is not ItemState.SENT or record.item.kind in SHOWN_KINDS:
        return ""
    name = f"<bdi>{text(record.item.name)}</bdi>"
    about: list[str] = []
    judgement = record.item.judgement
    if judgement and judgement.duration_s:
        about.append(duration_in_words(judgement.duration_s))
    if record.outputs:
        name = f'<a href="{link(record.outputs[0].reference, folder)}">{name}</a>'
        about.append(size_in_words(record.outputs[0].size_bytes))
    return f'<li>{name} <span class="size">{" · ".join(about)}</span>{_note(record, folder)}</li>\n'


def lost_row(record: ItemRecord) -> str:
    """One item that did not arrive, with its reason and what can be done; "" for any other record."""
    if record.item.state not in ITEM_LOST:
        return ""
    loss = loss_of(record.item)
    reason = f"<b>{text(loss.title)}.</b> {rich(loss.detail)}"
    return (
        f"<li><strong><bdi>{text(record.item.name)}</bdi></strong>"
        f'<p class="why">{reason}</p><p class="next">{rich(loss.step)}</p></li>\n'
    )


def skipped_row(record: ItemRecord) -> str:
    """One item that nobody wanted."""
    why = reason_text(record.item.why)
    return f'<li><bdi>{text(record.item.name)}</bdi> <span class="size">{text(why)}</span></li>\n'


def duplicate_row(record: ItemRecord, folder: str) -> str:
    """One item that had been delivered before, with where it lies."""
    places = ", ".join(
        f'<a href="{link(output.reference, folder)}"><bdi>{text(output.reference)}</bdi></a>'
        for output in record.outputs[:1]
    )
    same = f'<span class="size">the same as</span> {places}' if places else ""
    return f"<li><bdi>{text(record.item.name)}</bdi> {same}</li>\n"


def folded(jump: str, title: str, count: int, about: str, rows: Sequence[str]) -> str:
    """A closed list; rows beyond those given are counted, the report has them all."""
    more = count - len(rows)
    rest = f'<p class="more">and {more:,} more: the report names every one</p>' if more else ""
    return (
        f'<section id="{jump}"><details><summary>{title} <small>{about}</small></summary>'
        f'<ul class="rows">\n{"".join(rows)}</ul>{rest}</details></section>\n'
    )


def reasons(counts: Counts) -> str:
    """Why things were skipped, most frequent first: `not media (12), empty (3)`."""
    return text(
        ", ".join(
            f"{why or 'not wanted'} ({count:,})" for why, count in counts.reasons.most_common()
        )
    )


def data_uri(thumb: bytes) -> str:
    """A JPEG inside the page."""
    return f"data:image/jpeg;base64,{b64encode(thumb).decode()}"


def _jumps(counts: Counts) -> str:
    shown = sum(counts.members.values())
    targets = (
        ("albums", "Pictures", shown, ""),
        ("files", "Sound and documents", counts.listed, ""),
        ("lost", "Not delivered", counts.lost, ' class="bad"'),
        ("duplicates", "Here already", counts.states[ItemState.DUPLICATE], ""),
        ("skipped", "Skipped", counts.states[ItemState.SKIPPED], ""),
    )
    links = [
        f'<a href="#{to}"{mark}>{word} <b>{count:,}</b></a>'
        for to, word, count, mark in targets
        if count
    ]
    return f"<nav>{''.join(links)}</nav>\n" if len(links) > 1 else ""


def _hint(counts: Counts) -> str:
    if not counts.waiting:
        return ""
    return '<p class="hint">This job is not finished: run the same command again and the rest arrives.</p>\n'


def _marks(record: ItemRecord) -> str:
    item, judgement = record.item, record.item.judgement
    marks: list[tuple[str, str]] = []
    if item.verdict in CONVERSIONS:
        marks.append((" made", "repacked" if item.verdict is Verdict.REWRAP else "converted"))
    if item.partial:
        marks.append((" part", "incomplete"))
    if item.kind is ItemKind.ANIMATION:
        marks.append(("", "animation"))
    if item.kind is ItemKind.VIDEO:
        length = (
            duration_in_words(judgement.duration_s)
            if judgement and judgement.duration_s
            else "video"
        )
        marks.append(("", f"▶ {length}"))
    return "".join(f'<span class="mark{look}">{word}</span>' for look, word in marks)


def _note(record: ItemRecord, folder: str) -> str:
    """What was done to it or what it lacks, the other files of one that was split, its original when that was kept."""
    item = record.item
    said = text(conversion_text(item) or (item.why if item.partial else ""))
    kept = [
        f'<a href="{link(output.reference, folder)}">{other_file(output.reference, n)}</a>'
        f" ({size_in_words(output.size_bytes)})"
        for n, output in enumerate(record.outputs[1:], 2)
    ]
    parts = [part for part in (said, ", ".join(kept)) if part]
    return f'<p class="note">{" · ".join(parts)}</p>' if parts else ""


def _placeholder(record: ItemRecord) -> str:
    ending = record.item.name.rpartition(".")[2]
    label = ending.upper() if 0 < len(ending) <= 5 and "." in record.item.name else "?"
    return f'<span class="none"><b>{text(label)}</b>no preview</span>'


def _last(name: str) -> str:
    return name.replace("\\", "/").rstrip("/").rpartition("/")[2] or name


FOLDER = ".gallery"
KEY_SIGNS = 16
"""Hexadecimal digits of a SHA-256 that name a picture: two of ten thousand are the same once in 10^11 libraries."""
_SHARD = re.compile(r"[0-9a-f]{2}")
_NAME = re.compile(r"[0-9a-f]{14}\.jpg")
_BEGIN, _END = b"\xff\xd8", b"\xff\xd9"


def key_of(sha256: str) -> str:
    """What names the picture of a file with this content."""
    return sha256[:KEY_SIGNS]


def path_of(key: str) -> str:
    """Where a picture lies, as seen from the page."""
    return f"{FOLDER}/{key[:2]}/{key[2:]}.jpg"


class Pictures:
    """Those of one folder of the library; a link in the place of one of its folders is never followed."""

    def __init__(self, root: Path, folder: str, job_id: str) -> None:
        self._root = root
        self._folder = folder
        self._job_id = job_id
        self._own: set[Path] = set()

    def keep(self, key: str, jpeg: bytes) -> None:
        """Write a picture under a temporary name and rename it; the folder of temporaries is the caller's to remove.

        Raises RejectedError for what is in the way.
        """
        path = f"{self._folder}/{path_of(key)}"
        delivery.make_parents(self._root, path, self._own)
        temp = delivery.new_temp(self._root, self._job_id)
        try:
            temp.write_bytes(jpeg)
            temp.replace(self._root / path)
        finally:
            delivery.discard(temp)

    def size(self, key: str) -> int:
        """Bytes of the whole picture that is there; 0 when there is none, or only what a power cut left of one."""
        path = self._root / self._folder / path_of(key)
        if not (self._is_own(path.parents[1]) and self._is_own(path.parent)):
            return 0
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
        except OSError:
            return 0
        with os.fdopen(descriptor, "rb") as file:
            content = file.read()
        return len(content) if content.startswith(_BEGIN) and content.endswith(_END) else 0

    def read(self, key: str) -> bytes:
        """A picture that is there."""
        return (self._root / self._folder / path_of(key)).read_bytes()

    def sweep(self, wanted: Collection[str]) -> None:
        """Remove pictures that no tile shows, and folders empty then; make the rest durable, all at once."""
        top = self._root / self._folder / FOLDER
        if not self._is_own(top):
            return
        for shard in sorted(top.iterdir()):
            if not _SHARD.fullmatch(shard.name) or not self._is_own(shard):
                continue
            for path in shard.iterdir():
                if _NAME.fullmatch(path.name) and shard.name + path.stem not in wanted:
                    path.unlink(missing_ok=True)
            self._leave(shard)
        if not self._leave(top):
            delivery.sync_disk(top)

    def _leave(self, folder: Path) -> bool:
        """Remove a folder that is empty; whether it was."""
        try:
            folder.rmdir()
        except OSError:
            return False
        self._own.discard(folder)
        return True

    def _is_own(self, folder: Path) -> bool:
        if folder not in self._own:
            try:
                mode = folder.lstat().st_mode
            except (FileNotFoundError, NotADirectoryError):
                return False
            if not stat.S_ISDIR(mode):
                return False
            self._own.add(folder)
        return True
