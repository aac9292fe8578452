"""Reports as text, a page of items at a time: 100,000 items are never held, nor half a report left under its name."""

import json
import secrets
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from transload import report
from transload.cli.job_view import as_it_stands
from transload.errors import TransloadError, UsageError
from transload.files.disk import sync_written
from transload.model import Job, JobState, Totals
from transload.present.status import NOTHING_NEW
from transload.web_address import shown

if TYPE_CHECKING:
    from transload.app import App

PAGE = 500  # items turned into text at once, about 300 KiB


@dataclass(frozen=True, slots=True)
class NotStarted:
    """A source that never became a job, for the report: why, and what was wished."""

    source: str
    destination: str
    recipe: str | None
    error: TransloadError


@dataclass(frozen=True, slots=True)
class Repeated:
    """The ended job of an earlier command with the same words: there was nothing left to do."""

    job: Job


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace").decode()


def not_started(one: NotStarted) -> str:
    """The report of a source that never became a job: the usual shape, nothing in it but the error."""
    return _text(
        {
            "schema": report.SCHEMA,
            "job": None,
            "state": JobState.FAILED.value,
            "source": shown(one.source),
            "destination": one.destination,
            "recipe": one.recipe,
            "started_at": None,
            "finished_at": None,
            "totals": asdict(Totals()),
            "items": [],
            "error": report.error(one.error.fault()),
            "warnings": [],
        }
    )


async def job_document(app: "App", job_id: str, *notes: str) -> AsyncIterator[str]:
    """The report of a job in pieces of text, with `notes` among its warnings."""
    job = as_it_stands(app, await app.job(job_id))
    held = await app.held_up(job)
    head = report.head(job, await app.totals(job), held.get(job.id))
    head["warnings"] = [*notes, *head["warnings"]]
    yield _text(head)[:-1] + ', "items": ['
    page, between = list[str](), "\n"
    async for record in app.records(job.id):
        page.append(_text(report.item(record)))
        if len(page) == PAGE:
            yield between + ",\n".join(page)
            page, between = [], ",\n"
    yield (between + ",\n".join(page) if page else "") + "]}"


async def of_all(app: "App", asked: Sequence[Job | Repeated | NotStarted]) -> AsyncIterator[str]:
    """One report, or an array of them for several sources."""
    several = len(asked) != 1
    if several:
        yield "["
    for number, one in enumerate(asked):
        if number:
            yield ",\n"
        if isinstance(one, NotStarted):
            yield not_started(one)
            continue
        whole = (
            job_document(app, one.job.id, NOTHING_NEW)
            if isinstance(one, Repeated)
            else job_document(app, one.id)
        )
        async for piece in whole:
            yield piece
    yield "]\n" if several else "\n"


class ReportFile:
    """A file that is to hold the report: written under a temporary name beside it, fsynced, renamed."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        # Of its own: two commands may be asked to write the same file at the same moment.
        self._part = self.path.with_name(f".{self.path.name[:200]}.{secrets.token_hex(4)}.part")

    def check(self) -> None:
        """Raise UsageError when it cannot be written, before any work is done for it."""
        try:
            if self._special:
                with self.path.open("ab"):
                    return
            with self._part.open("wb"):
                self._part.unlink()
        except OSError as error:
            raise UsageError(
                f"the report {self.path} cannot be written ({error.strerror})",
                suggestion="Name a file in a writable folder after --report.",
            ) from error

    @property
    def _special(self) -> bool:
        """A device, a pipe (or a folder, which fails): it is written, never replaced."""
        return self.path.exists() and not self.path.is_file()

    async def write(self, pieces: AsyncIterator[str], job_ids: Sequence[str]) -> None:
        """Write the report of these jobs whole. Raises UsageError when the place has become unwritable."""
        target = self.path if self._special else self._part
        try:
            async with await anyio.open_file(target, "w", encoding="utf-8") as file:
                async for piece in pieces:
                    await file.write(piece)
                await file.flush()
                if target is self._part:
                    await anyio.to_thread.run_sync(sync_written, file.wrapped)
            if target is self._part:
                self._part.replace(self.path)
        except OSError as error:
            raise UsageError(
                f"the report {self.path} could not be written ({error.strerror})",
                suggestion=" ".join(f"`transload jobs {one} --json` prints it." for one in job_ids)
                or "Name a file in a writable folder after --report.",
            ) from error
        finally:
            if target is self._part:
                self._part.unlink(missing_ok=True)
