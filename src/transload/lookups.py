"""The part of the Python API that looks without delivering: it makes no job and writes nothing but scratch."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace
from os import PathLike
from pathlib import Path

import anyio.to_thread

from transload.config import Settings
from transload.entry import Opening
from transload.files.scratch import budget_for
from transload.jobs.dry_run import (
    DryRunRequest,
    Inspected,
    Seen,
    inspect_file,
    list_source,
    look_at,
    rehearse,
)
from transload.model import Files, Hevc, Recipe
from transload.options import (
    check_words,
    destination_text,
    recipe_of,
    source_text,
    texts,
    usual_recipe,
)
from transload.ports import SourceRef
from transload.wiring import Installation


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

    async def resolve(self, source: str | PathLike[str]) -> SourceRef:
        """The source that is meant. Raises UsageError, SourceNotFoundError, UnreadableError."""
        text = source_text(source)
        return await anyio.to_thread.run_sync(self.installation.sources.resolve, text)

    async def list(self, source: str | PathLike[str], passwords: Sequence[str] = ()) -> Seen:
        """Entries of a source, nothing delivered. Raises PasswordNeededError or WrongPasswordError for hidden names."""
        opening = Opening.trying(texts("passwords", passwords))
        return await list_source(self.installation.sources, source_text(source), opening)

    async def inspect(
        self, path: str | PathLike[str], recipe: Recipe | str | None = None
    ) -> Inspected:
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
    ) -> AsyncGenerator[Inspected, None]:
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
