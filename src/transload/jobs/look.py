"""Looking without delivering: list a source, inspect a file. Nothing is written but scratch."""

import secrets
import shutil
import tempfile
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import anyio.to_thread

from transload.entry import Opening, SourceContents
from transload.errors import (
    PermanentError,
    SourceNotFoundError,
    StalledError,
    UnreadableError,
    UsageError,
)
from transload.faults import NextStep, Step
from transload.model import (
    MEDIA_KINDS,
    Hevc,
    Inspection,
    ItemKind,
    Judgement,
    Recipe,
    Verdict,
)
from transload.ports import Media, Source, Sources
from transload.sources.registry import contents_of
from transload.steps.read import NOT_WANTED
from transload.steps.staging import HEAD_BYTES

Answer = TypeVar("Answer")
OPENS = "an archive: not itself is delivered, but what is in it"


async def list_source(sources: Sources, text: str, opening: Opening) -> SourceContents:
    """All entries of a source. Raises what opening it raises; damage inside is in the report."""

    def look() -> SourceContents:
        with _spooling(opening) as given:
            return contents_of(sources, text, given)

    return await anyio.to_thread.run_sync(look)


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


async def inspect_file(media: Media, path: Path, recipe: Recipe, hevc: Hevc) -> Inspection:
    """Facts and verdict of a local file. Raises SourceNotFoundError or UnreadableError."""
    head, size = await anyio.to_thread.run_sync(_beginning, path)
    kind = media.sniff(head, path.name)
    if kind not in MEDIA_KINDS:
        why = OPENS if kind is ItemKind.ARCHIVE else NOT_WANTED[kind]
        return Inspection(str(path), size, Judgement(kind, Verdict.SKIP, why))
    try:
        facts = (await media.probe(path, path.name)).facts
    except (PermanentError, StalledError) as error:
        return Inspection.of_lost(str(path), size, kind, error.fault())
    return Inspection(str(path), size, media.judge(facts, recipe, hevc), facts)


def _beginning(path: Path) -> tuple[bytes, int]:
    """What sniffing looks at, and the size."""
    try:
        with path.open("rb") as file:
            return file.read(HEAD_BYTES), path.stat().st_size
    except (FileNotFoundError, NotADirectoryError) as error:
        raise SourceNotFoundError(f"there is no file {path}") from error
    except IsADirectoryError as error:
        raise UsageError(
            f"{path} is a folder",
            suggestion=Step(NextStep.JUDGE_FOLDER, str(path)),
        ) from error
    except OSError as error:
        raise UnreadableError(f"{path} cannot be read ({error.strerror})") from error
