"""Packets in a TCP stream: the full, intermediate and abridged transports, told apart by their first bytes.

Source: core.telegram.org/mtproto/mtproto-transports.
"""

import struct
from zlib import crc32

from anyio.abc import ByteReceiveStream

PACKET_MAX = 2 * 1024 * 1024
"""More than any client sends: a container of a part of 512 KiB and little else."""
PIECE = 256 * 1024
INTERMEDIATE, ABRIDGED = b"\xee\xee\xee\xee", 0xEF


class BadPacketError(Exception):
    """The bytes are no packet of the transport."""


class Buffered:
    """Exactly so many bytes from a stream. Raises anyio.EndOfStream."""

    def __init__(self, stream: ByteReceiveStream) -> None:
        self._stream, self._held = stream, bytearray()

    async def exactly(self, count: int) -> bytes:
        """The next bytes."""
        while len(self._held) < count:
            self._held += await self._stream.receive(PIECE)
        found = bytes(self._held[:count])
        del self._held[:count]
        return found

    def put_back(self, data: bytes) -> None:
        """Bytes that were looked at only."""
        self._held[:0] = data


class Full:
    """Length, number, data, CRC-32."""

    def __init__(self) -> None:
        self._received = self._sent = 0

    async def receive(self, stream: Buffered) -> bytes:
        """The next packet; its number must be the next and its sum right."""
        head = await stream.exactly(8)
        length, number = struct.unpack("<ii", head)
        body = await stream.exactly(_sane(length - 8))
        (told,) = struct.unpack("<I", body[-4:])
        if number != self._received or crc32(head + body[:-4]) != told:
            raise BadPacketError
        self._received += 1
        return body[:-4]

    def packed(self, data: bytes) -> bytes:
        """A packet with the next number."""
        head = struct.pack("<ii", len(data) + 12, self._sent) + data
        self._sent += 1
        return head + struct.pack("<I", crc32(head))


class Intermediate:
    """Length, data."""

    async def receive(self, stream: Buffered) -> bytes:
        """The next packet."""
        (length,) = struct.unpack("<i", await stream.exactly(4))
        return await stream.exactly(_sane(length))

    def packed(self, data: bytes) -> bytes:
        """A packet."""
        return struct.pack("<i", len(data)) + data


class Abridged:
    """Length in words, in one byte or three more."""

    async def receive(self, stream: Buffered) -> bytes:
        """The next packet."""
        words = (await stream.exactly(1))[0]
        if words == 0x7F:
            words = int.from_bytes(await stream.exactly(3), "little")
        return await stream.exactly(_sane(words * 4))

    def packed(self, data: bytes) -> bytes:
        """A packet."""
        words = len(data) // 4
        head = bytes([words]) if words < 0x7F else b"\x7f" + words.to_bytes(3, "little")
        return head + data


Transport = Full | Intermediate | Abridged
"""How packets are framed: `receive` the next one, `packed` makes one."""


def _sane(length: int) -> int:
    if not 4 <= length <= PACKET_MAX:
        raise BadPacketError
    return length


async def transport_of(stream: Buffered) -> Transport:
    """The transport that a client chose. Raises anyio.EndOfStream."""
    first = await stream.exactly(1)
    if first[0] == ABRIDGED:
        return Abridged()
    start = first + await stream.exactly(3)
    if start == INTERMEDIATE:
        return Intermediate()
    stream.put_back(start)
    return Full()
