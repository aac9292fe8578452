"""Looking without delivering: list a source, inspect files, rehearse a job. Nothing is written but scratch."""

import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import anyio
import anyio.to_thread
from anyio import from_thread

from transload.errors import PermanentError, SourceNotFoundError, UnreadableError
from transload.intake import CHUNK_BYTES, HEAD_BYTES, NOT_WANTED, chosen
from transload.model import (
    MEDIA_KINDS,
    Entry,
    Files,
    Hevc,
    ItemKind,
    Judgement,
    Limits,
    Listing,
    ReadReport,
    Recipe,
    Verdict,
)
from transload.ports import Media, Sources


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
    facts: dict[str, Any] = field(default_factory=dict)


async def list_source(sources: Sources, text: str) -> Seen:
    """All entries of a source. Raises what opening it raises; damage inside is in the report."""

    def look() -> Seen:
        ref = sources.resolve(text)
        with closing(sources.open(ref.ref)) as source:
            listing = source.listing()
            entries = tuple(source.entries())
            return Seen(ref.ref, listing, entries, source.finish())

    return await anyio.to_thread.run_sync(look)


async def inspect_file(media: Media, path: Path, recipe: Recipe, hevc: Hevc) -> Inspected:
    """Facts and verdict of a local file. Raises SourceNotFoundError or UnreadableError."""

    def head() -> tuple[bytes, int]:
        try:
            with path.open("rb") as file:
                return file.read(HEAD_BYTES), path.stat().st_size
        except (FileNotFoundError, NotADirectoryError) as error:
            raise SourceNotFoundError(f"there is no file {path}") from error
        except OSError as error:
            raise UnreadableError(f"{path} cannot be read ({error.strerror})") from error

    start, size = await anyio.to_thread.run_sync(head)
    judgement, facts = await judge(
        media, path, path.name, media.sniff(start, path.name), recipe, hevc
    )
    return Inspected(str(path), size, judgement, facts)


async def judge(
    media: Media, path: Path, name: str, kind: ItemKind, recipe: Recipe, hevc: Hevc
) -> tuple[Judgement, dict[str, Any]]:
    """The judgement of a local file with the facts behind it."""
    if kind not in MEDIA_KINDS:
        return Judgement(kind, Verdict.SKIP, NOT_WANTED[kind]), {}
    try:
        facts = (await media.probe(path, name)).facts
    except PermanentError as error:
        return Judgement(kind, Verdict.UNSAVABLE, error.detail, fault=error.fault()), {}
    return media.judge(facts, recipe, hevc), facts.raw


@dataclass(frozen=True, slots=True)
class Wish:
    """What a dry run is to look at, in the words of a job."""

    ref: str
    recipe: Recipe
    files: Files = "media"
    hevc: Hevc = "keep"
    include: Sequence[str] = ()
    exclude: Sequence[str] = ()


async def rehearse(
    sources: Sources, media: Media, wish: Wish, limits: Limits, scratch: Path
) -> AsyncIterator[Inspected]:
    """Judge every entry as a job would, one at a time in a temporary folder; deliver and remember nothing."""
    send, receive = anyio.create_memory_object_stream[tuple[Entry, Path | None]](0)
    scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=scratch) as folder:

        def read() -> None:
            with closing(sources.open(wish.ref)) as source:
                for entry, path in _bodies(
                    source.stream(_everything, 0, limits), wish, Path(folder)
                ):
                    from_thread.run(send.send, (entry, path))

        async def run() -> None:
            async with send:
                await anyio.to_thread.run_sync(read)

        async with anyio.create_task_group() as group, receive:
            group.start_soon(run)
            async for entry, path in receive:
                judged = await _rehearsed(media, wish, entry, path)
                if path is not None:
                    path.unlink()
                yield judged
            group.cancel_scope.cancel()


def _everything(_entry: Entry) -> bool:
    return True


def _bodies(
    stream: Iterator[tuple[Entry, BinaryIO]], wish: Wish, folder: Path
) -> Iterator[tuple[Entry, Path | None]]:
    for entry, body in stream:
        from_thread.check_cancelled()
        if not chosen(entry.name, wish.include, wish.exclude):
            continue
        path = folder / str(entry.index)
        try:
            with path.open("wb") as out:
                while chunk := body.read(CHUNK_BYTES):
                    out.write(chunk)
        except PermanentError:
            path.unlink(missing_ok=True)
            yield entry, None
        else:
            yield entry, path


async def _rehearsed(media: Media, wish: Wish, entry: Entry, path: Path | None) -> Inspected:
    if path is None:
        return Inspected(
            entry.name, entry.size, Judgement(ItemKind.UNKNOWN, Verdict.UNSAVABLE, "damaged")
        )
    with path.open("rb") as file:  # noqa: ASYNC230  64 KiB of a file just written: from the page cache
        head = file.read(HEAD_BYTES)
    kind = media.sniff(head, entry.name)
    size = path.stat().st_size  # noqa: ASYNC240  the same
    if wish.files == "all" and kind not in MEDIA_KINDS or wish.recipe is Recipe.ORIGINAL:
        return Inspected(entry.name, size, Judgement(kind, Verdict.AS_IS, "delivered untouched"))
    judgement, facts = await judge(media, path, entry.name, kind, wish.recipe, wish.hevc)
    return Inspected(entry.name, size, judgement, facts)
