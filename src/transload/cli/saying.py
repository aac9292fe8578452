"""Saying something to a pipe whose reader may be gone: nobody hears it then, and the work goes on."""

import os
import sys
from typing import TextIO


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
