"""A real `transload` command that is killed or held at chosen commits and changes of names, and logs its effects.

Run as a program: `victim.py LOG PLAN GUARDS COMMAND...`. PLAN is the JSON of a `Plan`. GUARDS names safety measures to
switch off, "-" for none: the tests must notice. Nothing of the product knows about this file: the functions of the
operating system are wrapped.
"""

import json
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Lock, get_ident
from types import FrameType
from typing import Any

from sqlalchemy.engine.default import DefaultDialect


@dataclass(frozen=True)
class Plan:
    """Where to die and where to be held. A point is "name:n", the n-th time that it is reached.

    `kill` is a point and "before" or "after". At each point of `hold`, before and after, the process tells pipe `tell`
    a line of point and moment, and stops (SIGSTOP, all its threads) until somebody lets it go on.
    """

    kill: tuple[str, str] | None = None
    hold: tuple[str, ...] = ()
    tell: int = -1


LOG, GUARDS = sys.argv[1], sys.argv[3]
PLAN = Plan(**json.loads(sys.argv[2]))
held = Lock()
reached: Counter[str] = Counter()


def write(line: str) -> None:
    """Append a line to the log in one system call: it outlives the process."""
    descriptor = os.open(LOG, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(descriptor, (line.replace("\n", " ") + "\n").encode("utf-8", "surrogateescape"))
    os.close(descriptor)


def pass_by(point: str, moment: str) -> None:
    """End or stop here if that is the plan."""
    if PLAN.kill is not None and list(PLAN.kill) == [point, moment]:
        os.kill(os.getpid(), signal.SIGKILL)
    if point in PLAN.hold:
        with held:  # one thread at a time: each line has a stop of its own
            os.write(PLAN.tell, f"{point}\t{moment}\n".encode())
            # To this thread: a signal to the process may be taken by another, while this one goes on for a while.
            signal.pthread_kill(get_ident(), signal.SIGSTOP)


def around(name: str, detail: str, act: Callable[[], Any]) -> Any:
    """Do a thing that matters after a crash, with a place to die on either side, and log that it was done."""
    reached[name] += 1
    point = f"{name}:{reached[name]}"
    pass_by(point, "before")
    done = act()
    write(f"{name}\t{detail}")
    pass_by(point, "after")
    return done


def place(path: object) -> str:
    """The part of a point's name that tells which room a path lies in."""
    text = os.fsdecode(path)  # type: ignore[arg-type]
    for room in ("scratch", "quarantine", ".transload", ".gallery", "gallery.html"):
        if f"/{room}" in text:
            return room
    return "library" if "/out/" in text else "elsewhere"


def wrap(name: str) -> None:
    """Put a point around a function of `os` that changes names."""
    original = getattr(os, name)

    def wrapped(path: Any, *rest: Any, **options: Any) -> Any:
        target = rest[0] if rest and isinstance(rest[0], str | bytes | os.PathLike) else path
        if "dir_fd" in options or place(target) == "elsewhere" or LOG in os.fsdecode(target):
            return original(path, *rest, **options)
        point = f"{name}-{place(target)}"
        return around(point, os.fsdecode(target), lambda: original(path, *rest, **options))

    setattr(os, name, wrapped)


def caller() -> str:
    """The ledger's act whose commit this is: the name of the function around the closure that ran."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        act = frame.f_locals.get("act")
        if frame.f_code.co_name == "transaction" and act is not None:
            inner = (act.__closure__ or ()) and act.__closure__[0].cell_contents
            named = inner if callable(inner) and act.__name__ == "checked" else act
            return str(named.__qualname__).split(".<locals>")[0].rpartition(".")[2]
        frame = frame.f_back
    return "open"


def wrap_commits() -> None:
    """Put a point around every commit of the ledger that changes something, named by what it writes."""
    dialect: Any = DefaultDialect
    original = dialect.do_commit
    changed: dict[Any, int] = {}

    def commit(self: Any, connection: Any) -> None:
        name, changes = caller(), connection.total_changes
        # What makes tables counts as no change.
        if name != "open" and changes == changed.get(connection.driver_connection, 0):
            original(self, connection)
            return
        changed[connection.driver_connection] = changes
        around(f"commit-{name}", "", lambda: original(self, connection))

    dialect.do_commit = commit


def switch_off(guard: str) -> None:
    """Take one safety measure away."""
    from transload.destinations.library import Library
    from transload.files.scratch import JobScratch

    library: Any = Library
    scratch: Any = JobScratch

    async def nothing(*_: Any) -> list[Any]:
        return []

    match guard:
        case "look_up":
            library.look_up = nothing
        case "sweep":
            library.sweep = scratch.close = nothing
        case "temporary_name":
            write_under_final_names()
        case limit if limit.startswith(
            "limit="
        ):  # no measure less: a destination for small files only
            library.limit_bytes = int(limit.partition("=")[2])
        case _:
            return


def write_under_final_names() -> None:
    """Let a delivered file grow under its final name, as careless programs do."""
    from transload.destinations import delivery

    def stage(self: Any, intent: Any) -> list[Any]:
        for parcel, output in zip(intent.shipment.parcels, delivery.outputs(intent), strict=True):
            delivery.make_parents(self._root, output.reference, self._real)
            content, final = parcel.blob.path.read_bytes(), self._root / output.reference
            with final.open("wb") as file:
                file.write(content[: len(content) // 2])
                file.flush()
                around("write-library", str(final), lambda: None)
                file.write(content[len(content) // 2 :])
        return []

    weak: Any = delivery.Delivery
    weak._stage = stage


def know_the_store() -> None:
    """Make the object store, in all its shapes, a destination of every installation; outages there are short."""
    sys.path.append(str(Path(__file__).parents[2]))
    from tests.destinations.objects import SHAPES
    from transload import adapters, wiring
    from transload.destinations.registry import Destinations
    from transload.retry import RetryPolicy

    class WithStore(Destinations):
        def __init__(self) -> None:
            super().__init__()
            for word, at in SHAPES.items():
                self.add(word, at)

    chosen: Any = adapters
    chosen.Destinations = WithStore
    parts: Any = wiring
    parts.RetryPolicy = partial(RetryPolicy, first_s=0.02, longest_s=0.1)


def hurry_telegram() -> None:
    """Let lost answers of Telegram be asked for again soon."""
    from transload.destinations.telegram import line

    parts: Any = line
    parts.PAUSES_S = (0.05,) * 5


def main() -> None:
    """Wrap, weaken, and be the command."""
    know_the_store()
    if any(word.startswith("telegram:") for word in sys.argv):
        hurry_telegram()
    for name in ("rename", "replace", "link", "unlink"):
        wrap(name)
    wrap_commits()
    for guard in GUARDS.split(","):
        switch_off(guard)
    from transload.main import main as command

    command(sys.argv[4:])


if __name__ == "__main__":
    main()
