"""Ways in which a working command ends, and what of its programs and half-made files is there afterwards."""

import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.inputs import clip
from tests.process_table import descendants, encoders, left_after

GONE_S = 5.0
LOOK_S = 0.01
GLANCE_S = 0.001
LIMIT_S = 60
COMMAND = [sys.executable, "-c", "from transload.main import main; main()"]

TEMPORARIES = ("data/parts/*/*.part", "data/scratch/*/*.out/.*", "out/.transload/*.part")
"""Where half-made files of a send lie: parts of the transcode, the joined film, its copy in the library."""

STALLED = """
import sys
from pathlib import Path

import anyio

from transload.errors import StalledError
from transload.media.encode.ffmpeg import EncoderLimits, find_ffmpeg, run, wheel_binary


async def main() -> None:
    tool = await find_ffmpeg(wheel_binary())
    words = ["-progress", "pipe:1", "-f", "mpegts", "-i", sys.argv[1], sys.argv[1] + ".mp4"]
    try:
        await run(tool, words, EncoderLimits(stall_s=0.5, term_s=0.5), lambda _: None)
    except StalledError:
        print("stalled", flush=True)
        sys.stdin.read()


anyio.run(main)
"""


@dataclass(frozen=True)
class Leaving:
    """One video that takes seconds to encode, on its way into a library again and again."""

    folder: Path

    @property
    def source(self) -> Path:
        path = self.folder / "long.avi"
        return path if path.exists() else clip(path, seconds=60, size="480x360")

    def command(self, place: str, *words: str) -> subprocess.Popen[bytes]:
        """A command on the data folder of a place."""
        data = str(self.folder / place / "data")
        given = [*COMMAND, *words, "--data-dir", data, "-q"]
        return subprocess.Popen(given, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def send(self, place: str) -> subprocess.Popen[bytes]:
        """The send, begun."""
        to = f"library:{self.folder / place / 'out'}"
        return self.command(place, "send", str(self.source), "--to", to, "--originals", "drop")

    def temporaries(self, place: str, *patterns: str) -> list[Path]:
        """Half-made files of a place, by default of every sort."""
        return [
            path
            for pattern in patterns or TEMPORARIES
            for path in (self.folder / place).glob(pattern)
        ]

    def delivered(self, place: str) -> list[str]:
        """Hashes of the videos in a place's library."""
        found = sorted((self.folder / place / "out").rglob("*.mp4"))
        shown = [path for path in found if ".transload" not in path.parts]
        return [hashlib.sha256(path.read_bytes()).hexdigest() for path in shown]

    def finish(self, place: str) -> list[str]:
        """Send to the end; what was delivered then."""
        process = self.send(place)
        process.communicate(timeout=LIMIT_S)
        assert process.returncode == 0
        return self.delivered(place)


def at_work(process: subprocess.Popen[bytes]) -> set[int]:
    """All programs of a command, as soon as an encoder is among them."""
    while left_after({process.pid}, LOOK_S):
        if encoders(found := descendants(process.pid)):
            return found
    raise AssertionError("it ended before it encoded anything")


def killed(scene: Leaving, place: str, wait_s: float = 0.0) -> set[int]:
    """Programs left 5 s after a kill -9 of the command alone, `wait_s` after its encoder began."""
    process = scene.send(place)
    programs = at_work(process)
    left_after({process.pid}, wait_s)
    programs |= descendants(process.pid)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    return left_after(programs, GONE_S)


def struck(scene: Leaving, place: str, pattern: str, wait_s: float = 0.0) -> bool:
    """Whether a half-made file was there after a kill -9 of the command, `wait_s` after one of this sort appeared."""
    process = scene.send(place)
    while not scene.temporaries(place, pattern) and left_after({process.pid}, GLANCE_S):
        pass
    left_after({process.pid}, wait_s)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    return bool(scene.temporaries(place))


def cancelled(scene: Leaving, place: str) -> set[int]:
    """Programs left 5 s after somebody asked to cancel the job."""
    process = scene.send(place)
    programs = at_work(process)
    listed = scene.command(place, "jobs", "--json")
    (job,) = json.loads(listed.communicate(timeout=LIMIT_S)[0])
    with scene.command(place, "cancel", job["job"]) as asked:
        left = left_after(programs, GONE_S)
        asked.communicate(timeout=LIMIT_S)
    process.communicate(timeout=LIMIT_S)
    return left


def timed_out(scene: Leaving, place: str) -> set[int]:
    """Programs left 5 s after an encoder was given up that reads where nothing comes."""
    pipe = scene.folder / f"{place}.ts"
    os.mkfifo(pipe)
    words = [sys.executable, "-c", STALLED, str(pipe)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        programs = encoders(at_work(process))
        assert process.stdout is not None
        assert process.stdout.readline() == b"stalled\n"
        left = left_after(programs, GONE_S)
        process.communicate(timeout=LIMIT_S)
    return left


MANNERS: dict[str, Callable[[Leaving, str], set[int]]] = {
    "killed": killed,
    "cancelled": cancelled,
    "timed out": timed_out,
}
