"""Packets in a stream of bytes, cut anywhere."""

import struct

import anyio
import pytest

from transload.sandbox.transport import (
    PACKET_MAX,
    Abridged,
    BadPacketError,
    Buffered,
    Full,
    Intermediate,
    Transport,
    transport_of,
)

pytestmark = pytest.mark.anyio


def buffered(data: bytes, piece: int) -> Buffered:
    pieces = [data[start : start + piece] for start in range(0, len(data), piece)]

    class Bytes:
        """A stream of bytes made of the pieces."""

        async def receive(self, _most: int) -> bytes:
            if not pieces:
                raise anyio.EndOfStream
            return pieces.pop(0)

    return Buffered(Bytes())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("made", "tag"), [(Full, b""), (Intermediate, b"\xee" * 4), (Abridged, b"\xef")]
)
@pytest.mark.parametrize("piece", [1, 7, 1000])
async def test_packets_arrive_whole_in_order(made: type[Transport], tag: bytes, piece: int) -> None:
    client = made()
    packets = [bytes([n]) * 4 * n for n in (1, 2, 127, 200)]
    stream = buffered(tag + b"".join(map(client.packed, packets)), piece)
    transport = await transport_of(stream)
    assert isinstance(transport, made)
    assert [await transport.receive(stream) for _ in packets] == packets
    with pytest.raises(anyio.EndOfStream):
        await transport.receive(stream)


@pytest.mark.parametrize(
    "data",
    [
        Full().packed(b"abcd")[:-1] + b"\0",
        struct.pack("<ii", 16, 1) + bytes(8),
        struct.pack("<ii", PACKET_MAX + 99, 0),
        struct.pack("<ii", -1, 0),
    ],
    ids=["sum", "number", "huge", "negative"],
)
async def test_a_packet_that_is_none_ends_it(data: bytes) -> None:
    stream = buffered(data, 100)
    with pytest.raises(BadPacketError):
        await Full().receive(stream)
