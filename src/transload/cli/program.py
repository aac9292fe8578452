"""The commands by name, each imported only when it is called, and the one place where errors leave the program."""

import signal
from collections.abc import Sequence
from types import FrameType

from cyclopts import App

from transload import __version__
from transload.cli.streams import fall_silent, open_streams
from transload.faults import EXIT_INTERRUPTED, EXIT_OK

HELP = """Get the photos, videos and sound out of an archive, a folder or a file, playable where they are going.

Start with `transload send photos.zip`: it delivers into a library folder and writes a gallery page there. The same
command again continues where it was, and sends nothing twice.
"""
EPILOGUE = """Exit status: 0 everything delivered · 1 a fault in Transload, see the log · 2 wrong usage · 3 some items
failed or were kept in quarantine · 4 the job failed or was cancelled · 5 a password or login is needed · 6 the
environment is not fit, `transload doctor` says why · 130 interrupted, the same command continues.

`transload COMMAND --help` shows examples and every option.
"""
COMMANDS = {
    "send": ("send:send", "Deliver everything in SOURCE to a library (the main job)."),
    "list": ("listing:list_entries", "Show the entries of a source; nothing is delivered."),
    "inspect": ("inspect:inspect", "Show what files are and what would be done to them."),
    "jobs": ("jobs:jobs", "Show the jobs, or one with its items, timeline and errors."),
    "cancel": ("jobs:cancel", "End a job; what was delivered stays."),
    "pause": ("jobs:pause", "Stop a job's work until `resume`."),
    "resume": ("jobs:resume", "Go on with a paused, waiting or interrupted job."),
    "pass": ("jobs:hand_in", "Hand a password to a job that waits for one."),
    "retry": ("jobs:retry", "Try the failed, quarantined and cancelled items of a job again."),
    "login": ("login:login", "Sign in to Telegram: as a user, or as a bot."),
    "doctor": ("doctor:doctor", "Check everything Transload needs, and say how to mend it."),
    "clean": ("clean:clean", "Free disk space that nothing refers to any more."),
}
KEPT = {
    "list": ("quarantine:list_kept", "Show the kept originals with their reasons."),
    "retry": ("quarantine:retry", "Send kept originals again."),
    "drop": ("quarantine:drop", "Delete kept originals for good."),
}
WITH_VALUE = frozenset({"--data-dir", "--config", "--set"})
WITHOUT_VALUE = frozenset({"--json", "--quiet", "-q", "--verbose", "-v"})


def program(called: Sequence[str] = ()) -> App:
    """The whole command line, without loading a command.

    The page of a command comes from its own docstring when it is among the `called` words, not from the overview.
    """
    app = App(
        name="transload",
        help=HELP,
        help_epilogue=EPILOGUE,
        version=f"transload {__version__}",
        help_format="markdown",
        exit_on_error=False,
        print_error=False,
        suppress_keyboard_interrupt=False,
        result_action="return_value",
    )
    for order, (name, (where, purpose)) in enumerate(COMMANDS.items()):
        help_text = None if name in called[:1] else purpose
        app.command(
            f"transload.cli.{where}", name=name, help=help_text, sort_key=order, help_epilogue=""
        )
    kept = App(
        name="quarantine",
        help="Look at, send again, or delete originals that could not be delivered.",
        sort_key=len(COMMANDS) - 2.5,
        help_epilogue="",
    )
    for name, (where, purpose) in KEPT.items():
        help_text = None if name in called[1:2] else purpose
        kept.command(f"transload.cli.{where}", name=name, help=help_text)
    app.command(kept)
    return app


def run(argv: Sequence[str]) -> int:
    """The exit status of one command line, all it said being said."""
    open_streams()
    try:
        return _status(argv)
    finally:
        fall_silent()


def _status(argv: Sequence[str]) -> int:
    """How a command line ends. Every error ends here as one line, or as one JSON document."""
    words = general_last(argv)
    as_json = "--json" in words[: words.index("--")] if "--" in words else "--json" in words
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(
            number, _interrupt
        )  # until the command listens itself, and as it does: ignored or not before
    try:
        status = program(words)(words)
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:  # the reader of a pipe has seen enough (`transload list … | head`)
        return EXIT_OK
    except Exception as error:  # noqa: BLE001  the program's edge: what nobody foresaw is our bug, said in one line
        from transload.cli.output import (
            tell,  # a command that goes well has no use for all it loads
        )

        return tell(error, as_json=as_json, command=command_of(words))
    return status if isinstance(status, int) else EXIT_OK


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def command_of(words: Sequence[str]) -> str:
    """The command that words of a command line begin with; empty for none that is known."""
    if words[:1] == ["quarantine"]:
        return " ".join(["quarantine", *(word for word in words[1:2] if word in KEPT)])
    return "".join(word for word in words[:1] if word in COMMANDS)


def general_last(argv: Sequence[str]) -> list[str]:
    """The words with general options before the command moved after it: both orders are understood."""
    leading, rest = list[str](), list(argv)
    while rest and rest[0].startswith("-"):
        name = rest[0].partition("=")[0]
        if name in WITHOUT_VALUE or (name in WITH_VALUE and "=" in rest[0]):
            leading.append(rest.pop(0))
        elif name in WITH_VALUE and len(rest) > 1:
            leading += [rest.pop(0), rest.pop(0)]
        else:
            break
    if not rest or rest[0].startswith("-"):
        return list(argv)
    end = rest.index("--") if "--" in rest else len(rest)
    return [*rest[:end], *leading, *rest[end:]]
