"""The program as a user starts it, what it said, and what it left: files, temporaries, processes."""

import hashlib
import json
import os
import subprocess
import sys
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests import forked

COMMAND = [sys.executable, "-c", "from transload.main import main; main()"]
LIMIT_S = 50  # below the limit of a test, so that what hangs can be told
MARK = "FAULTS_DESK"  # in the environment of everything a test starts: an orphan is found by it
OURS = {"ledger.db", "ledger.db-wal", "ledger.db-shm", "ledger.lock", "lock", "transload.toml"}


@dataclass(frozen=True, slots=True)
class Said:
    """What a command left: exit status, both streams, and the report it wrote (None when it wrote none)."""

    status: int
    out: str
    err: str
    report: Any

    @property
    def kind(self) -> str | None:
        """The kind of the report's own error."""
        error = self.report["error"]
        return None if error is None else str(error["kind"])

    def item(self, ending: str) -> Any:  # noqa: ANN401  JSON
        """The one item of the report whose name ends so."""
        found = [item for item in self.report["items"] if item["name"].endswith(ending)]
        assert len(found) == 1, (ending, self.report["items"])
        return found[0]

    def fault(self, ending: str) -> str:
        """The kind of the error of that item, after a look at whether it tells what a person needs."""
        error = self.item(ending)["error"]
        assert error["detail"]
        assert error["suggestion"]
        assert error["item"] == self.item(ending)["name"]
        assert error["suggestion"] in self.out
        return str(error["kind"])

    def tells(self, *words: str) -> bool:
        """Whether a person at the terminal is told these words, and a next step, without a traceback."""
        assert "Traceback" not in self.err + self.out
        assert "next: " in self.err
        missing = [word for word in words if word not in self.err]
        assert not missing, self.err
        return True


@dataclass
class Desk:
    """One library and one data folder; a caller may put either elsewhere. Inputs lie in `inputs`."""

    folder: Path
    library: Path = field(init=False)
    data: Path = field(init=False)
    mark: str = field(default_factory=lambda: uuid.uuid4().hex)

    def __post_init__(self) -> None:
        self.library, self.data = self.folder / "library", self.folder / "data"
        for name in ("home", "cwd", "tmp", "inputs"):
            (self.folder / name).mkdir()

    @property
    def inputs(self) -> Path:
        """Where a test makes its sources."""
        return self.folder / "inputs"

    def environment(self, more: Mapping[str, str]) -> dict[str, str]:
        """Nothing of the caller's settings; home, temporary folder and data folder of this desk."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith("TRANSLOAD")}
        own = {
            "HOME": str(self.folder / "home"),
            "TMPDIR": str(self.folder / "tmp"),
            "TRANSLOAD_DATA_DIR": str(self.data),
            "COLUMNS": "200",
            "PYTHONDONTWRITEBYTECODE": "1",
            MARK: self.mark,
        }
        return kept | own | dict(more)

    def start(self, *words: str | Path, **more: str) -> subprocess.Popen[str]:
        """Start a command; `more` goes into its environment."""
        return subprocess.Popen(
            [*COMMAND, *map(str, words)],
            env=self.environment(more),
            cwd=self.folder / "cwd",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def begin(self, source: Path, *words: str | Path, **more: str) -> subprocess.Popen[str]:
        """Start to send a source into the library; the report is for `finish`."""
        return self.start("send", source, *self._to(source), *words, **more)

    def _to(self, source: Path) -> tuple[str | Path, ...]:
        return ("--to", f"library:{self.library}", "--report", self._report(source))

    def finish(self, process: subprocess.Popen[str], source: Path | None = None) -> Said:
        """Wait for a command; with the report of the source it sent."""
        try:
            out, err = process.communicate(timeout=LIMIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            raise AssertionError(f"still running after {LIMIT_S} s: {err}") from None
        return self._said(process.returncode, out, err, source)

    def _said(self, status: int, out: str, err: str, source: Path | None) -> Said:
        report = None if source is None else self._report(source)
        text = report.read_text("utf-8") if report is not None and report.exists() else "null"
        assert "Traceback" not in out + err
        return Said(status, out, err, json.loads(text))

    def run(self, *words: str | Path, **more: str) -> Said:
        """Run a command to its end."""
        return self._run(None, words, more)

    def send(self, source: Path, *words: str | Path, **more: str) -> Said:
        """Send a source into the library."""
        return self._run(source, ("send", source, *self._to(source), *words), more)

    def _run(
        self, source: Path | None, words: Sequence[str | Path], more: Mapping[str, str]
    ) -> Said:
        given = [*map(str, words)]
        ended = forked.run(given, self.environment(more), self.folder / "cwd", LIMIT_S)
        return self._said(*ended, source)

    def _report(self, source: Path) -> Path:
        return self.folder / f"{source.name}.report.json"

    @staticmethod
    def json_of(said: Said) -> Any:  # noqa: ANN401  JSON
        """Standard output as the one document that it must be."""
        return json.loads(said.out)

    def delivered(self) -> dict[str, str]:
        """Hashes of what lies in the library, by path inside it; without the gallery pages."""
        return {
            str(path.relative_to(self.library)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(self.library.rglob("*"))
            if path.is_file() and path.name != "gallery.html" and ".gallery" not in path.parts
        }

    def children(self) -> list[str]:
        """Command lines of living processes that this desk started, directly or not."""
        wanted = f"{MARK}={self.mark}".encode()
        return [" ".join(words) for words in map(_words_of, _processes(wanted)) if words]

    def left_behind(self) -> list[str]:
        """Temporaries, and files where none may be. What a waiting job keeps for its next run is no temporary."""
        strays = [
            path for name in ("home", "cwd", "tmp") for path in (self.folder / name).rglob("*")
        ]
        strays += [path for path in self.library.rglob("*") if ".transload" in path.parts]
        allowed = {"logs", "quarantine"}
        strays += [
            path
            for path in self.data.rglob("*")
            if path.is_file()
            and path.name not in OURS
            and path.relative_to(self.data).parts[0] not in allowed
        ]
        expected = {"home", "cwd", "tmp", "inputs", "library", "data", "disk"}
        strays += [
            path
            for path in self.folder.iterdir()
            if path.name not in expected and not path.name.endswith(".report.json")
        ]
        return [str(path) for path in strays]


def hashes(*contents: bytes) -> list[str]:
    """What `Desk.delivered` says of files with these contents, sorted."""
    return sorted(hashlib.sha256(content).hexdigest() for content in contents)


def _processes(wanted: bytes) -> list[Path]:
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if wanted in (path / "environ").read_bytes().split(b"\0"):
                found.append(path)
        except OSError:  # ended while we looked
            continue
    return found


def _words_of(process: Path) -> list[str]:
    try:
        return (process / "cmdline").read_text("utf-8", "replace").split("\0")
    except OSError:
        return []
