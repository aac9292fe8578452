"""Programs that were started, as rows: what outlives a parent that was killed is ended by the next run."""

import contextlib
import logging
import os
import signal

import anyio.to_thread
from sqlalchemy import ColumnElement, delete, insert, select

from transload.ledger.database import Database
from transload.ledger.rows import AnyRow
from transload.ledger.schema import children
from transload.processes.registry import birth, has_word

log = logging.getLogger(__name__)


class Children:
    """The `ChildRegistry` of one data folder; it writes nothing where the ledger is not open.

    Nearly always the kernel ends them with their parent (`processes/launcher.py`); where it does not (another system, a
    parent whose thread had ended), their rows do.
    """

    def __init__(self, database: Database, machine: str) -> None:
        self._database = database
        self._machine = machine

    def enter(self, pid: int, command: str) -> None:
        """Remember a program that this process has started; `command` is a word of its command line. Blocking."""
        started, own = birth(pid), birth(os.getpid())
        if not self._database.is_open or started is None or own is None:
            return
        row = {
            "machine": self._machine,
            "pid": pid,
            "started": started,
            "command": command,
            "parent_pid": os.getpid(),
            "parent_started": own,
        }
        with self._database.begin() as db:
            db.execute(delete(children).where(self._at(pid)))  # an earlier process of this number
            db.execute(insert(children).values(row))

    def leave(self, pid: int) -> None:
        """Forget a program that has been reaped. Blocking."""
        if self._database.is_open:
            with self._database.begin() as db:
                db.execute(delete(children).where(self._at(pid)))

    async def end_orphans(self) -> int:
        """End what dead parents on this machine left running; returns how many there were.

        One that is not the same program any more, by its start and its command line, is left alone.
        """
        return await anyio.to_thread.run_sync(self._end_orphans)

    def _end_orphans(self) -> int:
        with self._database.begin() as db:
            rows = db.execute(select(children).where(children.c.machine == self._machine)).all()
        orphans = [row for row in rows if birth(row.parent_pid) != row.parent_started]
        ended = sum(_end(row) for row in orphans)
        for row in orphans:
            with self._database.begin() as db:
                same = self._at(row.pid) & (children.c.started == row.started)
                db.execute(delete(children).where(same))
        return ended

    def _at(self, pid: int) -> ColumnElement[bool]:
        return (children.c.machine == self._machine) & (children.c.pid == pid)


def _end(row: AnyRow) -> bool:
    """Kill the program of a row, with its process group where it leads one; whether it was there."""
    if birth(row.pid) != row.started or not has_word(row.pid, row.command):
        return False
    with contextlib.suppress(ProcessLookupError):
        leads = os.getpgid(row.pid) == row.pid
        (os.killpg if leads else os.kill)(row.pid, signal.SIGKILL)
        log.info("orphan_ended", extra={"pid": row.pid, "command": row.command})
    return True
