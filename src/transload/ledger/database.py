"""Opening the ledger's database and running transactions on it from async code, in a worker thread.

Writers go one at a time; readers see the last commit and wait for no writer, nor does one wait for them.
"""

import fcntl
import logging
import sqlite3
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import anyio
import anyio.to_thread
from sqlalchemy import URL, Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DatabaseError, DBAPIError

from transload.errors import DiskFullError, StoreError, TransloadError
from transload.faults import NextStep, Step
from transload.ledger.schema import VERSION, metadata

log = logging.getLogger(__name__)

T = TypeVar("T")

BUSY_S = 15  # another process writes rows in milliseconds; longer means it hangs
CACHE_KIB = 1024  # page cache of each connection: the working set is a page of items


def translated(error: DBAPIError) -> TransloadError:
    """Our error for a database error, decided by SQLite's result code."""
    code = getattr(error.orig, "sqlite_errorcode", None)
    primary = code & 0xFF if isinstance(code, int) else None
    if primary == sqlite3.SQLITE_FULL:
        return DiskFullError("the disk of the data folder is full", stage="store")
    if primary in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return StoreError(
            "the ledger is damaged and is not touched any further",
            suggestion=Step(NextStep.RESTORE_LEDGER, "the data folder's ledger.db"),
        )
    return StoreError(f"the ledger cannot be used ({error.orig})")


class Database:
    """One SQLite file in WAL mode behind three connections.

    `quick` transactions (synchronous=NORMAL) survive a kill -9, a power cut may take the last ones back; `durable`
    ones (FULL) survive both and are for intents and for what ends a job. Writers start with BEGIN IMMEDIATE. The third
    connection reads only: its transactions take no lock, and a statement that writes fails in them.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.is_open = False
        self._turn = anyio.CapacityLimiter(1)  # one write at a time in this process
        self._reader = anyio.CapacityLimiter(1)
        self._quick = self._engine("NORMAL", "BEGIN IMMEDIATE")
        self._durable = self._engine("FULL", "BEGIN IMMEDIATE")
        self._reads = self._engine("NORMAL", "BEGIN")

        @event.listens_for(self._reads, "connect")
        def forbid(raw: sqlite3.Connection, _record: object) -> None:
            raw.execute("PRAGMA query_only=ON")

    def _engine(self, synchronous: str, begins: str) -> Engine:
        url = URL.create("sqlite", database=str(self.path))
        engine = create_engine(
            url,
            pool_size=1,
            max_overflow=0,
            hide_parameters=True,  # an error's text may reach the log; passwords are parameters
            connect_args={"timeout": BUSY_S, "check_same_thread": False},
        )

        @event.listens_for(engine, "connect")
        def prepare(raw: sqlite3.Connection, _record: object) -> None:
            raw.isolation_level = None  # SQLAlchemy's begin event below starts the transaction
            raw.execute("PRAGMA journal_mode=WAL")
            raw.execute(f"PRAGMA synchronous={synchronous}")
            raw.execute("PRAGMA foreign_keys=ON")
            raw.execute("PRAGMA secure_delete=ON")  # a deleted password leaves zeros, not its text
            raw.execute(f"PRAGMA cache_size=-{CACHE_KIB}")

        @event.listens_for(engine, "begin")
        def begin(connection: Connection) -> None:
            connection.exec_driver_sql(begins)

        return engine

    def open(self) -> None:
        """Make or bring up the tables. Raises StoreError when the file is no ledger or of a newer version."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # Two processes that make the file at the same moment: SQLite gives up at once where one switches to WAL.
        with self.path.with_suffix(".lock").open("w") as turn:
            fcntl.flock(turn, fcntl.LOCK_EX)
            self.path.touch(mode=0o600)  # it may hold passwords; its log gets the same mode
            self._open()
        self.is_open = True

    def _open(self) -> None:
        with self.begin(durable=True) as db:
            version = db.execute(text("PRAGMA user_version")).scalar_one()
            if version == VERSION:
                return
            if version == 0 and not db.execute(text("SELECT 1 FROM sqlite_master")).first():
                metadata.create_all(db)
                db.execute(text(f"PRAGMA user_version={VERSION}"))
                return
        if version > VERSION:
            raise StoreError(
                f"the ledger is of version {version}, this Transload knows {VERSION}",
                suggestion=Step(NextStep.UPDATE),
            )
        from transload.ledger.migrations import upgrade  # alembic costs 150 ms: only when behind

        with self.begin(durable=True) as db:
            upgrade(db)

    def integrity(self) -> list[str]:
        """What SQLite finds wrong with an existing file; empty when it is intact. Raises StoreError, DiskFullError."""
        with self.begin() as db:
            version = db.execute(text("PRAGMA user_version")).scalar_one()
            found = [str(word) for word in db.execute(text("PRAGMA quick_check")).scalars()]
        newer = [f"written by a newer Transload (version {version})"] if version > VERSION else []
        return newer + [word for word in found if word != "ok"]

    @contextmanager
    def begin(self, *, durable: bool = False) -> Generator[Connection, None, None]:
        """A write transaction for the calling thread; committed at the end, rolled back on an error."""
        engine = self._durable if durable else self._quick
        try:
            with engine.begin() as connection:
                yield connection
        except DatabaseError as error:
            raise translated(error) from error

    async def run(self, act: Callable[[Connection], T], *, durable: bool = False) -> T:
        """What `act` answers, run in one transaction in a worker thread. Not abandoned on cancellation."""

        def transaction() -> T:
            with self.begin(durable=durable) as connection:
                return act(connection)

        return await anyio.to_thread.run_sync(transaction, limiter=self._turn)

    async def read(self, act: Callable[[Connection], T]) -> T:
        """What `act` answers of one moment, without a lock. Not abandoned on cancellation."""

        def transaction() -> T:
            try:
                with self._reads.begin() as connection:
                    return act(connection)
            except DatabaseError as error:
                raise translated(error) from error

        return await anyio.to_thread.run_sync(transaction, limiter=self._reader)

    async def version(self) -> int:
        """A number that is another one after each commit of anybody: what was read before is still so while it stays.

        Source: SQLite, PRAGMA data_version.
        """

        def ask() -> int:
            raw = self._reads.raw_connection()  # in no transaction
            try:
                return int(raw.cursor().execute("PRAGMA data_version").fetchone()[0])
            except sqlite3.Error as error:
                raise StoreError(f"the ledger cannot be used ({error})") from error
            finally:
                raw.close()

        return await anyio.to_thread.run_sync(ask, limiter=self._reader)

    async def wipe(self) -> None:
        """Move everything into the file and empty its log: what was deleted is then nowhere any more.

        Where another process keeps the log in use it is emptied later, at the latest when the last one closes it.
        """

        def checkpoint() -> None:
            raw = self._durable.raw_connection()
            try:
                busy = raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            except sqlite3.Error as error:
                log.warning("log_not_emptied", extra={"error": type(error).__name__})
            else:
                log.debug("log_emptied", extra={"busy": busy})
            finally:
                raw.close()

        async with self._reader:  # a reader keeps the log in use
            await anyio.to_thread.run_sync(checkpoint, limiter=self._turn)

    def close(self) -> None:
        """Close all connections."""
        self.is_open = False
        self._reads.dispose()
        self._quick.dispose()
        self._durable.dispose()
