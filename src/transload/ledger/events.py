"""Numbered events of a job: written in the transaction of the change they tell of."""

from typing import Any

from sqlalchemy import Connection, insert, select, update

from transload.ledger.schema import events, jobs


def announce(db: Connection, job_id: str, at_ms: int, what: str, data: dict[str, Any]) -> int:
    """Append an event and give its number; the job's `seq` moves with it, without gaps."""
    db.execute(update(jobs).where(jobs.c.id == job_id).values(seq=jobs.c.seq + 1))
    seq: int = db.execute(select(jobs.c.seq).where(jobs.c.id == job_id)).scalar_one()
    db.execute(insert(events).values(job_id=job_id, seq=seq, at_ms=at_ms, what=what, data=data))
    return seq
