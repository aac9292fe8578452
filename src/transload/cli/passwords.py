"""Passwords on their way in: options, a file of them, a line nobody sees. They are never shown or logged."""

import os
import sys
import termios
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from cyclopts import Group, Parameter

from transload.errors import PasswordNeededError, UsageError, WrongPasswordError

OPENING = Group("What opens it", sort_key=15)
STDIN, STDERR = 0, 2
LINE_MAX = 4096  # a terminal hands over no longer line: termios(3), canonical mode

GIVE_PASSWORD = (
    "Give it with --password-file FILE (one a line; `-`: standard input), or with --password."
)


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class Passwords:
    """The passwords of a command line."""

    password: Annotated[
        list[str] | None,
        Parameter(
            group=OPENING,
            negative="",
            show_default=False,
            help="Try this password. Repeatable. The shell's history and other users of the machine may see it.",
        ),
    ] = field(default=None, repr=False)
    password_file: Annotated[
        Path | None,
        Parameter(
            group=OPENING,
            allow_leading_hyphen=True,
            help="Try the passwords in this file, one a line, UTF-8; `-` is standard input. Keeps them out of the"
            " shell's history.",
        ),
    ] = None

    def read(self) -> tuple[str, ...]:
        """All of them, those of the file last. Raises UsageError when the file cannot be read."""
        lines = [] if self.password_file is None else _lines(self.password_file)
        return (*(self.password or ()), *lines)


NO_PASSWORDS = Passwords()


def _lines(path: Path) -> list[str]:
    """The lines of a file without their ends; empty ones are none. Raises UsageError."""
    try:
        text = (_all_of_stdin() if path == Path("-") else path.read_bytes()).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else error.strerror
        raise UsageError(
            f"the passwords in {path} cannot be read ({why})",
            suggestion="Name a file with one password a line.",
        ) from None  # the cause would quote the bytes
    return [line for line in text.replace("\r\n", "\n").split("\n") if line]


def _all_of_stdin() -> bytes:
    with open(STDIN, "rb", closefd=False) as file:
        return file.read()


def piped_line() -> str:
    """The first line of standard input, without its end. Raises UsageError when there is none to read."""
    try:
        with open(STDIN, "rb", closefd=False) as file:
            line = file.readline()
    except OSError as error:
        raise UsageError(f"standard input cannot be read ({error.strerror})") from error
    return _text(line)


def _text(line: bytes) -> str:
    return line.decode("utf-8", "surrogateescape").rstrip("\r\n")


def somebody_types() -> bool:
    """Whether standard input is a terminal."""
    return os.isatty(STDIN)


def somebody_answers() -> bool:
    """Whether a question would be seen and could be answered."""
    return os.isatty(STDIN) and os.isatty(STDERR)


async def ask_hidden(question: str) -> str:
    """What a person types at the terminal, unseen; empty when nothing. Can be cancelled, unlike `getpass`."""
    import anyio  # who asks has a loop; who only reads passwords needs none

    with _unseen():
        sys.stderr.write(question)
        sys.stderr.flush()
        await anyio.wait_readable(STDIN)
        return _text(os.read(STDIN, LINE_MAX))


@contextmanager
def _unseen() -> Generator[None, None, None]:
    """The terminal without echo; what was typed before the question is forgotten, as it was no answer to it."""
    before = termios.tcgetattr(STDIN)
    hidden = [*before]
    hidden[3] &= ~termios.ECHO
    termios.tcsetattr(STDIN, termios.TCSAFLUSH, hidden)
    try:
        yield
    finally:
        termios.tcsetattr(STDIN, termios.TCSADRAIN, before)
        sys.stderr.write("\n")  # the line end that was typed was not seen either
        sys.stderr.flush()


@contextmanager
def no_job() -> Generator[None, None, None]:
    """Where there is no job to hand a password to: say how this command takes one."""
    try:
        yield
    except (PasswordNeededError, WrongPasswordError) as error:
        raise type(error)(
            error.detail,
            stage=error.stage,
            item=error.item,
            suggestion=GIVE_PASSWORD,
            evidence=error.evidence,
        ) from error
