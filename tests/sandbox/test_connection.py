"""One connection: what no client sends ends it, and ends nothing else."""

import os
import socket
import struct
from pathlib import Path

import anyio.to_thread
import pytest
from telethon import errors, functions, types

from tests.sandbox.clients import scene, telethon
from transload.sandbox.transport import Full

pytestmark = pytest.mark.anyio


def answer_to(port: int, data: bytes) -> bytes:
    """What the server says to bytes until it hangs up."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as line:
        line.sendall(data)
        line.shutdown(socket.SHUT_WR)
        found = b""
        while piece := line.recv(4096):
            found += piece
        return found


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        Full().packed(bytes(20) + b"nothing known"),
        Full().packed(bytes(8) + bytes(12) + bytes(functions.help.GetConfigRequest())),
        b"\xef\xef\xef\xef",
        b"",
    ],
    ids=["http", "noise", "no key", "transport", "nothing"],
)
async def test_noise_is_hung_up_on_and_others_go_on(data: bytes, tmp_path: Path) -> None:
    async with scene(tmp_path) as s, telethon(s.box, s.ann) as ann:
        assert await anyio.to_thread.run_sync(answer_to, s.box.world.port, data) == b""
        assert (await ann.get_me()).id == s.ann


async def test_a_key_that_nobody_knows_is_told(tmp_path: Path) -> None:
    async with scene(tmp_path) as s:
        packet = Full().packed(os.urandom(8) + bytes(64))
        said = await anyio.to_thread.run_sync(answer_to, s.box.world.port, packet)
        assert struct.unpack("<i", said[8:12]) == (-404,)


async def test_a_request_that_is_not_here_is_refused_by_name(tmp_path: Path) -> None:
    async with scene(tmp_path) as s, telethon(s.box, s.ann) as ann:
        with pytest.raises(errors.InputMethodInvalidError):
            await ann(functions.help.GetSupportRequest())


async def test_who_is_not_signed_in_is_told(tmp_path: Path) -> None:
    async with scene(tmp_path) as s, telethon(s.box) as nobody:
        with pytest.raises(errors.AuthKeyUnregisteredError):
            await nobody(functions.messages.SendMessageRequest(types.InputPeerSelf(), "x"))


async def test_a_fault_of_the_server_is_told_and_ends_nobody(tmp_path: Path) -> None:
    async with scene(tmp_path) as s, telethon(s.box, s.ann, request_retries=0) as ann:
        (tmp_path / "parts").rmdir()
        with pytest.raises(ValueError, match="unsuccessful"):
            await ann(functions.upload.SaveFilePartRequest(1, 0, b"x"))
        assert s.told[-1].startswith("a fault in upload.saveFilePart: FileNotFoundError")
        assert (await ann.get_me()).id == s.ann
