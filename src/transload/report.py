"""The report of the contract (section 3) as JSON types, from values of the model. Pure."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from transload.entry import SourceContents
from transload.errors import KINDS, Wait
from transload.faults import Fault
from transload.json_codec import JsonObject, to_json
from transload.model import Facts, Inspection, ItemRecord, Job, Totals
from transload.present.next_steps import next_step, reason_text
from transload.states import reported
from transload.web_address import shown

SCHEMA = 1


def timestamp(at_ms: int | None) -> str | None:
    """RFC 3339 in UTC with milliseconds, or None."""
    if at_ms is None:
        return None
    moment = datetime.fromtimestamp(at_ms / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def head(job: Job, totals: Totals, held_by: Wait | None = None) -> dict[str, Any]:
    """All of the report but its items. `held_by` is what the job waits for outside, maybe at another's wish."""
    return {
        "schema": SCHEMA,
        "job": job.id,
        "state": job.state.value,
        "source": shown(job.source),
        "destination": job.destination,
        "recipe": job.recipe.value,
        "started_at": timestamp(job.started_ms),
        "finished_at": timestamp(job.finished_ms),
        "totals": asdict(totals),
        "error": _error(job.fault, job.id, job.wait_until_ms),
        "wait": None if held_by is None else _wait(held_by, job.id),
        "warnings": warnings(job, totals),
    }


def _wait(wait: Wait, job_id: str) -> dict[str, Any]:
    return {
        "scope": shown(wait.scope),
        "until": timestamp(wait.until_ms),
        "error": _error(wait.fault, job_id, wait.until_ms),
    }


def error(
    fault: Fault,
    *,
    job_id: str | None = None,
    command: str = "",
    retry_at_ms: int | None = None,
) -> dict[str, Any]:
    """The error object; every field present. Its next step can be typed where the job and the command are given."""
    kind = KINDS[fault.kind]
    return {
        "type": f"/errors/{kind.word}",
        "kind": kind.word,
        "title": kind.title,
        "detail": fault.detail,
        "status": kind.status,
        "stage": fault.stage,
        "item": fault.item,
        "platform": None,
        "retryable": kind.retryable,
        "retry_at": timestamp(retry_at_ms),
        "attempts": fault.attempts,
        "action": None if kind.retryable == "never" else kind.retryable,
        "suggestion": next_step(fault, job_id=job_id, command=command),
        "evidence": fault.evidence,
    }


def _error(
    fault: Fault | None, job_id: str, retry_at_ms: int | None = None
) -> dict[str, Any] | None:
    if fault is None:
        return None
    return error(fault, job_id=job_id, command="send", retry_at_ms=retry_at_ms)


def warnings(job: Job, totals: Totals) -> list[str]:
    """What is worth knowing of a job beside its error."""
    is_empty = job.finished_ms is not None and totals.entries == 0 and job.fault is None
    empty = ["the source is valid but empty: there was nothing to deliver"] if is_empty else []
    return [*job.warnings, *empty]


def file_facts(facts: Facts | None) -> JsonObject:
    """What probing found of a file, as `inspect` shows it; nothing of one that could not be looked at."""
    return {} if facts is None else to_json(facts.found)


def item(record: ItemRecord) -> dict[str, Any]:
    """One entry of the report's `items`."""
    one = record.item
    return {
        "index": one.index,
        "name": one.name,
        "size": one.size,
        "crc32": None if one.crc32 is None else f"{one.crc32:08X}",
        "sha256": one.sha256,
        "kind": one.kind.value,
        "verdict": None if one.verdict is None else one.verdict.value,
        "why": reason_text(one.why),
        "state": reported(one.state).value,
        "partial": one.partial,
        "recovered": one.recovered,
        "error": _error(one.fault, one.job_id),
        "album": one.album,
        "outputs": [
            {"path": output.reference, "bytes": output.size_bytes, "sha256": output.sha256}
            for output in record.outputs
        ],
        "sent_at": timestamp(one.sent_ms),
    }


def no_contents(source: str, fault: Fault) -> dict[str, Any]:
    """The document of `list --json` for a source that cannot be opened."""
    return {
        "schema": SCHEMA,
        "source": shown(source),
        "format": None,
        "encrypted": False,
        "complete": False,
        "entries": [],
        "error": error(fault),
    }


def contents(seen: SourceContents) -> dict[str, Any]:
    """The document of `list --json`."""
    fault = seen.report.fault
    return {
        "schema": SCHEMA,
        "source": shown(seen.source),
        "format": seen.listing.format,
        "encrypted": seen.listing.encrypted or any(entry.encrypted for entry in seen.entries),
        "complete": fault is None,
        "entries": [
            {
                "index": entry.index,
                "name": entry.name,
                "size": entry.size,
                "crc32": entry.crc_text,
                "encrypted": entry.encrypted,
                "kind": entry.kind,
            }
            for entry in seen.entries
        ],
        "error": None if fault is None else error(fault),
    }


def inspection(one: Inspection) -> JsonObject:
    """One entry of `inspect --json`."""
    judgement = one.judgement
    return {
        "file": one.name,
        "kind": judgement.kind.value,
        "verdict": judgement.verdict.value,
        "why": reason_text(judgement.why),
        "facts": file_facts(one.facts),
    }


def dry_run_entry(one: Inspection) -> JsonObject:
    """One entry of `send --dry-run --json`."""
    judgement = one.judgement
    return {
        "name": one.name,
        "size": one.size,
        "kind": judgement.kind.value,
        "verdict": judgement.verdict.value,
        "why": reason_text(judgement.why),
        "deferred": judgement.deferred,
        "convert_s": judgement.cost_s,
    }
