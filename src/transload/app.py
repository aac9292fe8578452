"""The Python API: what the command line, a page or a bot may ask for, and nothing that they add rules to."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import anyio
import anyio.to_thread
from anyio.abc import TaskGroup

from transload import report
from transload.arguments import (
    check_caption,
    check_switches,
    check_words,
    id_text,
    password_text,
    recipe_of,
    texts,
    usual_recipe,
)
from transload.config import DataFolder, Settings
from transload.errors import StoreError, Wait
from transload.events import Event, HeldUp, JobMoved, Snapshot
from transload.jobs.failures import first_of
from transload.jobs.hub import Hub
from transload.jobs.worker import TaskHandler, finished_equal_job
from transload.lookups import Lookups
from transload.model import (
    AlbumMix,
    Files,
    Hevc,
    ItemRecord,
    Job,
    JobState,
    Originals,
    QuarantineRecord,
    Recipe,
    Sort,
    Totals,
)
from transload.states import JOB_ENDED, can_be_held_up, needs_password
from transload.wiring import build

LOCK_S = 0.5  # how often the data folder's lock is tried while another process holds it


@dataclass(frozen=True, slots=True)
class Report:
    """The report of contract section 3 as values."""

    job: Job
    totals: Totals
    items: tuple[ItemRecord, ...]
    held_by: Wait | None = None

    def as_dict(self) -> dict[str, Any]:
        """The JSON document."""
        return report.head(self.job, self.totals, self.held_by) | {
            "items": [report.item(one) for one in self.items]
        }


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What a clean-up removes: files with their sizes."""

    files: tuple[tuple[Path, int], ...]

    @property
    def size_bytes(self) -> int:
        """Sum of the sizes."""
        return sum(size for _, size in self.files)


class App(Lookups):
    """One open data folder. Use as an async context manager; work runs while it is open.

    `clock` is the ledger's, UTC in integer milliseconds; None: the system's.

    Without `ledger` nothing is made in it and no job can be asked for: for callers that only look (`list`, `inspect`,
    `rehearse`, `examine`).
    """

    def __init__(
        self,
        settings: Settings,
        folder: DataFolder,
        *,
        ledger: bool = True,
        clock: Callable[[], int] | None = None,
    ) -> None:
        super().__init__(settings, build(settings, folder, clock))
        self._with_ledger = ledger
        self._hub = Hub(self.installation.ledger)
        self._group: TaskGroup
        self._engine = self.installation.engine(self.installation.clock())
        self._working = False

    async def __aenter__(self) -> Self:
        """Open the data folder. Raises StoreError when it cannot be used; it is never taken for empty."""
        if self._with_ledger:
            await self._open_folder()
        self._group = anyio.create_task_group()
        await self._group.__aenter__()
        if self._with_ledger:
            self._group.start_soon(self._hub.watch)
        return self

    async def _open_folder(self) -> None:
        folder = self.installation.folder
        try:
            folder.root.mkdir(parents=True, exist_ok=True, mode=0o700)
            await anyio.to_thread.run_sync(self.installation.ledger.database.open)
        except OSError as error:
            raise StoreError(
                f"{folder.root} cannot be used as data folder ({error.strerror})"
            ) from error

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        """Stop the work here; what is unfinished continues when it is asked for again."""
        self._group.cancel_scope.cancel()
        try:
            return await self._group.__aexit__(kind, error, trace)
        except BaseExceptionGroup as group:  # callers wait for UsageError, not for a group with one
            raise first_of(group) from None
        finally:
            with anyio.CancelScope(shield=True):
                await self.installation.close()
            self.installation.lock.release()

    def work(self) -> None:
        """Run jobs in this process as soon as it holds the data folder's lock; until then its holder runs them."""
        if not self._working:
            self._working = True
            handler = self.installation.handler()
            self._group.start_soon(self._serve, handler)
            self._group.start_soon(self._hub.show, handler.meters)

    async def _hand_over(self, job: Job) -> Job:
        """Have a job's tasks run by whoever runs them, here as long as the app is open."""
        self.work()
        for task_id in await self.installation.ledger.task_ids(job.id):
            await self._engine.submit(task_id)
        return job

    async def _serve(self, handler: TaskHandler) -> None:
        while not self.installation.lock.acquire():  # noqa: ASYNC110  another process's lock sends no word
            await anyio.sleep(LOCK_S)
        await self.installation.children.end_orphans()
        await self.installation.leases.release_dead()
        await self.installation.segment_store.sweep()
        await self._engine.run(handler)

    async def send(  # noqa: PLR0913  one keyword for each option of the contract
        self,
        source: str | PathLike[str],
        *,
        to: str = "library:",
        recipe: Recipe | str | None = None,
        files: Files = "media",
        hevc: Hevc | None = None,
        album_mix: AlbumMix | None = None,
        sort: Sort = "archive",
        originals: Originals = "keep",
        include: Sequence[str] = (),
        exclude: Sequence[str] = (),
        caption: str | None = None,
        again: bool = False,
        detach: bool = False,
        passwords: Sequence[str] = (),
    ) -> Job:
        """Make the job, or continue the unfinished one of the same source and destination.

        `passwords` are tried in their order, and kept only until the job ends. Raises UsageError, SourceNotFoundError,
        UnreadableError. Unless `detach`, it runs while the app is open.
        """
        check_words(files=files, hevc=hevc, album_mix=album_mix, sort=sort, originals=originals)
        check_switches(again=again, detach=detach)
        check_caption(caption)
        given = texts("passwords", passwords)
        wanted, left_out = texts("include", include), texts("exclude", exclude)
        made_for = recipe_of(recipe)
        destination = self.destination(to)
        ref = await self.resolve(source)
        job = Job(
            id="",
            source=ref.ref,
            destination=destination,
            recipe=made_for or usual_recipe(destination),
            title=ref.title,
            state=JobState.QUEUED,
            files=files,
            hevc=hevc or self.settings.hevc,
            album_mix=album_mix or self.settings.album_mix,
            sort=sort,
            originals=originals,
            include=wanted,
            exclude=left_out,
            caption=caption,
            again=again,
        )
        identity = "|".join(
            (ref.identity, destination, job.recipe.value, job.files, job.hevc, job.album_mix)
        )
        door = self.installation.destinations.of(destination)
        if not again and (
            done := await finished_equal_job(
                self.installation.ledger, door, job, identity, ref.version
            )
        ):
            return done
        made = await self.installation.ledger.submit(
            job,
            identity,
            ref.identity,
            detached=detach,
            version=ref.version,
            passwords=given,
            scopes=(*ref.scopes, *door.scopes(job)),
        )
        return made if detach else await self._hand_over(made)

    async def job(self, job_id: str) -> Job:
        """The job whose id begins so. Raises UsageError when it is no text, UnknownJobError."""
        return await self.installation.ledger.find(id_text(job_id))

    async def jobs(self, limit: int = 100) -> list[Job]:
        """The latest jobs, newest first."""
        return await self.installation.ledger.recent(limit)

    async def held_up(self, *jobs: Job) -> dict[str, Wait]:
        """By their ids, what those of the jobs wait for that wait for something outside, maybe at another's wish."""
        ids = {job.id for job in jobs if can_be_held_up(job.state, job.wait_reason)}
        return await self.installation.ledger.holding_up(ids) if ids else {}

    async def totals(self, job: Job) -> Totals:
        """The sums of a job so far."""
        return await self.installation.ledger.totals(job)

    async def events(self, job_id: str, after: int = 0) -> AsyncIterator[Event]:
        """A snapshot, then the job's numbered events (all above `after` when given), to its end.

        Between them come `progress` events, merged, and `held` ones; each repeats the number of the last event.
        """
        found = await self.job(job_id)
        async with self._hub.follow(found.id) as follower:
            shown = follower.progress  # older than the snapshot, of another run maybe
            job, totals = await self.installation.ledger.with_totals(found.id)
            seq = after or job.seq
            yield Event(job.id, job.seq, self.installation.clock(), Snapshot(job, totals))
            held_by: Wait | None = None
            while True:
                latest, progress = follower.head, follower.progress
                async for event in self.installation.ledger.events(job.id, seq, latest.seq):
                    seq = event.seq
                    yield event
                if latest.held_by != held_by:
                    held_by = latest.held_by
                    yield Event(job.id, seq, self.installation.clock(), HeldUp(held_by))
                now = None if progress is None else progress.after(shown)
                if now is not None and now != shown:
                    yield Event(job.id, seq, self.installation.clock(), now)
                shown = now
                if latest.state in JOB_ENDED:
                    return
                await follower.changed()

    async def history(self, job_id: str) -> list[Event]:
        """All events of a job so far, in order; one for each batch of items."""
        job = await self.job(job_id)
        events = self.installation.ledger.events(job.id, 0, job.seq)
        return [event async for event in events]

    async def wait(self, job_id: str) -> Job:
        """The job once it has ended, or waits for a password."""
        async for event in self.events(job_id):
            if isinstance(event.news, Snapshot | JobMoved) and needs_password(
                await self.job(job_id)
            ):
                break
        return await self.job(job_id)

    async def report(self, job_id: str) -> Report:
        """The whole report in memory; for very many items prefer `records`."""
        job = await self.job(job_id)
        items = tuple([record async for record in self.installation.ledger.records(job.id)])
        held = await self.held_up(job)
        return Report(job, await self.installation.ledger.totals(job), items, held.get(job.id))

    def records(self, job_id: str) -> AsyncIterator[ItemRecord]:
        """The items of a job with their deliveries, a page of rows in memory at a time."""
        return self.installation.ledger.records(id_text(job_id))

    async def cancel(self, job_id: str) -> Job:
        """End a job; what was delivered stays. Returns the job, `cancelled` once its tasks have let go."""
        return await self._ask(job_id, "cancel")

    async def pause(self, job_id: str) -> Job:
        """Stop a job's work until `resume`."""
        job = await self.job(job_id)
        return await self.installation.ledger.control(job.id, "pause")

    async def resume(self, job_id: str) -> Job:
        """Go on with a paused, waiting or interrupted job."""
        return await self._ask(job_id, None)

    async def _ask(self, job_id: str, word: str | None) -> Job:
        job = await self.job(job_id)
        asked = await self.installation.ledger.control(job.id, word)
        return await self._hand_over(asked)

    async def give_password(self, job_id: str, text: str) -> Job:
        """Hand in one more password for a job, which then tries again. Raises UsageError when it has ended."""
        job, password = await self.job(job_id), password_text(text)
        asked = await self.installation.ledger.give_password(job.id, password)
        return await self._hand_over(asked)

    async def retry(self, job_id: str) -> Job:
        """Take up the failed, quarantined and cancelled items of an ended job again."""
        job = await self.job(job_id)
        return await self._hand_over(await self.installation.ledger.retry(job.id))

    async def quarantined(self, prefix: str = "") -> list[QuarantineRecord]:
        """Kept originals, oldest first."""
        return await self.installation.quarantine.listed(id_text(prefix))

    async def retry_quarantined(self, *record_ids: str) -> Sequence[Job]:
        """Send the items of kept originals again; returns their jobs, each once."""
        by_job = await self.installation.quarantine.items_by_job(
            [id_text(one) for one in record_ids]
        )
        again = [await self.installation.ledger.retry(job, only) for job, only in by_job.items()]
        return [await self._hand_over(job) for job in again]

    async def drop_quarantined(self, record_id: str) -> QuarantineRecord:
        """Delete one kept original for good."""
        record = await self.installation.quarantine.one(id_text(record_id))
        await self.installation.quarantine.drop(record, self.installation.clock())
        return record

    async def mend(self) -> int:
        """Free what nothing refers to; returns the bytes. For an app without its ledger open."""
        await self._open_folder()
        return (await self.clean()).size_bytes

    async def clean(self, *, dry_run: bool = False) -> Cleaned:
        """Remove scratch of jobs that no longer run, parts nobody waits for, files in the quarantine without a row."""
        recent = await self.installation.ledger.recent(10_000)
        busy = {job.id for job in recent if job.state not in JOB_ENDED}
        strays = await self.installation.quarantine.strays()
        found = await anyio.to_thread.run_sync(self._clean, busy, strays, dry_run)
        return Cleaned(
            (*found.files, *await self.installation.segment_store.sweep(dry_run=dry_run))
        )

    def _clean(self, busy: set[str], strays: Sequence[Path], dry_run: bool) -> Cleaned:
        folders = [
            one for one in self.installation.folder.scratch.glob("*") if one.name not in busy
        ]
        idle = [path for folder in sorted(folders) for path in folder.rglob("*")]
        found = [(path, path.stat().st_size) for path in (*idle, *strays) if path.is_file()]
        for path, _ in found if not dry_run else ():
            path.unlink(missing_ok=True)
        return Cleaned(tuple(found))
