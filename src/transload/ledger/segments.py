"""Finished segments of long transcodes: rows, and files in a folder for each source and settings.

They serve the next run of the same conversion, whichever job asks for it. Nothing else removes them: they go when the
source has been delivered and nobody waits for it, or after a week without a new one.
"""

import contextlib
import shutil
from pathlib import Path

import anyio.to_thread
from sqlalchemy import Connection, delete, func, insert, select

from transload.files.disk import free_bytes, reserve_of
from transload.ledger.database import Database
from transload.ledger.schema import choices, items, receipts, segments
from transload.ledger.task_run import FencedTask
from transload.plans import QualityChoice, Segment
from transload.ports import Clock
from transload.states import ITEM_OPEN
from transload.sums import sha256_of

KEPT_MS = 7 * 86_400_000
ROWLESS_MS = 86_400_000
SHA_IN_KEY = 32


class SqlSegmentStore:
    """All segments of a data folder, on a disk of which `min_free` bytes stay free as `reserve_of` says."""

    def __init__(self, database: Database, clock: Clock, root: Path, min_free: int = 0) -> None:
        self._database = database
        self._clock = clock
        self._root = root
        self._min_free = min_free
        self._busy: set[str] = set()

    def of(self, task: FencedTask, source_sha256: str) -> "TaskParts":
        """The segments of one source, as a task may write them."""
        return TaskParts(self, task, source_sha256)

    def folder(self, key: str) -> Path:
        """Where the files of a key lie."""
        return self._root / key

    def free_bytes(self, key: str) -> int:
        """Bytes that may be written to a folder that is there, down to the reserve of its disk."""
        folder = self.folder(key)
        return free_bytes(folder) - reserve_of(folder, self._min_free)

    def claim(self, key: str) -> bool:
        """Take a key for one conversion of this process; False when another has it."""
        if key in self._busy:
            return False
        self._busy.add(key)
        return True

    def free(self, key: str) -> None:
        """Give it back."""
        self._busy.discard(key)

    async def rows(self, key: str) -> list[Segment]:
        """What is remembered of a key."""

        def act(db: Connection) -> list[Segment]:
            found = db.execute(select(segments).where(segments.c.key == key).order_by(segments.c.n))
            return [
                Segment(
                    row.n,
                    row.first,
                    row.frames,
                    row.first_tick,
                    row.last_tick,
                    row.size_bytes,
                    row.sha256,
                    row.guard,
                )
                for row in found
            ]

        return await self._database.read(act)

    def write(self, db: Connection, key: str, source: str, segment: Segment) -> None:
        """Remember a segment, in place of an earlier one of its number."""
        db.execute(delete(segments).where(segments.c.key == key, segments.c.n == segment.n))
        db.execute(
            insert(segments).values(
                key=key,
                source=source,
                made_ms=self._clock(),
                n=segment.n,
                first=segment.first,
                frames=segment.frames,
                first_tick=segment.first_tick,
                last_tick=segment.last_tick,
                size_bytes=segment.size_bytes,
                sha256=segment.sha256,
                guard=segment.guard,
            )
        )

    async def sweep(self, *, dry_run: bool = False) -> list[tuple[Path, int]]:
        """Remove what has been delivered, is older than a week or has no row; returns the files with their sizes."""

        def act(db: Connection) -> tuple[set[str], set[str]]:
            newest = func.max(segments.c.made_ms)
            rows = select(segments.c.key, segments.c.source, newest).group_by(
                segments.c.key, segments.c.source
            )
            known = {key: (source, made) for key, source, made in db.execute(rows)}
            spent = {
                key
                for key, (source, made) in known.items()
                if key not in self._busy and not self._is_wanted(db, source, made)
            }
            if spent and not dry_run:
                db.execute(delete(segments).where(segments.c.key.in_(spent)))
            if not dry_run:
                self._forget_choices(db)
            return spent, set(known)

        spent, known = await self._database.run(act)
        idle = await anyio.to_thread.run_sync(self._idle, spent, known | self._busy)
        return await anyio.to_thread.run_sync(_removed, idle, dry_run)

    def _forget_choices(self, db: Connection) -> None:
        """Choices live as long as segments made by them would."""
        rows = db.execute(select(choices.c.key, choices.c.source, choices.c.made_ms)).all()
        old = [row.key for row in rows if not self._is_wanted(db, row.source, row.made_ms)]
        if old:
            db.execute(delete(choices).where(choices.c.key.in_(old)))

    async def choice(self, key: str) -> QualityChoice | None:
        """What was chosen for a key."""

        def act(db: Connection) -> QualityChoice | None:
            row = db.execute(select(choices).where(choices.c.key == key)).first()
            return None if row is None else QualityChoice(row.preset, row.lines, row.note)

        return await self._database.read(act)

    def write_choice(self, db: Connection, key: str, source: str, choice: QualityChoice) -> None:
        """Remember a choice; one made before stays: segments may lie under it."""
        if db.execute(select(choices.c.key).where(choices.c.key == key)).first() is not None:
            return
        row = insert(choices).values(key=key, source=source, made_ms=self._clock())
        db.execute(row.values(preset=choice.preset, lines=choice.lines, note=choice.note))

    def _idle(self, spent: set[str], known: set[str]) -> list[Path]:
        """Folders of no more use. One without a row may be another process's first segment: it must be old."""
        before_s = (self._clock() - ROWLESS_MS) / 1000
        folders = sorted(self._root.glob("*"))
        return [
            folder
            for folder in folders
            if folder.name in spent
            or (folder.name not in known and folder.stat().st_mtime < before_s)
        ]

    def _is_wanted(self, db: Connection, source: str, made_ms: int) -> bool:
        waiting = select(items.c.id).where(
            items.c.sha256 == source, items.c.state.in_([state.value for state in ITEM_OPEN])
        )
        if db.execute(waiting.limit(1)).first() is not None:
            return True
        sent = select(receipts.c.item_id).where(
            receipts.c.sha256 == source, receipts.c.sent_ms >= made_ms
        )
        delivered = db.execute(sent.limit(1)).first() is not None
        return not delivered and made_ms > self._clock() - KEPT_MS


class TaskParts:
    """The `Segments` port: segments of one source, written in the name of one task."""

    def __init__(self, store: SqlSegmentStore, task: FencedTask, source: str) -> None:
        self._store = store
        self._task = task
        self._source = source

    def _key(self, settings: str) -> str:
        return f"{self._source[:SHA_IN_KEY]}-{settings}"

    async def begin(self, settings: str) -> Path | None:
        """The folder, swept of temporaries; None while another conversion of this process works in it."""
        key = self._key(settings)
        if not self._store.claim(key):
            return None
        folder = self._store.folder(key)
        with contextlib.ExitStack() as unready:
            unready.callback(self._store.free, key)
            await anyio.to_thread.run_sync(_make_ready, folder)
            unready.pop_all()
        return folder

    async def known(self, settings: str) -> list[Segment]:
        """Segments whose files are there with their size and hash; other rows are left to be written anew."""
        key = self._key(settings)
        rows = await self._store.rows(key)
        return await anyio.to_thread.run_sync(_whole, self._store.folder(key), rows)

    async def free_bytes(self, settings: str) -> int:
        """What the disk of the folder has above its reserve."""
        return await anyio.to_thread.run_sync(self._store.free_bytes, self._key(settings))

    async def add(self, settings: str, segment: Segment) -> None:
        """Remember a segment, durably."""
        key = self._key(settings)
        await self._task.advance(lambda db: self._store.write(db, key, self._source, segment))

    async def drop(self, settings: str) -> None:
        """Forget all segments, then remove their files."""
        key = self._key(settings)
        await self._task.write_durably(
            lambda db: db.execute(delete(segments).where(segments.c.key == key))
        )
        await anyio.to_thread.run_sync(_remove, self._store.folder(key))

    async def chosen(self, settings: str) -> QualityChoice | None:
        """What an earlier run chose for the film of these settings."""
        return await self._store.choice(self._key(settings))

    async def choose(self, settings: str, choice: QualityChoice) -> None:
        """Remember a choice, durably."""
        key = self._key(settings)
        await self._task.write_durably(
            lambda db: self._store.write_choice(db, key, self._source, choice)
        )

    def leave(self, settings: str) -> None:
        """Another conversion may work in the folder."""
        self._store.free(self._key(settings))


def _make_ready(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.glob("*.part"):
        path.unlink(missing_ok=True)


def _whole(folder: Path, rows: list[Segment]) -> list[Segment]:
    return [segment for segment in rows if _is_whole(folder / segment.file, segment)]


def _is_whole(path: Path, segment: Segment) -> bool:
    if not path.is_file() or path.stat().st_size != segment.size_bytes:
        return False
    return sha256_of(path) == segment.sha256


def _removed(folders: list[Path], dry_run: bool) -> list[tuple[Path, int]]:
    paths = [path for folder in folders for path in sorted(folder.rglob("*"))]
    found = [(path, path.stat().st_size) for path in paths if path.is_file()]
    for folder in folders if not dry_run else ():
        _remove(folder)
    return found


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
