"""Saying something on a stream that may be gone, and leaving."""

import os
import sys
from pathlib import Path
from typing import NoReturn, TextIO

from transload.faults import EXIT_INTERRUPTED

_SHOW_CURSOR = "\x1b[?25h"


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


def leave_at_once() -> NoReturn:
    """End the program as interrupted; children see their parent die, the ledger's leases are voided by the next run."""
    if sys.stderr.isatty():
        sys.stderr.write(_SHOW_CURSOR)
    fall_silent()
    os._exit(EXIT_INTERRUPTED)
