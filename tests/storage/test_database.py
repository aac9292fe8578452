"""Opening, upgrading and refusing a ledger file."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from transload.errors import DiskFullError, StoreError
from transload.storage.database import Database
from transload.storage.schema import VERSION


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
            db.execute(text("INSERT INTO folders VALUES ('d', hex(randomblob(4)), NULL, 'p')"))
            count = db.execute(text("SELECT count(*) FROM folders")).scalar_one()
        database.close()
    assert count == 2


def test_a_failed_transaction_leaves_nothing(tmp_path: Path) -> None:
    database = Database(tmp_path / "ledger.db")
    database.open()

    def fail() -> None:
        with database.begin() as db:
            db.execute(text("INSERT INTO folders VALUES ('d', 'k', NULL, 'p')"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with database.begin() as db:
        assert db.execute(text("SELECT count(*) FROM folders")).scalar_one() == 0
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


def test_the_migrations_make_the_same_tables(tmp_path: Path) -> None:
    from transload.storage.migrations import upgrade

    def tables(path: Path) -> dict[str, str]:
        with sqlite3.connect(path) as raw:
            rows = raw.execute(
                "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"
            ).fetchall()
        raw.close()
        return {name: " ".join(sql.split()) for name, sql in rows}

    database = Database(tmp_path / "fresh.db")
    database.open()
    database.close()
    engine = create_engine(f"sqlite:///{tmp_path / 'grown.db'}")
    with engine.begin() as db:
        upgrade(db)
    engine.dispose()
    assert tables(tmp_path / "fresh.db") == tables(tmp_path / "grown.db")


def test_a_full_disk_is_told_apart(tmp_path: Path) -> None:
    database = Database(tmp_path / "ledger.db")
    database.open()

    def fill() -> None:
        with database.begin() as db:
            db.execute(text("PRAGMA max_page_count=1"))
            for _ in range(100):
                db.execute(
                    text("INSERT INTO folders VALUES ('d', hex(randomblob(2000)), NULL, 'p')")
                )

    with pytest.raises(DiskFullError):
        fill()
    database.close()


def test_many_processes_may_make_the_ledger_at_once(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from transload.storage.database import Database;"
        "d = Database(Path(sys.argv[1])); d.open(); d.close()"
    )
    words = [sys.executable, "-c", program, str(tmp_path / "ledger.db")]
    together = [subprocess.Popen(words) for _ in range(6)]
    assert [one.wait(timeout=30) for one in together] == [0] * 6
