"""An entry that goes from the source to the destination without touching the disk: read once, forwards, in pieces.

The reader's thread feeds it, a worker thread of the destination takes from it; at most two pieces are held.
"""

from pathlib import Path
from typing import BinaryIO

import anyio
from anyio import from_thread

from transload.blob import ByteFile
from transload.entry import Entry
from transload.errors import BugError, CorruptError, PermanentError, TransientError
from transload.faults import Fault
from transload.model import MEDIA_KINDS, ItemKind, Recipe
from transload.ports import ReadContext
from transload.sums import Fingerprint
from transload.units import KIB

PIECE_BYTES = 256 * KIB


def may_stream(context: ReadContext, entry: Entry, kind: ItemKind) -> bool:
    """Whether an entry can go straight through: its size is known and taken there, and nobody has to look into it."""
    if not context.streams or entry.size is None:
        return False
    unseen = kind not in MEDIA_KINDS or context.job.recipe is Recipe.ORIGINAL
    return unseen and (context.limit_bytes is None or entry.size <= context.limit_bytes)


class EntryStream:
    """The bytes of one entry on their way: a `Blob` that can be opened once.

    `read` has their sums once all went through, `fault` is why the source could not give all of it.
    """

    path: Path | None = None

    def __init__(self, name: str, size_bytes: int) -> None:
        self.name = name
        self.size = size_bytes
        self.read = Fingerprint()
        self.fault: Fault | None = None
        self.broken_off: TransientError | None = None
        self._pieces_in, self._pieces_out = anyio.create_memory_object_stream[bytes](1)
        self._is_opened = False

    def open(self) -> ByteFile:
        """The one opening, to be read in worker threads. Raises BugError for a second."""
        if self._is_opened:
            raise BugError(f"{self.name} comes from a stream, which is read once")
        self._is_opened = True
        return _StreamFile(self)

    def feed(self, context: ReadContext, head: bytes, body: BinaryIO) -> None:
        """Hand over a body as it is asked for, in the reader's thread, to its end or until no more is wanted."""
        try:
            piece = head or body.read(PIECE_BYTES)
            while piece:
                self.read.add(piece)
                if self.read.size_bytes > self.size:
                    raise CorruptError(f"more than the {self.size:,} bytes that are listed")
                context.meter.read(len(piece))
                from_thread.run(self._pieces_in.send, piece)
                piece = body.read(PIECE_BYTES)
            if self.read.size_bytes < self.size:
                raise CorruptError(f"fewer than the {self.size:,} bytes that are listed")
        except PermanentError as error:
            self.fault = error.fault()
        except TransientError as error:  # what was read is no end: whoever takes it must see that
            self.broken_off = error
            raise
        except anyio.BrokenResourceError:
            return  # the destination wants no more of it
        finally:
            from_thread.run_sync(self._pieces_in.close)

    async def next_piece(self) -> bytes:
        """The next bytes, b"" at the end."""
        try:
            return await self._pieces_out.receive()
        except anyio.EndOfStream:
            return b""

    async def end(self) -> Fault | None:
        """Wait until the source has given all of it; returns what was wrong, which the last sum may show."""
        while await self.next_piece():
            pass
        return self.fault

    def close(self) -> None:
        """Want no more of it. Not to be called from a worker thread."""
        self._pieces_out.close()


class _StreamFile:
    """The one opening of a stream."""

    def __init__(self, stream: EntryStream) -> None:
        self._stream = stream
        self._rest = b""
        self.size = stream.size
        self.taken = 0

    def read(self, size: int = -1, /) -> bytes:
        """Exactly so many of the next bytes, fewer only at the end. Raises CorruptError, TransientError."""
        pieces, wanted = [self._rest], self.size if size < 0 else size
        held = len(self._rest)
        while held < wanted and (piece := from_thread.run(self._stream.next_piece)):
            pieces.append(piece)
            held += len(piece)
        if held < wanted and self._stream.broken_off is not None:
            raise self._stream.broken_off
        if held < wanted and self._stream.fault is not None:
            raise CorruptError(self._stream.fault.detail)
        whole = b"".join(pieces)
        data, self._rest = whole[:wanted], whole[wanted:]
        self.taken += len(data)
        return data

    def read_at(self, offset: int, size: int) -> bytes:
        """Only where the stream is. Raises BugError elsewhere."""
        self.seek(offset)
        return self.read(size)

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Only to where the stream is. Raises BugError elsewhere."""
        if (offset, whence) != (self.taken, 0):
            raise BugError(f"{self._stream.name} comes from a stream, which is read forwards")
        return self.taken

    def tell(self) -> int:
        """The current offset."""
        return self.taken

    def close(self) -> None:
        """Nothing is held beside the stream."""
