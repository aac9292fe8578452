"""Programs whose parent was killed are ended by the next run; others are left alone."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest
from sqlalchemy import func, select, update

from tests.ledger.conftest import Desk
from tests.process_table import left_after
from transload.ledger.children import Children
from transload.ledger.database import Database
from transload.ledger.schema import children
from transload.processes.registry import birth

NEVER = [sys.executable, "-c", "import time; time.sleep(60)"]


def rows(database: Database) -> int:
    with database.begin() as db:
        return int(db.execute(select(func.count()).select_from(children)).scalar_one())


@pytest.fixture
def orphan(desk: Desk) -> Iterator[int]:
    """A program in the rows whose parent died without a word."""
    program = (
        "import os, signal, subprocess, sys; from pathlib import Path;"
        "from transload.ledger.children import Children;"
        "from transload.ledger.database import Database;"
        "database = Database(Path(sys.argv[1])); database.open();"
        "quiet = {'stdout': subprocess.DEVNULL, 'stderr': subprocess.DEVNULL};"
        "child = subprocess.Popen(sys.argv[2:], start_new_session=True, **quiet);"
        "Children(database, 'here').enter(child.pid, sys.executable); print(child.pid, flush=True);"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    words = [sys.executable, "-c", program, str(desk.database.path), *NEVER]
    told = subprocess.run(words, capture_output=True, text=True, check=False, timeout=20)
    assert told.returncode == -signal.SIGKILL, told.stderr
    pid = int(told.stdout)
    yield pid
    if not left_after({pid}, 0):
        return
    os.kill(pid, signal.SIGKILL)


@pytest.mark.anyio
async def test_what_a_dead_parent_left_is_ended_and_forgotten(desk: Desk, orphan: int) -> None:
    assert birth(orphan) is not None
    assert await Children(desk.database, "here").end_orphans() == 1
    assert left_after({orphan}, 5) == set()
    assert rows(desk.database) == 0
    assert await Children(desk.database, "here").end_orphans() == 0


@pytest.mark.anyio
@pytest.mark.parametrize("change", [{"started": "boot:1"}, {"command": "/other"}])
async def test_another_program_of_that_number_is_left_alone(
    desk: Desk, orphan: int, change: dict[str, str]
) -> None:
    with desk.database.begin() as db:
        db.execute(update(children).values(change))
    assert await Children(desk.database, "here").end_orphans() == 0
    assert birth(orphan) is not None
    assert rows(desk.database) == 0


@pytest.mark.anyio
async def test_other_machines_rows_and_living_parents_are_left_alone(
    desk: Desk, orphan: int
) -> None:
    registry = Children(desk.database, "here")
    async with await anyio.open_process([sys.executable, "-c", "input()"]) as own:
        registry.enter(own.pid, sys.executable)
        assert await Children(desk.database, "elsewhere").end_orphans() == 0
        assert await registry.end_orphans() == 1
        assert left_after({orphan}, 5) == set()
        assert birth(own.pid) is not None
        assert rows(desk.database) == 1
        own.kill()
        registry.leave(own.pid)
    assert rows(desk.database) == 0


def test_without_a_ledger_nothing_is_written(tmp_path: Path) -> None:
    registry = Children(Database(tmp_path / "none.db"), "here")
    registry.enter(os.getpid(), sys.executable)
    registry.leave(os.getpid())
    assert list(tmp_path.iterdir()) == []


def test_a_number_used_again_replaces_the_row(desk: Desk) -> None:
    registry = Children(desk.database, "here")
    registry.enter(os.getpid(), "one")
    registry.enter(os.getpid(), "two")
    with desk.database.begin() as db:
        assert db.execute(select(children.c.command)).scalars().all() == ["two"]
