"""Objects from bytes and back; what is no object is refused."""

import gzip
import os
import struct
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transload.sandbox.crypto import tl_string
from transload.sandbox.tl import (
    DEPTH_MAX,
    GZIP,
    UNPACKED_MAX,
    VECTOR,
    MalformedError,
    Reader,
    decode,
    encode,
    functions,
    name_of,
    types,
)


def test_objects_lists_and_booleans_go_both_ways() -> None:
    users = [types.PeerUser(5), types.PeerChannel(6)]
    assert decode(encode(users)) == users
    assert decode(encode(True)) is True
    assert decode(encode(False)) is False
    assert decode(struct.pack("<I", GZIP) + tl_string(gzip.compress(encode(users)))) == users


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with suppress(MalformedError):
        decode(data)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        os.urandom(3),
        struct.pack("<I", 0xDEADBEEF),
        struct.pack("<Ii", VECTOR, 1) * (DEPTH_MAX + 1),
        struct.pack("<I", GZIP) + tl_string(b"no gzip"),
        struct.pack("<I", GZIP) + tl_string(gzip.compress(bytes(UNPACKED_MAX + 1))),
    ],
    ids=["empty", "short", "unknown", "deep", "no gzip", "bomb"],
)
def test_what_is_no_object_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedError):
        decode(data)


def test_strings_of_both_lengths() -> None:
    for length in (0, 3, 253, 254, 70_000):
        data = os.urandom(length)
        assert Reader(tl_string(data)).tgread_bytes() == data


def test_requests_are_named_as_in_the_schema() -> None:
    assert name_of(functions.messages.SendMediaRequest(None, None, "")) == "messages.sendMedia"
    assert name_of(functions.PingRequest(1)) == "ping"
