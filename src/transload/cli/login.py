"""`transload login telegram`: phone code, two-step password, QR code, or a bot's token."""

import os
import sys
from typing import TYPE_CHECKING, Annotated, Literal

import anyio
from cyclopts import Parameter

from transload.cli.output import say
from transload.cli.passwords import LINE_MAX, STDIN, ask_hidden, somebody_answers
from transload.cli.session import USUAL, Common, configured
from transload.clients.accounts import MAIN, Account, account, signing_in
from transload.clients.outcomes import LoginRefused, Me, PasswordWanted
from transload.errors import LoginRefusedError
from transload.faults import EXIT_OK
from transload.present.text import clean

if TYPE_CHECKING:
    from transload.clients.telegram import Telegram

TRIES = 3
PROBLEMS = {
    "wrong_code": "that is not the code that was sent",
    "expired_code": "the code has expired",
    "wrong_password": "that is not the two-step password",
    "no_account": "nobody at Telegram has this phone number",
    "limited": "Telegram does not let this account in now",
    "bad_token": "Telegram knows no bot of this token",
    "expired_qr": "the QR code has expired",
}
AGAIN = frozenset({"wrong_code", "wrong_password"})
"""What was mistyped is asked for again; a code that has expired is sent anew by the next login."""
WHO = "Run it at a terminal; a bot needs none: --set telegram.bot_token=TOKEN, or the environment."


def login(
    service: Literal["telegram"],
    *,
    name: Annotated[
        str, Parameter(help="The account, when there are several: telegram.accounts.NAME.")
    ] = MAIN,
    phone: Annotated[
        str | None,
        Parameter(help="The phone number with its country code; asked for when not given."),
    ] = None,
    qr: Annotated[
        bool,
        Parameter(
            negative="", show_default=False, help="Show a QR code for a phone that is signed in."
        ),
    ] = False,
    common: Common = USUAL,
) -> int:
    """Sign in to Telegram. The session is kept in the data folder; whoever has that file has the account.

    With the setting telegram.bot_token the bot signs in, without a question.

    Examples:
        transload login telegram
        transload login telegram --qr
        transload login telegram --name work --phone +49123456
    """
    del service  # there is one
    settings, folder = configured(common)
    one = account(settings, folder.telegram, name)
    me = anyio.run(_login, one, phone, qr)
    if common.talks:
        kind = "bot" if me.bot else "user"
        say(f"signed in as {clean(me.name)} ({kind} {me.id}); session: {one.session}", sys.stdout)
    elif common.json:
        import json

        say(
            json.dumps({"id": me.id, "name": me.name, "bot": me.bot, "account": one.name}),
            sys.stdout,
        )
    return EXIT_OK


async def _login(one: Account, phone: str | None, qr: bool) -> Me:
    token = one.settings.bot_token
    if token is None and not somebody_answers():
        raise LoginRefusedError("signing in as a user needs a terminal", suggestion=WHO)
    async with signing_in(one) as telegram:
        if token is not None:
            return _let_in(await telegram.give_token(token))
        return await (_by_qr(telegram) if qr else _by_code(telegram, phone))


async def _by_code(telegram: "Telegram", phone: str | None) -> Me:
    phone = phone or await _ask("Phone number with country code: ")
    refused = await telegram.send_code(phone)
    if refused is not None:
        raise _error(refused)
    for left in reversed(range(TRIES)):
        answer = await telegram.give_code(phone, await _ask("Code from Telegram: "))
        if isinstance(answer, PasswordWanted):
            return await _by_password(telegram)
        if isinstance(answer, Me):
            return answer
        _say_or_raise(answer, left)
    raise AssertionError  # the last try returned or raised


async def _by_password(telegram: "Telegram") -> Me:
    for left in reversed(range(TRIES)):
        answer = await telegram.give_password(await ask_hidden("Two-step password: "))
        if isinstance(answer, Me):
            return answer
        _say_or_raise(answer, left)
    raise AssertionError  # the last try returned or raised


async def _by_qr(telegram: "Telegram") -> Me:
    import segno

    say("Telegram on a phone: Settings > Devices > Link Desktop Device", sys.stderr)
    async for address in telegram.qr_codes():
        segno.make(address, error="l").terminal(sys.stderr, compact=True)
        say(address, sys.stderr)
    me = await telegram.me()
    return me if me is not None else await _by_password(telegram)


def _say_or_raise(refused: LoginRefused, left: int) -> None:
    if refused.problem not in AGAIN or not left:
        raise _error(refused)
    say(f"{PROBLEMS[refused.problem]}; try again", sys.stderr)


def _let_in(answer: Me | LoginRefused) -> Me:
    if isinstance(answer, Me):
        return answer
    raise _error(answer)


def _error(refused: LoginRefused) -> LoginRefusedError:
    return LoginRefusedError(PROBLEMS[refused.problem], evidence=refused.code)


async def _ask(question: str) -> str:
    """What a person types at the terminal."""
    sys.stderr.write(question)
    sys.stderr.flush()
    await anyio.wait_readable(STDIN)
    return os.read(STDIN, LINE_MAX).decode("utf-8", "replace").strip()
