"""What has passed, kept until something that it hangs on changes."""

import hashlib
import json
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

WHERE = (
    *("src", "tests", "fuzz", "bench", "prove", "scripts"),
    *("pyproject.toml", "requirements.lock", "accept.toml"),
)
"""What the outcome of every proof hangs on."""
KEPT_MAX = 200
"""Results that are remembered; the oldest go."""


@dataclass(frozen=True, slots=True)
class Passed:
    """A step that ended well: how long it took and how much it looked at."""

    seconds: float
    size: str


def state_of(root: Path) -> str:
    """One hash over the project's files and the Python that runs."""
    whole = hashlib.sha256(sys.version.encode())
    for piece in (piece for name in WHERE for piece in _content(root / name, root)):
        whole.update(piece)
    return whole.hexdigest()


def key_of(state: str, command: Iterable[str], given: Iterable[Path]) -> str:
    """What a result is kept under: the project's state, the command, and the content of files given from outside."""
    whole = hashlib.sha256(state.encode() + b"\0".join(os.fsencode(word) for word in command))
    for piece in (piece for path in given for piece in _content(path, path)):
        whole.update(piece)
    return whole.hexdigest()


def _content(top: Path, root: Path) -> Iterator[bytes]:
    """Name and hash of each file."""
    for path in sorted(top.rglob("*")) if top.is_dir() else [top]:
        if path.is_file() and "__pycache__" not in path.parts:
            yield os.fsencode(path.relative_to(root)) + b"\0"
            with path.open("rb") as file:
                yield hashlib.file_digest(file, "sha256").digest()


class Results:
    """Steps that passed, by their key, in a file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        known = json.loads(path.read_text("utf-8")) if path.exists() else {}
        self._passed = {key: Passed(**one) for key, one in known.items()}

    def passed(self, key: str) -> Passed | None:
        """What is known of a step."""
        return self._passed.get(key)

    def add(self, key: str, passed: Passed) -> None:
        """Keep it, at once."""
        self._passed[key] = passed
        kept = dict([*self._passed.items()][-KEPT_MAX:])
        new = self._path.with_suffix(".new")
        new.write_text(json.dumps({one: asdict(kept[one]) for one in kept}, indent=1), "utf-8")
        new.replace(self._path)
