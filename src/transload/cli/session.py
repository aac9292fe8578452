"""Running a command's asynchronous part: settings, log, open application, and a clean end on Ctrl-C and SIGTERM."""

import gc
import sys
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

from cyclopts import Group, Parameter

from transload import config, logs
from transload.cli.streams import leave_at_once, say

if TYPE_CHECKING:
    from transload.app import App
    from transload.config import DataFolder, Settings

SIGNAL_S = 0.2  # CPython does not see a signal that comes as a thread begins to wait for a lock, until the wait ends

# What every command takes: where the data is, how answers look, and settings for this once.

GENERAL = Group("General", sort_key=100)


def recipe_word(name: str) -> str:
    """The word of a recipe by the name of its member, as the command line shows and takes it; else unchanged."""
    from transload.model import Recipe  # a command without a recipe does not load them

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


def configured(common: Common) -> "tuple[Settings, DataFolder]":
    """Settings and data folder of this call; the log is on afterwards, and the collector, which `main` put off.

    Raises SettingError.
    """
    if not gc.isenabled():
        gc.freeze()  # what is loaded stays: no later collection looks at it either
        gc.enable()
    settings, folder = config.for_command(common.data_dir, common.config, common.set_ or ())
    logs.start(folder.logs, verbose=common.verbose)
    return settings, folder


def run(common: Common, act: Act, *, interrupted: str = ENDED, ledger: bool = True) -> int:
    """The exit status of `act` with the application open; 130 and the line `interrupted` when a signal ends it.

    Without `ledger` no data folder is made: for commands that only look.
    """
    import anyio

    from transload.app import App
    from transload.cli.signals import until_signal

    settings, folder = configured(common)

    async def opened() -> int:
        async with App(settings, folder, ledger=ledger) as app:
            return await act(app)

    try:
        return anyio.run(until_signal, opened, interrupted)
    except BaseExceptionGroup as group:
        raise group.exceptions[0] from None


T = TypeVar("T")


def look(common: Common, act: "Callable[[Settings, DataFolder], T]") -> T:
    """What `act` returns, which only looks at this machine: without a loop, whose libraries cost more than the look.

    A signal ends the program at once, also while a dead network drive holds the look up: it runs in a thread.
    """
    settings, folder = configured(common)
    try:
        seen = ThreadPoolExecutor(1).submit(act, settings, folder)
        while not wait([seen], SIGNAL_S).done:
            pass
        return seen.result()
    except KeyboardInterrupt:
        say(ENDED, sys.stderr)
        leave_at_once()
