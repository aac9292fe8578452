"""Rows of the ledger as values of the model, and back; and how an event of a job is appended."""

import secrets
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from sqlalchemy import Connection, Row, insert, select, update

from transload.events import Event, Stored, news_from_json, news_to_json
from transload.faults import Fault
from transload.json_codec import JsonObject, from_json, to_json
from transload.ledger.schema import events, jobs
from transload.model import (
    Item,
    ItemKind,
    ItemState,
    Job,
    JobProgress,
    JobState,
    Judgement,
    Lane,
    Placement,
    QuarantineRecord,
    Recipe,
    Task,
    TaskKind,
    Verdict,
)
from transload.plans import UNTOUCHED, plan_from_json, plan_to_json

AnyRow = Row[Any]
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford base 32, as ULIDs use it

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


def fault_or_none(stored: JsonObject | None) -> Fault | None:
    """The fault of a JSON column."""
    return None if stored is None else from_json(Fault, stored)


def fault_to_json(fault: Fault | None) -> JsonObject | None:
    """What a JSON column holds of it."""
    return None if fault is None else to_json(fault)


def judgement_to_json(judgement: Judgement) -> JsonObject:
    """What a JSON column holds of it; `cost_s` even where it is 0: queries compare it."""
    document = to_json(replace(judgement, plan=UNTOUCHED))
    document["cost_s"] = judgement.cost_s
    document["plan"] = plan_to_json(judgement.plan)
    return document


def judgement_from_json(stored: JsonObject) -> Judgement:
    """The judgement that `judgement_to_json` wrote, or an earlier version."""
    document = dict(stored)
    plan = document.pop("plan")
    return replace(from_json(Judgement, document), plan=plan_from_json(cast("JsonObject", plan)))


def job_options(job: Job) -> JsonObject:
    """What the `options` column keeps of a job."""
    given: tuple[tuple[str, Any], ...] = tuple((name, getattr(job, name)) for name in OPTIONS)
    return {name: [*one] if isinstance(one, tuple) else one for name, one in given}


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


def placement_of(row: AnyRow) -> Placement:
    """What was planned of a file, from a row of `outputs`."""
    return Placement(row.reference, row.claim, row.plan or {})


def judged_of(item: Item) -> Judgement:
    """The judgement of an item, as far as its row holds it: what is sent as it is has none of its own."""
    if item.judgement is not None:
        return item.judgement
    return Judgement(item.kind, item.verdict or Verdict.AS_IS, item.why, partial=item.partial)


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
    return Event(row.job_id, row.seq, row.at_ms, news_from_json(row.what, row.data))


def progress_of(stored: JsonObject | None) -> JobProgress | None:
    """The progress of a JSON column."""
    return None if stored is None else from_json(JobProgress, stored)


def progress_to_json(progress: JobProgress) -> JsonObject:
    """What a JSON column holds of it."""
    return to_json(progress)


def quarantine_of(row: AnyRow, folder: Path) -> QuarantineRecord:
    """A kept original from a row of `quarantine`."""
    return QuarantineRecord(
        id=row.id,
        job_id=row.job_id,
        item_id=row.item_id,
        name=row.name,
        reason=from_json(Fault, row.reason),
        path=None if row.file is None else folder / row.file,
        size_bytes=row.size_bytes,
        sha256=row.sha256,
        created_ms=row.created_ms,
    )


def new_id(now_ms: int) -> str:
    """A ULID: 26 characters that sort by time of creation."""
    number = (now_ms << 80) | secrets.randbits(80)
    return "".join(_ALPHABET[(number >> shift) & 31] for shift in range(125, -1, -5))


def announce(db: Connection, job_id: str, at_ms: int, news: Stored) -> int:
    """Append an event and return its number; the job's `seq` moves with it, without gaps."""
    db.execute(update(jobs).where(jobs.c.id == job_id).values(seq=jobs.c.seq + 1))
    seq: int = db.execute(select(jobs.c.seq).where(jobs.c.id == job_id)).scalar_one()
    what, data = news_to_json(news)
    db.execute(insert(events).values(job_id=job_id, seq=seq, at_ms=at_ms, what=what, data=data))
    return seq
