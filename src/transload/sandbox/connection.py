"""One client's connection: packets opened, requests handed on and answered, updates pushed.

Source: core.telegram.org/mtproto/description and .../service_messages.
"""

import secrets
import struct
from functools import partial
from typing import Any

import anyio
from anyio.abc import ByteStream, TaskGroup

from transload.sandbox import tl
from transload.sandbox.crypto import BrokenCipherError, ServerKey, key_id, seal, unseal
from transload.sandbox.desk import Desk
from transload.sandbox.faults import Fault
from transload.sandbox.handshake import Handshake
from transload.sandbox.letters import names_in
from transload.sandbox.tl import MalformedError, Refused, decode, encode, types
from transload.sandbox.transport import BadPacketError, Buffered, Transport, transport_of
from transload.sandbox.world import Call, World

EARLY_S, LATE_S = 30, 300
"""How far the time of a client's message may be ahead of our clock, and how far behind it, in seconds."""
QUIET = "InvokeWithoutUpdatesRequest"
AFTER = ("InvokeAfterMsgRequest", "InvokeAfterMsgsRequest")
WRAPPERS = ("InvokeWithLayerRequest", "InitConnectionRequest", QUIET, *AFTER)


class Connection:
    """One TCP connection; `serve` ends with it."""

    def __init__(self, world: World, desk: Desk, server_key: ServerKey, stream: ByteStream) -> None:
        self.world, self._desk, self._stream = world, desk, stream
        self._handshake = Handshake(server_key, world.now)
        self._transport: Transport | None = None
        self._sending = anyio.Lock()
        self._last_id = self._content = self._received = 0
        self._tasks: TaskGroup
        self._session = 0
        self.key_id, self._key, self._salt = b"", b"", 0
        self.user: int | None = None
        self.pending: int | None = None
        self.wants_updates = True  # a client that connects again does not say it again

    async def serve(self) -> None:
        """Answer until the client goes."""
        buffered = Buffered(self._stream)
        self.world.listeners.add(self)
        try:
            async with self._stream, anyio.create_task_group() as self._tasks:
                self._transport = await transport_of(buffered)
                while True:
                    await self._receive(await self._transport.receive(buffered))
        except* (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError):
            pass
        except* (BadPacketError, MalformedError, BrokenCipherError):
            pass  # no client of ours: hang up, as Telegram does
        finally:
            self.world.listeners.discard(self)

    async def drop(self) -> None:
        """Break the connection."""
        await anyio.aclose_forcefully(self._stream)

    async def _receive(self, packet: bytes) -> None:
        line = self.world.faults.line
        self._received += len(packet)
        if line.close_after is not None and self._received >= line.close_after:
            line.closed += 1
            await self.drop()
            return
        if line.bandwidth:
            await anyio.sleep(len(packet) / line.bandwidth)
        if packet[:8] == bytes(8):
            await self._exchange(packet[20:])
        elif await self._knows(packet[:8]):
            await self._open(unseal(self._key, packet))

    async def _exchange(self, packet: bytes) -> None:
        body = encode(self._handshake.answer(packet))
        agreed = self._handshake.agreed
        if agreed is not None:
            sql = "insert or replace into keys(id, key, salt) values(?, ?, ?)"
            self.world.store.run(sql, key_id(agreed.key), agreed.key, agreed.salt)
        head = struct.pack("<qqi", 0, self._message_id(answer=True), len(body))
        await self._send(head + body)

    async def _knows(self, ident: bytes) -> bool:
        """Whether the key that a packet names is known; if not, the client gets an error and negotiates a new one."""
        sql = "select key, salt, user, pending, revoked from keys where id = ?"
        row = self.world.store.one(sql, ident)
        if row is None:
            await self._send(struct.pack("<i", -404))
            return False
        self.key_id, self._key, self._salt = ident, row[0], row[1]
        self.user, self.pending = (None, None) if row[4] else (row[2], row[3])
        return True

    async def _open(self, plain: bytes) -> None:
        salt, session, message, number, length = struct.unpack_from("<qqqii", plain)
        body = plain[32 : 32 + length]
        if session != self._session:
            self._session, self._content = session, 0
            await self._notify(types.NewSessionCreated(message, secrets.randbits(62), self._salt))
        ahead = (message >> 32) - self.world.now()
        if not -LATE_S <= ahead <= EARLY_S:
            await self._notify(types.BadMsgNotification(message, number, 17 if ahead > 0 else 16))
        elif salt != self._salt:
            await self._notify(types.BadServerSalt(message, number, 48, self._salt))
        else:
            for inner, content in tl.messages_in(message, body):
                await self._serve_message(inner, content)

    async def _serve_message(self, message: int, body: bytes) -> None:
        try:
            request = decode(body)
        except MalformedError:
            await self._answer(message, encode(types.RpcError(400, "INPUT_METHOD_INVALID")))
            return
        match type(request).__name__:
            case "MsgsAck" | "HttpWait" | "MsgResendReq" | "MsgsAllInfo" | "MsgsStateInfo":
                return
            case "PingRequest" | "PingDelayDisconnectRequest":
                said = types.Pong(message, request.ping_id)
            case "GetFutureSaltsRequest":
                now, far = self.world.date(), self.world.date(2**31 - 1)
                said = types.FutureSalts(message, now, [types.FutureSalt(now, far, self._salt)])
            case "MsgsStateReq":
                said = types.MsgsStateInfo(message, bytes([4] * len(request.msg_ids)))
            case "DestroySessionRequest":
                said = types.DestroySessionNone(request.session_id)
            case "RpcDropAnswerRequest":
                await self._answer(message, encode(types.RpcAnswerUnknown()))
                return
            case _:
                self._tasks.start_soon(self._respond, message, request)
                return
        await self._notify(said, answer=True)

    async def _respond(self, message: int, request: Any) -> None:
        while (wrapper := type(request).__name__) in WRAPPERS:
            if wrapper in (QUIET, "InitConnectionRequest"):
                self.wants_updates = wrapper != QUIET
            request = request.query
        await anyio.sleep(self.world.faults.line.round_trip_s)
        names = partial(names_in, self.world.store, request)
        fault = self.world.faults.of(tl.name_of(request), self.user, names)
        act = None if fault is None else fault.act
        then = fault.then if fault is not None and fault.then is not None else bool
        if act != "answer_then_drop":
            then()
        answer = b"" if act == "drop" else await self._outcome(request, fault)
        if act == "answer_then_drop":
            then()
        if act in ("drop", "answer_then_drop"):
            await self.drop()
        else:
            await self._answer(message, answer)

    async def _outcome(self, request: Any, fault: Fault | None) -> bytes:
        if fault is not None and fault.act == "error":
            return encode(types.RpcError(fault.code, fault.error))
        if fault is not None:
            await anyio.sleep(fault.delay_s)
        try:
            return encode(await self._desk.answer(Call(self.world, self, self.user or 0), request))
        except Refused as refused:
            return encode(types.RpcError(refused.code, refused.message))
        except Exception as error:  # noqa: BLE001  the server's edge: a bug here is logged and must not end other clients
            self.world.announce(f"a fault in {tl.name_of(request)}: {error!r}")
            return encode(types.RpcError(500, "INTERNAL"))

    def sign(self, user: int | None, pending: int | None = None) -> None:
        """Who this connection's key belongs to from now on, or who has still to give a password."""
        sql = "update keys set user = ?, pending = ? where id = ?"
        self.world.store.run(sql, user, pending, self.key_id)
        self.user, self.pending = user, pending
        for other in self.world.listeners:
            if other.key_id == self.key_id:
                other.user = user

    def push(self, update: Any) -> None:
        """Send an object that nobody asked for, soon and in order; a client that is gone misses it."""
        self._tasks.start_soon(self._pushed, encode(update))

    async def _pushed(self, update: bytes) -> None:
        try:
            await self._seal(update, answer=False)
        except (anyio.BrokenResourceError, anyio.ClosedResourceError):
            self.world.listeners.discard(self)

    async def _answer(self, message: int, answer: bytes) -> None:
        await self._seal(struct.pack("<Iq", tl.RPC_RESULT, message) + answer, answer=True)

    async def _notify(self, what: Any, *, answer: bool = False) -> None:
        await self._seal(encode(what), answer=answer)

    async def _seal(self, body: bytes, *, answer: bool) -> None:
        async with self._sending:  # numbers rise in the order of sending
            number = self._content * 2 + 1
            self._content += 1
            ident = self._message_id(answer=answer)
            head = struct.pack("<qqqii", self._salt, self._session, ident, number, len(body))
            await self._send(seal(self._key, head + body))

    def _message_id(self, *, answer: bool) -> int:
        """Of our time, rising; what answers a request leaves 1 when divided by 4, all else 3."""
        self._last_id = max(int(self.world.now() * 2**32) & ~3, self._last_id + 4)
        return self._last_id | (1 if answer else 3)

    async def _send(self, data: bytes) -> None:
        if self._transport is not None:
            if self.world.faults.line.bandwidth:
                await anyio.sleep(len(data) / self.world.faults.line.bandwidth)
            await self._stream.send(self._transport.packed(data))
