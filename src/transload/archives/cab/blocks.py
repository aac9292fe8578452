"""The blocks of a cabinet's folder, stored or in MSZIP, after [MS-CAB]: found, checked, unpacked.

Damage stays where it is. Each block has its size, a sum, and up to 32 KiB of the folder. One of MSZIP may copy bytes
from the one before it: after a damaged block every next one is unpacked twice, over two guesses that differ in each
byte that is not known. Where the results are equal the bytes do not depend on the damage, and are right.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from transload.archives.blob import ByteFile
from transload.archives.records.reader import search
from transload.units import KIB

BLOCK_BYTES = 32 * KIB
_PACKED_MAX = BLOCK_BYTES + 6144  # [MS-MCI]: what does not pack grows no further
_HEAD = struct.Struct("<LHH")  # [MS-CAB] 2.4, CFDATA
_MARK = b"CK"
_OTHER = bytes(255 - byte for byte in range(256))
_STEP = KIB  # what a damaged block gives is known to a step
STORED, MSZIP = 0, 1


@dataclass(frozen=True, slots=True)
class Block:
    """A block in the file: where its bytes lie, how many, what they unpack to, the sum (0: it has none)."""

    at: int
    packed: int
    plain: int
    total: int


@dataclass(frozen=True, slots=True)
class StoredFolder:
    """What a block gives: `guess` is equal to `data` but for the bytes that are not known; None: all are right."""

    data: bytes
    guess: bytes | None

    def known(self, start: int, end: int) -> bool:
        """Whether these bytes are right."""
        return self.guess is None or self.data[start:end] == self.guess[start:end]


@dataclass(frozen=True, slots=True)
class Folder:
    """A run of blocks that give `plain` bytes, each header followed by `reserved` bytes of somebody else's."""

    start: int
    plain: int
    method: int
    reserved: int

    @property
    def count(self) -> int:
        """How many blocks: all are full but the last."""
        return -(-self.plain // BLOCK_BYTES)

    def is_last(self, block: Block) -> bool:
        """Whether a block that is not full is the last one."""
        return block.plain == self.plain % BLOCK_BYTES


def cab_sum(data: bytes, seed: int) -> int:
    """The sum of [MS-CAB] 3.1: words of four bytes exclusive-ored; the last odd bytes count from the high end."""
    whole = len(data) & ~3
    value, width = int.from_bytes(data[:whole], "little"), whole
    while width > 4:  # as one large number that is folded: a loop over the words is 50 times slower
        half = (width // 2 + 3) & ~3
        value = (value >> half * 8) ^ (value & ((1 << half * 8) - 1))
        width = half
    return value ^ seed ^ int.from_bytes(data[whole:], "big")


def blocks_of(file: ByteFile, folder: Folder) -> list[Block | None]:
    """Every block of a folder in order, None for one that was not found.

    Where one does not stand after the one before it, the next with a right sum is looked for. Those from there are the
    folder's last ones if they reach its end; else nobody can say which they are.
    """
    found, at = _chain(file, folder, folder.start, folder.count)
    lost = folder.count - len(found)
    if not lost:
        return list(found)
    place = next(_candidates(file, folder, at), None)
    others, end = ([], at) if place is None else _chain(file, folder, place, lost)
    reach_end = bool(others) and (folder.is_last(others[-1]) or end == file.size)
    if place is None or not reach_end:
        return [*found, *[None] * lost]
    bridge = _between(file, folder, at, place) if len(others) == lost - 1 else None
    return [*found, *([bridge] if bridge else [None] * (lost - len(others))), *others]


def _chain(file: ByteFile, folder: Folder, at: int, most: int) -> tuple[list[Block], int]:
    """Blocks one after the other from a place, and where the next one should be."""
    found: list[Block] = []
    while len(found) < most:
        block = _block(file, folder, at)
        if block is None:
            break
        end = block.at + block.packed
        ends = folder.is_last(block) or len(found) == most - 1
        if end > file.size:  # cut in it, or its size is wrong: its sum will show
            return [*found, block], end
        if not ends and _block(file, folder, end) is None and not is_right(file, block):
            break  # its size is wrong, or bytes are missing in it
        if ends and len(found) < most - 1 and not is_right(file, block):
            break
        found.append(block)
        at = end
        if ends:
            break
    return found, at


def _block(file: ByteFile, folder: Folder, at: int) -> Block | None:
    head = file.read_at(at, _HEAD.size + folder.reserved + len(_MARK))
    if (
        len(head) < _HEAD.size + folder.reserved
    ):  # the last one of a stored folder may have one byte
        return None
    total, packed, plain = _HEAD.unpack_from(head)
    possible = 0 < plain <= BLOCK_BYTES and 0 < packed <= _PACKED_MAX
    if folder.method == STORED:
        possible = possible and packed == plain
    elif not head.endswith(_MARK):
        possible = possible and bool(total)
    return Block(at + _HEAD.size + folder.reserved, packed, plain, total) if possible else None


def _candidates(file: ByteFile, folder: Folder, start: int) -> Iterator[int]:
    """Places after the start where a block with a right sum is."""
    lead = _HEAD.size + folder.reserved
    if folder.method == MSZIP:
        places = (place - lead for place in search(file, start + lead, (_MARK,)))
    else:
        sizes = struct.pack("<HH", BLOCK_BYTES, BLOCK_BYTES)
        places = (place - 4 for place in search(file, start + 4, (sizes,)))
    for place in places:
        block = _block(file, folder, place)
        if block is not None and block.total and is_right(file, block):
            yield place


def _between(file: ByteFile, folder: Folder, at: int, end: int) -> Block | None:
    """The block between two places whose header states a wrong size, if its sum says that it is that."""
    head = file.read_at(at, _HEAD.size)
    packed = end - at - _HEAD.size - folder.reserved
    if len(head) < _HEAD.size or not 0 < packed <= _PACKED_MAX:
        return None
    total, _, plain = _HEAD.unpack(head)
    for size in (plain, BLOCK_BYTES):
        block = Block(at + _HEAD.size + folder.reserved, packed, size, total)
        if total and 0 < size <= BLOCK_BYTES and is_right(file, block):
            return block
    return None


def is_right(file: ByteFile, block: Block) -> bool:
    """Whether all bytes of a block are there, and give its sum if it has one."""
    return _is_right(block, file.read_at(block.at, block.packed))


def _is_right(block: Block, data: bytes) -> bool:
    sizes = struct.pack("<HH", block.packed, block.plain)
    whole = len(data) == block.packed
    return whole and (not block.total or cab_sum(sizes, cab_sum(data, 0)) == block.total)


class Unpacked:
    """A folder's blocks unpacked in order. Going back starts again at the first."""

    def __init__(self, file: ByteFile, folder: Folder) -> None:
        self._file, self._folder = file, folder
        self._blocks = blocks_of(file, folder)
        self._at = -1
        self._now = StoredFolder(b"", None)

    @property
    def is_whole(self) -> bool:
        """Whether every block was found."""
        return None not in self._blocks

    def block(self, number: int) -> StoredFolder | None:
        """What a block gives, None beyond the last."""
        if number >= len(self._blocks):
            return None
        if number < self._at:
            self._at, self._now = -1, StoredFolder(b"", None)
        if self._folder.method == STORED:
            self._at = number - 1
        while self._at < number:
            self._at += 1
            self._now = self._unpack(self._blocks[self._at], self._now)
        return self._now

    def _unpack(self, block: Block | None, before: StoredFolder) -> StoredFolder:
        if block is None:
            return _unknown(b"", BLOCK_BYTES)
        data = self._file.read_at(block.at, block.packed)
        plain = self._plain(data, before.data)
        if len(data) < block.packed:  # the file was cut: what is there is no worse for it
            return _unknown(plain, block.plain, known=min(len(plain), block.plain))
        if not _is_right(block, data) or len(plain) != block.plain:
            return _unknown(plain, block.plain)
        if before.guess is None or self._folder.method == STORED:
            return StoredFolder(plain, None)
        guess = self._plain(data, before.guess)
        return StoredFolder(plain, None if guess == plain else guess)

    def _plain(self, data: bytes, before: bytes) -> bytes:
        return data if self._folder.method == STORED else _inflated(data, before)


def _unknown(data: bytes, size: int, known: int = 0) -> StoredFolder:
    """A block of which only the first bytes are known; the rest as it was found, for what it is worth."""
    filled = data[:size].ljust(size, b"\0")
    return StoredFolder(filled, filled[:known] + filled[known:].translate(_OTHER))


def _inflated(data: bytes, before: bytes) -> bytes:
    """What a block of MSZIP gives over the bytes before it, up to where it is damaged."""
    decoder = zlib.decompressobj(-zlib.MAX_WBITS, before)
    plain = bytearray()
    try:
        for at in range(len(_MARK), len(data), _STEP):
            plain += decoder.decompress(data[at : at + _STEP], BLOCK_BYTES + 1 - len(plain))
            if len(plain) > BLOCK_BYTES:
                break
    except zlib.error:
        pass
    return bytes(plain)
