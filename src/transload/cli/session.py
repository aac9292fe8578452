"""Running a command's asynchronous part: settings, log, open application, and a clean end on Ctrl-C and SIGTERM."""

import os
import signal
import sys
import threading
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import anyio
from cyclopts import Group, Parameter

from transload import config, logs
from transload.cli.output import fall_silent, say
from transload.faults import EXIT_INTERRUPTED, EXIT_OK
from transload.model import Recipe

if TYPE_CHECKING:
    from transload.app import App
    from transload.config import DataFolder, Settings


# What every command takes: where the data is, how answers look, and settings for this once.


GENERAL = Group("General", sort_key=100)


def recipe_word(name: str) -> str:
    """The word of a recipe by the name of its member, as the command line shows and takes it; else unchanged."""
    return Recipe[name].value if name in Recipe.__members__ else name


JobId = Annotated[
    str, Parameter(help="A job's id; its first characters are enough when no other begins so.")
]


@Parameter(name="*", group=GENERAL)
@dataclass(frozen=True, slots=True)
class Common:
    """Options of every command."""

    data_dir: Annotated[
        Path | None,
        Parameter(
            env_var="TRANSLOAD_DATA_DIR",
            help="Folder of the ledger, the log and the library; the platform's user data folder when not given.",
        ),
    ] = None
    config: Annotated[
        Path | None,
        Parameter(
            env_var="TRANSLOAD_CONFIG",
            help="Settings file; transload.toml in the data folder when not given.",
        ),
    ] = None
    set_: Annotated[
        list[str] | None,
        Parameter(
            name="--set",
            negative="",
            show_default=False,
            help="A setting for this once, as KEY=VALUE (`--set convert.concurrency=2`). Repeatable.",
        ),
    ] = None
    json: Annotated[
        bool,
        Parameter(
            negative="",
            show_default=False,
            help="One JSON document on standard output, errors too.",
        ),
    ] = False
    quiet: Annotated[
        bool,
        Parameter(
            name=["--quiet", "-q"], negative="", show_default=False, help="Say nothing but errors."
        ),
    ] = False
    verbose: Annotated[
        bool,
        Parameter(
            name=["--verbose", "-v"], negative="", show_default=False, help="Say more; the log too."
        ),
    ] = False

    @property
    def talks(self) -> bool:
        """Whether words for people are wanted."""
        return not (self.json or self.quiet)


USUAL = Common()
"""No option given."""


Act = Callable[["App"], Awaitable[int]]

CONTINUES = "interrupted: run the same command again to continue"
RESUMES = "interrupted: `transload resume {}` continues"
ENDED = "interrupted"
LEAVE_S = 3.8  # a stop is clean within this time or it is ended: the ledger survives either
_SHOW_CURSOR = "\x1b[?25h"


def configured(common: Common) -> "tuple[Settings, DataFolder]":
    """Settings and data folder of this call; the log is on afterwards. Raises SettingError."""
    settings, folder = config.for_command(common.data_dir, common.config, common.set_ or ())
    logs.start(folder.logs, verbose=common.verbose)
    return settings, folder


def run(common: Common, act: Act, *, interrupted: str = ENDED, ledger: bool = True) -> int:
    """The exit status of `act` with the application open; 130 and the line `interrupted` when a signal ends it.

    Without `ledger` no data folder is made: for commands that only look.
    """
    from transload.app import App

    settings, folder = configured(common)

    async def opened() -> int:
        async with App(settings, folder, ledger=ledger) as app:
            return await act(app)

    try:
        return anyio.run(_until_signal, opened, interrupted)
    except BaseExceptionGroup as group:
        raise group.exceptions[0] from None


async def _until_signal(act: Callable[[], Awaitable[int]], interrupted: str) -> int:
    status, work = EXIT_OK, anyio.CancelScope()
    async with anyio.create_task_group() as group:
        group.start_soon(_listen, work)
        with work:
            status = await act()
        group.cancel_scope.cancel()
    if work.cancel_called:
        say(interrupted, sys.stderr)
        return EXIT_INTERRUPTED
    return status


async def _listen(work: anyio.CancelScope) -> None:
    """Cancel the work at the first signal, end the process at the second.

    Also when the clean stop takes too long: a thread may hang in a dead network drive. A stop in time calls that off.
    """
    with _deadline() as late, anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async for _ in signals:
            if work.cancel_called:
                _leave()
            work.cancel()
            late.start()


@contextmanager
def _deadline() -> Generator[threading.Timer, None, None]:
    """A timer that ends the process, called off at the end of the block."""
    late = threading.Timer(LEAVE_S, _leave)
    late.daemon = True
    try:
        yield late
    finally:
        late.cancel()


def _leave() -> None:
    """End at once; children see their parent die, the ledger's leases are voided by the next run."""
    if sys.stderr.isatty():
        sys.stderr.write(_SHOW_CURSOR)
    fall_silent()
    os._exit(EXIT_INTERRUPTED)
