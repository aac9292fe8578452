"""Faults on demand: what goes wrong, at which request, how often."""

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Literal

Act = Literal["error", "drop", "answer_then_drop", "delay"]


@dataclass(slots=True)
class Fault:
    """One fault. `match` is a request as the schema names it (`messages.send*`), `skip` lets the first ones pass.

    error: the answer is `error`, nothing happens · drop: the connection breaks, nothing happened · answer_then_drop:
    it happened, the answer is lost · delay: it happens `delay_s` later. `about`: only at requests that bring or send a
    file with this in its name. `then` is called when it happens, of `answer_then_drop` behind the effect.
    """

    match: str
    act: Act = "error"
    error: str = "FLOOD_WAIT_3"
    code: int = 420
    skip: int = 0
    times: int = 1
    delay_s: float = 0.0
    user: int | None = None
    about: str = ""
    then: Callable[[], object] | None = None
    happened: int = 0


@dataclass(slots=True)
class Line:
    """How the network is. Bytes a second in each direction, seconds there and back; 0 and None: no bound."""

    bandwidth: float = 0.0
    round_trip_s: float = 0.0
    close_after: int | None = None
    """Break each connection once, after this many bytes from the client."""
    closed: int = 0
    """How many did."""


@dataclass(slots=True)
class Faults:
    """All faults of a server, and the log of its requests. May be used from another thread than the server's."""

    line: Line = field(default_factory=Line)
    skew_s: float = 0.0
    log: list[str] = field(default_factory=list[str])
    parts: list[tuple[int, int, int]] = field(default_factory=list[tuple[int, int, int]])
    """File, number and size of every part that came, also of one that was there."""
    _planned: list[Fault] = field(default_factory=list[Fault])
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def plan(self, *faults: Fault) -> None:
        """Let these happen."""
        with self._lock:
            self._planned += faults

    def clear(self) -> None:
        """Let nothing go wrong any more."""
        with self._lock:
            self._planned.clear()
        self.line, self.skew_s = Line(), 0.0

    def forget(self) -> None:
        """Begin the log and the list of parts anew; what is planned stays."""
        with self._lock:
            self.log.clear()
            self.parts.clear()

    def of(
        self, request: str, user: int | None, names: Callable[[], Sequence[str]] = list
    ) -> Fault | None:
        """The fault of this request, counted; the request is logged. `names` are those of files that it is about."""
        with self._lock:
            self.log.append(request)
            for fault in self._planned:
                if not fnmatchcase(request, fault.match) or fault.user not in (None, user):
                    continue
                if fault.about and not any(fault.about in name for name in names()):
                    continue
                if fault.skip:
                    fault.skip -= 1
                elif fault.happened < fault.times:
                    fault.happened += 1
                    return fault
        return None

    def count(self, match: str) -> int:
        """How many requests of this name came."""
        with self._lock:
            return sum(fnmatchcase(one, match) for one in self.log)


WAITS = ("FLOOD", "SLOWMODE")
UNAUTHORIZED = ("AUTH_KEY", "SESSION", "USER_DEACTIVATED")


def code_of(error: str) -> int:
    """The number that an error of this name has."""
    if error.startswith(WAITS):
        return 420
    if error.startswith(UNAUTHORIZED):
        return 401
    if error == "INTERNAL":
        return 500
    return 403 if error.endswith("FORBIDDEN") else 400


def read_fault(text: str) -> Fault:
    """A fault as the command line writes it: `messages.sendMedia:FLOOD_WAIT_5:skip=2:times=3`.

    Instead of an error: `drop`, `answer_then_drop`, `delay=2.5`. `about=NAME`: only of such files. Raises ValueError.
    """
    requests, *given_words = text.split(":")
    abouts = [word.removeprefix("about=") for word in given_words if word.startswith("about=")]
    words = [word for word in given_words if not word.startswith("about=")]
    if not requests or not "".join(words):
        raise ValueError(f"a fault is REQUEST:WHAT[:skip=N][:times=N][:about=FILE], not {text!r}")
    what, given = words[0], _numbers(words[1:])
    fault = Fault(requests, skip=int(given.get("skip", 0)), times=int(given.get("times", 1)))
    fault.about = "".join(abouts)
    match what.partition("="):
        case "drop" | "answer_then_drop" as act, "", "":
            fault.act = act
        case "delay", _, seconds:
            fault.act, fault.delay_s = "delay", float(seconds)
        case _:
            fault.error, fault.code = what, int(given.get("code", code_of(what)))
    return fault


def _numbers(words: Iterable[str]) -> dict[str, float]:
    found = {name: value for name, _, value in (word.partition("=") for word in words)}
    unknown = set(found) - {"skip", "times", "code"}
    if unknown:
        raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
    return {name: float(value) for name, value in found.items()}
