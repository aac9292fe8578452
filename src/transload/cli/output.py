"""Saying something on a stream that may be gone; errors as words or JSON; exit statuses (contract, section 2)."""

import json
import logging
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TextIO

from cyclopts import CycloptsError

from transload import report
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
from transload.model import Job, JobState
from transload.present.next_steps import next_step
from transload.present.text import clean
from transload.states import needs_password


def open_streams() -> None:
    """Give what was closed before the program began (`2>&-`) a stream that leads nowhere."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            nowhere = Path(os.devnull).open(mode, encoding="utf-8")  # noqa: SIM115  lives as long as the program
            setattr(sys, name, nowhere)


def say(text: str, out: TextIO, end: str = "\n") -> None:
    """Print; from a closed pipe on, everything for `out` goes nowhere."""
    try:
        print(text, file=out, end=end)
    except BrokenPipeError:
        _forget(out)


def fall_silent() -> None:
    """Say what is still in the buffers, as the last act of the program: the interpreter would complain instead."""
    for out in (sys.stdout, sys.stderr):
        try:
            out.flush()
        except BrokenPipeError:
            _forget(out)


def _forget(out: TextIO) -> None:
    """Its descriptor leads nowhere, so what is buffered can be flushed."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, out.fileno())
    os.close(nowhere)


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


def usage_text(error: CycloptsError) -> str:
    """What is wrong with a command line, on one line, with the nearest right word where there is one."""
    return " ".join(str(error).split())


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
    where = [
        handler.baseFilename
        for handler in logging.getLogger("transload").handlers
        if isinstance(handler, logging.FileHandler)
    ]
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
