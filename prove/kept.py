"""What has passed, kept until a file of the project changes."""

import hashlib
import json
import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from prove.parts import Asked

WHERE = ("src", "tests", "fuzz", "bench", "prove", "scripts", "pyproject.toml", "requirements.lock")
"""What the outcome of a proof hangs on."""


@dataclass(frozen=True, slots=True)
class Passed:
    """A step that ended well: how long it took and how much it looked at."""

    seconds: float
    size: str


def state_of(root: Path, asked: Asked) -> str:
    """One hash over the project's files, the Python that runs, and what was asked for."""
    whole = hashlib.sha256(f"{sys.version}\0{asked}".encode())
    for name in WHERE:
        top = root / name
        for path in sorted(top.rglob("*")) if top.is_dir() else [top]:
            if path.is_file() and "__pycache__" not in path.parts:
                whole.update(os.fsencode(path.relative_to(root)) + b"\0")
                whole.update(hashlib.sha256(path.read_bytes()).digest())
    return whole.hexdigest()


class Results:
    """Steps that passed in one state of the project, in a file; those of another state are forgotten."""

    def __init__(self, path: Path, state: str) -> None:
        self._path, self._state = path, state
        self._passed: dict[str, Passed] = {}
        if path.exists():
            known = json.loads(path.read_text())
            if known["state"] == state:
                self._passed = {name: Passed(**one) for name, one in known["passed"].items()}

    def passed(self, step: str) -> Passed | None:
        """What is known of a step."""
        return self._passed.get(step)

    def add(self, step: str, passed: Passed) -> None:
        """Keep it, at once."""
        self._passed[step] = passed
        self._write()

    def forget(self) -> None:
        """As if nothing had been run."""
        self._passed.clear()
        self._write()

    def _write(self) -> None:
        passed = {name: asdict(one) for name, one in self._passed.items()}
        new = self._path.with_suffix(".new")
        new.write_text(json.dumps({"state": self._state, "passed": passed}, indent=1))
        new.replace(self._path)
