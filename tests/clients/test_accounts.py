"""Accounts by name, and session files that are whole or not there."""

import multiprocessing
import multiprocessing.synchronize
import sys
from pathlib import Path

import pytest

from tests.sandbox.clients import scene
from transload import clients
from transload.clients.accounts import MAIN, Account, account, accounts, held, signed_in, signing_in
from transload.clients.outcomes import Me
from transload.config import Settings, Telegram, TelegramAccount
from transload.errors import AccountBusyError, AccountError, SettingError, UnreachableError

pytestmark = pytest.mark.anyio


def test_a_missing_library_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "telethon", None)
    for one in ("telegram", "mtproto"):
        monkeypatch.delitem(sys.modules, f"transload.clients.{one}", raising=False)
    monkeypatch.delattr(clients, "telegram", raising=False)
    telegram = Telegram(api_id=1, api_hash="h")
    with pytest.raises(UnreachableError, match="telethon is not installed") as told:
        account(Settings(telegram=telegram), tmp_path, MAIN).access()
    assert "transload[telegram]" in str(told.value.suggestion)


def test_accounts_share_the_programs_number_unless_they_have_their_own(tmp_path: Path) -> None:
    work = TelegramAccount(bot_token="1:x")
    own = TelegramAccount(7, "h7", session=tmp_path / "own")
    telegram = Telegram(api_id=5, api_hash="h5", accounts={"work": work, "own": own})
    known = {one.name: one for one in accounts(Settings(telegram=telegram), tmp_path)}
    assert list(known) == [MAIN, "work", "own"]
    assert (known["work"].settings.api_id, known["work"].settings.bot_token) == (5, "1:x")
    assert known["work"].session == tmp_path / "work.session"
    assert (known["own"].settings.api_hash, known["own"].session) == (
        "h7",
        tmp_path / "own.session",
    )
    with pytest.raises(SettingError, match="no account is called 'play'; there is main, work, own"):
        account(Settings(telegram=telegram), tmp_path, "play")


@pytest.mark.parametrize(
    ("telegram", "missing"),
    [
        (Telegram(), "telegram.api_id"),
        (Telegram(api_id=1), "telegram.api_hash"),
        (Telegram(api_id=1, api_hash="h", server="127.0.0.1:1"), "telegram.server_key"),
    ],
)
def test_a_missing_setting_is_named(telegram: Telegram, missing: str, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=missing):
        account(Settings(telegram=telegram), tmp_path, MAIN).access()


async def _broken_off(one: Account) -> None:
    async with signing_in(one) as client:
        await client.send_code("49222")
        raise ZeroDivisionError


def hold(
    session: Path,
    sign: "multiprocessing.synchronize.Event",
    end: "multiprocessing.synchronize.Event",
) -> None:
    with held(Account(MAIN, TelegramAccount(), session)):
        sign.set()
        end.wait(20)


def test_a_second_process_is_refused_in_words(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    sign, end = context.Event(), context.Event()
    one = Account(MAIN, TelegramAccount(), tmp_path / "a.session")
    other = context.Process(target=hold, args=(one.session, sign, end))
    other.start()
    try:
        assert sign.wait(20)
        with (
            pytest.raises(AccountBusyError, match="'main' is in use by another process"),
            held(one),
        ):
            pass
    finally:
        end.set()
        other.join()
    with held(one):
        pass


async def test_a_session_is_kept_whole_or_not_at_all(tmp_path: Path) -> None:
    folder = tmp_path / "telegram"
    async with scene(tmp_path / "box") as s:
        telegram = Telegram(
            api_id=1, api_hash="h", server=s.box.address, server_key=s.box.key.public_pem
        )
        one = account(Settings(telegram=telegram), folder, MAIN)
        with pytest.raises(AccountError, match="nobody is signed in"):
            async with signed_in(one):
                pass
        with pytest.raises(ZeroDivisionError):
            await _broken_off(one)
        assert sorted(path.name for path in folder.iterdir()) == ["main.lock"]
        async with signing_in(one) as client:
            await client.send_code("49222")
            await client.give_code("49222", s.code)
        assert sorted(path.name for path in folder.iterdir()) == ["main.lock", "main.session"]
        assert one.session.stat().st_mode & 0o777 == 0o600
        async with signed_in(one) as client:
            assert await client.me() == Me(s.bob, "Bob", False)
        s.box.world.store.run("update keys set revoked = 1")
        with pytest.raises(AccountError, match="Telegram has ended the session"):
            async with signed_in(one):
                pass
