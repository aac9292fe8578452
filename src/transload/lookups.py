"""The part of the Python API that looks without delivering: it makes no job and writes nothing but scratch."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

import anyio.to_thread

from transload.arguments import (
    check_words,
    destination_text,
    recipe_of,
    source_text,
    texts,
    usual_recipe,
)
from transload.config import Settings
from transload.entry import Opening, SourceContents
from transload.files.scratch import budget_for
from transload.jobs.dry_run import DryRunRequest, rehearse
from transload.jobs.look import inspect_file, list_source, look_at
from transload.listing import EVERYTHING, Wanted
from transload.model import Files, Hevc, Inspection, Recipe
from transload.ports import SourceRef
from transload.wiring import Installation

if TYPE_CHECKING:
    from transload.doctor import Check


class Lookups:
    """What an application answers about sources and files; `App` adds jobs."""

    def __init__(self, settings: Settings, installation: Installation) -> None:
        self.settings = settings
        self.installation = installation

    def destination(self, to: str) -> str:
        """The canonical text of a destination. Raises UsageError."""
        return self.installation.destinations.parse(
            destination_text(to), self.installation.library_dir
        )

    def check_source(self, source: str | PathLike[str]) -> None:
        """Raise UsageError or InvalidUrlError for what cannot be a source; whether it is there is not looked at."""
        self.installation.sources.check(source_text(source))

    async def resolve(self, source: str | PathLike[str]) -> SourceRef:
        """The source that is meant. Raises UsageError, SourceNotFoundError, UnreadableError."""
        text = source_text(source)
        return await anyio.to_thread.run_sync(self.installation.sources.resolve, text)

    async def list(
        self,
        source: str | PathLike[str],
        passwords: Sequence[str] = (),
        wanted: Wanted = EVERYTHING,
    ) -> SourceContents:
        """The wanted entries of a source, nothing delivered.

        Raises PasswordNeededError or WrongPasswordError for hidden names, UsageError where `include` fits no name.
        """
        opening = Opening.trying(texts("passwords", passwords))
        seen = await list_source(self.installation.sources, source_text(source), opening)
        return replace(seen, entries=tuple(wanted.of(seen.entries)))

    async def inspect(
        self, path: str | PathLike[str], recipe: Recipe | str | None = None
    ) -> Inspection:
        """Facts and verdict of a file for a recipe; without one, for that of `send` into a library."""
        judged_for = recipe_of(recipe) or usual_recipe(self.destination("library:"))
        file = Path(source_text(path))
        return await inspect_file(self.installation.media, file, judged_for, self.settings.hevc)

    def dry_run_request(  # noqa: PLR0913  the options of `send` that decide verdicts
        self,
        source: str | PathLike[str],
        to: str = "library:",
        *,
        recipe: Recipe | str | None = None,
        files: Files = "media",
        hevc: Hevc | None = None,
        include: Sequence[str] = (),
        exclude: Sequence[str] = (),
        passwords: Sequence[str] = (),
    ) -> DryRunRequest:
        """What `rehearse` looks at, with the defaults `send` would take. Raises UsageError."""
        check_words(files=files, hevc=hevc)
        return DryRunRequest(
            source_text(source),
            recipe_of(recipe) or usual_recipe(self.destination(to)),
            files,
            hevc or self.settings.hevc,
            texts("include", include),
            texts("exclude", exclude),
            Opening.trying(texts("passwords", passwords)),
        )

    async def rehearse(
        self, source: str | PathLike[str], request: DryRunRequest
    ) -> AsyncGenerator[Inspection, None]:
        """What a job would do with each entry; nothing is sent."""
        ref = await self.resolve(source)
        wanted = replace(request, ref=ref.ref)
        seen = rehearse(self.installation.dry_run_tools(), wanted)
        async with aclosing(seen):  # a caller that stops early ends the reading here and now
            async for one in seen:
                yield one

    async def scratch_need(self, source: str | PathLike[str], passwords: Sequence[str] = ()) -> int:
        """Disk space in bytes that a job on this source holds at most on the way. Raises what opening it raises."""
        if self.settings.scratch_budget_bytes is not None:
            return self.settings.scratch_budget_bytes
        sources, opening = self.installation.sources, Opening.trying(texts("passwords", passwords))
        text = source_text(source)
        return await look_at(sources, text, opening, lambda _, opened: budget_for(opened))

    async def examine(self, *, fix: bool = False) -> "Sequence[Check]":
        """Everything an installation needs, checked; with `fix`, missing folders are made first."""
        from transload.doctor import examine  # it knows ffmpeg

        return await examine(self.installation, fix=fix)
