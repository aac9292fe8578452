"""Signing in from the command line: each way, and each refusal, in words, with a status, and nothing half-written."""

import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import COMMAND, Cli
from tests.sandbox.clients import Scene, in_thread
from tests.terminal import Terminal
from transload.sandbox import accounts as people
from transload.sandbox.faults import read_fault
from transload.sandbox.world import Call


@pytest.fixture
def s(tmp_path: Path) -> Iterator[Scene]:
    """A server beside the test."""
    with in_thread(tmp_path / "box", password="geheim") as made:
        yield made


def environment(cli: Cli, s: Scene, **more: str) -> dict[str, str]:
    return cli.environment | {
        "TRANSLOAD_TELEGRAM__API_ID": "1",
        "TRANSLOAD_TELEGRAM__API_HASH": "hash",
        "TRANSLOAD_TELEGRAM__SERVER": s.box.address,
        "TRANSLOAD_TELEGRAM__SERVER_KEY": s.box.key.public_pem,
        **more,
    }


def kept(cli: Cli) -> list[str]:
    folder = cli.data / "telegram"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def login(cli: Cli, s: Scene, *words: str) -> Terminal:
    return Terminal([*COMMAND, "login", "telegram", *words], environment(cli, s))


def test_by_code_and_password(cli: Cli, s: Scene) -> None:
    with login(cli, s) as terminal:
        terminal.shows("Phone number")
        terminal.type("+49111\n")
        terminal.shows("Code from Telegram: ")
        terminal.type("00000\n")
        terminal.shows("that is not the code that was sent; try again")
        terminal.shows("Code from Telegram: ", times=2)
        terminal.type(f"{s.code}\n")
        terminal.shows("Two-step password: ")
        assert not terminal.echoes()
        terminal.type("wrong\n")
        terminal.shows("that is not the two-step password; try again")
        terminal.shows("Two-step password: ", times=2)
        terminal.type("geheim\n")
        terminal.shows(f"signed in as Ann (user {s.ann})")
        assert terminal.end() == 0
        assert "geheim" not in terminal.seen
    assert kept(cli) == ["main.lock", "main.session"]
    assert (cli.data / "telegram" / "main.session").stat().st_mode & 0o777 == 0o600


def test_by_qr_code(cli: Cli, s: Scene) -> None:
    with login(cli, s, "--qr") as terminal:
        terminal.shows("tg://login?token=")
        assert "▄" in terminal.seen
        row = s.box.world.store.one("select token from qr")
        assert s.portal is not None
        s.portal.call(people.accept_qr, Call(s.box.world, None, s.bob), row[0], s.bob)
        terminal.shows(f"signed in as Bob (user {s.bob})")
        assert terminal.end() == 0
    assert kept(cli) == ["main.lock", "main.session"]


def run(cli: Cli, s: Scene, *words: str, **more: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*COMMAND, *words],
        env=environment(cli, s, **more),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )


def test_a_bot_needs_no_terminal(cli: Cli, s: Scene) -> None:
    token = s.box.add_bot("helpful_bot")
    done = run(cli, s, "login", "telegram", TRANSLOAD_TELEGRAM__BOT_TOKEN=token)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("signed in as helpful_bot (bot ")
    again = run(cli, s, "doctor", "--json", TRANSLOAD_TELEGRAM__BOT_TOKEN=token)
    assert (
        '"id": "telegram.main", "status": "ok", "found": "signed in as helpful_bot"' in again.stdout
    )
    assert '"id": "cryptg", "status": "ok"' in again.stdout
    assert token not in again.stdout + again.stderr
    away = run(cli, s, "doctor", TRANSLOAD_TELEGRAM__SERVER="127.0.0.1:9")
    assert (away.returncode, "warn  telegram.main Telegram cannot be reached" in away.stdout) == (
        0,
        True,
    )
    assert away.stderr == ""
    people.revoke(s.box.world.store, s.box.world.store.users("token = ?", token)[0].id)
    ended = run(cli, s, "doctor")
    assert ended.returncode == 6
    assert "Telegram has ended the session of the account 'main'" in ended.stdout
    assert "transload login telegram" in ended.stdout


def test_a_second_account_has_its_own_session(cli: Cli, s: Scene) -> None:
    tokens = {name: s.box.add_bot(name) for name in ("one_bot", "two_bot")}
    settings = {"TRANSLOAD_TELEGRAM__BOT_TOKEN": tokens["one_bot"]}
    settings["TRANSLOAD_TELEGRAM__ACCOUNTS__WORK__BOT_TOKEN"] = tokens["two_bot"]
    for words, name in (((), "one_bot"), (("--name", "work"), "two_bot")):
        done = run(cli, s, "login", "telegram", *words, **settings)
        assert f"signed in as {name}" in done.stdout
    assert kept(cli) == ["main.lock", "main.session", "work.lock", "work.session"]


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("auth.importBotAuthorization:ACCESS_TOKEN_INVALID", "Telegram knows no bot of this token"),
        ("auth.importBotAuthorization:USER_DEACTIVATED_BAN", "does not let this account in now"),
        ("auth.importBotAuthorization:FLOOD_WAIT_60", "does not let this account in now"),
    ],
)
def test_a_refused_login_leaves_nothing(cli: Cli, s: Scene, fault: str, told: str) -> None:
    s.box.faults.plan(read_fault(fault))
    token = s.box.add_bot("helpful_bot")
    done = run(cli, s, "login", "telegram", TRANSLOAD_TELEGRAM__BOT_TOKEN=token)
    assert (done.returncode, told in done.stderr) == (5, True), done.stderr
    assert token not in done.stderr
    assert kept(cli) == ["main.lock"]


def _asked(terminal: Terminal, questions: Iterable[str]) -> bool:
    """Whether it asks once more before it ends."""
    return terminal.until(lambda seen: any(seen.endswith(one) for one in questions))


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("auth.sendCode:PHONE_NUMBER_BANNED", "Telegram does not let this account in now"),
        ("auth.sendCode:PHONE_NUMBER_UNOCCUPIED", "nobody at Telegram has this phone number"),
        ("auth.signIn:PHONE_CODE_EXPIRED", "the code has expired"),
        ("auth.signIn:PHONE_CODE_INVALID:times=3", "that is not the code that was sent"),
        ("auth.checkPassword:PASSWORD_HASH_INVALID:times=3", "that is not the two-step password"),
    ],
)
def test_a_refusal_at_the_terminal_is_told(cli: Cli, s: Scene, fault: str, told: str) -> None:
    s.box.faults.plan(read_fault(fault))
    with login(cli, s, "--phone", "+49111") as terminal:
        while _asked(terminal, ("Telegram: ", "password: ")):
            answer = s.code if terminal.seen.endswith("Telegram: ") else "geheim"
            terminal.seen = ""
            terminal.type(f"{answer}\n")
        assert terminal.end() == 5
        assert told in terminal.seen
    assert kept(cli) == ["main.lock"]


def test_without_a_terminal_it_says_what_to_do(cli: Cli, s: Scene) -> None:
    done = run(cli, s, "login", "telegram")
    assert done.returncode == 5
    assert "needs a terminal" in done.stderr
    assert "telegram.bot_token" in done.stderr
    assert kept(cli) == []


def test_an_interrupted_login_leaves_nothing(cli: Cli, s: Scene) -> None:
    with login(cli, s, "--phone", "+49222") as terminal:
        terminal.shows("Code from Telegram: ")
        terminal.interrupt()
        assert terminal.end() == 130
    assert kept(cli) == ["main.lock"]


def test_an_account_that_is_not_configured(cli: Cli) -> None:
    done = cli("login", "telegram", "--name", "play")
    assert done.status == 2
    assert "no account is called 'play'" in done.err
