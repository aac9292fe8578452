"""A job to be killed, and what must hold at every moment and at the end."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

VICTIM = Path(__file__).with_name("victim.py")
ROOT = Path(__file__).parents[2]
LIMIT_S = 60
STOPPED_OR_ENDED = os.WSTOPPED | os.WEXITED | os.WNOWAIT
OURS = ("ledger.db", "ledger.db-wal", "ledger.db-shm", "ledger.lock", "lock")


@dataclass
class Scene:
    """One source on its way into one library, run as often as it takes."""

    source: Path
    folder: Path
    guards: str = "-"
    whole: set[str] = field(default_factory=set)

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
            "send", str(self.source), "--to", f"library:{self.out}", "--data-dir", str(self.data),
            "--recipe", "telegram", "--report", str(self.folder / "report.json"), "-q",
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
        after a kill. Copies that are equal to the one before are left out: what follows would be the same. The keys
        tell point and moment.
        """
        shots: dict[str, Path] = {}
        reading, telling = os.pipe()
        process = self.start(hold=points, tell=telling)
        os.close(telling)
        last = ""
        with os.fdopen(reading, encoding="utf-8") as told:
            while os.waitid(os.P_PID, process.pid, STOPPED_OR_ENDED).si_code == os.CLD_STOPPED:  # type: ignore[union-attr]
                os.waitid(os.P_PID, process.pid, os.WSTOPPED)
                where = " ".join(told.readline().split())
                if (now := self.content()) != last:
                    shots[where] = self.folder.with_name(f"{self.folder.name}.{len(shots)}")
                    subprocess.run(["cp", "-a", self.folder, shots[where]], check=True)
                last = now
                process.send_signal(signal.SIGCONT)
        process.wait()
        self.end_of(process)
        return shots

    def content(self) -> str:
        """One hash over all files of the folder but the index of SQLite's log, which is made anew after a crash."""
        whole = hashlib.sha256()
        for path in sorted(self.folder.rglob("*")):
            if path.name != "ledger.db-shm":
                whole.update(os.fsencode(path) + b"\0")
                whole.update(hashlib.sha256(path.read_bytes()).digest() if path.is_file() else b"")
        return whole.hexdigest()

    def put_back(self, shot: Path) -> None:
        """Let the folder be what it was then."""
        shutil.rmtree(self.folder)
        shot.rename(self.folder)

    def points(self) -> list[str]:
        """Every named point of an undisturbed run: the first and the last time it is reached."""
        seen = Counter(line.split("\t")[0] for line in self.log.read_text().splitlines())
        return [f"{name}:{n}" for name, count in seen.items() for n in sorted({1, count})]

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
