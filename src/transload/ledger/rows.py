"""Rows of the ledger as values of the model, and back; and how an event of a job is appended."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from transload.faults import Fault
from transload.ledger.schema import events, jobs
from transload.model import (
    Event,
    Item,
    ItemKind,
    ItemState,
    Job,
    JobProgress,
    JobState,
    Judgement,
    Lane,
    QuarantineRecord,
    Recipe,
    Task,
    TaskKind,
    Verdict,
)
from transload.plans import plan_from_json, plan_to_json

AnyRow = Row[Any]

OPTIONS = (
    "files",
    "hevc",
    "album_mix",
    "sort",
    "originals",
    "include",
    "exclude",
    "caption",
    "again",
)


def fault_or_none(stored: dict[str, Any] | None) -> Fault | None:
    """The fault of a JSON column."""
    return None if stored is None else Fault.from_dict(stored)


def judgement_to_json(judgement: Judgement) -> dict[str, Any]:
    """A judgement as JSON types."""
    return asdict(judgement) | {"plan": plan_to_json(judgement.plan)}


def judgement_from_json(stored: dict[str, Any]) -> Judgement:
    """The judgement that `judgement_to_json` wrote."""
    fields = dict(stored)
    fields["kind"] = ItemKind(fields["kind"])
    fields["verdict"] = Verdict(fields["verdict"])
    fields["plan"] = plan_from_json(fields["plan"])
    if fields["fault"] is not None:
        fields["fault"] = Fault.from_dict(fields["fault"])
    return Judgement(**fields)


def job_options(job: Job) -> dict[str, Any]:
    """What the `options` column keeps of a job."""
    return {name: getattr(job, name) for name in OPTIONS}


def job_of(row: AnyRow) -> Job:
    """A job from a row of `jobs`."""
    options = dict(row.options)
    for name in ("include", "exclude"):
        options[name] = tuple(options[name])
    return Job(
        id=row.id,
        source=row.source,
        destination=row.destination,
        recipe=Recipe(row.recipe),
        title=row.title,
        state=JobState(row.state),
        folder=row.folder,
        created_ms=row.created_ms,
        started_ms=row.started_ms,
        finished_ms=row.finished_ms,
        wait_reason=row.wait_reason,
        wait_until_ms=row.wait_until_ms,
        fault=fault_or_none(row.fault),
        warnings=tuple(row.warnings),
        bytes_read=row.bytes_read,
        bytes_sent=row.bytes_sent,
        peak_scratch_bytes=row.peak_scratch_bytes,
        attempt=row.attempt,
        seq=row.seq,
        **options,
    )


def item_of(row: AnyRow) -> Item:
    """An item from a row of `items`."""
    doubt: str | None = row.doubt if row.state == ItemState.SENT.value else None
    return Item(
        id=row.id,
        job_id=row.job_id,
        index=row.idx,
        inner=row.inner,
        name=row.name,
        size=row.size,
        state=ItemState(row.state),
        kind=ItemKind(row.kind),
        verdict=None if row.verdict is None else Verdict(row.verdict),
        why=doubt or row.why,
        crc32=row.crc32,
        sha256=row.sha256,
        mtime_ms=row.mtime_ms,
        partial=row.partial or doubt is not None,
        recovered=row.recovered,
        album=row.album,
        fault=fault_or_none(row.fault),
        judgement=None if row.judgement is None else judgement_from_json(row.judgement),
        sent_ms=row.sent_ms,
    )


def task_of(row: AnyRow) -> Task:
    """A task from a row of `tasks`."""
    return Task(
        id=row.id,
        job_id=row.job_id,
        kind=TaskKind(row.kind),
        lane=Lane(row.lane),
        item_id=row.item_id,
        epoch=row.epoch,
        deaths=row.deaths,
    )


def event_of(row: AnyRow) -> Event:
    """An event from a row of `events`."""
    return Event(row.job_id, row.seq, row.at_ms, row.what, row.data)


def progress_of(stored: dict[str, Any] | None) -> JobProgress | None:
    """The progress of a JSON column."""
    return None if stored is None else JobProgress(**stored)


def quarantine_of(row: AnyRow, folder: Path) -> QuarantineRecord:
    """A kept original from a row of `quarantine`."""
    return QuarantineRecord(
        id=row.id,
        job_id=row.job_id,
        item_id=row.item_id,
        name=row.name,
        reason=Fault.from_dict(row.reason),
        path=None if row.file is None else folder / row.file,
        size_bytes=row.size_bytes,
        sha256=row.sha256,
        created_ms=row.created_ms,
    )


def announce(db: Connection, job_id: str, at_ms: int, what: str, data: dict[str, Any]) -> int:
    """Append an event and give its number; the job's `seq` moves with it, without gaps."""
    db.execute(update(jobs).where(jobs.c.id == job_id).values(seq=jobs.c.seq + 1))
    seq: int = db.execute(select(jobs.c.seq).where(jobs.c.id == job_id)).scalar_one()
    db.execute(insert(events).values(job_id=job_id, seq=seq, at_ms=at_ms, what=what, data=data))
    return seq
