"""How a command ends: errors as words or JSON, and exit statuses (contract, section 2)."""

import json
import logging
import sys
from collections.abc import Iterable
from typing import Any

from cyclopts import CycloptsError

from transload import report
from transload.cli.streams import say as say
from transload.entry import SourceContents
from transload.errors import KINDS, BugError, TransloadError, UsageError
from transload.faults import (
    EXIT_BUG,
    EXIT_ENVIRONMENT,
    EXIT_FAILED,
    EXIT_INPUT,
    EXIT_INTERRUPTED,
    EXIT_OK,
    EXIT_PARTIAL,
    EXIT_USAGE,
    Fault,
)
from transload.logs import LateFile
from transload.model import Job, JobState
from transload.present.next_steps import next_step
from transload.present.text import clean
from transload.states import needs_password

_SEVERITY = (
    EXIT_OK,
    EXIT_PARTIAL,
    EXIT_FAILED,
    EXIT_INPUT,
    EXIT_ENVIRONMENT,
    EXIT_USAGE,
    EXIT_BUG,
    EXIT_INTERRUPTED,
)
_NOT_THE_SOURCE = frozenset({EXIT_BUG, EXIT_INPUT, EXIT_ENVIRONMENT})
_BY_STATE = {
    JobState.SUCCEEDED: EXIT_OK,
    JobState.PARTIAL: EXIT_PARTIAL,
    JobState.FAILED: EXIT_FAILED,
    JobState.CANCELLED: EXIT_FAILED,
    JobState.WAITING: EXIT_ENVIRONMENT,
    JobState.QUEUED: EXIT_INTERRUPTED,
    JobState.RUNNING: EXIT_INTERRUPTED,
}


def of_job(job: Job) -> int:
    """The exit status of a command that followed this job until now."""
    decided = EXIT_OK if job.fault is None else KINDS[job.fault.kind].exit_status
    if job.fault is not None and job.fault.kind == UsageError.kind.word:
        return EXIT_USAGE  # filters that fit nothing: known only once the source was read
    if decided == EXIT_BUG or (job.state is JobState.FAILED and decided in _NOT_THE_SOURCE):
        return decided
    return EXIT_INPUT if needs_password(job) else _BY_STATE[job.state]


def worst(statuses: Iterable[int]) -> int:
    """The status that says most of several; 0 of none."""
    return max(statuses, key=_SEVERITY.index, default=EXIT_OK)


log = logging.getLogger(__name__)


def tell(error: Exception, *, as_json: bool, command: str) -> int:
    """Print what ended a command, by its type; returns the exit status."""
    match error:
        case CycloptsError():
            return tell_error(UsageError(usage_text(error)), as_json=as_json, command=command)
        case TransloadError():
            return tell_error(error, as_json=as_json, command=command)
        case _:
            return tell_bug(error, as_json=as_json)


def usage_text(error: CycloptsError) -> str:
    """What is wrong with a command line, on one line, with the nearest right word where there is one."""
    return " ".join(str(error).split())


def listing_document(source: str, seen: SourceContents | TransloadError) -> str:
    """The answer of `list --json`, also for a source that cannot be opened."""
    if isinstance(seen, TransloadError):
        return json.dumps(report.no_contents(source, seen.fault()))
    return json.dumps(report.contents(seen))


def error_document(fault: Fault, *, command: str = "") -> dict[str, Any]:
    """An error outside a report, as `--json` answers it."""
    return {"error": report.error(fault, command=command)}


def tell_error(error: TransloadError, *, as_json: bool, command: str = "") -> int:
    """Print an error of a command where the caller looks for it; returns its exit status."""
    fault = error.fault()
    if as_json:
        document = error_document(fault, command=command)
        say(json.dumps(document, ensure_ascii=False), sys.stdout)
    else:
        for line in error_lines(fault, command=command):
            say(line, sys.stderr)
    return error.exit_status


def error_lines(fault: Fault, *, job_id: str | None = None, command: str = "") -> list[str]:
    """The error and its next step for a person."""
    advice = next_step(fault, job_id=job_id, command=command)
    return [f"transload: {clean(fault.detail)}", f"  next: {clean(advice)}"]


def tell_bug(error: Exception, *, as_json: bool) -> int:
    """One line for the user, the traceback into the log."""
    what = f"a fault in Transload: {type(error).__name__}: {clean(str(error))}"
    handlers = logging.getLogger("transload").handlers
    where = [handler.path for handler in handlers if isinstance(handler, LateFile)]
    if (
        where
    ):  # before the log is on there is nowhere to write, and a traceback helps nobody on a terminal
        log.critical("unforeseen_error", exc_info=error)
    hint = f"the traceback is in {where[0]}" if where else "no log could be written"
    if as_json:
        say(json.dumps(error_document(BugError(what, suggestion=hint).fault())), sys.stdout)
    else:
        say(f"transload: {what} ({hint}); please report it", sys.stderr)
    return EXIT_BUG
