"""Looking without delivering: list a source, inspect files, rehearse a job. Nothing is written but scratch."""

import secrets
import shlex
import shutil
import tempfile
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import anyio
import anyio.to_thread
from anyio import from_thread
from anyio.streams.memory import MemoryObjectSendStream

from transload.entry import Entry, Limits, Listing, Opening, ReadReport, Secret
from transload.errors import (
    PermanentError,
    SourceNotFoundError,
    StalledError,
    UnreadableError,
    UsageError,
)
from transload.kinds import Fault
from transload.model import MEDIA_KINDS, Files, Hevc, ItemKind, Judgement, Recipe, Verdict
from transload.ports import ArchiveReader, Media, Source, Sources
from transload.states import OPENED
from transload.steps.nested import (
    ArchivePath,
    LimitBudget,
    OpenResult,
    base_name,
    counted,
    is_another_part,
    is_included,
    kind_of,
    may_be_one,
    may_hold,
    open_nested,
    opens,
    promises_archive,
    too_deep,
)
from transload.steps.read import NOT_WANTED, is_wanted
from transload.steps.staging import CHUNK_BYTES, HEAD_BYTES

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Seen:
    """What a source holds, without its bodies."""

    source: str
    listing: Listing
    entries: tuple[Entry, ...]
    report: ReadReport


@dataclass(frozen=True, slots=True)
class Inspected:
    """One judged file or entry."""

    name: str
    size: int | None
    judgement: Judgement
    facts: dict[str, Any] = field(default_factory=dict[str, Any])


async def list_source(sources: Sources, text: str, opening: Opening) -> Seen:
    """All entries of a source. Raises what opening it raises; damage inside is in the report."""

    def seen(ref: str, source: Source) -> Seen:
        listing = source.listing()
        entries = tuple(source.entries())
        return Seen(ref, listing, entries, source.finish())

    return await look_at(sources, text, opening, seen)


async def look_at(
    sources: Sources, text: str, opening: Opening, at: Callable[[str, Source], Answer]
) -> Answer:
    """What `at` answers for the source a text means, opened. Raises what opening it raises."""

    def look() -> Answer:
        ref = sources.resolve(text).ref
        with _spooling(opening) as given, closing(sources.open(ref, given)) as source:
            return at(ref, source)

    return await anyio.to_thread.run_sync(look)


@contextmanager
def _spooling(opening: Opening) -> Generator[Opening]:
    """The opening with a folder for what must be fetched, which is made when it is needed and removed at the end."""
    folder = Path(tempfile.gettempdir()) / f"transload-{secrets.token_hex(8)}"
    try:
        yield replace(opening, spool=folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class _Local:
    """A file to be looked at: its bytes' place, start and size, under the name it has in its source."""

    name: str
    path: Path
    head: bytes
    size: int
    kind: ItemKind = ItemKind.UNKNOWN


async def inspect_file(media: Media, path: Path, recipe: Recipe, hevc: Hevc) -> Inspected:
    """Facts and verdict of a local file. Raises SourceNotFoundError or UnreadableError."""

    def look() -> _Local:
        try:
            with path.open("rb") as file:
                return _Local(path.name, path, file.read(HEAD_BYTES), path.stat().st_size)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise SourceNotFoundError(f"there is no file {path}") from error
        except IsADirectoryError as error:
            raise UsageError(
                f"{path} is a folder",
                suggestion=f"`transload send {shlex.quote(str(path))} --dry-run` judges all that is in it.",
            ) from error
        except OSError as error:
            raise UnreadableError(f"{path} cannot be read ({error.strerror})") from error

    local = await anyio.to_thread.run_sync(look)
    kind = media.sniff(local.head, local.name)
    if kind is ItemKind.ARCHIVE:
        return Inspected(str(path), local.size, Judgement(kind, Verdict.SKIP, OPENS))
    return replace(await _judged(media, local, kind, recipe, hevc), name=str(path))


async def _judged(
    media: Media, local: _Local, kind: ItemKind, recipe: Recipe, hevc: Hevc
) -> Inspected:
    if kind not in MEDIA_KINDS:
        return Inspected(local.name, local.size, Judgement(kind, Verdict.SKIP, NOT_WANTED[kind]))
    try:
        facts = (await media.probe(local.path, local.name)).facts
    except (PermanentError, StalledError) as error:
        lost = Judgement(kind, Verdict.UNSAVABLE, error.detail, fault=error.fault())
        return Inspected(local.name, local.size, lost)
    return Inspected(local.name, local.size, media.judge(facts, recipe, hevc), facts.raw)


OPENS = "an archive: not itself is delivered, but what is in it"
UNAIDED = Opening()


@dataclass(frozen=True, slots=True)
class DryRunRequest:
    """What a dry run is to look at, in the words of a job."""

    ref: str
    recipe: Recipe
    files: Files = "media"
    hevc: Hevc = "keep"
    include: Sequence[str] = ()
    exclude: Sequence[str] = ()
    opening: Opening = UNAIDED


@dataclass(frozen=True, slots=True)
class DryRunTools:
    """What a dry run works with; `scratch` is where its temporary folder is made."""

    sources: Sources
    media: Media
    open_as: Callable[[Path, str, tuple[Secret, ...]], ArchiveReader]
    limits: Limits
    scratch: Path


async def rehearse(stage: DryRunTools, wish: DryRunRequest) -> AsyncGenerator[Inspected, None]:
    """Judge every entry as a job would, one at a time in a temporary folder; deliver and remember nothing."""
    send, receive = anyio.create_memory_object_stream[_Local | Inspected](0)
    await anyio.Path(stage.scratch).mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=stage.scratch) as folder:
        walk = _Walk(stage, wish, Path(folder), lambda one: from_thread.run(send.send, one))
        async with anyio.create_task_group() as group, receive:
            group.start_soon(_run, walk.run, send)
            async for one in receive:
                yield await _seen(stage.media, wish, one) if isinstance(one, _Local) else one
            group.cancel_scope.cancel()


async def _run(reader: Callable[[], None], send: MemoryObjectSendStream[Any]) -> None:
    async with send:
        await anyio.to_thread.run_sync(reader)


class _Walk:
    """Takes one entry after the other into the folder, those of an archive inside in its place. Used in a thread."""

    def __init__(
        self,
        stage: DryRunTools,
        wish: DryRunRequest,
        folder: Path,
        put: Callable[[_Local | Inspected], None],
    ) -> None:
        self._stage, self._wish, self._put = stage, wish, put
        self._opening = replace(wish.opening, spool=folder / "spool")
        self._paths = (folder / str(number) for number in count())
        self._tree = LimitBudget(stage.limits)

    def run(self) -> None:
        """Read the source to its end."""
        with closing(self._stage.sources.open(self._wish.ref, self._opening)) as source:
            self._read(source, ArchivePath())

    def _read(self, reader: ArchiveReader, box: ArchivePath) -> None:
        def want(entry: Entry) -> bool:
            named = box.named(entry)
            wanted = self._chooses(named) or may_hold(named, self._wish)
            if wanted and is_another_part(named) and opens(self._wish):
                self._skip(named, f"part of {named.part_of}, read with it")
                return False
            if wanted and named.trouble is not None:  # it has no body, and is asked for only here
                self._lose(named, named.trouble)
            return wanted

        for entry, body in reader.stream(want, 0, self._tree.left()):
            from_thread.check_cancelled()
            own = body if entry.local else counted(body, self._tree, 0)
            self._take(box.named(entry), box, own)

    def _take(self, entry: Entry, box: ArchivePath, body: BinaryIO) -> None:
        path = next(self._paths)
        try:
            head = body.read(HEAD_BYTES)
            kind = (
                ItemKind.ARCHIVE if entry.part_of else kind_of(self._stage.media, head, entry.name)
            )
            inside = opens(self._wish) and (kind is ItemKind.ARCHIVE or may_be_one(entry, kind))
            if inside and box.depth >= self._stage.limits.max_depth:
                self._lose(entry, too_deep(self._stage.limits))
                return
            if inside and entry.local is not None:
                if self._look_into(entry, box, entry.local, kind):
                    return
                inside = False
            if not inside and not self._chooses(entry):
                return
            with path.open("wb") as out:
                out.write(head)
                shutil.copyfileobj(body, out, CHUNK_BYTES)
        except PermanentError as error:
            path.unlink(missing_ok=True)
            self._lose(entry, error.fault())
            return
        if inside:
            self._look_into(entry, box, path, kind)
            path.unlink()
        else:
            self._put(_Local(entry.name, path, head, path.stat().st_size, kind))

    def _look_into(self, entry: Entry, box: ArchivePath, path: Path, kind: ItemKind) -> bool:
        """Read an archive inside. False: it is none, and nothing had promised that it is one."""
        look = OpenResult()
        with open_nested(self._open, path, base_name(entry), look) as reader:
            if reader is not None:
                self._read(reader, box.inside(entry))
        if look.is_none and kind is not ItemKind.ARCHIVE and not promises_archive(entry.name):
            return False
        if look.is_none and not self._chooses(entry):
            return True
        if look.fault is None or look.skip:
            self._skip(entry, look.skip or OPENED)
        else:
            self._lose(entry, look.fault)
        return True

    def _chooses(self, entry: Entry) -> bool:
        return is_included(entry.name, self._wish.include, self._wish.exclude)

    def _open(self, path: Path, name: str) -> ArchiveReader:
        return self._stage.open_as(path, name, self._wish.opening.passwords)

    def _skip(self, entry: Entry, why: str) -> None:
        judgement = Judgement(ItemKind.ARCHIVE, Verdict.SKIP, why)
        self._put(Inspected(entry.name, entry.size, judgement))

    def _lose(self, entry: Entry, fault: Fault) -> None:
        lost = Judgement(ItemKind.UNKNOWN, Verdict.UNSAVABLE, fault.detail, fault=fault)
        self._put(Inspected(entry.name, entry.size, lost))


async def _seen(media: Media, wish: DryRunRequest, local: _Local) -> Inspected:
    try:
        if is_wanted(local.kind, wish) and (
            wish.recipe is Recipe.ORIGINAL or local.kind not in MEDIA_KINDS
        ):
            whole = Judgement(local.kind, Verdict.AS_IS, "delivered untouched")
            return Inspected(local.name, local.size, whole)
        return await _judged(media, local, local.kind, wish.recipe, wish.hevc)
    finally:
        await anyio.Path(local.path).unlink()
