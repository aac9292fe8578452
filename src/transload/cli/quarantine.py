"""`transload quarantine`: the kept originals."""

import json
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from transload import report
from transload.cli.session import USUAL, Common, run
from transload.errors import KINDS
from transload.faults import EXIT_OK
from transload.model import QuarantineRecord
from transload.present.text import clean, count_text, short_id_length, size_text

if TYPE_CHECKING:
    from transload.app import App

UNFINISHED = "interrupted: `transload jobs` shows what is left, `transload resume` continues it"

KeptIds = Annotated[
    list[str], Parameter(help="Ids of kept originals; their first characters are enough.")
]


def list_kept(
    prefix: Annotated[
        str, Parameter(name="ID", help="Only those whose id, or whose job's id, begins so.")
    ] = "",
    /,
    *,
    common: Common = USUAL,
) -> int:
    """Show the kept originals with their reasons, oldest first."""
    return run(common, lambda app: _list(app, prefix, common))


async def _list(app: "App", prefix: str, common: Common) -> int:
    kept = await app.quarantined(prefix)
    if common.json:
        print(json.dumps([document(record) for record in kept], ensure_ascii=False))
        return EXIT_OK
    length = short_id_length([record.id for record in kept])
    for record in kept if common.talks else ():
        print(f"{record.id[:length]}  {size_text(record.size_bytes):>9}  {clean(record.name)}")
        print(f"    {KINDS[record.reason.kind].title}: {clean(record.reason.detail)}")
        print(
            f"    {'kept at ' + str(record.path) if record.path else 'read again from its source'}"
        )
    held = sum(record.size_bytes for record in kept if record.path is not None)
    if common.talks:
        print(f"{count_text(len(kept), 'original')} kept, {size_text(held)}")
    return EXIT_OK


def document(record: QuarantineRecord) -> dict[str, Any]:
    """A kept original as JSON types."""
    return {
        "id": record.id,
        "job": record.job_id,
        "name": record.name,
        "size": record.size_bytes,
        "sha256": record.sha256,
        "path": None if record.path is None else str(record.path),
        "kept_at": report.timestamp(record.created_ms),
        "error": report.error(record.reason, job_id=record.job_id),
    }


def retry(kept_id: KeptIds, /, *, common: Common = USUAL) -> int:
    """Send kept originals again, and follow their jobs to the end."""
    return run(common, lambda app: _retry(app, kept_id, common), interrupted=UNFINISHED)


async def _retry(app: "App", ids: list[str], common: Common) -> int:
    from transload.cli.send import see_through

    return await see_through(app, await app.retry_quarantined(*ids), common)


def drop(kept_id: KeptIds, /, *, common: Common = USUAL) -> int:
    """Delete kept originals for good; the report of their job keeps the reason."""
    return run(common, lambda app: _drop(app, kept_id, common))


async def _drop(app: "App", ids: list[str], common: Common) -> int:
    dropped = [await app.drop_quarantined(one) for one in ids]
    if common.json:
        print(json.dumps([document(record) for record in dropped], ensure_ascii=False))
    elif common.talks:
        for record in dropped:
            print(f"deleted {clean(record.name)} ({size_text(record.size_bytes)})")
    return EXIT_OK
