"""TL objects from bytes and back; the classes are Telethon's, generated from Telegram's schema.

They have no type information, so `types` and `functions` are `Any` here, at the foreign edge.
"""

import struct
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, TypeVar, cast

from telethon.tl import alltlobjects  # pyright: ignore[reportMissingTypeStubs]

schema: Any = cast("Any", alltlobjects)
types: Any = schema.types
functions: Any = schema.functions
classes: dict[int, Any] = schema.tlobjects

T = TypeVar("T")
BOOL_TRUE, BOOL_FALSE, VECTOR, GZIP = 0x997275B5, 0xBC799737, 0x1CB5C415, 0x3072CFA1
CONTAINER, RPC_RESULT = 0x73F1F8DC, 0xF35C6D01
DEPTH_MAX = 64
UNPACKED_MAX = 16 * 1024 * 1024


class MalformedError(Exception):
    """The bytes are no TL object that is known."""


class Refused(Exception):  # noqa: N818  Telegram's word for an answer, not our fault
    """An RPC error: the code and the message that the client is told."""

    def __init__(self, message: str, code: int = 400) -> None:
        super().__init__(message)
        self.message, self.code = message, code


def refuse_if(broken: object, message: str, code: int = 400) -> None:
    """Raise Refused where a rule is broken."""
    if broken:
        raise Refused(message, code)


def required(found: T | None, message: str, code: int = 400) -> T:
    """What was looked up. Raises Refused where there is nothing."""
    if found is None:
        raise Refused(message, code)
    return found


class Reader:
    """Reads TL from bytes, with the methods that the generated classes ask for. Raises MalformedError."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at, self.depth = data, 0, 0

    def read(self, length: int = -1) -> bytes:
        """So many bytes; all that are left for -1."""
        end = len(self.data) if length < 0 else self.at + length
        if end > len(self.data):
            raise MalformedError("cut short")
        found, self.at = self.data[self.at : end], end
        return found

    def read_int(self, signed: bool = True) -> int:
        """4 bytes."""
        return int.from_bytes(self.read(4), "little", signed=signed)

    def read_long(self, signed: bool = True) -> int:
        """8 bytes."""
        return int.from_bytes(self.read(8), "little", signed=signed)

    def read_large_int(self, bits: int, signed: bool = True) -> int:
        """128 or 256 bits."""
        return int.from_bytes(self.read(bits // 8), "little", signed=signed)

    def read_double(self) -> float:
        """8 bytes."""
        return float(struct.unpack("<d", self.read(8))[0])

    def tgread_bytes(self) -> bytes:
        """A string of bytes with its length and padding."""
        length, head = self.read(1)[0], 1
        if length == 254:
            length, head = int.from_bytes(self.read(3), "little"), 4
        found = self.read(length)
        self.read(-(head + length) % 4)
        return found

    def tgread_string(self) -> str:
        """The same as text."""
        return self.tgread_bytes().decode("utf-8", "replace")

    def tgread_bool(self) -> bool:
        """A boolean that is an object."""
        return self.read_int(signed=False) == BOOL_TRUE

    def tgread_date(self) -> datetime:
        """A Unix time."""
        return datetime.fromtimestamp(self.read_int(), UTC)

    def tgread_object(self) -> Any:
        """An object of any class, a boolean, or a list."""
        number = self.read_int(signed=False)
        if number in (BOOL_TRUE, BOOL_FALSE):
            return number == BOOL_TRUE
        self.depth += 1
        if self.depth > DEPTH_MAX:
            raise MalformedError("nested too deep")
        try:
            if number == VECTOR:
                return [self.tgread_object() for _ in range(self.read_int())]
            if number == GZIP:
                return Reader(unpacked(self.tgread_bytes())).tgread_object()
            if number not in classes:
                raise MalformedError(f"no class {number:#010x}")
            return classes[number].from_reader(self)
        finally:
            self.depth -= 1


def unpacked(data: bytes) -> bytes:
    """What a gzip holds, up to 16 MiB."""
    unpacker = zlib.decompressobj(wbits=31)  # 31: with the head of a gzip
    try:
        found = unpacker.decompress(data, UNPACKED_MAX)
    except zlib.error as error:
        raise MalformedError("no gzip") from error
    if not unpacker.eof:
        raise MalformedError("cut short, or too large")
    return found


def messages_in(ident: int, body: bytes) -> Iterator[tuple[int, bytes]]:
    """The messages that one holds, with their numbers: itself, or those of a container. Raises MalformedError."""
    reader = Reader(body)
    kind = reader.read_int(signed=False)
    if kind == GZIP:
        yield from messages_in(ident, unpacked(reader.tgread_bytes()))
    elif kind == CONTAINER:
        for _ in range(reader.read_int()):
            inner = reader.read_long()
            reader.read_int()
            yield from messages_in(inner, reader.read(reader.read_int()))
    else:
        yield ident, body


def decode(data: bytes) -> Any:
    """The object that the bytes begin with. Raises MalformedError."""
    try:
        return Reader(data).tgread_object()
    except (struct.error, ValueError, TypeError, OverflowError) as error:
        raise MalformedError(str(error)) from error


def encode(value: Any) -> bytes:
    """An object, a boolean or a list of objects or whole numbers as bytes."""
    if isinstance(value, bool):
        return struct.pack("<I", BOOL_TRUE if value else BOOL_FALSE)
    if isinstance(value, list):
        members: list[Any] = [*value]
        return struct.pack("<Ii", VECTOR, len(members)) + b"".join(map(encode, members))
    return bytes(value)


def name_of(request: Any) -> str:
    """A request as Telegram's schema names it, `messages.sendMedia`."""
    cls = cast("Any", type(request))
    room = cls.__module__.rpartition(".")[2]
    word = cls.__name__.removesuffix("Request")
    word = word[0].lower() + word[1:]
    return word if room == "functions" else f"{room}.{word}"
