"""Files on their way in parts, as rows: after a kill only the missing parts travel."""

import struct
from collections.abc import Mapping

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from transload.ledger.database import Database
from transload.ledger.rows import AnyRow
from transload.ledger.schema import uploads
from transload.ledger.task_run import FencedTask
from transload.ports import Clock, Upload

SUM_BYTES = 4


class ItemUploads:
    """The `Uploads` port for one item, as a task may write them. Parts count as progress of the task."""

    def __init__(self, database: Database, clock: Clock, task: FencedTask, item_id: int) -> None:
        self._database = database
        self._clock = clock
        self._task = task
        self._item_id = item_id

    async def begin(self, n: int, file_id: str, size_bytes: int, part_bytes: int) -> Upload:
        """The upload of file `n` that is under way with these sizes, else a new one, written durably."""
        row = await self._database.read(
            lambda db: db.execute(select(uploads).where(self._at(n))).first()
        )
        if row is not None and (row.size_bytes, row.part_bytes) == (size_bytes, part_bytes):
            return _upload_of(row)
        count = -(-size_bytes // part_bytes)

        def act(db: Connection) -> None:
            db.execute(delete(uploads).where(self._at(n)))
            db.execute(
                insert(uploads).values(
                    item_id=self._item_id,
                    n=n,
                    file_id=file_id,
                    size_bytes=size_bytes,
                    part_bytes=part_bytes,
                    sums=bytes(SUM_BYTES * count),
                    done=bytes(-(-count // 8)),
                )
            )

        await self._task.write_durably(act)
        return Upload(file_id, size_bytes, part_bytes, {}, None)

    async def add(self, n: int, sums: Mapping[int, int]) -> None:
        """Remember parts that arrived, with their CRC-32."""

        def act(db: Connection) -> None:
            row = db.execute(select(uploads).where(self._at(n))).one()
            all_sums, done = bytearray(row.sums), bytearray(row.done)
            for part, crc in sums.items():
                struct.pack_into("<I", all_sums, SUM_BYTES * part, crc)
                done[part // 8] |= 1 << part % 8
            first = self._clock() if row.first_part_ms is None else row.first_part_ms
            values = {"sums": bytes(all_sums), "done": bytes(done), "first_part_ms": first}
            db.execute(update(uploads).where(self._at(n)).values(values))

        await self._task.advance(act)

    async def forget(self, n: int) -> None:
        """The parts are worth nothing any more."""

        def act(db: Connection) -> None:
            db.execute(delete(uploads).where(self._at(n)))

        await self._task.write_durably(act)

    def _at(self, n: int) -> ColumnElement[bool]:
        return (uploads.c.item_id == self._item_id) & (uploads.c.n == n)


def _upload_of(row: AnyRow) -> Upload:
    count = -(-row.size_bytes // row.part_bytes)
    sums = struct.unpack(f"<{count}I", row.sums)
    done = {part: sums[part] for part in range(count) if row.done[part // 8] >> part % 8 & 1}
    return Upload(row.file_id, row.size_bytes, row.part_bytes, done, row.first_part_ms)
