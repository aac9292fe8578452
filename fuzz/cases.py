"""A target, one case of it, and what becomes of it: an outcome, or a crash with its smallest reproduction."""

import random
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter, process_time

from fuzz.watch import TooSlowError, within_cpu_s
from transload.errors import TransloadError

CPU_S_MAX = 1.0
"""What one case may cost: the archives made here are a few KiB, their limits a few hundred KiB of output."""
SHRINK_S_MAX = 20.0


class BrokenPromiseError(AssertionError):
    """The code under test came back with something that it promises not to give."""


def promise(kept: bool, broken: str, *shown: object) -> None:
    """Raise BrokenPromiseError unless `kept`."""
    if not kept:
        raise BrokenPromiseError(": ".join((broken, *(repr(one) for one in shown))))


@dataclass(frozen=True, slots=True)
class Outcome:
    """`opened`: the input got past the door. `kinds`: how it went on, kinds of errors among them."""

    opened: bool
    kinds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Target:
    """`make` gives the bytes of a case, `check` tells its outcome; any error but a TransloadError is a crash.

    `check` is a pure function of the bytes: what it chooses at random it takes from them.
    """

    name: str
    make: Callable[[random.Random], bytes]
    check: Callable[[bytes], Outcome]
    opened_min: float = 0.2


@dataclass(frozen=True, slots=True)
class Crash:
    """A case that must not be: its smallest form, how to make the whole one again, and what was raised."""

    target: str
    seed: int
    number: int
    data: bytes
    made_bytes: int
    raised: str


@dataclass(slots=True)
class Tally:
    """The sums of a run over one target."""

    target: str
    cases: int = 0
    cpu_s: float = 0.0
    opened: int = 0
    kinds: Counter[str] = field(default_factory=Counter[str])
    crashes: list[Crash] = field(default_factory=list[Crash])

    def add(self, other: "Tally") -> None:
        """Take another run of the same target in."""
        self.cases += other.cases
        self.cpu_s += other.cpu_s
        self.opened += other.opened
        self.kinds += other.kinds
        self.crashes += other.crashes


def made(target: Target, seed: int, number: int) -> bytes:
    """The bytes of the case with this number: the same for the same seed."""
    return target.make(random.Random((seed << 40) + number))


def run(target: Target, seed: int, numbers: range) -> Tally:
    """Check the cases with these numbers; stops at the first crash."""
    tally = Tally(target.name)
    began = process_time()
    for number in numbers:
        data = made(target, seed, number)
        told = crash_of(target, data)
        tally.cases += 1
        if not isinstance(told, Outcome):
            smallest = shrunk(target, data, told)
            raised = "".join(traceback.format_exception(told))
            tally.crashes.append(Crash(target.name, seed, number, smallest, len(data), raised))
            break
        tally.opened += told.opened
        tally.kinds.update(told.kinds)
    tally.cpu_s = process_time() - began
    return tally


def crash_of(target: Target, data: bytes) -> Outcome | BaseException:
    """The outcome of a case, or the error that is none."""
    try:
        with within_cpu_s(CPU_S_MAX):
            return target.check(data)
    except TransloadError as error:
        return Outcome(opened=False, kinds=(error.kind.word,))
    except (KeyboardInterrupt, SystemExit):
        raise
    except TooSlowError as error:
        return error
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what is looked for
        return error


def shrunk(target: Target, data: bytes, fault: BaseException) -> bytes:
    """The smallest case found by leaving pieces out, halves first, that still ends with the same error."""
    deadline = perf_counter() + SHRINK_S_MAX
    piece = len(data) // 2
    while piece and perf_counter() < deadline:
        at = 0
        while at < len(data) and perf_counter() < deadline:
            shorter = data[:at] + data[at + piece :]
            if same(fault, crash_of(target, shorter)):
                data = shorter
            else:
                at += piece
        piece //= 2
    return data


def same(fault: BaseException, other: Outcome | BaseException) -> bool:
    """Whether two errors are of one type and one place in the code."""
    return (
        isinstance(other, BaseException)
        and type(other) is type(fault)
        and _place(other) == _place(fault)
    )


def _place(error: BaseException) -> tuple[str, int] | None:
    """Where it was raised; a case that is too slow is stopped anywhere."""
    frames = traceback.extract_tb(error.__traceback__)
    if isinstance(error, TooSlowError) or not frames:
        return None
    names = [frame for frame in frames if frame.name != "promise"]
    last = names[-1]
    return last.filename, last.lineno or 0
