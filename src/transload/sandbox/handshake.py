"""The key exchange: how a client that has no key gets one (core.telegram.org/mtproto/auth_key)."""

import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha1
from typing import Any

from transload.sandbox import crypto
from transload.sandbox.crypto import DH_G, DH_PRIME, ServerKey, as_bytes, shortest
from transload.sandbox.tl import MalformedError, decode, functions, types

P, Q = 0x494C553B, 0x53911073
"""The primes of the proof of work: those of the documentation's example, found in milliseconds."""


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was agreed on, and its first salt."""

    key: bytes
    salt: int


@dataclass(slots=True)
class Handshake:
    """One exchange on one connection: `answer` for each request, `agreed` at the end."""

    server_key: ServerKey
    now: Callable[[], float]
    agreed: NewKey | None = None
    _server_nonce: int = 0
    _new_nonce: int = 0
    _secret: int = field(default=0, repr=False)

    def answer(self, packet: bytes) -> Any:
        """The answer to an unencrypted packet, from its body. Raises MalformedError when it has no place here."""
        request = decode(packet)
        match request:
            case functions.ReqPqMultiRequest() | functions.ReqPqRequest():
                return self._res_pq(request)
            case functions.ReqDHParamsRequest():
                return self._dh_params(request)
            case functions.SetClientDHParamsRequest():
                return self._dh_gen(request)
            case _:
                raise MalformedError("a request that needs a key")

    def _res_pq(self, request: Any) -> Any:
        self._server_nonce = int.from_bytes(os.urandom(16), "little", signed=True)
        keys = [self.server_key.fingerprint]
        return types.ResPQ(request.nonce, self._server_nonce, shortest(P * Q), keys)

    def _dh_params(self, request: Any) -> Any:
        hidden = self.server_key.decrypt(request.encrypted_data)
        proved = {bytes(request.p), bytes(request.q)} == {shortest(P), shortest(Q)}
        if hidden is None or not proved or request.server_nonce != self._server_nonce:
            raise MalformedError("not encrypted for this server")
        inner = decode(hidden)
        if inner.nonce != request.nonce or inner.server_nonce != self._server_nonce:
            raise MalformedError("nonces of another exchange")
        self._new_nonce, self._secret = inner.new_nonce, secrets.randbits(2048)
        g_a = pow(DH_G, self._secret, DH_PRIME).to_bytes(256, "big")
        group = (DH_G, shortest(DH_PRIME), g_a, int(self.now()))
        dh = bytes(types.ServerDHInnerData(request.nonce, self._server_nonce, *group))
        sealed = crypto.seal_exchange(self._server_nonce, self._new_nonce, dh)
        return types.ServerDHParamsOk(request.nonce, self._server_nonce, sealed)

    def _dh_gen(self, request: Any) -> Any:
        if not self._secret or request.server_nonce != self._server_nonce:
            raise MalformedError("no exchange is under way")
        plain = crypto.unseal_exchange(self._server_nonce, self._new_nonce, request.encrypted_data)
        inner = decode(plain[20:])
        if sha1(bytes(inner)).digest() != plain[:20]:
            raise MalformedError("the sum is wrong")
        g_b = int.from_bytes(inner.g_b, "big")
        key = pow(g_b, self._secret, DH_PRIME).to_bytes(256, "big")
        new, server = as_bytes(self._new_nonce, 32), as_bytes(self._server_nonce, 16)
        salt = bytes(a ^ b for a, b in zip(new[:8], server[:8], strict=True))
        self.agreed = NewKey(key, int.from_bytes(salt, "little", signed=True))
        whole = sha1(new + b"\x01" + sha1(key).digest()[:8]).digest()
        proof = int.from_bytes(whole[4:20], "little", signed=True)
        return types.DhGenOk(request.nonce, self._server_nonce, proof)
