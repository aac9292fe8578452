"""Signing in: phone code, two-step password, QR, bot token; who one is."""

import os
import secrets
from hashlib import pbkdf2_hmac, sha256
from typing import Any

from transload.sandbox.crypto import DH_G, DH_PRIME, shortest
from transload.sandbox.desk import Desk
from transload.sandbox.store import Store, User
from transload.sandbox.tl import Refused, functions, refuse_if, required, types
from transload.sandbox.world import Call, user_of

desk = Desk()
SRP_SALT2 = b"sandbox"


def _wide(number: int) -> bytes:
    return number.to_bytes(256, "big")


def _number(wide: bytes) -> int:
    return int.from_bytes(wide, "big")


def _hash(*parts: bytes) -> bytes:
    return sha256(b"".join(parts)).digest()


def verifier_of(password: str, salt: bytes) -> bytes:
    """What the server keeps of a password (core.telegram.org/api/srp)."""
    once = _hash(SRP_SALT2, _hash(salt, password.encode(), salt), SRP_SALT2)
    secret = _hash(SRP_SALT2, pbkdf2_hmac("sha512", once, salt, 100_000), SRP_SALT2)
    return _wide(pow(DH_G, _number(secret), DH_PRIME))


def set_password(store: Store, user: int, password: str) -> None:
    """Give a user a two-step password; an empty one takes it away."""
    salt = os.urandom(16)
    verifier = verifier_of(password, salt) if password else None
    store.run("update users set srp_salt = ?, verifier = ? where id = ?", salt, verifier, user)


@desk.answers(functions.auth.SendCodeRequest, asker="anybody")
async def send_code(call: Call, request: Any) -> Any:
    """A code for a phone number, told to the person at the server."""
    phone = request.phone_number.lstrip("+")
    unknown = "PHONE_NUMBER_UNOCCUPIED" if phone.isdigit() else "PHONE_NUMBER_INVALID"
    user = required(call.store.first(User, "phone = ?", phone), unknown)
    refuse_if(user.trouble.startswith("PHONE"), user.trouble)
    code, ident = f"{secrets.randbelow(100_000):05}", secrets.token_hex(8)
    until = call.world.now() + call.world.rules.code_life_s
    call.store.run("insert into codes values(?, ?, ?, ?)", ident, phone, code, until)
    call.world.announce(f"code for +{phone}: {code}")
    return types.auth.SentCode(types.auth.SentCodeTypeApp(5), ident, timeout=60)


@desk.answers(functions.auth.SignInRequest, asker="anybody")
async def sign_in(call: Call, request: Any) -> Any:
    """The right code within its time; with a two-step password, that comes next."""
    phone, sent = request.phone_number.lstrip("+"), request.phone_code_hash
    sql = "select code, until from codes where hash = ? and phone = ?"
    code, until = required(call.store.one(sql, sent, phone), "PHONE_CODE_EXPIRED")
    user = required(call.store.first(User, "phone = ?", phone), "PHONE_CODE_EXPIRED")
    refuse_if(call.world.now() > until, "PHONE_CODE_EXPIRED")
    refuse_if(not request.phone_code, "PHONE_CODE_EMPTY")
    refuse_if(request.phone_code != code, "PHONE_CODE_INVALID")
    call.store.run("delete from codes where hash = ?", sent)
    return _signed(call, user)


def _signed(call: Call, user: User) -> Any:
    refuse_if(user.trouble, user.trouble, 401)
    if user.verifier is not None:
        call.line.sign(None, user.id)
        raise Refused("SESSION_PASSWORD_NEEDED", 401)
    return _welcome(call, user)


def _welcome(call: Call, user: User) -> Any:
    call.line.sign(user.id)
    return types.auth.Authorization(user_of(call.store, user, user.id))


@desk.answers(functions.account.GetPasswordRequest, asker="anybody")
async def get_password(call: Call, _request: Any) -> Any:
    """What a client needs to prove a password without showing it."""
    number = call.line.pending or call.user
    user = required(call.store.user(number), "AUTH_KEY_UNREGISTERED", 401)
    unknown = types.SecurePasswordKdfAlgoUnknown()
    wanted = {}
    if user.verifier is not None and user.srp_salt is not None:
        b, srp_id = secrets.randbits(2048) % DH_PRIME, secrets.randbits(62)
        hidden = _number(_hash(_wide(DH_PRIME), _wide(DH_G))) * _number(user.verifier)
        public = (hidden + pow(DH_G, b, DH_PRIME)) % DH_PRIME
        call.world.callbacks[srp_id] = (b, public)
        algorithm = _algorithm(user.srp_salt)
        wanted = {"srp_id": srp_id, "srp_B": _wide(public), "current_algo": algorithm, "hint": ""}
    fresh = _algorithm(os.urandom(8))
    return types.account.Password(
        fresh, unknown, os.urandom(16), has_password=bool(wanted), **wanted
    )


def _algorithm(salt: bytes) -> Any:
    kind = types.PasswordKdfAlgoSHA256SHA256PBKDF2HMACSHA512iter100000SHA256ModPow
    return kind(salt, SRP_SALT2, DH_G, shortest(DH_PRIME))


@desk.answers(functions.auth.CheckPasswordRequest, asker="anybody")
async def check_password(call: Call, request: Any) -> Any:
    """The proof of a password."""
    user = call.store.user(call.line.pending or 0)
    proof = request.password
    secret = call.world.callbacks.pop(getattr(proof, "srp_id", 0), None)
    if user is None or user.verifier is None or user.srp_salt is None:
        raise Refused("AUTH_KEY_UNREGISTERED", 401)
    expected = _expected(user.srp_salt, user.verifier, required(secret, "SRP_ID_INVALID"), proof.A)
    refuse_if(expected != proof.M1, "PASSWORD_HASH_INVALID")
    return _welcome(call, user)


def _expected(salt: bytes, verifier: bytes, secret: tuple[int, int], given: bytes) -> bytes:
    b, public = secret
    a = _number(given)
    u = _number(_hash(_wide(a), _wide(public)))
    shared = pow(a * pow(_number(verifier), u, DH_PRIME), b, DH_PRIME)
    group = bytes(x ^ y for x, y in zip(_hash(_wide(DH_PRIME)), _hash(_wide(DH_G)), strict=True))
    both = _wide(a) + _wide(public)
    return _hash(group, _hash(salt), _hash(SRP_SALT2), both, _hash(_wide(shared)))


@desk.answers(functions.auth.ImportBotAuthorizationRequest, asker="anybody")
async def import_bot(call: Call, request: Any) -> Any:
    """A bot by its token."""
    user = call.store.first(User, "token = ?", request.bot_auth_token)
    return _signed(call, required(user, "ACCESS_TOKEN_INVALID"))


@desk.answers(functions.auth.ExportLoginTokenRequest, asker="anybody")
async def export_token(call: Call, _request: Any) -> Any:
    """A token to be shown as a QR code; asked again once it was accepted, the sign-in."""
    row = call.store.one("select user from qr where key = ? and user is not null", call.line.key_id)
    if row is not None:
        call.store.run("delete from qr where key = ?", call.line.key_id)
        user = required(call.store.user(row[0]), "AUTH_TOKEN_INVALIDX")
        return types.auth.LoginTokenSuccess(_signed(call, user))
    token, until = secrets.token_bytes(24), call.world.now() + call.world.rules.token_life_s
    call.store.run("insert into qr values(?, ?, null, ?)", token, call.line.key_id, until)
    return types.auth.LoginToken(call.world.date(until), token)


DEVICE = ("device_model", "platform", "system_version", "app_name", "app_version", "ip", "country")
"""What a session has to say of its device and place; nothing here."""


@desk.answers(functions.auth.AcceptLoginTokenRequest, asker="person")
async def accept_token(call: Call, request: Any) -> Any:
    """A signed-in device took a QR code."""
    accept_qr(call, request.token, call.user)
    now = call.world.date()
    device = dict.fromkeys(DEVICE, "")
    return types.Authorization(1, region="", api_id=1, date_created=now, date_active=now, **device)


def accept_qr(call: Call, token: bytes, user: int) -> None:
    """Let who shows this token in. Raises Refused."""
    row = call.store.one("select key, until from qr where token = ?", token)
    key, until = required(row, "AUTH_TOKEN_INVALIDX")
    refuse_if(call.world.now() > until, "AUTH_TOKEN_EXPIRED")
    call.store.run("update qr set user = ? where token = ?", user, token)
    update = types.UpdateShort(types.UpdateLoginToken(), call.world.date())
    for listener in [*call.world.listeners]:
        if listener.key_id == key:
            listener.push(update)


@desk.answers(functions.auth.LogOutRequest, asker="anybody")
async def log_out(call: Call, _request: Any) -> Any:
    """Nobody is signed in here any more."""
    call.line.sign(None)
    return types.auth.LoggedOut()


@desk.answers(functions.auth.ResetAuthorizationsRequest)
async def reset_authorizations(call: Call, _request: Any) -> Any:
    """End all other sessions of the account."""
    revoke(call.store, call.user, but=call.line.key_id)
    return True


def revoke(store: Store, user: int, but: bytes = b"") -> None:
    """End the sessions of a user: their keys are signed in no more."""
    store.run("update keys set user = null, revoked = 1 where user = ? and id != ?", user, but)


@desk.answers(functions.users.GetUsersRequest)
async def get_users(call: Call, request: Any) -> Any:
    """Users by their references."""
    found = [call.store.user(call.marked(one)) for one in request.id]
    return [user_of(call.store, one, call.user) if one else types.UserEmpty(0) for one in found]


@desk.answers(functions.users.GetFullUserRequest)
async def get_full_user(call: Call, request: Any) -> Any:
    """One user, with little more."""
    user = required(call.store.user(call.marked(request.id)), "USER_ID_INVALID")
    full = types.UserFull(user.id, types.PeerSettings(), types.PeerNotifySettings(), 0)
    return types.users.UserFull(full, [], [user_of(call.store, user, call.user)])
