"""The command: it tells the settings, serves, survives a kill, and ends at a signal."""

import re
import signal
import subprocess
import sys
import tomllib
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from transload.sandbox.command import arguments

START = [sys.executable, "-c", "from transload.sandbox.command import main; main()"]


@contextmanager
def started(folder: Path, *words: str) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """The command running, and what it said first."""
    line = [*START, str(folder), "--port", "0", "--page-port", "0", *words]
    process = subprocess.Popen(line, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    said = ""
    while "pages: " not in said:
        more = process.stdout.readline()
        assert more, said
        said += more
    try:
        yield process, said
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.mark.timeout(180)
def test_its_settings_let_a_bot_in_and_a_kill_forgets_nothing(tmp_path: Path) -> None:
    cli = Cli(tmp_path / "data")
    cli.data.mkdir()
    for killed in (False, True):
        with started(tmp_path / "box") as (process, said):
            settings = said[said.index("[telegram]") : said.index("people")].replace("# bot", "bot")
            lines = "\n".join(line.strip() for line in settings.splitlines())
            assert tomllib.loads(lines)["telegram"]["api_id"] == 1
            (cli.data / "transload.toml").write_text(lines)
            if not killed:
                assert "signed in as transload_bot" in cli("login", "telegram").out
            assert "signed in as transload_bot" in cli("doctor").out
            address = re.search(r"pages: (\S+)", said)
            assert address is not None
            with urllib.request.urlopen(address[1], timeout=10) as answer:
                assert b"Family" in answer.read()
            process.send_signal(signal.SIGKILL if not killed else signal.SIGTERM)
            assert process.wait(10) == (-9 if not killed else 0)


def test_a_missing_library_is_told() -> None:
    words = "import sys; sys.modules['telethon'] = None; import transload.sandbox.command"
    done = subprocess.run(
        [sys.executable, "-c", words], capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 1
    assert "pip install 'transload[sandbox]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_faults_are_words(tmp_path: Path) -> None:
    given = arguments([str(tmp_path), "--fault", "x:drop", "--fault", "y:FLOOD_WAIT_3:times=2"])
    assert [(one.match, one.act, one.times) for one in given.fault] == [
        ("x", "drop", 1),
        ("y", "error", 2),
    ]


@pytest.mark.parametrize("words", [[], ["x", "--fault", "nothing"], ["x", "--port", "z"]])
def test_wrong_words_are_refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        arguments(words)
    assert left.value.code == 2
    assert "usage: transload-telegram-sandbox" in capsys.readouterr().err


def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    with started(tmp_path / "box") as (_, said):
        port = re.search(r'server = "127.0.0.1:(\d+)"', said)
        assert port is not None
        done = subprocess.run(
            [*START, str(tmp_path / "other"), "--port", port[1]],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    assert done.returncode == 1
    assert "in use" in done.stderr
