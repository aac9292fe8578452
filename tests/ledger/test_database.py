"""Opening, upgrading and refusing a ledger file."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Connection, Engine, create_engine, event, text

from tests.inputs import packed, photo
from tests.installation import Home
from transload.errors import DiskFullError, StoreError
from transload.ledger.database import Database
from transload.ledger.schema import VERSION
from transload.model import Files

pytestmark = pytest.mark.anyio


def modes(database: Database, *, durable: bool) -> tuple[str, int]:
    with database.begin(durable=durable) as db:
        journal = db.execute(text("PRAGMA journal_mode")).scalar_one()
        return journal, db.execute(text("PRAGMA synchronous")).scalar_one()


def test_intents_are_synced_and_other_writes_are_not(tmp_path: Path) -> None:
    database = Database(tmp_path / "ledger.db")
    database.open()
    assert modes(database, durable=False) == ("wal", 1)  # 1: NORMAL
    assert modes(database, durable=True) == ("wal", 2)  # 2: FULL
    database.close()


def test_opening_twice_keeps_the_rows(tmp_path: Path) -> None:
    for _ in range(2):
        database = Database(tmp_path / "ledger.db")
        database.open()
        with database.begin() as db:
            db.execute(text("INSERT INTO claims VALUES ('d', hex(randomblob(4)), NULL, 'p')"))
            count = db.execute(text("SELECT count(*) FROM claims")).scalar_one()
        database.close()
    assert count == 2


def test_a_failed_transaction_leaves_nothing(tmp_path: Path) -> None:
    database = Database(tmp_path / "ledger.db")
    database.open()

    def fail() -> None:
        with database.begin() as db:
            db.execute(text("INSERT INTO claims VALUES ('d', 'k', NULL, 'p')"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with database.begin() as db:
        assert db.execute(text("SELECT count(*) FROM claims")).scalar_one() == 0
    database.close()


@pytest.mark.parametrize(
    "content", [b"not a database at all" * 300, b"SQLite format 3\0" + b"\xff" * 5000]
)
def test_a_damaged_ledger_is_refused_and_not_touched(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "ledger.db"
    path.write_bytes(content)
    database = Database(path)
    with pytest.raises(StoreError, match="damaged"):
        database.open()
    database.close()
    assert path.read_bytes() == content


def test_a_ledger_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    with sqlite3.connect(path) as raw:
        raw.execute(f"PRAGMA user_version={VERSION + 1}")
        raw.execute("CREATE TABLE jobs (id)")
    raw.close()
    database = Database(path)
    with pytest.raises(StoreError, match="version"):
        database.open()
    database.close()


def _shape(path: Path) -> dict[str, list[str]]:
    """Each table's columns, keys and indices; the order of columns is not part of it: a step adds them at the end."""
    shape: dict[str, list[str]] = {}
    with sqlite3.connect(path) as raw:
        for (table,) in raw.execute("SELECT name FROM sqlite_master WHERE type='table'").fetchall():
            columns = raw.execute(f"SELECT * FROM pragma_table_info('{table}')").fetchall()
            keys = raw.execute(f"SELECT * FROM pragma_foreign_key_list('{table}')").fetchall()
            shape[table] = sorted(repr(column[1:]) for column in columns) + sorted(map(repr, keys))
        indices = raw.execute("SELECT name, sql FROM sqlite_master WHERE type='index'").fetchall()
    raw.close()
    return shape | {name: ["".join((sql or "").replace('"', "").split())] for name, sql in indices}


EARLIER_COLUMNS = (
    "ALTER TABLE jobs ADD COLUMN version TEXT NOT NULL DEFAULT ''\n"
    "ALTER TABLE items ADD COLUMN twin INTEGER\n"
)
"""Some ledgers of version 1 have these already."""


def _grown(path: Path, rows: str = "") -> None:
    """A ledger made by the first step, filled, then brought up by the others."""
    from transload.ledger.migrations import upgrade
    from transload.ledger.migrations.versions import v0001_tables

    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as db:
        with Operations.context(MigrationContext.configure(db)):
            v0001_tables.upgrade()
        db.execute(text("PRAGMA user_version=1"))
        for row in rows.splitlines():
            db.execute(text(row))
        upgrade(db)
    engine.dispose()


@pytest.mark.parametrize("earlier", ["", EARLIER_COLUMNS], ids=["plain", "with_columns"])
def test_the_migrations_make_the_same_tables(tmp_path: Path, earlier: str) -> None:
    database = Database(tmp_path / "fresh.db")
    database.open()
    database.close()
    _grown(tmp_path / "grown.db", earlier)
    assert _shape(tmp_path / "fresh.db") == _shape(tmp_path / "grown.db")


@pytest.mark.parametrize("earlier", ["", EARLIER_COLUMNS], ids=["plain", "with_columns"])
def test_a_ledger_of_the_first_version_keeps_its_rows(tmp_path: Path, earlier: str) -> None:
    _grown(
        tmp_path / "grown.db",
        f"{earlier}INSERT INTO albums (job_id, number, kind, members) VALUES ('J', 1, 'photo', 2)\n"
        "INSERT INTO receipts (item_id, job_id, destination, recipe, source_identity, idx, sha256, sent_ms)"
        " VALUES (1, 'J', 'library:/x', 'playable', 's', 7, 'abc', 5)",
    )
    with sqlite3.connect(tmp_path / "grown.db") as raw:
        receipts = raw.execute('SELECT idx, "inner", sha256 FROM receipts').fetchall()
        version = raw.execute("PRAGMA user_version").fetchone()
    raw.close()
    assert (receipts, version) == ([(7, "", "abc")], (VERSION,))


def test_a_full_disk_is_told_apart(tmp_path: Path) -> None:
    database = Database(tmp_path / "ledger.db")
    database.open()

    def fill() -> None:
        with database.begin() as db:
            db.execute(text("PRAGMA max_page_count=1"))
            for _ in range(100):
                db.execute(
                    text("INSERT INTO claims VALUES ('d', hex(randomblob(2000)), NULL, 'p')")
                )

    with pytest.raises(DiskFullError):
        fill()
    database.close()


def test_many_processes_may_make_the_ledger_at_once(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from transload.ledger.database import Database;"
        "d = Database(Path(sys.argv[1])); d.open(); d.close()"
    )
    words = [sys.executable, "-c", program, str(tmp_path / "ledger.db")]
    together = [subprocess.Popen(words) for _ in range(6)]
    assert [one.wait(timeout=30) for one in together] == [0] * 6


async def test_what_was_deleted_is_nowhere_after_a_wipe(tmp_path: Path) -> None:
    database = Database(tmp_path / "ledger.db")
    database.open()
    insert = text("INSERT INTO claims VALUES ('d', 'open-sesame', NULL, 'p')")
    await database.run(lambda db: db.execute(insert))
    await database.run(lambda db: db.execute(text("DELETE FROM claims")), durable=True)
    assert b"open-sesame" in bytes_of(tmp_path)
    await database.wipe()
    assert b"open-sesame" not in bytes_of(tmp_path)
    database.close()


def bytes_of(folder: Path) -> bytes:
    """All that the files of a folder hold."""
    return b"\n".join(path.read_bytes() for path in folder.iterdir())


def test_a_new_ledger_is_for_its_owner_alone(tmp_path: Path) -> None:
    database = Database(tmp_path / "ledger.db")
    database.open()
    made = {path.suffix: path.stat().st_mode & 0o077 for path in tmp_path.glob("ledger.db*")}
    database.close()
    assert made == {".db": 0, ".db-wal": 0, ".db-shm": 0}


INSERT = text("INSERT INTO claims VALUES ('d', hex(randomblob(4)), NULL, 'p')")
COUNT = text("SELECT count(*) FROM claims")


def counted(db: Connection) -> int:
    return int(db.execute(COUNT).scalar_one())


async def test_a_reader_waits_for_no_writer_and_sees_what_is_committed(tmp_path: Path) -> None:
    database = Database(tmp_path / "ledger.db")
    database.open()
    with database.begin() as db:  # the lock is held while others read
        db.execute(INSERT)
        assert await database.read(counted) == 0
    assert await database.read(counted) == 1
    database.close()


async def test_a_read_cannot_write(tmp_path: Path) -> None:
    database = Database(tmp_path / "ledger.db")
    database.open()
    with pytest.raises(StoreError, match="readonly"):
        await database.read(lambda db: db.execute(INSERT))
    assert await database.read(counted) == 0
    database.close()


async def test_the_version_changes_with_every_commit_of_anybody(tmp_path: Path) -> None:
    ours, theirs = Database(tmp_path / "ledger.db"), Database(tmp_path / "ledger.db")
    ours.open()
    theirs.open()
    seen = [await ours.version()]
    assert await ours.version() == seen[0]
    for database, durable in ((ours, False), (ours, True), (theirs, False)):
        await database.run(lambda db: db.execute(INSERT), durable=durable)
        seen.append(await ours.version())
        assert await ours.version() == seen[-1]
    assert len(set(seen)) == len(seen)
    ours.close()
    theirs.close()


# What an entry costs: statements that are built once and run for many.


SKIPPED_MOST, DELIVERED_MOST = 0.2, 0.5  # executions an entry


@contextmanager
def counting() -> Iterator[list[str]]:
    """The statements that are run meanwhile; one for many rows is one."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if not statement.startswith(("BEGIN", "SAVEPOINT", "RELEASE")):
            seen.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)


async def cost(folder: Path, entries: dict[str, bytes], files: Files = "media") -> float:
    """Executions for each further entry: what a job costs by itself is not counted."""
    counts: list[int] = []
    some = dict(list(entries.items())[: len(entries) // 4])
    for name, part in (("some", some), ("all", entries)):
        source = packed(folder / f"{name}.zip", part)
        (folder / f"home of {name}").mkdir()
        async with Home(folder / f"home of {name}").open() as app:
            with counting() as seen:
                job = await app.send(source, files=files)
                await app.wait(job.id)
        counts.append(len(seen))
    return (counts[1] - counts[0]) / (len(entries) - len(some))


async def test_skipped_entries_cost_few_statements(tmp_path: Path) -> None:
    texts = {f"{n}.txt": b"text %d" % n for n in range(4000)}
    assert await cost(tmp_path, texts) < SKIPPED_MOST


async def test_small_files_cost_few_statements(tmp_path: Path) -> None:
    files = {f"{n % 7}/{n}.bin": b"\x00%d" % n for n in range(2000)}
    assert await cost(tmp_path, files, files="all") < DELIVERED_MOST


async def test_photos_cost_few_statements(tmp_path: Path) -> None:
    photos = {f"{n}.jpg": photo(n) for n in range(400)}
    assert await cost(tmp_path, photos) < DELIVERED_MOST
