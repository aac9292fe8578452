"""Saying something to a pipe whose reader may be gone: nobody hears it then, and the work goes on."""

# A command whose answer is nothing but what it says may print: it ends where nobody reads on.

import os
import sys
from pathlib import Path
from typing import TextIO


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
