"""Signing in by each way, and what is refused on the way."""

from pathlib import Path

import anyio
import pytest
from telethon import errors, functions

from tests.sandbox.clients import ANN, BOB, scene, telethon
from transload.sandbox import accounts
from transload.sandbox.accounts import verifier_of
from transload.sandbox.faults import Faults
from transload.sandbox.world import Rules

pytestmark = pytest.mark.anyio


async def test_a_wrong_code_is_refused_and_the_right_one_still_goes(tmp_path: Path) -> None:
    async with scene(tmp_path) as s, telethon(s.box) as client:
        await client.send_code_request(BOB)
        with pytest.raises(errors.PhoneCodeInvalidError):
            await client.sign_in(BOB, "000")
        assert (await client.sign_in(BOB, s.code)).id == s.bob


async def test_a_code_expires(tmp_path: Path) -> None:
    async with scene(tmp_path, rules=Rules(code_life_s=0)) as s, telethon(s.box) as client:
        await client.send_code_request(BOB)
        with pytest.raises(errors.PhoneCodeExpiredError):
            await client.sign_in(BOB, s.code)


async def test_a_two_step_password_is_proved_by_srp(tmp_path: Path) -> None:
    async with scene(tmp_path, password="top secret") as s, telethon(s.box) as client:
        await client.send_code_request(ANN)
        with pytest.raises(errors.SessionPasswordNeededError):
            await client.sign_in(ANN, s.code)
        with pytest.raises(errors.PasswordHashInvalidError):
            await client.sign_in(password="wrong")
        assert (await client.sign_in(password="top secret")).id == s.ann


async def test_nobody_has_this_number(tmp_path: Path) -> None:
    async with scene(tmp_path) as s, telethon(s.box) as client:
        with pytest.raises(errors.PhoneNumberUnoccupiedError):
            await client.send_code_request("4999")


@pytest.mark.parametrize("trouble", ["PHONE_NUMBER_BANNED", "PHONE_NUMBER_FLOOD"])
async def test_a_limited_account_gets_no_code(trouble: str, tmp_path: Path) -> None:
    async with scene(tmp_path) as s, telethon(s.box) as client:
        s.box.world.store.run("update users set trouble = ? where id = ?", trouble, s.bob)
        with pytest.raises((errors.PhoneNumberBannedError, errors.PhoneNumberFloodError)):
            await client.send_code_request(BOB)


async def test_a_bot_signs_in_by_its_token(tmp_path: Path) -> None:
    async with scene(tmp_path) as s, telethon(s.box) as client:
        token = s.box.add_bot("helpful_bot")
        with pytest.raises(errors.AccessTokenInvalidError):
            await client.sign_in(bot_token="1:nonsense")
        me = await client.sign_in(bot_token=token)
        assert me.bot
        assert me.username == "helpful_bot"
        with pytest.raises(errors.BotMethodInvalidError):
            await client(functions.channels.CreateChannelRequest("t", "", megagroup=True))


async def test_a_qr_code_that_another_device_takes_lets_in(tmp_path: Path) -> None:
    async with scene(tmp_path) as s, telethon(s.box, s.bob) as phone, telethon(s.box) as client:
        login = await client.qr_login()
        async with anyio.create_task_group() as tasks:

            async def accept() -> None:
                await anyio.lowlevel.checkpoint()
                await phone(functions.auth.AcceptLoginTokenRequest(login.token))

            tasks.start_soon(accept)
            me = await login.wait(5)
        assert me.id == s.bob


async def test_a_qr_code_expires(tmp_path: Path) -> None:
    rules = Rules(token_life_s=-1)
    async with (
        scene(tmp_path, rules=rules) as s,
        telethon(s.box, s.bob) as phone,
        telethon(s.box) as client,
    ):
        login = await client.qr_login()
        with pytest.raises(errors.AuthTokenExpiredError):
            await phone(functions.auth.AcceptLoginTokenRequest(login.token))


async def test_a_revoked_session_is_signed_in_no_more(tmp_path: Path) -> None:
    async with scene(tmp_path) as s, telethon(s.box, s.bob) as client:
        assert (await client.get_me()).id == s.bob
        accounts.revoke(s.box.world.store, s.bob)
        with pytest.raises(errors.AuthKeyUnregisteredError):
            await client(functions.updates.GetStateRequest())


async def test_who_logged_out_is_nobody(tmp_path: Path) -> None:
    async with scene(tmp_path) as s, telethon(s.box, s.bob) as client:
        await client(functions.auth.LogOutRequest())
        with pytest.raises(errors.AuthKeyUnregisteredError):
            await client(functions.updates.GetStateRequest())


async def test_sign_in_outlives_a_skewed_clock(tmp_path: Path) -> None:
    faults = Faults(skew_s=3 * 3600)
    async with scene(tmp_path, faults=faults) as s, telethon(s.box) as client:
        await client.send_code_request(BOB)
        assert (await client.sign_in(BOB, s.code)).id == s.bob


async def test_a_verifier_depends_on_password_and_salt() -> None:
    made = {verifier_of(word, salt) for word in ("a", "b") for salt in (b"1", b"2")}
    assert len(made) == 4
    assert all(len(one) == 256 for one in made)
