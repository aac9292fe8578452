"""The console entry: everything behind it is imported when a command needs it."""

import gc
import sys
from collections.abc import Sequence
from typing import NoReturn


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Run one command line (`sys.argv` when None) and leave with its exit status (contract section 2)."""
    gc.disable()  # until a command begins: what is loaded lives to the end, to look for garbage in it costs 5 %
    from transload.cli.program import run

    sys.exit(run(sys.argv[1:] if argv is None else list(argv)))
