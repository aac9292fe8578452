"""Places in a tar that later passes start from: where each entry begins, and states of the unpacking on the way.

A packed tar can only be unpacked from its start: each deferred video of a 10 GB tar.gz would cost a minute of it.
zlib's state can be copied, 40 KiB each; a pass leaves one every 32 MiB, and the next pass begins at the nearest one.
Kept in memory for as long as the process lives: a state cannot be written down.
"""

import threading
from array import array
from bisect import bisect_right
from dataclasses import dataclass

from transload.archives.codecs.by_header import Decoder
from transload.archives.codecs.decoders import Unpacked
from transload.units import MIB

SPACING_BYTES = 32 * MIB
STATES_MAX = 512  # 20 MiB of states; a longer archive keeps those of its first 16 GiB


@dataclass(frozen=True, slots=True)
class State:
    """The unpacking at one moment: `made` bytes have come out, `packed` bytes of the file have gone in."""

    made: int
    packed: int
    decoder: Decoder


class TarIndex:
    """What passes over one tar have learned of it; used by several of them at once."""

    def __init__(self) -> None:
        self._offsets = array("Q")
        self._alone = 0  # how many of them, from the first, say all of themselves
        self._states: list[State] = []
        self._lock = threading.Lock()

    def learn(self, index: int, offset: int, *, alone: bool) -> None:
        """The entry of that index begins at this offset of the unpacked tar.

        `alone`: no record further before speaks of it, so that a pass may begin there.
        """
        with self._lock:
            if index == len(self._offsets):
                self._offsets.append(offset)
                self._alone += alone and self._alone == index

    def nearest(self, index: int) -> tuple[int, int]:
        """The last entry up to this one that a pass may begin at, with its offset; the first at 0 when none is."""
        with self._lock:
            last = min(index, self._alone - 1)
            return (last, self._offsets[last]) if last >= 0 else (0, 0)

    def at(self, offset: int) -> int:
        """The last entry that begins at or before an offset of the unpacked tar; 0 when none is known."""
        with self._lock:
            return max(bisect_right(self._offsets, offset) - 1, 0)

    def watch(self, unpacked: Unpacked) -> None:
        """Keep the state of an unpacking, if it is far enough after the last one."""
        with self._lock:
            last = self._states[-1].made if self._states else 0
            if unpacked.made < last + SPACING_BYTES or len(self._states) == STATES_MAX:
                return
            if (decoder := unpacked.copy_of_state()) is not None:
                self._states.append(State(unpacked.made, unpacked.packed, decoder))

    def state_before(self, offset: int) -> State | None:
        """The last state that is not beyond an offset of the unpacked tar."""
        with self._lock:
            place = bisect_right(self._states, offset, key=lambda one: one.made)
            return self._states[place - 1] if place else None
