"""A job to be killed, and what must hold at every moment and at the end."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

VICTIM = Path(__file__).with_name("victim.py")
ROOT = Path(__file__).parents[2]
LIMIT_S = 60
MOMENTS = ("before", "after")
OURS = ("ledger.db", "ledger.db-wal", "ledger.db-shm", "ledger.lock", "lock")


@dataclass
class Scene:
    """One source on its way into one library, run as often as it takes."""

    source: Path
    folder: Path
    guards: str = "-"
    whole: set[str] = field(default_factory=set)
    to: str = ""
    more: tuple[str, ...] = ("--recipe", "telegram")
    at_shot: Callable[[str], object] = lambda _: None  # told where each copy was taken

    @property
    def out(self) -> Path:
        return self.folder / "out"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def log(self) -> Path:
        return self.folder / "effects.log"

    def command(self) -> list[str]:
        return [
            "send", str(self.source), "--to", self.to or f"library:{self.out}", "--data-dir", str(self.data),
            *self.more, "--report", str(self.folder / "report.json"), "-q",
        ]  # fmt: skip

    def start(self, **plan: object) -> subprocess.Popen[bytes]:
        """The command, to be killed from outside or to do as `victim.Plan` says."""
        self.folder.mkdir(exist_ok=True)
        program = [sys.executable, str(VICTIM), str(self.log), json.dumps(plan), self.guards]
        pipe = plan.get("tell")
        open_there = (pipe,) if isinstance(pipe, int) else ()
        with (self.folder / "stderr.txt").open("ab") as said:
            return subprocess.Popen(
                [*program, *self.command()],
                cwd=ROOT,
                stdout=subprocess.DEVNULL,
                stderr=said,
                pass_fds=open_there,
            )

    def run(self, kill: tuple[str, str] | None = None) -> int:
        """Run to its end, or to a kill before or after a point; gives the exit status."""
        process = self.start(kill=kill)
        process.wait(timeout=LIMIT_S)
        return self.end_of(process)

    def end_of(self, process: subprocess.Popen[bytes]) -> int:
        """The exit status of a run that is over."""
        said = (self.folder / "stderr.txt").read_text()
        assert process.returncode in (0, 3, -signal.SIGKILL), said[-2000:]
        return process.returncode

    def photographed(self, points: Sequence[str]) -> dict[str, Path]:
        """Run to the end, held before and after each point; gives copies of the folder as a kill there leaves it.

        While the process is stopped, all its threads are: what can be read of its files then is what can be read
        after a kill. (Its children go on; a kill ends them a moment later, too.) Copies that are equal to the one
        before are left out: what follows would be the same. The keys tell point and moment.
        """
        reading, writing = os.pipe()
        process = self.start(hold=points, tell=writing)
        os.close(writing)
        shots: dict[str, Path] = {}
        seen: list[str] = []
        last = ""
        try:
            for where in _stops(process, reading):
                seen.append(where)
                shot = self.folder.with_name(f"{self.folder.name}.{len(seen)}")
                subprocess.run(["cp", "-a", self.folder, shot], check=True)
                self.at_shot(where)
                self._check_moment(where, shot)
                if (now := _content(shot)) != last:
                    shots[where] = shot
                last = now
            process.wait(timeout=LIMIT_S)
        finally:
            process.kill()
        self.end_of(process)
        self._check_seen(points, seen)
        return shots

    def reached(self) -> Counter[str]:
        """How often the runs so far have passed each named point."""
        return Counter(line.split("\t")[0] for line in self.log.read_text().splitlines())

    def _check_moment(self, where: str, shot: Path) -> None:
        """The log of effects, which is in the copy, knows whether the first act of a name was done by then."""
        point, _, moment = where.partition(" ")
        name, _, number = point.partition(":")
        if number == "1":
            done = (
                Scene(self.source, shot).reached()[name] if (shot / self.log.name).exists() else 0
            )
            assert (done > 0) == (moment == "after"), f"not the state {where}"

    def _check_seen(self, points: Sequence[str], seen: Sequence[str]) -> None:
        """No planned point was passed without a stop on either side; nearly all were reached again.

        What is to be removed may be gone by then: there is no place behind an act that failed.
        """
        reached = self.reached()
        there = [one for one in points if int(one.split(":")[1]) <= reached[one.split(":")[0]]]
        planned = Counter(f"{one} {moment}" for one in there for moment in MOMENTS)
        missed = planned - Counter(seen)
        assert Counter(seen) <= planned
        assert all(one.startswith("unlink-") and one.endswith(" after") for one in missed), missed
        assert len(there) >= 0.9 * len(points), set(points) - set(there)

    def put_back(self, shot: Path) -> None:
        """Let the folder be what it was then."""
        shutil.rmtree(self.folder)
        shot.rename(self.folder)

    def delivered(self) -> dict[str, str]:
        """Hashes of what lies in the library, by path."""
        return {
            str(path.relative_to(self.out)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(self.out.rglob("*"))
            if path.is_file()
            and path.name != "gallery.html"
            and ".gallery" not in path.parts
            and ".transload" not in path.parts
        }

    def report(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads((self.folder / "report.json").read_text())
        return document

    def arrived(self) -> dict[str, int]:
        """What the report counts. A kill behind the job's last commit makes the next run a new job, all duplicates."""
        totals = self.report()["totals"]
        lost = {
            name: totals[name]
            for name in ("entries", "skipped", "quarantined", "failed", "cancelled")
        }
        return lost | {"arrived": totals["sent"] + totals["duplicate"]}

    def faults_now(self, expected: "Scene") -> list[str]:
        """What must not be, even right after a kill: a file under a final name that is not whole."""
        good = expected.whole
        return [
            f"not whole: {path}"
            for path, sha in self.delivered().items()
            if good and sha not in good
        ]

    def faults_at_the_end(self, expected: "Scene") -> list[str]:
        """Lost, doubled, left over, or done twice, compared with an undisturbed run."""
        here, there = self.delivered(), expected.delivered()
        bad = [f"lost: {path}" for path in there.keys() - here.keys()]
        bad += [f"twice or strange: {path}" for path in here.keys() - there.keys()]
        bad += [
            f"temporary left: {path}" for path in self.out.rglob("*") if ".transload" in path.parts
        ]
        bad += [
            f"left in the data folder: {path}"
            for path in self.data.rglob("*")
            if path.is_file()
            and path.name not in OURS
            and path.parent.name not in ("quarantine", "logs")
        ]
        if self.arrived() != expected.arrived():
            bad.append(f"report: {self.report()['totals']}")
        return bad + self.done_twice()

    def done_twice(self) -> list[str]:
        """Effects in the log that happened twice, or again after they had been delivered."""
        bad, landed, converted = [], Counter[str](), Counter[str]()
        for line in self.log.read_text().splitlines():
            name, _, target = line.partition("\t")
            if name in ("rename-library", "replace-library"):
                landed[target] += 1
            elif name in ("rename-scratch", "replace-scratch") and ".out/" in target:
                converted[target.partition(".out/")[0]] += 1
                if (
                    any(path.endswith(".mp4") and "clip" in path for path in landed)
                    and len(converted) == 1
                ):
                    bad.append(f"converted again after it was delivered: {target}")
        return bad + [f"delivered {n} times: {path}" for path, n in landed.items() if n > 1]


def _stops(process: subprocess.Popen[bytes], reading: int) -> Iterator[str]:
    """Each line that the process tells before it stops, while it stands still; it goes on with the next turn."""
    with os.fdopen(reading, encoding="utf-8") as told:
        while True:
            found = os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
            if found is None or found.si_code != os.CLD_STOPPED:
                return
            os.waitid(os.P_PID, process.pid, os.WSTOPPED)  # this stop has been seen
            yield " ".join(told.readline().split())
            process.send_signal(signal.SIGCONT)


def _content(folder: Path) -> str:
    """One hash over all files of a folder but the index of SQLite's log, which is made anew after a crash."""
    whole = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.name != "ledger.db-shm":
            whole.update(os.fsencode(path.relative_to(folder)) + b"\0")
            whole.update(hashlib.sha256(path.read_bytes()).digest() if path.is_file() else b"")
    return whole.hexdigest()
