"""The ffmpeg program: finding a fit one, running it under limits, watching that it moves, ending it for sure."""

import collections
import contextlib
import hashlib
import importlib.util
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import anyio.abc
import anyio.to_thread
from anyio.streams.buffered import BufferedByteReceiveStream
from anyio.streams.text import TextReceiveStream

from transload.errors import FfmpegMissingError, StalledError
from transload.processes.launcher import NICE_ENCODER, launcher_args
from transload.processes.registry import NO_REGISTRY, ChildRegistry

SYSTEM_MAJOR_WANTED = 6
"""An older system ffmpeg is used only when the wheel's binary is missing."""
NEEDED_ENCODERS = frozenset({"libx264", "aac"})
CLOCK_WORD_SINCE = 7
FIRST_LINES, EVIDENCE_LINES = 5, 15
QUESTION_S = 20.0
LOOK_S = (
    0.05  # Small frames are encoded thirty times faster than they play; two looks take a share.
)
LINE_BYTES_MAX = 65536

_VERSION = re.compile(r"ffmpeg version n?(\d+)")


@dataclass(frozen=True, slots=True)
class EncoderLimits:
    """Bounds of an encoder, all settings: address space in bytes, threads (0: its choice), seconds.

    Address space is about three times what is really held: 10-bit HDR at 1080p needs 1.1 GiB of it and holds 444 MiB.
    What needs more than `memory_bytes` gets up to `most_bytes` (None: most of what the machine has).
    `beside_bytes` is what the encoders of a run that makes several segments may really hold. `registry` records
    every encoder that is started under them.
    """

    memory_bytes: int = 1536 << 20
    most_bytes: int | None = None
    beside_bytes: int = 300 << 20
    threads: int = 2
    stall_s: float = 120.0
    term_s: float = 3.0
    registry: ChildRegistry = NO_REGISTRY


@dataclass(frozen=True, slots=True)
class Ffmpeg:
    """A fit binary with what it says it can do. `major` is None for unnumbered builds; `build` distinguishes them."""

    path: Path
    major: int | None
    encoders: frozenset[str]
    filters: frozenset[str]
    build: str = ""

    @property
    def source_clock(self) -> str:
        """How `-enc_time_base` names the demuxer's clock: a word since 6.1, only the word since 8."""
        return "-1" if self.major is not None and self.major < CLOCK_WORD_SINCE else "demux"


@dataclass(frozen=True, slots=True)
class Counters:
    """What ffmpeg counts while it works; `out_us` is the end of the last written frame or audio."""

    frame: int = 0
    out_us: int = 0
    total_size: int = 0


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended. The status proves nothing: results must be verified."""

    status: int
    counters: Counters
    evidence: str


@dataclass(slots=True)
class _Run:
    counters: Counters = field(default_factory=Counters)
    moved_at: float = 0.0
    stalled: bool = False
    first: list[str] = field(default_factory=list[str])
    lines: collections.deque[str] = field(
        default_factory=lambda: collections.deque(maxlen=EVIDENCE_LINES)
    )

    def hear(self, said: list[str]) -> None:
        """Keep the first complaints, which name the cause, and the last."""
        room = FIRST_LINES - len(self.first)
        self.first += said[:room]
        self.lines.extend(said[room:])

    def note(self, counters: Counters, moved: Callable[[Counters], None]) -> None:
        """Take in new counters; equal ones are no movement."""
        if counters != self.counters:
            self.counters, self.moved_at = counters, anyio.current_time()
            moved(counters)


async def find_ffmpeg(configured: Path | None) -> Ffmpeg:
    """The first fit binary: configured, system >= 6, the wheel's, an older system one.

    Raises FfmpegMissingError that says what was looked at.
    """
    if configured is not None:
        tool = await _ask(configured)
        if tool is None:
            raise FfmpegMissingError(
                f"{configured} does not run, or lacks the H.264 or AAC encoder"
            )
        return tool
    on_path, wheel = shutil.which("ffmpeg"), wheel_binary()
    choices = [Path(on_path)] if on_path else []
    if wheel is not None:
        is_old = bool(choices) and await _is_old(choices[0])
        choices.insert(0 if is_old else len(choices), wheel)
    for path in choices:
        tool = await _ask(path)
        if tool is not None:
            return tool
    raise FfmpegMissingError(
        "no ffmpeg with H.264 and AAC encoders: none on PATH, no imageio-ffmpeg installed"
    )


def wheel_binary() -> Path | None:
    """The binary inside the imageio-ffmpeg wheel, found without importing it."""
    spec = importlib.util.find_spec("imageio_ffmpeg")
    if spec is None or spec.origin is None:
        return None
    found = sorted(Path(spec.origin).parent.joinpath("binaries").glob("ffmpeg-*"))
    return next((path for path in found if path.is_file()), None)


async def _is_old(path: Path) -> bool:
    """Whether the system's binary comes last. Asked first by itself: what it can do takes two runs more."""
    try:
        with anyio.fail_after(QUESTION_S):
            major = _major(await _words(path, "-version"))
    except (OSError, TimeoutError, subprocess.CalledProcessError):
        return True
    return major is not None and major < SYSTEM_MAJOR_WANTED


async def _ask(path: Path) -> Ffmpeg | None:
    """What the binary can do, by its own words; None when it does not run or cannot do what is needed."""
    try:
        with anyio.fail_after(QUESTION_S):
            version = await _words(path, "-version")
            encoders = _table(await _words(path, "-encoders"))
            filters = _table(await _words(path, "-filters"))
    except (OSError, TimeoutError, subprocess.CalledProcessError):
        return None
    if not encoders >= NEEDED_ENCODERS:
        return None
    build = hashlib.sha256(version.encode()).hexdigest()
    return Ffmpeg(path, _major(version), encoders, filters, build)


def _major(version: str) -> int | None:
    number = _VERSION.match(version)
    return int(number[1]) if number else None


async def _words(path: Path, question: str) -> str:
    done = await anyio.run_process(
        [str(path), "-hide_banner" if question != "-version" else "-nostdin", question]
    )
    return done.stdout.decode("utf-8", "replace")


def _table(text: str) -> frozenset[str]:
    """The second word of each row of ffmpeg's lists."""
    rows = (line.split() for line in text.splitlines())
    return frozenset(row[1] for row in rows if len(row) > 1)


async def run(
    tool: Ffmpeg,
    arguments: Sequence[str],
    limits: EncoderLimits,
    moved: Callable[[Counters], None],
    look: Callable[[], Counters] | None = None,
) -> Ended:
    """Run to the end; `moved` gets the counters as they change: ffmpeg's own, or what `look` finds in its files.

    With several outputs ffmpeg reports nothing before it has opened the last of them.

    Raises StalledError when they stood still for `limits.stall_s`. A stalled or cancelled run is ended with its whole
    process group: SIGTERM, `limits.term_s`, SIGKILL (a blocked read ignores SIGTERM).
    """
    process = await anyio.open_process(
        [*launcher_args(limits.memory_bytes, NICE_ENCODER), str(tool.path), *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    state = _Run(moved_at=anyio.current_time())
    try:
        await anyio.to_thread.run_sync(limits.registry.enter, process.pid, str(tool.path))
        async with anyio.create_task_group() as group:
            group.start_soon(_watch, state, limits.stall_s, group.cancel_scope)
            if look is not None:
                group.start_soon(_look_often, state, look, moved)
            await _read_all(process, state, None if look is not None else moved)
            await process.wait()
            group.cancel_scope.cancel()
    finally:
        with anyio.CancelScope(shield=True):
            await _end(process, limits.term_s)
            await anyio.to_thread.run_sync(limits.registry.leave, process.pid)
    evidence = "\n".join([*state.first, *state.lines])
    if state.stalled:
        raise StalledError(
            f"nothing moved for {limits.stall_s:g} s", stage="convert", evidence=evidence or None
        )
    return Ended(process.returncode or 0, state.counters, evidence)


async def _read_all(
    process: anyio.abc.Process, state: _Run, moved: Callable[[Counters], None] | None
) -> None:
    async with anyio.create_task_group() as readers:
        readers.start_soon(_read_complaints, process, state)
        readers.start_soon(_read_progress, process, state, moved)


async def _read_complaints(process: anyio.abc.Process, state: _Run) -> None:
    assert process.stderr is not None
    async for text in TextReceiveStream(process.stderr, errors="replace"):
        state.hear([line[:300] for line in text.splitlines() if line.strip()])


async def _read_progress(
    process: anyio.abc.Process, state: _Run, moved: Callable[[Counters], None] | None
) -> None:
    """Read blocks of key=value lines that end with `progress=`; parse them only if someone listens.

    They keep coming during a stall.
    """
    assert process.stdout is not None
    stream = BufferedByteReceiveStream(process.stdout)
    block: dict[str, str] = {}
    while True:
        try:
            line = await stream.receive_until(b"\n", LINE_BYTES_MAX)
        except (anyio.EndOfStream, anyio.IncompleteRead):
            return
        key, _, value = line.decode("utf-8", "replace").strip().partition("=")
        if key != "progress":
            block[key] = value
            continue
        counters = Counters(
            _number(block, "frame"), _number(block, "out_time_us"), _number(block, "total_size")
        )
        if moved is not None:
            state.note(counters, moved)


def _number(block: dict[str, str], key: str) -> int:
    """A counter, 0 where ffmpeg says N/A."""
    value = block.get(key, "")
    return int(value) if value.isdigit() else 0


async def _look_often(
    state: _Run, look: Callable[[], Counters], moved: Callable[[Counters], None]
) -> None:
    while True:
        await anyio.sleep(LOOK_S)
        state.note(look(), moved)


async def _watch(state: _Run, stall_s: float, scope: anyio.CancelScope) -> None:
    while True:
        rest = state.moved_at + stall_s - anyio.current_time()
        if rest <= 0:
            state.stalled = True
            scope.cancel()
            return
        await anyio.sleep(rest)


async def _end(process: anyio.abc.Process, term_s: float) -> None:
    """A process may be over before the loop has heard of it: then its group is gone, and its status is on the way."""
    with contextlib.suppress(ProcessLookupError):
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGTERM)
            with anyio.move_on_after(term_s):
                await process.wait()
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
    await process.wait()
    await process.aclose()
