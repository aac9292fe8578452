"""Signing in: phone code, two-step password, QR, bot token; who one is."""

import os
import secrets
from hashlib import pbkdf2_hmac, sha256
from typing import Any

from transload.sandbox.crypto import DH_G, DH_PRIME, shortest
from transload.sandbox.store import Store, User
from transload.sandbox.tl import Refused, functions, types
from transload.sandbox.world import Call, user_of

SRP_SALT2 = b"sandbox"
TROUBLES = ("PHONE_NUMBER_BANNED", "PHONE_NUMBER_FLOOD", "USER_DEACTIVATED_BAN", "USER_DEACTIVATED")


def _wide(number: int) -> bytes:
    return number.to_bytes(256, "big")


def _hash(*parts: bytes) -> bytes:
    return sha256(b"".join(parts)).digest()


def verifier_of(password: str, salt: bytes) -> bytes:
    """What the server keeps of a password (core.telegram.org/api/srp)."""
    once = _hash(SRP_SALT2, _hash(salt, password.encode(), salt), SRP_SALT2)
    secret = _hash(SRP_SALT2, pbkdf2_hmac("sha512", once, salt, 100_000), SRP_SALT2)
    return _wide(pow(DH_G, int.from_bytes(secret, "big"), DH_PRIME))


def set_password(store: Store, user: int, password: str) -> None:
    """Give a user a two-step password; an empty one takes it away."""
    salt = os.urandom(16)
    verifier = verifier_of(password, salt) if password else None
    store.run("update users set srp_salt = ?, verifier = ? where id = ?", salt, verifier, user)


async def send_code(call: Call, request: Any) -> Any:
    """A code for a phone number, told to the person at the server."""
    phone = request.phone_number.lstrip("+")
    user = _of_phone(call.store, phone)
    if user is not None and user.trouble.startswith("PHONE"):
        raise Refused(user.trouble)
    if user is None:
        raise Refused("PHONE_NUMBER_UNOCCUPIED" if phone.isdigit() else "PHONE_NUMBER_INVALID")
    code, ident = f"{secrets.randbelow(100_000):05}", secrets.token_hex(8)
    until = call.world.now() + call.world.rules.code_life_s
    call.store.run("insert into codes values(?, ?, ?, ?)", ident, phone, code, until)
    call.world.announce(f"code for +{phone}: {code}")
    return types.auth.SentCode(types.auth.SentCodeTypeApp(5), ident, timeout=60)


def _of_phone(store: Store, phone: str) -> User | None:
    return next(iter(store.users("phone = ?", phone)), None)


async def sign_in(call: Call, request: Any) -> Any:
    """The right code within its time; with a two-step password, that comes next."""
    phone = request.phone_number.lstrip("+")
    row = call.store.one(
        "select code, until from codes where hash = ? and phone = ?", request.phone_code_hash, phone
    )
    user = _of_phone(call.store, phone)
    if row is None or user is None or call.world.now() > row[1]:
        raise Refused("PHONE_CODE_EXPIRED")
    if request.phone_code != row[0]:
        raise Refused("PHONE_CODE_INVALID" if request.phone_code else "PHONE_CODE_EMPTY")
    call.store.run("delete from codes where hash = ?", request.phone_code_hash)
    return _signed(call, user)


def _signed(call: Call, user: User) -> Any:
    if user.trouble:
        raise Refused(user.trouble, 401)
    if user.verifier is not None:
        call.line.sign(None, user.id)
        raise Refused("SESSION_PASSWORD_NEEDED", 401)
    return _welcome(call, user)


def _welcome(call: Call, user: User) -> Any:
    call.line.sign(user.id)
    return types.auth.Authorization(user_of(call.store, user, user.id))


async def get_password(call: Call, _request: Any) -> Any:
    """What a client needs to prove a password without showing it."""
    user = call.store.user(call.line.pending or call.user)
    if user is None:
        raise Refused("AUTH_KEY_UNREGISTERED", 401)
    unknown = types.SecurePasswordKdfAlgoUnknown()
    if user.verifier is None or user.srp_salt is None:
        return types.account.Password(_algorithm(os.urandom(8)), unknown, os.urandom(16))
    b = secrets.randbits(2048) % DH_PRIME
    public = (
        _multiplier() * int.from_bytes(user.verifier, "big") + pow(DH_G, b, DH_PRIME)
    ) % DH_PRIME
    srp_id = secrets.randbits(62)
    call.line.world.callbacks[srp_id] = (b, public)
    return types.account.Password(
        _algorithm(os.urandom(8)),
        unknown,
        os.urandom(16),
        has_password=True,
        current_algo=_algorithm(user.srp_salt),
        srp_B=_wide(public),
        srp_id=srp_id,
        hint="",
    )


def _algorithm(salt: bytes) -> Any:
    kind = types.PasswordKdfAlgoSHA256SHA256PBKDF2HMACSHA512iter100000SHA256ModPow
    return kind(salt, SRP_SALT2, DH_G, shortest(DH_PRIME))


def _multiplier() -> int:
    return int.from_bytes(_hash(_wide(DH_PRIME), _wide(DH_G)), "big")


async def check_password(call: Call, request: Any) -> Any:
    """The proof of a password."""
    user = call.store.user(call.line.pending or 0)
    proof = request.password
    secret = call.world.callbacks.pop(getattr(proof, "srp_id", 0), None)
    if user is None or user.verifier is None or user.srp_salt is None:
        raise Refused("AUTH_KEY_UNREGISTERED", 401)
    if secret is None:
        raise Refused("SRP_ID_INVALID")
    if _expected(user.srp_salt, user.verifier, secret, proof.A) != proof.M1:
        raise Refused("PASSWORD_HASH_INVALID")
    return _welcome(call, user)


def _expected(salt: bytes, verifier: bytes, secret: tuple[int, int], given: bytes) -> bytes:
    b, public = secret
    a = int.from_bytes(given, "big")
    u = int.from_bytes(_hash(_wide(a), _wide(public)), "big")
    shared = pow(a * pow(int.from_bytes(verifier, "big"), u, DH_PRIME), b, DH_PRIME)
    group = bytes(x ^ y for x, y in zip(_hash(_wide(DH_PRIME)), _hash(_wide(DH_G)), strict=True))
    return _hash(
        group, _hash(salt), _hash(SRP_SALT2), _wide(a), _wide(public), _hash(_wide(shared))
    )


async def import_bot(call: Call, request: Any) -> Any:
    """A bot by its token."""
    user = next(iter(call.store.users("token = ?", request.bot_auth_token)), None)
    if user is None:
        raise Refused("ACCESS_TOKEN_INVALID")
    return _signed(call, user)


async def export_token(call: Call, _request: Any) -> Any:
    """A token to be shown as a QR code; asked again once it was accepted, the sign-in."""
    row = call.store.one("select user from qr where key = ? and user is not null", call.line.key_id)
    if row is not None:
        call.store.run("delete from qr where key = ?", call.line.key_id)
        user = call.store.user(row[0])
        assert user is not None
        return types.auth.LoginTokenSuccess(_signed(call, user))
    token, until = secrets.token_bytes(24), call.world.now() + call.world.rules.token_life_s
    call.store.run("insert into qr values(?, ?, null, ?)", token, call.line.key_id, until)
    return types.auth.LoginToken(call.world.date(until), token)


async def accept_token(call: Call, request: Any) -> Any:
    """A signed-in device took a QR code."""
    accept_qr(call, request.token, call.user)
    now = call.world.date()
    empty = {
        "device_model": "",
        "platform": "",
        "system_version": "",
        "app_name": "",
        "app_version": "",
        "ip": "",
    }
    return types.Authorization(
        hash=1, api_id=1, date_created=now, date_active=now, country="", region="", **empty
    )


def accept_qr(call: Call, token: bytes, user: int) -> None:
    """Let who shows this token in. Raises Refused."""
    row = call.store.one("select key, until from qr where token = ?", token)
    if row is None:
        raise Refused("AUTH_TOKEN_INVALIDX")
    if call.world.now() > row[1]:
        raise Refused("AUTH_TOKEN_EXPIRED")
    call.store.run("update qr set user = ? where token = ?", user, token)
    update = types.UpdateShort(types.UpdateLoginToken(), call.world.date())
    for listener in [*call.world.listeners]:
        if getattr(listener, "key_id", b"") == row[0]:
            listener.push(update)


async def log_out(call: Call, _request: Any) -> Any:
    """Nobody is signed in here any more."""
    call.line.sign(None)
    return types.auth.LoggedOut()


async def reset_authorizations(call: Call, _request: Any) -> Any:
    """End all other sessions of the account."""
    revoke(call.store, call.user, but=call.line.key_id)
    return True


def revoke(store: Store, user: int, but: bytes = b"") -> None:
    """End the sessions of a user: their keys are signed in no more."""
    store.run("update keys set user = null, revoked = 1 where user = ? and id != ?", user, but)


async def get_users(call: Call, request: Any) -> Any:
    """Users by their references."""
    found = [call.store.user(call.marked(one)) for one in request.id]
    return [
        types.UserEmpty(0) if one is None else user_of(call.store, one, call.user) for one in found
    ]


async def get_full_user(call: Call, request: Any) -> Any:
    """One user, with little more."""
    number = call.marked(request.id)
    user = call.store.user(number)
    if user is None:
        raise Refused("USER_ID_INVALID")
    full = types.UserFull(number, types.PeerSettings(), types.PeerNotifySettings(), 0)
    return types.users.UserFull(full, [], [user_of(call.store, user, call.user)])


f = functions
HANDLERS = {
    f.auth.SendCodeRequest: send_code,
    f.auth.SignInRequest: sign_in,
    f.account.GetPasswordRequest: get_password,
    f.auth.CheckPasswordRequest: check_password,
    f.auth.ImportBotAuthorizationRequest: import_bot,
    f.auth.ExportLoginTokenRequest: export_token,
    f.auth.AcceptLoginTokenRequest: accept_token,
    f.auth.LogOutRequest: log_out,
    f.auth.ResetAuthorizationsRequest: reset_authorizations,
    f.users.GetUsersRequest: get_users,
    f.users.GetFullUserRequest: get_full_user,
}
OPEN = frozenset(
    {
        f.auth.SendCodeRequest,
        f.auth.SignInRequest,
        f.account.GetPasswordRequest,
        f.auth.CheckPasswordRequest,
        f.auth.ImportBotAuthorizationRequest,
        f.auth.ExportLoginTokenRequest,
        f.auth.LogOutRequest,
    }
)
USERS_ONLY = frozenset({f.auth.AcceptLoginTokenRequest})
