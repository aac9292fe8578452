"""The real command in a data folder of its own."""

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests import forked
from tests.inputs import clip, packed, photo

COMMAND = [sys.executable, "-c", "from transload.main import main; main()"]


@dataclass(frozen=True, slots=True)
class Said:
    """What a command left: its exit status and both streams."""

    status: int
    out: str
    err: str

    @property
    def document(self) -> Any:  # noqa: ANN401  JSON
        """Standard output as the one JSON document that it must be."""
        return json.loads(self.out)


@dataclass(frozen=True, slots=True)
class Cli:
    """Runs commands on one data folder."""

    data: Path

    @property
    def environment(self) -> dict[str, str]:
        """Nothing of the caller's settings, this data folder."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith("TRANSLOAD")}
        return kept | {"TRANSLOAD_DATA_DIR": str(self.data), "COLUMNS": "100"}

    def __call__(self, *words: str | Path) -> Said:
        """Run one command to its end."""
        return Said(*forked.run([*map(str, words)], self.environment, Path.cwd(), limit_s=50))


@dataclass(frozen=True, slots=True)
class Sent:
    """A job that has ended: what was sent, where to, how it went."""

    cli: Cli
    source: Path
    library: Path
    said: Said
    report: Any


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    """Commands on a data folder that does not exist yet."""
    return Cli(tmp_path / "data")


@pytest.fixture(scope="session")
def sent(tmp_path_factory: pytest.TempPathFactory) -> Sent:
    """One archive with everything in it, sent once; tests only look at it."""
    folder = tmp_path_factory.mktemp("sent")
    entries = {f"trip/{n}.jpg": photo(n) for n in range(5)}
    entries["trip/clip.avi"] = clip(folder / "clip.avi").read_bytes()
    entries["trip/bro\x1b[31mken.jpg"] = photo(9)[:300]
    entries["trip/notes.txt"] = b"not media"
    source = packed(folder / "trip.zip", entries)
    cli, library, report = Cli(folder / "data"), folder / "library", folder / "report.json"
    said = cli("send", source, "--to", f"library:{library}", "--report", report)
    return Sent(cli, source, library, said, json.loads(report.read_text("utf-8")))
