"""Passwords are read from where they are given, and shown nowhere."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.terminal import Terminal
from transload.cli.passwords import NO_PASSWORDS, Passwords, no_job
from transload.errors import PasswordNeededError, UsageError, WrongPasswordError

ASK = [
    sys.executable,
    "-c",
    "import anyio, functools; from transload.cli.passwords import ask_hidden;"
    "print('got', ascii(anyio.run(functools.partial(ask_hidden, 'Word: '))))",
]


def test_those_of_the_command_line_come_before_those_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "words.txt"
    file.write_text("third\n\n fourth \n")
    assert Passwords(["first", "second"], file).read() == ("first", "second", "third", " fourth ")
    assert NO_PASSWORDS.read() == ()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"one", ("one",)),
        (b"one\r\ntwo\r\n", ("one", "two")),
        ("\ufeffös\n".encode(), ("ös",)),
        (b"\n\r\n", ()),
        (b"", ()),
    ],
)
def test_a_file_of_any_editor(tmp_path: Path, content: bytes, words: tuple[str, ...]) -> None:
    file = tmp_path / "words.txt"
    file.write_bytes(content)
    assert Passwords(None, file).read() == words


def test_a_file_that_cannot_be_read_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.txt cannot be read \(No such file"):
        Passwords(None, tmp_path / "none.txt").read()
    file = tmp_path / "words.txt"
    file.write_bytes(b"caf\xe9")
    with pytest.raises(UsageError, match="it is not UTF-8") as raised:
        Passwords(None, file).read()
    assert "caf" not in str(raised.value)


def test_options_do_not_show_their_values() -> None:
    assert "sesame" not in repr(Passwords(["sesame"]))


def test_standard_input_is_a_file_too(cli: Cli, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _READ, "-"],
        input="a b\nc\n",
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "('a b', 'c')\n"
    closed = subprocess.run(
        ["sh", "-c", 'exec "$@" <&-', "sh", sys.executable, "-c", _READ, "-"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "UsageError: the passwords in - cannot be read" in closed.stderr
    assert cli("list", tmp_path, "--password-file", "-").status == 0  # a word of its own, no option


_READ = (
    "import sys, pathlib; from transload.cli.passwords import Passwords;"
    "print(Passwords(None, pathlib.Path(sys.argv[1])).read())"
)


def test_an_empty_password_is_wrong_usage(cli: Cli, tmp_path: Path) -> None:
    source = tmp_path / "folder"
    source.mkdir()
    said = cli("send", source, "--password", "")
    assert said.status == 2
    assert "a password is empty" in said.err


@pytest.mark.parametrize(
    ("typed", "got"), [("söam\n", "'s\\xf6am'"), ("\n", "''"), ("\x04", "''"), (" a \r", "' a '")]
)
def test_what_is_typed_is_taken_unseen(typed: str, got: str) -> None:
    with Terminal(ASK, {}) as terminal:
        terminal.shows("Word: ")
        assert not terminal.echoes()
        terminal.type(typed)
        assert terminal.end() == 0
        assert terminal.echoes()
    assert terminal.seen.replace("\r", "") == f"Word: \ngot {got}\n"


@pytest.mark.parametrize("kind", [PasswordNeededError, WrongPasswordError])
def test_without_a_job_the_next_step_is_an_option(
    kind: type[PasswordNeededError | WrongPasswordError],
) -> None:
    with pytest.raises(kind) as raised, no_job():
        raise kind("locked", item="a.jpg")
    fault = raised.value.fault()
    assert (fault.detail, fault.item) == ("locked", "a.jpg")
    assert "--password-file" in str(fault.suggestion)
