"""Errors as words: one line and a next step for a person, one JSON document for a program."""

import json
import logging
import sys
from typing import Any

from cyclopts import CycloptsError

from transload.cli.output import say
from transload.cli.wording import clean
from transload.errors import BugError, TransloadError
from transload.kinds import EXIT_BUG, Fault

log = logging.getLogger(__name__)


def usage_text(error: CycloptsError) -> str:
    """What is wrong with a command line, on one line, with the nearest right word where there is one."""
    return " ".join(str(error).split())


def error_document(fault: Fault) -> dict[str, Any]:
    """An error outside a report, as `--json` answers it."""
    return {"error": fault.as_dict()}


def tell_error(error: TransloadError, *, as_json: bool, command: str = "") -> int:
    """Print an error of a command where the caller looks for it; returns its exit status."""
    fault = error.fault().addressed(command=command)
    if as_json:
        say(json.dumps(error_document(fault), ensure_ascii=False), sys.stdout)
    else:
        for line in error_lines(fault):
            say(line, sys.stderr)
    return error.exit_status


def error_lines(fault: Fault) -> list[str]:
    """The error and its next step for a person."""
    told = fault.as_dict()
    return [f"transload: {clean(fault.detail)}", f"  next: {clean(told['suggestion'])}"]


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
