"""How much to ask a server for at once. Pure: offsets in, an offset out.

Asking too little costs a wait for every request, asking too much costs bytes that nobody wanted. So an entry with the
name of a photo, a video, sound or an archive is asked for whole and any other only as far as its content must be looked
at; and when entry after entry was wanted, some of what follows is asked for as well, within a share of what was of use.
"""

from dataclasses import dataclass

from transload import endings
from transload.endings import ARCHIVE_SUFFIXES
from transload.units import KIB, MIB

PEEK_BYTES = 9 * KIB
"""What is read of an entry to tell its kind (8 KiB unpacked), with its header."""
WINDOW_GROWTH = 4
SLACK_BYTES = 160
"""An entry may be so much longer than the directory tells: its local extra field has a few records more."""
NEIGHBOUR_BYTES = 64 * KIB
ADVANCE_BYTES = 32 * KIB
SHARE = (
    256  # of the useful bytes may be asked for in vain: a quarter of what remote reading may waste
)
LOOKAHEAD_MAX = 8 * MIB

LARGE_SUFFIXES = endings.MEDIA | {".cr3", ".orf", ".raf", ".rw2", ".mid"}
"""Names decide nothing but how much is asked for at once."""


@dataclass(frozen=True, slots=True)
class _Hint:
    start: int
    peek: int
    end: int


@dataclass(slots=True)
class Foresight:
    """What one opening knows of the reading to come. `useful` and `wasted` count bytes; the reader tells them."""

    useful: int = 0
    wasted: int = 0
    _hint: _Hint = _Hint(0, 0, 0)
    _in_row: bool = False
    _all_read: bool = False
    _read_on: bool = False
    _next: int = -1
    _window: int = PEEK_BYTES

    def expect(self, offset: int, size: int, name: str) -> None:
        """An entry of `size` bytes with its header begins at `offset` and may be read next."""
        end = offset + size + SLACK_BYTES
        if self._hint.peek < self._hint.end:
            self._all_read = self._read_on
        self._read_on = False
        suffix = "." + name.rpartition(".")[2].lower()
        whole = self._all_read or suffix in LARGE_SUFFIXES or suffix in ARCHIVE_SUFFIXES
        self._in_row = (
            0 <= offset - self._hint.end + SLACK_BYTES <= NEIGHBOUR_BYTES and self._hint.end > 0
        )
        self._hint = _Hint(offset, end if whole else min(end, offset + PEEK_BYTES), end)

    def quarantine_or_fail(self, size: int) -> None:
        """So many bytes were asked for in vain."""
        self.wasted += size
        if size > PEEK_BYTES:
            self._all_read = False

    def end_for(self, offset: int, size: int) -> int:
        """Up to where to ask, when `size` bytes are wanted at `offset` and nothing on its way has them."""
        hint = self._hint
        if hint.start <= offset < hint.end:
            self._read_on = offset + size > hint.peek
            end = hint.peek if offset < hint.peek else hint.end
            return max(offset + size, end + self._ahead() if end == hint.end else end)
        self._window = self._window * WINDOW_GROWTH if offset == self._next else PEEK_BYTES
        self._window = max(self._window, size)
        self._next = offset + self._window
        return self._next

    def _ahead(self) -> int:
        """How much after the entry may be asked for in the hope that its neighbour is wanted too."""
        if not self._in_row:
            return 0
        return max(0, min(ADVANCE_BYTES + self.useful // SHARE - self.wasted, LOOKAHEAD_MAX))
