"""The Pythons of this machine on which the product must run."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

LEAST = (3, 11)
"""As in `requires-python`."""
LATEST = (3, 19)
ASK = "import json, sys; print(json.dumps([sys.base_prefix, sys.version]))"


@dataclass(frozen=True, slots=True)
class Python:
    """An interpreter: a name as `3.12.1` or `3.11.2-system`, and where it is."""

    name: str
    program: Path
    of_system: bool = False


def others() -> list[Python]:
    """Every Python but the one that runs this: on PATH, the distribution's, those of pyenv."""
    known = {_told(Path(sys.executable))}
    found: list[Python] = []
    for program in _programs():
        told = _told(program)
        if told is None or told in known:
            continue
        known.add(told)
        of_system = program.is_relative_to("/usr/bin")
        name = told[1].split()[0] + ("-system" if of_system else "")
        again = sum(one.name.partition("#")[0] == name for one in found)
        found.append(Python(f"{name}#{again + 1}" if again else name, program, of_system))
    return found


def _programs() -> Iterator[Path]:
    minors = range(LEAST[1], LATEST[1] + 1)
    yield Path("/usr/bin/python3")
    for minor in minors:
        yield Path(f"/usr/bin/python3.{minor}")
        yield Path(f"/usr/local/bin/python3.{minor}")
        if on_path := shutil.which(f"python3.{minor}"):
            yield Path(on_path)
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    with contextlib.suppress(PermissionError):  # another user's
        yield from sorted(pyenv.glob("versions/3.*/bin/python3"))


def _told(program: Path) -> tuple[str, str] | None:
    """Where its library lies, and its version; None for what does not run, or is too old."""
    try:
        done = subprocess.run([program, "-c", ASK], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    prefix, version = json.loads(done.stdout)
    numbers = tuple(int(number) for number in version.split()[0].rstrip("+").split(".")[:2])
    return (prefix, version) if numbers >= LEAST else None
