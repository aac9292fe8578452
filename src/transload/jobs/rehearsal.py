"""Looking without delivering: list a source, inspect files, rehearse a job. Nothing is written but scratch."""

import shutil
import tempfile
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import anyio
import anyio.to_thread
from anyio import from_thread
from anyio.streams.memory import MemoryObjectSendStream

from transload.entry import Entry, Limits, Listing, Opening, ReadReport
from transload.errors import PermanentError, SourceNotFoundError, StalledError, UnreadableError
from transload.intake import NOT_WANTED, chosen
from transload.model import MEDIA_KINDS, Files, Hevc, ItemKind, Judgement, Recipe, Verdict
from transload.ports import Media, Sources
from transload.taking import CHUNK_BYTES, HEAD_BYTES


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

    def look() -> Seen:
        ref = sources.resolve(text)
        with closing(sources.open(ref.ref, opening)) as source:
            listing = source.listing()
            entries = tuple(source.entries())
            return Seen(ref.ref, listing, entries, source.finish())

    return await anyio.to_thread.run_sync(look)


@dataclass(frozen=True, slots=True)
class _Local:
    """A file to be looked at: its bytes' place, start and size, under the name it has in its source."""

    name: str
    path: Path
    head: bytes
    size: int


async def inspect_file(media: Media, path: Path, recipe: Recipe, hevc: Hevc) -> Inspected:
    """Facts and verdict of a local file. Raises SourceNotFoundError or UnreadableError."""

    def look() -> _Local:
        try:
            with path.open("rb") as file:
                return _Local(path.name, path, file.read(HEAD_BYTES), path.stat().st_size)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise SourceNotFoundError(f"there is no file {path}") from error
        except OSError as error:
            raise UnreadableError(f"{path} cannot be read ({error.strerror})") from error

    local = await anyio.to_thread.run_sync(look)
    kind = media.sniff(local.head, local.name)
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


UNAIDED = Opening()


@dataclass(frozen=True, slots=True)
class Wish:
    """What a dry run is to look at, in the words of a job."""

    ref: str
    recipe: Recipe
    files: Files = "media"
    hevc: Hevc = "keep"
    include: Sequence[str] = ()
    exclude: Sequence[str] = ()
    opening: Opening = UNAIDED


async def rehearse(
    sources: Sources, media: Media, wish: Wish, limits: Limits, scratch: Path
) -> AsyncGenerator[Inspected, None]:
    """Judge every entry as a job would, one at a time in a temporary folder; deliver and remember nothing."""
    send, receive = anyio.create_memory_object_stream[tuple[Entry, _Local | None]](0)
    await anyio.Path(scratch).mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=scratch) as folder:

        def put(one: tuple[Entry, _Local | None]) -> None:
            from_thread.run(send.send, one)

        reader = partial(_read, sources, wish, limits, Path(folder), put)
        async with anyio.create_task_group() as group, receive:
            group.start_soon(_run, reader, send)
            async for entry, local in receive:
                yield await _rehearsed(media, wish, entry, local)
            group.cancel_scope.cancel()


async def _run(reader: Callable[[], None], send: MemoryObjectSendStream[Any]) -> None:
    async with send:
        await anyio.to_thread.run_sync(reader)


def _read(
    sources: Sources,
    wish: Wish,
    limits: Limits,
    folder: Path,
    put: Callable[[tuple[Entry, _Local | None]], None],
) -> None:
    """Take one entry after the other into the folder; each is removed when it has been judged."""

    def want(entry: Entry) -> bool:
        wanted = chosen(entry.name, wish.include, wish.exclude)
        if wanted and entry.trouble is not None:  # it has no body, and is asked for only here
            put((entry, None))
        return wanted

    with closing(sources.open(wish.ref, wish.opening)) as source:
        for entry, body in source.stream(want, 0, limits):
            from_thread.check_cancelled()
            local = _taken(entry, body, folder / str(entry.index))
            put((entry, local))


def _taken(entry: Entry, body: BinaryIO, path: Path) -> _Local | None:
    try:
        head = body.read(HEAD_BYTES)
        with path.open("wb") as out:
            out.write(head)
            shutil.copyfileobj(body, out, CHUNK_BYTES)
    except PermanentError:
        return None
    return _Local(entry.name, path, head, path.stat().st_size)


async def _rehearsed(media: Media, wish: Wish, entry: Entry, local: _Local | None) -> Inspected:
    if local is None:
        why = "damaged" if entry.trouble is None else entry.trouble.detail
        lost = Judgement(ItemKind.UNKNOWN, Verdict.UNSAVABLE, why, fault=entry.trouble)
        return Inspected(entry.name, entry.size, lost)
    try:
        return await _seen(media, wish, entry, local)
    finally:
        await anyio.Path(local.path).unlink()


async def _seen(media: Media, wish: Wish, entry: Entry, local: _Local) -> Inspected:
    kind = media.sniff(local.head, entry.name)
    untouched = wish.recipe is Recipe.ORIGINAL or kind not in MEDIA_KINDS
    if untouched and (wish.files == "all" or kind in MEDIA_KINDS):
        whole = Judgement(kind, Verdict.AS_IS, "delivered untouched")
        return Inspected(entry.name, local.size, whole)
    return await _judged(media, local, kind, wish.recipe, wish.hevc)
