"""RAR 5 archives of stored files, after the public technote (rarlab.com/technote.htm): nothing free packs them."""

import zlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

SIGNATURE = b"Rar!\x1a\x07\x01\x00"
MTIME_S = 1_600_000_000  # 2020-09-13 12:26:40 UTC
_MAIN, _FILE, _END = 1, 2, 5
_HAS_EXTRA, _HAS_DATA, _FROM_BEFORE, _GOES_ON = 1, 2, 8, 16
_VOLUME, _NUMBERED = 1, 2
_FOLDER, _HAS_TIME, _HAS_SUM = 1, 2, 4
_UNIX = 1
_LOCK_RECORD, _LINK_RECORD, _UNIX_LINK, _COPY = 1, 5, 1, 5
_FILE_MODE, _FOLDER_MODE, _LINK_MODE = 0o100644, 0o040755, 0o120777


@dataclass(frozen=True, slots=True)
class Piece:
    """What of a file lies in one volume. `sum` is over the piece, or over the whole file in its last one."""

    name: str
    whole: bytes
    start: int
    end: int

    @property
    def data(self) -> bytes:
        """The stored bytes."""
        return self.whole[self.start : self.end]

    @property
    def is_last(self) -> bool:
        """Whether the file ends here."""
        return self.end == len(self.whole)

    @property
    def sum(self) -> int:
        """CRC32 as the header has it."""
        return zlib.crc32(self.whole if self.is_last else self.data)


def make_rar(path: Path, tree: Mapping[str, bytes], locked: Collection[str] = ()) -> Path:
    """One archive. Names that end in "/" are folders; contents that begin `-> ` are symbolic links,
    contents that begin `=> ` copies of an earlier file. `locked` names empty files that are called encrypted.
    """
    records = b"".join(
        _copy(name, data[3:], tree)
        if data.startswith(b"=> ")
        else _record(Piece(name, data, 0, len(data)), _lock() if name in locked else b"")
        for name, data in tree.items()
    )
    path.write_bytes(SIGNATURE + _header(_MAIN, 0, _number(0)) + records + _end(more=False))
    return path


def make_rar_volumes(path: Path, tree: Mapping[str, bytes], size: int) -> list[Path]:
    """The same in `NAME.part1.rar` and so on, each with about `size` bytes of files; a file may go over their ends."""
    volumes: list[list[Piece]] = [[]]
    room = size
    for name, data in tree.items():
        at = 0
        while True:
            end = min(at + room, len(data))
            volumes[-1].append(Piece(name, data, at, end))
            room -= end - at
            if end == len(data):
                break
            at, room = end, size
            volumes.append([])
    made: list[Path] = []
    for number, pieces in enumerate(volumes):
        flags = _number(_VOLUME | (_NUMBERED if number else 0)) + (
            _number(number) if number else b""
        )
        last = number == len(volumes) - 1
        part = path.with_name(f"{path.name}.part{number + 1}.rar")
        records = b"".join(map(_record, pieces))
        part.write_bytes(SIGNATURE + _header(_MAIN, 0, flags) + records + _end(more=not last))
        made.append(part)
    return made


def _lock() -> bytes:
    """What says that a file is encrypted: version, flags, rounds, salt, start of the cipher."""
    record = _number(_LOCK_RECORD) + _number(0) + _number(0) + bytes([15]) + bytes(16) + bytes(16)
    return _number(len(record)) + record


def _record(piece: Piece, extra: bytes = b"") -> bytes:
    is_folder, is_link = piece.name.endswith("/"), piece.whole.startswith(b"-> ")
    data = b"" if is_folder else piece.data
    if is_link:
        target = piece.whole[3:]
        record = _number(_LINK_RECORD) + _number(_UNIX_LINK) + _number(0)
        record += _number(len(target)) + target
        extra, data = _number(len(record)) + record, b""
    mode = _LINK_MODE if is_link else _FOLDER_MODE if is_folder else _FILE_MODE
    flags = (_HAS_EXTRA if extra else 0) | (_FROM_BEFORE if piece.start else 0)
    flags |= (_HAS_DATA if data else 0) | (0 if piece.is_last else _GOES_ON)
    has_sum = not is_folder and not is_link
    name = piece.name.rstrip("/").encode()
    body = _number(_HAS_TIME | (_FOLDER if is_folder else 0) | (_HAS_SUM if has_sum else 0))
    body += _number(len(piece.whole) if has_sum else 0) + _number(mode)
    body += MTIME_S.to_bytes(4, "little")
    body += piece.sum.to_bytes(4, "little") if has_sum else b""
    body += _number(0) + _number(_UNIX) + _number(len(name)) + name
    sizes = (_number(len(extra)) if extra else b"") + (_number(len(data)) if data else b"")
    return _header(_FILE, flags, sizes + body + extra) + data


def _copy(name: str, target: bytes, tree: Mapping[str, bytes]) -> bytes:
    """What RAR writes for a file equal to an earlier one: its size, a sum of zeros and no data."""
    record = _number(_LINK_RECORD) + _number(_COPY) + _number(0) + _number(len(target)) + target
    extra = _number(len(record)) + record
    size = len(tree[target.decode()])
    body = _number(_HAS_TIME | _HAS_SUM) + _number(size) + _number(_FILE_MODE)
    body += MTIME_S.to_bytes(4, "little") + bytes(4)
    body += _number(0) + _number(_UNIX) + _number(len(name)) + name.encode()
    return _header(_FILE, _HAS_EXTRA, _number(len(extra)) + body + extra)


def _end(*, more: bool) -> bytes:
    return _header(_END, 0, _number(1 if more else 0))


def _header(kind: int, flags: int, body: bytes) -> bytes:
    inner = _number(kind) + _number(flags) + body
    sized = _number(len(inner)) + inner
    return zlib.crc32(sized).to_bytes(4, "little") + sized


def _number(value: int) -> bytes:
    """A number in groups of seven bits, the lowest first; all but the last have their top bit set."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])
